// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include "dmasim/model/beat/registers.h"
#include "dmasim/model/errors.h"

#include "fabrics.h"

namespace dmasim::detail {

namespace {

struct Beat {
    BeatData data;
    bool last = false;
    Response response = Response::Ok;
};

/// One shared interconnect: takes one burst of one master at a time from its address to the end of its response.
/// Data goes through a skid register.
class SharedInterconnect {
  public:
    SharedInterconnect(std::uint32_t masters, std::uint32_t slaves, bool writes, BeatFabric::Decoder decode)
        : decode_(std::move(decode)), masters_(masters), slaves_(slaves), writes_(writes), arbiter_(masters) {}

    void reset() { *this = SharedInterconnect(masters_, slaves_, writes_, decode_); }

    void to_master(std::uint32_t m, SlaveSignals& out) const {
        if (writes_) {
            out.aw_ready = address_ready_ && m == master_;
            out.w_ready = data_ready_ && m == master_;
            out.b_valid = answering_ && m == answer_master_;
            out.b_response = answer_;
        } else {
            out.ar_ready = address_ready_ && m == master_;
            out.r_valid = shown().valid() && m == data_port_;
            out.r_last = shown().item().last;
            out.r_response = shown().item().response;
            out.r = &shown().item().data;
        }
    }

    void to_slave(std::uint32_t s, MasterSignals& out) const {
        if (writes_) {
            out.aw_valid = address_valid_ && s == slave_;
            out.aw = address_;
            out.w_valid = shown().valid() && s == data_port_;
            out.w_last = shown().item().last;
            out.w = &shown().item().data;
            out.b_ready = response_ready_ && s == slave_;
        } else {
            out.ar_valid = address_valid_ && s == slave_;
            out.ar = address_;
            out.r_ready = data_ready_ && s == slave_;
        }
    }

    bool clock(const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) {
        const State state_before = state_;
        std::uint64_t requests = 0;
        for (std::uint32_t m = 0; m < masters_; ++m) {
            if (writes_ ? masters[m].aw_valid : masters[m].ar_valid) {
                requests |= std::uint64_t{1} << m;
            }
        }
        const MasterSignals& master = masters[master_];
        const SlaveSignals& slave = slaves[slave_];
        const std::uint32_t port = writes_ ? slave_ : master_;
        const bool sink_ready = writes_ ? slave.w_ready : master.r_ready;
        const bool acknowledged =
            writes_ ? answering_ && answer_master_ == master_ && master.b_ready
                    : shown().valid() && data_port_ == master_ && master.r_ready && shown().item().last;
        // The beat that comes in this cycle.
        Beat beat;
        bool comes = false;
        if (state_ == State::Transfer && data_ready_) {
            if (writes_ && master.w_valid) {
                comes = true;
                beat.data = *master.w;
                beat.last = master.w_last;
            } else if (!writes_ && slave.r_valid) {
                comes = true;
                beat.data = *slave.r;
                beat.last = slave.r_last;
                beat.response = slave.r_response;
            }
        }
        // The register promises room for the next cycle before that cycle.
        // What it shows in this cycle is looked at until the end of the cycle, so the next state goes elsewhere.
        SkidRegister<Beat>& data = registers_[1 - now_];
        data = shown();
        bool changed = data.clock(comes, beat, sink_ready);
        const bool room = data.ready();

        bool address_ready = false;
        bool data_ready = false;
        bool response_ready = false;
        bool address_valid = address_valid_ && !(writes_ ? slave.aw_ready : slave.ar_ready);
        bool answering = answering_ && !masters[answer_master_].b_ready;
        switch (state_) {
            case State::Idle:
                if (arbiter_.granting()) {
                    master_ = arbiter_.granted();
                    address_ = writes_ ? masters[master_].aw : masters[master_].ar;
                    address_new_ = true;
                    address_ready = true;
                    state_ = State::Decode;
                }
                break;
            case State::Decode:
                slave_ = decode_(address_.address, address_.bytes);
                data_ready = room;
                state_ = State::Transfer;
                break;
            case State::Transfer:
                data_ready = room;
                address_valid = address_valid || address_new_;
                address_new_ = false;
                if (comes && beat.last) {
                    data_ready = false;
                    response_ready = writes_;
                    state_ = writes_ ? State::Response : State::Release;
                }
                break;
            case State::Response:
                response_ready = true;
                if (response_ready_ && slave.b_valid) {
                    response_ready = false;
                    answering = true;
                    answer_master_ = master_;
                    answer_ = slave.b_response;
                    state_ = State::Release;
                }
                break;
            case State::Release:
                if (!arbiter_.granting() || acknowledged) {
                    state_ = State::Idle;
                }
                break;
        }
        if (comes || !data.valid()) {
            data_port_ = port;
        }
        changed = arbiter_.clock(requests, acknowledged ? arbiter_.grant() : 0) || changed;
        changed = changed || state_ != state_before || address_ready != address_ready_ || data_ready != data_ready_ ||
                  response_ready != response_ready_ || address_valid != address_valid_ || answering != answering_;
        now_ = 1 - now_;
        address_ready_ = address_ready;
        data_ready_ = data_ready;
        response_ready_ = response_ready;
        address_valid_ = address_valid;
        answering_ = answering;
        return changed || state_ == State::Decode;
    }

