// SPDX-License-Identifier: Apache-2.0
//
// Initiators, wires and payloads as the base protocol allows them and other people write them, made of SystemC's own
// sockets and payload event queues, on our bus, memory and registers: bytes against plain arrays, monitors in line.
#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/peq_with_cb_and_phase.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <gtest/gtest.h>

#include "dmasim/bus/interconnect.h"
#include "dmasim/bus/memory.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/tlm/dma_controller.h"

#include "support/monitors.h"
#include "support/sim_test.h"

namespace dmasim {
namespace {

using sc_core::sc_time;

constexpr std::uint64_t kRegisters = 0x4000'0000;
constexpr unsigned kSlots = 6;
constexpr unsigned kSlotBytes = 512;

/// Payloads go back to a list, without being wiped.
class Manager final : public tlm::tlm_mm_interface {
  public:
    tlm::tlm_generic_payload& take() {
        if (free_.empty()) {
            all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
            free_.push_back(all_.back().get());
        }
        tlm::tlm_generic_payload& trans = *free_.front();
        free_.pop_front();
        trans.acquire();
        return trans;
    }
    void free(tlm::tlm_generic_payload* trans) override {
        trans->reset();
        free_.push_back(trans);
    }
    [[nodiscard]] bool all_free() const { return free_.size() == all_.size(); }

  private:
    std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
    std::deque<tlm::tlm_generic_payload*> free_;
};

/// An approximately timed initiator with a payload event queue. Requests are annotated with random delays, responses are
/// ended in each of the ways there are, blocking calls come in between. Every slot of the address space has one access at a
/// time, so that a plain array knows what a read must bring.
class RandomInitiator final : public sc_core::sc_module {
  public:
    tlm_utils::simple_initiator_socket<RandomInitiator> socket{"socket"};
    test::MustReach end{"the end of the random initiator"};
    Manager manager;
    std::array<unsigned, 4> ways{};          ///< How often a response was ended in each way.
    std::array<unsigned, 3> request_ends{};  ///< On the return path, by a call, implied by the response.
    unsigned errors = 0;

    RandomInitiator(const sc_core::sc_module_name& name, std::uint64_t base, unsigned channel, unsigned accesses,
                    std::uint64_t seed)
        : sc_module(name),
          queue_(this, &RandomInitiator::at_its_time),
          base_(base),
          channel_(channel),
          accesses_(accesses),
          random_(seed) {
        socket.register_nb_transport_bw(this, &RandomInitiator::nb_transport_bw);
        for (Slot& slot : slots_) {
            slot.memory.assign(kSlotBytes, 0);
        }
        SC_HAS_PROCESS(RandomInitiator);
        SC_THREAD(run);
    }

  private:
    struct Slot {
        std::vector<std::uint8_t> memory;  // What the target must hold.
        std::vector<std::uint8_t> data;
        std::vector<std::uint8_t> enables;
        std::vector<std::uint8_t> expected;
        tlm::tlm_response_status wanted = tlm::TLM_OK_RESPONSE;
        bool busy = false;
    };

    std::uint64_t pick(std::uint64_t below) { return random_() % below; }
    sc_time some_time() {
        return pick(2) == 0 ? sc_core::SC_ZERO_TIME : sc_time(static_cast<double>(pick(40)), sc_core::SC_NS);
    }

