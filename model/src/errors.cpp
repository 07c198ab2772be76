// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/errors.h"

#include <stdexcept>
#include <string>

namespace dmasim::detail {

void broken_invariant(const char* expression, const char* file, int line) {
    throw std::logic_error(std::string("dmasim: broken invariant: ") + expression + " (" + file + ":" +
                           std::to_string(line) + ")");
}

}  // namespace dmasim::detail
