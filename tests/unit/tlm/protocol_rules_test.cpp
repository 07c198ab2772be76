// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/core/protocol_rules.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace dmasim {
namespace {

TEST(ProtocolRules, EveryRuleHasANameOfItsOwnAClauseAndAText) {
    std::set<std::string_view> names;
    for (unsigned i = 0; i < kProtocolRules; ++i) {
        const ProtocolRuleInfo& info = info_of(static_cast<ProtocolRule>(i));
        EXPECT_FALSE(info.name.empty());
        EXPECT_FALSE(info.clause.empty()) << info.name;
        EXPECT_FALSE(info.text.empty()) << info.name;
        EXPECT_TRUE(names.insert(info.name).second) << info.name;
    }
}

// The payload of a transaction that has gone must not be looked at: it may have been deleted.
TEST(ProtocolRules, DoesNotLookAtAPayloadThatTheInitiatorHasLetGo) {
    unsigned violations = 0;
    ProtocolRules rules([&](const ProtocolViolation&) { ++violations; }, true);
    std::uint8_t data[4] = {};
    PayloadState trans;
    trans.id = data;
    trans.view.data = data;
    trans.view.bytes = 4;
    trans.view.streaming_width = 4;
    trans.has_mm = true;
    trans.references = 1;
    bool looked = false;
    const auto look = [&] {
        looked = true;
        return trans;
    };

    rules.forward_call(trans, ProtocolPhase::BeginReq, 0);
    // Within the call, on the backward path, the whole rest.
    trans.response = 1;
    rules.backward_call(trans, ProtocolPhase::BeginResp, 0);
    rules.backward_return(trans.id, look, ProtocolPhase::BeginResp, ProtocolPhase::BeginResp, ProtocolSync::Completed,
                          0, 0);
    rules.forward_return(trans.id, look, ProtocolPhase::BeginReq, ProtocolPhase::BeginReq, ProtocolSync::Accepted, 0,
                         0);
    EXPECT_FALSE(looked);
    EXPECT_EQ(violations, 0U);
    EXPECT_EQ(rules.in_progress(), 0U);
    EXPECT_EQ(rules.completed(), 1U);
}

}  // namespace
}  // namespace dmasim
