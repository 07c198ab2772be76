// SPDX-License-Identifier: Apache-2.0
//
// In a file of its own: where the compiler sees both sides it takes the pairing of new and free for a mistake.
#include "counting_new.h"

#include <cstdlib>
#include <new>

namespace {

std::size_t calls = 0;

}  // namespace

void* operator new(std::size_t bytes) {
    ++calls;
    if (void* place = std::malloc(bytes)) {  // NOLINT(cppcoreguidelines-no-malloc)
        return place;
    }
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete(void* place, std::size_t /*bytes*/) noexcept {
    std::free(place);  // NOLINT(cppcoreguidelines-no-malloc)
}

namespace dmasim::test {

std::size_t allocations() {
    return calls;
}

}  // namespace dmasim::test