    // The last slot is a register; two addresses hit nothing.
    void fill(tlm::tlm_generic_payload& trans, unsigned number) {
        Slot& slot = slots_[number];
        const bool is_register = number == kSlots - 1;
        const bool write = pick(2) == 0;
        const bool nowhere = pick(16) == 0;
        const unsigned length = is_register ? 4 : static_cast<unsigned>(1 + pick(pick(4) == 0 ? 300 : 40));
        const unsigned offset = is_register ? 0 : static_cast<unsigned>(pick(kSlotBytes - length));
        slot.data.resize(length);
        std::generate(slot.data.begin(), slot.data.end(), [&] { return static_cast<std::uint8_t>(random_()); });
        slot.enables.clear();
        if (pick(3) == 0) {
            // Shorter than the data: the pattern repeats (IEEE 1666-2011, 14.14); longer: the rest does not count.
            slot.enables.resize(1 + pick(length + 3));
            std::generate(slot.enables.begin(), slot.enables.end(),
                          [&] { return pick(2) == 0 ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED; });
        }
        slot.expected = slot.data;
        slot.wanted = nowhere ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
        for (unsigned i = 0; i < length && !nowhere; ++i) {
            const bool enabled = slot.enables.empty() || slot.enables[i % slot.enables.size()] == TLM_BYTE_ENABLED;
            std::uint8_t& cell = slot.memory[offset + i];
            (write ? cell : slot.expected[i]) = enabled ? (write ? slot.data[i] : cell) : (write ? cell : slot.data[i]);
        }
        const std::uint64_t place = is_register ? kRegisters + native::channel_register(channel_, native::reg::kSrcLo)
                                                : base_ + number * kSlotBytes;
        trans.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        trans.set_address(nowhere ? 0x7000'0000 + offset : place + offset);
        trans.set_data_ptr(slot.data.data());
        trans.set_data_length(length);
        trans.set_streaming_width(length + static_cast<unsigned>(pick(3)));  // More than the length is no streaming.
        trans.set_byte_enable_ptr(slot.enables.empty() ? nullptr : slot.enables.data());
        trans.set_byte_enable_length(static_cast<unsigned>(slot.enables.size()));
        trans.set_dmi_allowed(false);
        trans.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        slot.busy = true;
    }
    void check(const tlm::tlm_generic_payload& trans) {
        const auto slot = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& one) {
            return one.busy && one.data.data() == trans.get_data_ptr();
        });
        ASSERT_NE(slot, slots_.end()) << "answered twice";
        EXPECT_EQ(trans.get_response_status(), slot->wanted) << std::hex << trans.get_address();
        if (slot->wanted != tlm::TLM_OK_RESPONSE) {
            ++errors;
        } else {
            EXPECT_EQ(slot->data, slot->expected) << std::hex << trans.get_address();
        }
        slot->busy = false;
        slot_free_.notify(sc_core::SC_ZERO_TIME);
    }

    void run() {
        for (unsigned done = 0; done < accesses_; ++done) {
            wait(some_time());
            const auto number = static_cast<unsigned>(pick(kSlots));
            while (slots_[number].busy) {
                wait(slot_free_);
            }
            tlm::tlm_generic_payload& trans = manager.take();
            fill(trans, number);
            sc_time delay = some_time();
            if (pick(5) == 0) {
                socket->b_transport(trans, delay);
                wait(delay);
                check(trans);
                trans.release();
                continue;
            }
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            requesting_ = &trans;
            switch (socket->nb_transport_fw(trans, phase, delay)) {
                case tlm::TLM_COMPLETED:
                    requesting_ = nullptr;
                    wait(delay);
                    check(trans);
                    trans.release();
                    break;
                case tlm::TLM_UPDATED:
                    queue_.notify(trans, phase, delay);
                    ++request_ends[phase == tlm::END_REQ ? 0 : 2];
                    break;
                case tlm::TLM_ACCEPTED:
                    break;
            }
            while (requesting_ != nullptr) {
                wait(request_ended_);
            }
        }
        while (std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.busy; })) {
            wait(slot_free_);
        }
        end.reached();
    }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        if (phase == tlm::END_REQ) {
            ++request_ends[1];
        } else if (requesting_ == &trans) {
            ++request_ends[2];
        }
        const auto way = static_cast<unsigned>(pick(4));
        if (phase == tlm::BEGIN_RESP && way < 2) {
            // Ended within the call, at once or a little later.
            if (requesting_ == &trans) {
                requesting_ = nullptr;
                request_ended_.notify(delay);
            }
            ++ways[way];
            check(trans);
            trans.release();
            if (way == 0) {
                return tlm::TLM_COMPLETED;
            }
            phase = tlm::END_RESP;
            delay += some_time();
            return tlm::TLM_UPDATED;
        }
        queue_.notify(trans, phase, delay);
        return tlm::TLM_ACCEPTED;
    }
    void at_its_time(tlm::tlm_generic_payload& trans, const tlm::tlm_phase& phase) {
        if (requesting_ == &trans) {
            requesting_ = nullptr;
            request_ended_.notify();
        }
        if (phase != tlm::BEGIN_RESP) {
            return;
        }
        // END_RESP by a call of its own, annotated or not.
        check(trans);
        tlm::tlm_phase end_response = tlm::END_RESP;
        sc_time delay = some_time();
        ++ways[delay == sc_core::SC_ZERO_TIME ? 2 : 3];
        EXPECT_NE(socket->nb_transport_fw(trans, end_response, delay), tlm::TLM_UPDATED);
        trans.release();
    }

    tlm_utils::peq_with_cb_and_phase<RandomInitiator> queue_;
    std::uint64_t base_;
    unsigned channel_;
    unsigned accesses_;
    std::mt19937_64 random_;
    std::array<Slot, kSlots> slots_;
    tlm::tlm_generic_payload* requesting_ = nullptr;
    sc_core::sc_event request_ended_;
    sc_core::sc_event slot_free_;
};

