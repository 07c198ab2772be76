// SPDX-License-Identifier: Apache-2.0
//
// What the rules of driver checks have in common. A rule is a function in the file of its group and a line in that file's
// table; a group is a file and a line in driver_checks.cpp.
#pragma once

#include <optional>
#include <vector>

#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"

namespace dmasim::dma::checks {

using Found = std::optional<FindingFields>;

const std::vector<DriverRule>& release_rules();  ///< What is freed twice, too early, or not at all.
const std::vector<DriverRule>& order_rules();    ///< Calls in the wrong order, at the wrong level, on the wrong object.
const std::vector<DriverRule>& range_rules();    ///< Addresses and lengths.
const std::vector<DriverRule>& fact_rules();     ///< What happened outside of calls: guards, faults, devices.
const std::vector<DriverRule>& streaming_rules();  ///< Mappings in the manner of Linux.
const std::vector<DriverRule>& refusal_rules();    ///< What the system refuses and none of the others names.

inline bool is(const RuleView& view, Routine routine) {
    return view.call->routine == routine;
}

/// One of the routines that make a mapping from an address.
inline bool maps(const RuleView& view) {
    return is(view, Routine::MapTransfer) || is(view, Routine::MapTransferEx);
}
inline bool lists(const RuleView& view) {
    return is(view, Routine::GetScatterGatherList) || is(view, Routine::BuildScatterGatherList) ||
           is(view, Routine::GetScatterGatherListEx) || is(view, Routine::BuildScatterGatherListEx);
}
inline bool flushes(const RuleView& view) {
    return is(view, Routine::FlushAdapterBuffers) || is(view, Routine::FlushAdapterBuffersEx);
}

/// Where in its chain the call's address lies; nothing if before the first list.
inline std::optional<std::uint64_t> offset_of(const DriverCall& call) {
    if (call.is_offset) {
        return call.address;
    }
    if (call.mdl == nullptr || call.address < call.mdl->virtual_address) {
        return std::nullopt;
    }
    return call.address - call.mdl->virtual_address;
}

/// What a misuse of a vector of common buffers is (`DriverFact::VectorMisuse`).
inline std::string_view vector_misuse_of(std::uint64_t kind) {
    switch (kind) {
        case 1:
            return "at another level than passive";
        case 2:
            return "not empty when it was freed";
        case 3:
            return "index out of bounds";
        case 4:
            return "index freed already";
        default:
            return "never freed";
    }
}

}  // namespace dmasim::dma::checks
