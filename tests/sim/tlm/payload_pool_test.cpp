// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/payload_pool.h"

#include <array>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/tlm/payload_view.h"
#include "dmasim/tlm/response.h"

#include "support/sim_test.h"

namespace dmasim {
namespace {

/// Counts its objects, to see that others' extensions are freed and ours is not.
struct Counted : tlm::tlm_extension<Counted> {
    explicit Counted(int& counter) : alive(counter) { ++alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() override { --alive; }
    tlm_extension_base* clone() const override { return new Counted(alive); }
    void copy_from(const tlm_extension_base&) override {}
    int& alive;
};

SIM_TEST(PayloadPool, GrowsToTheGreatestNumberInUseAndNoFurther) {
    PayloadPool pool;
    for (int round = 0; round < 100; ++round) {
        std::vector<tlm::tlm_generic_payload*> used;
        for (int i = 0; i < 7; ++i) {
            used.push_back(&pool.acquire());
        }
        EXPECT_EQ(pool.in_use(), 7U);
        for (auto* trans : used) {
            EXPECT_EQ(trans->get_ref_count(), 1);
            trans->release();
        }
        EXPECT_EQ(pool.in_use(), 0U);
    }
    EXPECT_EQ(pool.size(), 7U);
}

SIM_TEST(PayloadPool, HandsOutPayloadsInTheirInitialState) {
    PayloadPool pool;
    std::uint8_t data = 0;
    int alive = 0;
    tlm::tlm_generic_payload& first = pool.acquire();
    first.set_command(tlm::TLM_WRITE_COMMAND);
    first.set_data_ptr(&data);
    first.set_data_length(1);
    first.set_streaming_width(1);
    first.set_byte_enable_ptr(&data);
    first.set_byte_enable_length(1);
    first.set_dmi_allowed(true);
    first.set_gp_option(tlm::TLM_FULL_PAYLOAD_ACCEPTED);
    first.set_response_status(tlm::TLM_OK_RESPONSE);
    first.set_auto_extension(new Counted(alive));
    extension_of(first)->interval = 9;
    extension_of(first)->tag = 9;
    first.release();
    EXPECT_EQ(first.get_response_status(), tlm::TLM_OK_RESPONSE) << "stays readable until it is handed out again";

    tlm::tlm_generic_payload& second = pool.acquire();
    ASSERT_EQ(&first, &second);
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(second.get_command(), tlm::TLM_IGNORE_COMMAND);
    EXPECT_EQ(second.get_data_ptr(), nullptr);
    EXPECT_EQ(second.get_byte_enable_ptr(), nullptr);
    EXPECT_FALSE(second.is_dmi_allowed());
    EXPECT_EQ(second.get_gp_option(), tlm::TLM_MIN_PAYLOAD);
    EXPECT_EQ(second.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
    EXPECT_EQ(second.get_extension<Counted>(), nullptr);
    EXPECT_EQ(extension_of(second)->interval, 0U);
    EXPECT_EQ(extension_of(second)->tag, 0U);
    second.release();
}

SIM_TEST(PayloadPool, BurstsSurviveTheWayThroughAPayload) {
    PayloadPool pool;
    std::array<std::uint8_t, 32> data{};
    Burst burst;
    burst.access = Access::Write;
    burst.purpose = Purpose::StatusWriteBack;
    burst.channel = 5;
    burst.tag = 77;
    burst.address = 0x8000'0000'0000'0004;
    burst.bytes = 32;
    burst.fixed_bytes = 4;
    burst.data = data.data();
    burst.enables = data.data();
    tlm::tlm_generic_payload& trans = pool.acquire(burst, 3);
    EXPECT_EQ(trans.get_streaming_width(), 4U);
    EXPECT_EQ(extension_of(trans)->initiator, 3);
    const Burst back = burst_of(trans);
    EXPECT_EQ(back.access, burst.access);
    EXPECT_EQ(back.purpose, burst.purpose);
    EXPECT_EQ(back.channel, burst.channel);
    EXPECT_EQ(back.tag, burst.tag);
    EXPECT_EQ(back.address, burst.address);
    EXPECT_EQ(back.bytes, burst.bytes);
    EXPECT_EQ(back.fixed_bytes, burst.fixed_bytes);
    EXPECT_EQ(back.data, burst.data);
    EXPECT_EQ(back.enables, burst.enables);

    // A foreign interconnect that works on a copy, and frees what it has copied.
    tlm::tlm_generic_payload copy;
    copy.set_data_ptr(data.data());
    copy.deep_copy_from(trans);
    ASSERT_NE(extension_of(copy), nullptr);
    EXPECT_NE(extension_of(copy), extension_of(trans));
    EXPECT_EQ(extension_of(copy)->tag, 77U);
    extension_of(copy)->interval = 4;
    trans.update_extensions_from(copy);
    EXPECT_EQ(extension_of(trans)->interval, 4U);
    copy.free_all_extensions();
    // And one that drops what it does not know.
    trans.release_extension<BurstExtension>();
    trans.clear_extension<BurstExtension>();
    EXPECT_EQ(burst_of(trans).purpose, Purpose::Uncached);
    trans.release();
    EXPECT_NE(extension_of(pool.acquire()), nullptr);  // Still held when the pool ends.
}

SIM_TEST(PayloadPool, ResponsesMapBothWays) {
    for (const Response response : {Response::Ok, Response::GenericError, Response::AddressError,
                                    Response::CommandError, Response::BurstError, Response::ByteEnableError}) {
        EXPECT_EQ(response_of(status_of(response)), response);
        EXPECT_EQ(status_of(response) == tlm::TLM_OK_RESPONSE, response == Response::Ok);
    }
    EXPECT_EQ(response_of(tlm::TLM_INCOMPLETE_RESPONSE), Response::GenericError);
    EXPECT_EQ(response_of(static_cast<tlm::tlm_response_status>(-7)), Response::GenericError);
}

}  // namespace
}  // namespace dmasim
