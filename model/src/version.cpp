// SPDX-License-Identifier: Apache-2.0
#include <dmasim/model/version.h>

namespace dmasim {

std::string_view version() noexcept {
    return kVersion;
}

}  // namespace dmasim