/// An interconnect of somebody else: many sockets in, as many out, everything is passed on.
struct Wires final : sc_core::sc_module {
    tlm_utils::multi_passthrough_target_socket<Wires> in{"in"};
    tlm_utils::multi_passthrough_initiator_socket<Wires> out{"out"};

    explicit Wires(const sc_core::sc_module_name& name) : sc_module(name) {
        in.register_b_transport(this, &Wires::b_transport);
        in.register_nb_transport_fw(this, &Wires::nb_transport_fw);
        in.register_transport_dbg(this, &Wires::transport_dbg);
        in.register_get_direct_mem_ptr(this, &Wires::get_direct_mem_ptr);
        out.register_nb_transport_bw(this, &Wires::nb_transport_bw);
        out.register_invalidate_direct_mem_ptr(this, &Wires::invalidate);
    }
    void b_transport(int id, tlm::tlm_generic_payload& trans, sc_time& delay) { out[id]->b_transport(trans, delay); }
    tlm::tlm_sync_enum nb_transport_fw(int id, tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        return out[id]->nb_transport_fw(trans, phase, delay);
    }
    tlm::tlm_sync_enum nb_transport_bw(int id, tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase, sc_time& delay) {
        return in[id]->nb_transport_bw(trans, phase, delay);
    }
    unsigned transport_dbg(int id, tlm::tlm_generic_payload& trans) { return out[id]->transport_dbg(trans); }
    bool get_direct_mem_ptr(int id, tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) {
        return out[id]->get_direct_mem_ptr(trans, dmi);
    }
    void invalidate(int id, sc_dt::uint64 first, sc_dt::uint64 last) { in[id]->invalidate_direct_mem_ptr(first, last); }
};

void random_initiators(const std::string& topology, std::uint32_t queue_depth, std::uint64_t seed) {
    std::cout << "seed " << seed << '\n';
    const ClockDomain clock(10, sc_core::SC_NS);
    BusConfig map = bus_of(3, {{0x1000, 0xF000, 0, 0, "memory"}, {kRegisters, 0x2000, 1, 0, "dma"}});
    map.topology = topology;
    map.queue_depth = queue_depth;
    MemoryConfig ram;
    ram.size = 0xF000;
    ram.read_latency = 3;
    ram.write_wait = 1;
    Interconnect bus("bus", clock, map);
    Memory memory("memory", clock, ram);
    DmaController dma("dma", clock, DmaControllerConfig{});
    Wires up("up");
    Wires down("down");
    RandomInitiator first("first", 0x1000, 0, 400, seed);
    RandomInitiator second("second", 0x1000 + kSlots * kSlotBytes, 1, 400, seed + 1);
    test::Monitors monitors;
    for (RandomInitiator* initiator : {&first, &second}) {
        monitors.connect(initiator->socket, up.in);
    }
    monitors.connect(up.out, bus.target_sockets[0]);
    monitors.connect(up.out, bus.target_sockets[1]);
    monitors.connect(dma.memory, bus.target_sockets[2]);
    monitors.connect(bus.initiator_sockets[0], down.in);
    monitors.connect(bus.initiator_sockets[1], down.in);
    monitors.connect(down.out, memory.socket);
    monitors.connect(down.out, dma.registers);
    sc_core::sc_start(10, sc_core::SC_MS);
    for (const RandomInitiator* initiator : {&first, &second}) {
        EXPECT_TRUE(initiator->manager.all_free()) << "a payload was never released";
        EXPECT_GT(initiator->errors, 0U);
        for (const unsigned count : initiator->ways) {
            EXPECT_GT(count, 0U);
        }
        EXPECT_GT(initiator->request_ends[0] + initiator->request_ends[1], 0U);
    }
    EXPECT_EQ(bus.unexpected_calls(), 0U);
    EXPECT_EQ(bus.core().outstanding(), 0U);
}

