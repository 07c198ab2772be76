// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/errors.h"
#include "dmasim/model/profile/profile.h"

namespace dmasim {

namespace detail {

TimingProfile make_native_profile();
TimingProfile make_axi_cdma_profile();
TimingProfile make_idma_profile();

}  // namespace detail

const std::vector<TimingProfile>& timing_profiles() {
    static const std::vector<TimingProfile> kProfiles{
        detail::make_native_profile(),
        detail::make_axi_cdma_profile(),
        detail::make_idma_profile(),
    };
    return kProfiles;
}

const TimingProfile& timing_profile(std::string_view name) {
    std::string known;
    for (const TimingProfile& profile : timing_profiles()) {
        if (profile.name == name) {
            return profile;
        }
        known += known.empty() ? "" : ", ";
        known += profile.name;
    }
    throw ConfigError("there is no timing profile \"" + std::string(name) + "\"; there are: " + known);
}

}  // namespace dmasim