  private:
    [[nodiscard]] const SkidRegister<Beat>& shown() const { return registers_[now_]; }

    enum class State : std::uint8_t { Idle, Decode, Transfer, Response, Release };

    BeatFabric::Decoder decode_;
    std::uint32_t masters_;
    std::uint32_t slaves_;
    bool writes_;
    RegisteredArbiter arbiter_;
    State state_ = State::Idle;
    std::uint32_t master_ = 0;
    std::uint32_t slave_ = 0;
    AddressPhase address_;
    bool address_new_ = false;
    bool address_ready_ = false;
    bool address_valid_ = false;
    bool data_ready_ = false;
    bool response_ready_ = false;
    bool answering_ = false;
    std::uint32_t answer_master_ = 0;
    Response answer_ = Response::Ok;
    std::array<SkidRegister<Beat>, 2> registers_;
    std::size_t now_ = 0;
    std::uint32_t data_port_ = 0;
};

/// Two shared interconnects, so that a read never waits for a write.
class SplitInterconnect final : public BeatFabric {
  public:
    SplitInterconnect(std::uint32_t masters, std::uint32_t slaves, const Decoder& decode)
        : reads_(masters, slaves, false, decode), writes_(masters, slaves, true, decode) {}

    void to_masters(const Slaves& /*slaves*/, Slaves& seen) override {
        for (std::uint32_t m = 0; m < seen.size(); ++m) {
            reads_.to_master(m, seen[m]);
            writes_.to_master(m, seen[m]);
        }
    }
    void to_slaves(const Masters& /*masters*/, const Slaves& /*slaves*/, Masters& seen) override {
        for (std::uint32_t s = 0; s < seen.size(); ++s) {
            reads_.to_slave(s, seen[s]);
            writes_.to_slave(s, seen[s]);
        }
    }
    bool clock(const Masters& masters, const Slaves& slaves) override {
        const bool read = reads_.clock(masters, slaves);
        const bool write = writes_.clock(masters, slaves);
        return read || write;
    }
    void reset() override {
        reads_.reset();
        writes_.reset();
    }

  private:
    SharedInterconnect reads_;
    SharedInterconnect writes_;
};

}  // namespace

std::unique_ptr<BeatFabric> make_split_interconnect(std::uint32_t masters, std::uint32_t slaves,
                                                    const BeatFabric::Decoder& decode) {
    if (masters == 0 || masters > 64 || slaves == 0) {
        throw ConfigError("fabric 'split_interconnect' connects 1 to 64 masters and at least one memory");
    }
    return std::make_unique<SplitInterconnect>(masters, slaves, decode);
}

}  // namespace dmasim::detail