SIM_TEST(Conformance, RandomInitiatorsOnASharedBus) {
    random_initiators("shared", 16, 11);
}
SIM_TEST(Conformance, RandomInitiatorsOnACrossbar) {
    random_initiators("crossbar", 16, 22);
}
SIM_TEST(Conformance, RandomInitiatorsOnASimpleBus) {
    random_initiators("simple", 16, 33);
}
SIM_TEST(Conformance, RandomInitiatorsWhereRequestsWait) {
    random_initiators("shared", 1, 44);
}

/// Payloads that no target can carry out, one after the other: a status and never a crash.
SIM_TEST(Conformance, PayloadsAtTheEdge) {
    const ClockDomain clock(10, sc_core::SC_NS);
    MemoryConfig ram;
    ram.size = 0x1000;
    Interconnect bus("bus", clock, bus_of(1, {{0, 0x1000, 0, 0, "memory"}}));
    Memory memory("memory", clock, ram);
    struct Caller : sc_core::sc_module {
        tlm_utils::simple_initiator_socket<Caller> socket{"socket"};
        test::MustReach end{"the end of the caller"};
        SC_CTOR(Caller) { SC_THREAD(run); }
        tlm::tlm_response_status call(tlm::tlm_command command, std::uint64_t address, unsigned length,
                                      unsigned streaming, unsigned enables) {
            tlm::tlm_generic_payload trans;
            trans.set_command(command);
            trans.set_address(address);
            trans.set_data_ptr(data.data());
            trans.set_data_length(length);
            trans.set_streaming_width(streaming);
            trans.set_byte_enable_ptr(enables != 0 ? pattern.data() : nullptr);
            trans.set_byte_enable_length(enables);
            sc_time delay;
            socket->b_transport(trans, delay);
            wait(delay);
            EXPECT_EQ(trans.get_address(), address);
            EXPECT_EQ(trans.get_data_length(), length);
            EXPECT_EQ(trans.get_streaming_width(), streaming);
            EXPECT_EQ(trans.get_data_ptr(), data.data());
            return trans.get_response_status();
        }
        void run() {
            const auto read = tlm::TLM_READ_COMMAND;
            const auto write = tlm::TLM_WRITE_COMMAND;
            EXPECT_EQ(call(write, 0, 4096, 4096, 0), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(call(read, 0xFFF, 1, 1, 0), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(call(read, 0xFFF, 2, 2, 0), tlm::TLM_ADDRESS_ERROR_RESPONSE);
            EXPECT_EQ(call(read, ~0ULL, 1, 1, 0), tlm::TLM_ADDRESS_ERROR_RESPONSE);
            EXPECT_EQ(call(read, ~0ULL, 2, 2, 0), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "round the end of the addresses";
            EXPECT_EQ(call(write, 0, 8, 4, 0), tlm::TLM_BURST_ERROR_RESPONSE) << "no fixed bursts on this memory";
            EXPECT_EQ(call(write, 0, 8, 8, 1), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(call(write, 0, 8, 8, 3), tlm::TLM_OK_RESPONSE) << "3 does not divide 8";
            EXPECT_EQ(call(tlm::TLM_IGNORE_COMMAND, 0, 8, 8, 0), tlm::TLM_OK_RESPONSE);
            // Debug: as many bytes as there are; none where nothing is.
            tlm::tlm_generic_payload trans;
            trans.set_command(read);
            trans.set_data_ptr(data.data());
            trans.set_data_length(16);
            trans.set_address(0xFF8);
            EXPECT_EQ(socket->transport_dbg(trans), 8U);
            trans.set_address(0x5000);
            EXPECT_EQ(socket->transport_dbg(trans), 0U);
            trans.set_data_length(0);
            trans.set_address(0);
            EXPECT_EQ(socket->transport_dbg(trans), 0U);
            // Nobody has asked this memory to grant pointers.
            tlm::tlm_dmi dmi;
            EXPECT_FALSE(socket->get_direct_mem_ptr(trans, dmi));
            EXPECT_LE(dmi.get_start_address(), 0U);
            end.reached();
        }
        std::vector<std::uint8_t> data = std::vector<std::uint8_t>(4096, 0x5A);
        std::vector<std::uint8_t> pattern{TLM_BYTE_ENABLED, TLM_BYTE_DISABLED, TLM_BYTE_ENABLED};
    } caller("caller");
    test::Monitors monitors;
    monitors.connect(caller.socket, bus.target_sockets[0]);
    monitors.connect(bus.initiator_sockets[0], memory.socket);
    sc_core::sc_start(1, sc_core::SC_MS);
}

}  // namespace
}  // namespace dmasim
