// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "dmasim/model/beat/registers.h"
#include "dmasim/model/errors.h"

#include "fabrics.h"

namespace dmasim::detail {

namespace {

/// Bursts that a master may have under way, and a slave, in each direction.
constexpr std::uint32_t kMasterLimit = 16;
constexpr std::uint32_t kSlaveLimit = 4;

struct ReadBeat {
    BeatData data;
    bool last = false;
    Response response = Response::Ok;
};
struct WriteBeat {
    BeatData data;
    bool last = false;
};

/// Takes one address of a master, decodes it and offers it to its slave: two steps an address.
class Admission {
  public:
    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] bool offering() const { return offering_; }
    [[nodiscard]] bool routing() const { return routing_; }
    [[nodiscard]] std::uint32_t slave() const { return slave_; }

    /// `taken`: the slave's arbiter took the address; `routed`: the write data router took the route; `completed`: a
    /// burst of this master was answered. `route`: whether a route is needed.
    bool clock(bool valid, std::uint32_t slave, bool taken, bool route, bool routed, bool completed) {
        const bool before = ready_ || offering_ || routing_ || decoding_;
        bool offering = offering_ && !taken;
        bool routing = routing_ && !routed;
        bool started = false;
        const bool was_ready = ready_;
        ready_ = false;
        if (!decoding_) {
            const bool full = under_way_ >= kMasterLimit && !completed;
            // Bursts under way keep the master with one slave, since it has one identifier.
            const bool elsewhere = under_way_ != 0 && last_slave_ != slave;
            if (valid && !was_ready && !full && !elsewhere) {
                offering = true;
                routing = route;
                slave_ = slave;
                last_slave_ = slave;
                started = true;
                decoding_ = true;
            }
        } else if (!offering && !routing) {
            ready_ = true;
            decoding_ = false;
        }
        offering_ = offering;
        routing_ = routing;
        under_way_ += started ? 1U : 0U;
        under_way_ -= completed ? 1U : 0U;
        return before || ready_ || offering_ || routing_ || decoding_;
    }

  private:
    bool decoding_ = false;
    bool ready_ = false;
    bool offering_ = false;
    bool routing_ = false;
    std::uint32_t slave_ = 0;
    std::uint32_t last_slave_ = 0;
    std::uint32_t under_way_ = 0;
};

/// A crossbar with the register slices that it has by default: read data of a master through a skid register, write
/// data of a slave through a skid register, addresses and responses through simple registers.
class AxiCrossbar final : public BeatFabric {
  public:
    AxiCrossbar(std::uint32_t masters, std::uint32_t slaves, Decoder decode)
        : decode_(std::move(decode)), masters_(masters, MasterPort(slaves)), slaves_(slaves, SlavePort(masters)) {}

    void reset() override {
        masters_.assign(masters_.size(), MasterPort(static_cast<std::uint32_t>(slaves_.size())));
        slaves_.assign(slaves_.size(), SlavePort(static_cast<std::uint32_t>(masters_.size())));
    }

    void to_masters(const Slaves& slaves, Slaves& seen) override {
        for (std::uint32_t m = 0; m < masters_.size(); ++m) {
            const MasterPort& port = masters_[m];
            SlaveSignals& out = seen[m];
            out.ar_ready = port.read.ready();
            out.aw_ready = port.write.ready();
            out.w_ready = slave_takes_data(port.data_slave, m);
            out.r_valid = port.read_data.valid();
            out.r_last = port.read_data.item().last;
            out.r_response = port.read_data.item().response;
            out.r = &port.read_data.item().data;
            out.b_valid = port.response.valid();
            out.b_response = port.response.item();
        }
        (void)slaves;
    }

    void to_slaves(const Masters& masters, const Slaves& slaves, Masters& seen) override {
        (void)masters;
        for (std::uint32_t s = 0; s < slaves_.size(); ++s) {
            const SlavePort& port = slaves_[s];
            MasterSignals& out = seen[s];
            out.ar_valid = port.read_address.valid();
            out.ar = port.read_address.item();
            out.aw_valid = port.write_address.valid();
            out.aw = port.write_address.item();
            out.w_valid = port.write_data.valid();
            out.w_last = port.write_data.item().last;
            out.w = &port.write_data.item().data;
            out.r_ready = read_data_goes(slaves[s].r_id, s);
            out.b_ready = response_goes(slaves[s].b_id, s);
        }
    }

