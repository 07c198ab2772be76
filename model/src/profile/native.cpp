// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/profile/profile.h"

namespace dmasim::detail {

/// dmasim's own controller (docs/timing.md, "Profile parameters").
TimingProfile make_native_profile() {
    TimingProfile profile;
    profile.name = "native";
    profile.description = "dmasim's own controller: one request a cycle, two cycles from start to request";
    profile.start_to_request = 2;
    profile.descriptor_decode = 2;
    profile.request_interval = 1;
    profile.read_to_write = 2;
    profile.response_to_status = 1;
    return profile;
}

}  // namespace dmasim::detail
