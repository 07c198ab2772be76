// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/trace.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace dmasim {

std::string_view name_of(CycleCause cause) {
    static constexpr std::array<std::string_view, kCycleCauses> kNames{
        "idle", "setup", "descriptor_fetch", "waiting_for_grant", "read_latency", "moving_data", "write_wait", "paced"};
    const auto number = static_cast<std::size_t>(cause);
    return number < kNames.size() ? kNames[number] : std::string_view("unknown");
}

}  // namespace dmasim