    bool clock(const Masters& masters, const Slaves& slaves) override {
        bool changed = false;
        // What this cycle does, from the state before it, for every port; then the state moves on.
        std::vector<bool>& read_done = read_done_;
        std::vector<bool>& write_done = write_done_;
        read_done.assign(masters_.size(), false);
        write_done.assign(masters_.size(), false);
        for (std::uint32_t m = 0; m < masters_.size(); ++m) {
            const MasterPort& port = masters_[m];
            if (port.read_arbiter.granting()) {
                const SlaveSignals& slave = slaves[port.read_arbiter.granted()];
                read_done[m] = slave.r_valid && slave.r_id == m && port.read_data.ready() && slave.r_last;
            }
            if (port.response_arbiter.granting()) {
                const SlaveSignals& slave = slaves[port.response_arbiter.granted()];
                write_done[m] = slave.b_valid && slave.b_id == m && port.response.ready();
            }
        }
        next_masters_ = masters_;
        next_slaves_ = slaves_;
        for (std::uint32_t s = 0; s < slaves_.size(); ++s) {
            changed = clock_slave(s, masters, slaves[s]) || changed;
        }
        for (std::uint32_t m = 0; m < masters_.size(); ++m) {
            changed = clock_master(m, masters[m], slaves) || changed;
        }
        masters_.swap(next_masters_);
        slaves_.swap(next_slaves_);
        return changed;
    }

  private:
    struct MasterPort {
        explicit MasterPort(std::uint32_t slaves) : read_arbiter(slaves + 1), response_arbiter(slaves + 1) {}
        Admission read;
        Admission write;
        RegisteredArbiter read_arbiter;
        RegisteredArbiter response_arbiter;
        SkidRegister<ReadBeat> read_data;
        SimpleRegister<Response> response;
        std::uint32_t data_slave = 0;
        bool data_routed = false;
    };
    struct SlavePort {
        explicit SlavePort(std::uint32_t masters) : read_arbiter(masters), write_arbiter(masters) {}
        RegisteredArbiter read_arbiter;
        RegisteredArbiter write_arbiter;
        SimpleRegister<AddressPhase> read_address;
        SimpleRegister<AddressPhase> write_address;
        SkidRegister<WriteBeat> write_data;
        std::uint32_t reads = 0;
        std::uint32_t writes = 0;
        std::uint32_t data_master = 0;
        bool data_routed = false;
        bool data_route_new = true;
    };

    [[nodiscard]] bool slave_takes_data(std::uint32_t s, std::uint32_t m) const {
        const SlavePort& port = slaves_[s];
        return port.data_routed && port.data_master == m && port.write_data.ready();
    }
    [[nodiscard]] bool read_data_goes(std::uint32_t m, std::uint32_t s) const {
        return masters_[m].read_arbiter.grants(s) && masters_[m].read_data.ready();
    }
    [[nodiscard]] bool response_goes(std::uint32_t m, std::uint32_t s) const {
        return masters_[m].response_arbiter.grants(s) && masters_[m].response.ready();
    }
    [[nodiscard]] bool offers_read(std::uint32_t m, std::uint32_t s) const {
        return masters_[m].read.offering() && masters_[m].read.slave() == s;
    }
    [[nodiscard]] bool offers_write(std::uint32_t m, std::uint32_t s) const {
        return masters_[m].write.offering() && masters_[m].write.slave() == s;
    }
    [[nodiscard]] bool sends_data(const Masters& masters, std::uint32_t m, std::uint32_t s) const {
        return masters[m].w_valid && masters_[m].data_routed && masters_[m].data_slave == s;
    }

    bool clock_slave(std::uint32_t s, const Masters& masters, const SlaveSignals& slave) {
        const SlavePort& now = slaves_[s];
        SlavePort& next = next_slaves_[s];
        bool changed = false;
        // Reads.
        const bool read_completes = slave.r_valid && slave.r_last && read_data_goes(slave.r_id, s);
        const std::uint32_t reader = now.read_arbiter.granted();
        const bool read_offered = now.read_arbiter.granting() && offers_read(reader, s);
        const bool read_starts = read_offered && now.read_address.ready();
        const bool read_full = now.reads >= kSlaveLimit && !read_completes;
        next.reads += (read_starts ? 1U : 0U) - (read_completes ? 1U : 0U);
        std::uint64_t requests = 0;
        for (std::uint32_t m = 0; m < masters_.size(); ++m) {
            if (offers_read(m, s) && !now.read_arbiter.grants(m) && !read_full) {
                requests |= std::uint64_t{1} << m;
            }
        }
        changed = next.read_arbiter.clock(requests, read_starts ? now.read_arbiter.grant() : 0) || changed;
        AddressPhase address = masters[reader].ar;
        address.id = reader;
        changed = next.read_address.clock(read_offered, address, slave.ar_ready) || changed;
        // Writes.
        const bool write_completes = slave.b_valid && response_goes(slave.b_id, s);
        const std::uint32_t writer = now.write_arbiter.granted();
        const bool write_offered = now.write_arbiter.granting() && offers_write(writer, s);
        const bool write_starts = write_offered && now.write_address.ready();
        const bool write_full = now.writes >= kSlaveLimit && !write_completes;
        next.writes += (write_starts ? 1U : 0U) - (write_completes ? 1U : 0U);
        const bool beat = now.data_routed && sends_data(masters, now.data_master, s);
        const bool beat_last = masters[now.data_master].w_last;
        // The data route opens with a grant and closes with the last beat; one grant opens it once.
        bool routed = now.data_routed && !(beat && now.write_data.ready() && beat_last);
        bool route_new = now.data_route_new || !now.write_arbiter.granting() || write_starts;
        if (now.write_arbiter.granting() && !now.data_routed && now.data_route_new) {
            next.data_master = writer;
            routed = true;
            route_new = false;
        }
        changed = changed || routed != now.data_routed || route_new != now.data_route_new;
        next.data_routed = routed;
        next.data_route_new = route_new;
        requests = 0;
        for (std::uint32_t m = 0; m < masters_.size(); ++m) {
            if (offers_write(m, s) && !now.write_arbiter.grants(m) && !write_full && !routed) {
                requests |= std::uint64_t{1} << m;
            }
        }
        changed = next.write_arbiter.clock(requests, write_starts ? now.write_arbiter.grant() : 0) || changed;
        address = masters[writer].aw;
        address.id = writer;
        changed = next.write_address.clock(write_offered, address, slave.aw_ready) || changed;
        WriteBeat data;
        if (beat) {
            data.data = *masters[now.data_master].w;
            data.last = beat_last;
        }
        changed = next.write_data.clock(beat, data, slave.w_ready) || changed;
        return changed || read_completes || write_completes;
    }

