// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/errors.h"

#include "fabrics.h"

namespace dmasim::detail {

std::unique_ptr<BeatFabric> make_direct(std::uint32_t masters, std::uint32_t slaves,
                                        const BeatFabric::Decoder& /*decode*/) {
    if (masters != 1 || slaves != 1) {
        throw ConfigError("fabric 'direct' connects one master and one memory");
    }
    return make_direct_fabric();
}

}  // namespace dmasim::detail