    bool clock_master(std::uint32_t m, const MasterSignals& master, const Slaves& slaves) {
        const MasterPort& now = masters_[m];
        MasterPort& next = next_masters_[m];
        bool changed = false;
        std::uint64_t read_requests = 0;
        std::uint64_t response_requests = 0;
        for (std::uint32_t s = 0; s < slaves_.size(); ++s) {
            if (slaves[s].r_valid && slaves[s].r_id == m && !now.read_arbiter.grants(s)) {
                read_requests |= std::uint64_t{1} << s;
            }
            if (slaves[s].b_valid && slaves[s].b_id == m && !now.response_arbiter.grants(s)) {
                response_requests |= std::uint64_t{1} << s;
            }
        }
        const bool reading = now.read_arbiter.granting() && slaves[now.read_arbiter.granted()].r_valid &&
                             slaves[now.read_arbiter.granted()].r_id == m;
        ReadBeat beat;
        if (reading) {
            const SlaveSignals& slave = slaves[now.read_arbiter.granted()];
            beat.data = *slave.r;
            beat.last = slave.r_last;
            beat.response = slave.r_response;
        }
        changed = next.read_arbiter.clock(read_requests, read_done_[m] ? now.read_arbiter.grant() : 0) || changed;
        changed = next.read_data.clock(reading, beat, master.r_ready) || changed;
        const bool answering = now.response_arbiter.granting() && slaves[now.response_arbiter.granted()].b_valid &&
                               slaves[now.response_arbiter.granted()].b_id == m;
        changed = next.response_arbiter.clock(response_requests, write_done_[m] ? now.response_arbiter.grant() : 0) ||
                  changed;
        changed =
            next.response.clock(answering, answering ? slaves[now.response_arbiter.granted()].b_response : Response::Ok,
                                master.b_ready) ||
            changed;
        // Addresses.
        const auto taken = [&](bool write) {
            const std::uint32_t s = write ? now.write.slave() : now.read.slave();
            const SlavePort& port = slaves_[s];
            return write ? port.write_arbiter.grants(m) && port.write_address.ready()
                         : port.read_arbiter.grants(m) && port.read_address.ready();
        };
        changed = next.read.clock(master.ar_valid, master.ar_valid ? decode_(master.ar.address, master.ar.bytes) : 0,
                                  taken(false), false, true, read_done_[m]) ||
                  changed;
        const bool route_free = !now.data_routed;
        changed = next.write.clock(master.aw_valid, master.aw_valid ? decode_(master.aw.address, master.aw.bytes) : 0,
                                   taken(true), true, route_free, write_done_[m]) ||
                  changed;
        bool routed = now.data_routed && !(master.w_valid && master.w_last && slave_takes_data(now.data_slave, m));
        if (now.write.routing() && route_free) {
            next.data_slave = now.write.slave();
            routed = true;
        }
        changed = changed || routed != now.data_routed;
        next.data_routed = routed;
        return changed;
    }

    Decoder decode_;
    std::vector<MasterPort> masters_;
    std::vector<SlavePort> slaves_;
    std::vector<MasterPort> next_masters_;
    std::vector<SlavePort> next_slaves_;
    std::vector<bool> read_done_;
    std::vector<bool> write_done_;
};

}  // namespace

std::unique_ptr<BeatFabric> make_axi_crossbar(std::uint32_t masters, std::uint32_t slaves,
                                              const BeatFabric::Decoder& decode) {
    if (masters == 0 || masters > 63 || slaves == 0 || slaves > 62) {
        throw ConfigError("fabric 'axi_crossbar' connects 1 to 63 masters and 1 to 62 memories");
    }
    return std::make_unique<AxiCrossbar>(masters, slaves, decode);
}

}  // namespace dmasim::detail
