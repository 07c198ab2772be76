// SPDX-License-Identifier: Apache-2.0
// Written from docs/beat-pipelines.md as registers that are clocked in every cycle. No skipping, no stamps: a delay of n
// cycles is a line of n registers.
#include "beat_reference.h"

#include <algorithm>
#include <deque>
#include <memory>

namespace dmasim::reference {

namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

/// n registers in a row.
template <typename T>
class Line {
  public:
    explicit Line(u32 length, T reset = T{}) : cells_(length, reset) {}
    [[nodiscard]] T out(T in) const { return cells_.empty() ? in : cells_.back(); }
    void clock(T in) {
        if (!cells_.empty()) {
            cells_.pop_back();
            cells_.push_front(in);
        }
    }

  private:
    std::deque<T> cells_;
};

struct Address {
    u64 address = 0;
    u32 beats = 0;
    u32 master = 0;
};

struct FromMaster {
    bool ar_valid = false, aw_valid = false, w_valid = false, w_last = false, r_ready = false, b_ready = false;
    Address ar, aw;
};

struct FromSlave {
    bool ar_ready = false, aw_ready = false, w_ready = false, r_valid = false, r_last = false, b_valid = false;
    u32 r_master = 0, b_master = 0;
};

u32 words(u64 address, u64 bytes, u32 bus_bytes) {
    const u64 first = address / bus_bytes;
    const u64 last = (address + bytes - 1) / bus_bytes;
    return static_cast<u32>(last - first + 1);
}

// ---------------------------------------------------------------------------------------------------------- masters

class Pipe {
  public:
    virtual ~Pipe() = default;
    [[nodiscard]] virtual bool ready() const = 0;
    virtual FromMaster drive(const FromSlave& in) = 0;
    /// `offered`: a transfer that is taken in this cycle, or null. Returns whether a status shows in this cycle.
    virtual void clock(const BeatTransfer* offered, const FromMaster& out, const FromSlave& in) = 0;
    /// The status that shows in this cycle, given `in`; -1: none.
    virtual long status(const FromMaster& out, const FromSlave& in) const = 0;
};

class Sequenced final : public Pipe {
  public:
    Sequenced(const PipelineTiming& timing, u32 bus_bytes)
        : timing_(timing),
          bus_bytes_(bus_bytes),
          fill_line_(timing.fifo_reaction, 0),
          status_line_(timing.response_to_status - 1, -1L) {}

    bool ready() const override { return requester_ == Idle && wait_ == 0 && !command_full_ && accept_wait_ == 0; }

    FromMaster drive(const FromSlave& /*in*/) override {
        FromMaster out;
        out.ar_valid = ar_held_ && ar_age_ >= timing_.request_to_valid;
        out.ar = ar_;
        out.aw_valid = aw_held_ && aw_age_ >= timing_.request_to_valid;
        out.aw = aw_;
        out.w_valid = w_valid_;
        out.w_last = w_last_;
        out.r_ready = moving_ && inputs_ != 0 && fill_seen_ < timing_.fifo_threshold;
        out.b_ready = b_ready_;
        return out;
    }

    long status(const FromMaster& /*out*/, const FromSlave& /*in*/) const override { return status_; }

    void clock(const BeatTransfer* offered, const FromMaster& out, const FromSlave& in) override {
        const bool command_was_full = command_full_;
        const bool aw_was_held = aw_held_;
        const bool ar_was_held = ar_held_;

        // Data mover.
        bool made = false;
        bool made_last = false;
        bool taken = false;
        if (moving_) {
            const bool beat = out.r_ready && in.r_valid;
            if (beat) {
                --inputs_;
            }
            if (beat || (inputs_ == 0 && !beat)) {
                if (bubble_) {
                    bubble_ = false;
                } else {
                    made = true;
                    made_last = --outputs_ == 0;
                }
            }
            if (made_last) {
                moving_ = false;
                gap_ = timing_.burst_gap - 1;
                ended_.push_back({burst_last_, burst_tag_, 0});
            }
        } else if (gap_ != 0) {
            --gap_;
        } else if (command_was_full && command_age_ + 1 >= timing_.plan_to_command && !aw_was_held) {
            taken = true;
            moving_ = true;
            inputs_ = command_.inputs;
            outputs_ = command_.outputs;
            bubble_ = command_.bubble;
            burst_last_ = command_.last;
            burst_tag_ = command_.tag;
        }
        if (command_was_full) {
            ++command_age_;
        }

        // Write FIFO and the register behind it.
        if (made) {
            fifo_.push_back({made_last, 0});
        }
        bool pop = false;
        if (!fifo_.empty() && fifo_.front().age + 1 >= timing_.read_to_write && (!w_valid_ || in.w_ready)) {
            pop = true;
        }
        if (w_valid_ && in.w_ready) {
            w_valid_ = false;
        }
        if (pop) {
            w_valid_ = true;
            w_last_ = fifo_.front().last;
            fifo_.pop_front();
        }
        for (Made& beat : fifo_) {
            ++beat.age;
        }
        fill_seen_ = fill_line_.out(static_cast<u32>(fifo_.size()));
        // What goes in is what the FIFO holds from the next cycle on; what comes out is used in the next cycle.
        fill_line_.clock(static_cast<u32>(fifo_.size()));

        // Addresses.
        if (aw_held_) {
            ++aw_age_;
        }
        if (out.aw_valid && in.aw_ready) {
            aw_held_ = false;
        }
        if (taken) {
            aw_held_ = true;
            aw_age_ = 1;
            aw_ = command_.write;
        }
        if (ar_held_) {
            ++ar_age_;
        }
        if (out.ar_valid && in.ar_ready) {
            ar_held_ = false;
        }

        // Requester.
        if (accept_wait_ != 0) {
            --accept_wait_;
        }
        if (requester_ == Idle) {
            if (wait_ != 0) {
                --wait_;
            }
            if (offered != nullptr) {
                source_ = offered->source;
                destination_ = offered->destination;
                left_ = offered->bytes;
                tag_ = static_cast<long>(offered->tag);
                requester_ = Plan;
                wait_ = timing_.accept_to_plan - 1;
            }
        } else if (wait_ != 0) {
            --wait_;
        } else if (requester_ == Plan) {
            if (!command_was_full) {
                const u64 bytes = std::min(left_, limit(destination_));
                command_.write = {destination_, words(destination_, bytes, bus_bytes_), 0};
                command_.inputs = words(source_, bytes, bus_bytes_);
                command_.outputs = command_.write.beats;
                command_.bubble = source_ % bus_bytes_ > destination_ % bus_bytes_;
                destination_ += bytes;
                left_ -= bytes;
                piece_ = bytes;
                command_.last = left_ == 0;
                command_.tag = tag_;
                planned_now_ = true;
                requester_ = Request;
                wait_ = timing_.plan_to_request - 1;
            }
        } else if (!ar_was_held) {
            const u64 bytes = std::min(piece_, limit(source_));
            ar_ = {source_, words(source_, bytes, bus_bytes_), 0};
            ar_held_ = true;
            ar_age_ = 1;
            source_ += bytes;
            piece_ -= bytes;
            if (piece_ == 0) {
                requester_ = left_ != 0 ? Plan : Idle;
                wait_ = timing_.accept_to_plan - 1;
            }
        }
        if (taken) {
            command_full_ = false;
            accept_wait_ = timing_.command_to_accept - 1;
        }
        if (planned_now_) {
            planned_now_ = false;
            command_full_ = true;
            command_age_ = 0;
        }

        // Responses.
        long answered = -1;
        bool b_done = false;
        if (out.b_ready && in.b_valid) {
            if (ended_.front().last) {
                answered = ended_.front().tag;
            }
            ended_.pop_front();
            b_done = true;
        }
        // A pulse: low in the cycle after each response.
        b_ready_ = !b_done && !ended_.empty() && ended_.front().age >= 1;
        for (Ended& burst : ended_) {
            ++burst.age;
        }
        status_ = status_line_.out(answered);
        status_line_.clock(answered);
    }

  private:
    enum Requester { Idle, Plan, Request };
    struct Command {
        Address write;
        u32 inputs = 0, outputs = 0;
        bool bubble = false, last = false;
        long tag = 0;
    };
    struct Made {
        bool last = false;
        u32 age = 0;
    };
    struct Ended {
        bool last = false;
        long tag = 0;
        u32 age = 0;
    };

    [[nodiscard]] u64 limit(u64 address) const {
        const u64 burst = std::min<u64>(u64{timing_.max_burst_beats} * bus_bytes_, 4096);
        return std::min(burst - address % bus_bytes_, 4096 - address % 4096);
    }

    PipelineTiming timing_;
    u32 bus_bytes_;
    int requester_ = Idle;
    u32 wait_ = 0;
    u32 accept_wait_ = 0;
    u64 source_ = 0, destination_ = 0, left_ = 0, piece_ = 0;
    long tag_ = 0;
    bool command_full_ = false, planned_now_ = false;
    u32 command_age_ = 0;
    Command command_;
    bool ar_held_ = false, aw_held_ = false;
    u32 ar_age_ = 0, aw_age_ = 0;
    Address ar_, aw_;
    bool moving_ = false, bubble_ = false, burst_last_ = false;
    long burst_tag_ = 0;
    u32 inputs_ = 0, outputs_ = 0, gap_ = 0;
    std::deque<Made> fifo_;
    Line<u32> fill_line_;
    u32 fill_seen_ = 0;
    bool w_valid_ = false, w_last_ = false;
    std::deque<Ended> ended_;
    bool b_ready_ = false;
    Line<long> status_line_;
    long status_ = -1;
};

class Streaming final : public Pipe {
  public:
    Streaming(const PipelineTiming& timing, u32 bus_bytes)
        : timing_(timing), bus_bytes_(bus_bytes), held_(bus_bytes), status_line_(timing.response_to_status, -1L) {}

    bool ready() const override { return wait_ == 0 && done(read_) && done(write_) && read_room() && write_room(); }

    FromMaster drive(const FromSlave& in) override {
        FromMaster out;
        // Bytes have an age; the write side sees those that are old enough.
        out.w_valid = !writes_.empty();
        const std::vector<u32> lanes_out = writes_.empty() ? std::vector<u32>{} : lanes(writes_.front(), write_beat_);
        for (const u32 lane : lanes_out) {
            out.w_valid = out.w_valid && !held_[lane].empty() && held_[lane].front() >= timing_.read_to_write;
        }
        out.w_last = !writes_.empty() && write_beat_ + 1 == writes_.front().beats;
        const bool leaves = out.w_valid && in.w_ready;
        if (!reads_.empty()) {
            out.r_ready = true;
            for (const u32 lane : lanes(reads_.front(), read_beat_)) {
                const bool gives = leaves && std::find(lanes_out.begin(), lanes_out.end(), lane) != lanes_out.end();
                out.r_ready = out.r_ready && (held_[lane].size() < timing_.buffer_beats || gives);
            }
        }
        if (ar_held_) {
            out.ar_valid = ar_age_ >= timing_.request_to_valid;
            out.ar = ar_;
        } else if (plans_read() && timing_.request_to_valid == 0) {
            out.ar_valid = true;
            out.ar = {read_.address, words(read_.address, piece(read_), bus_bytes_), 0};
        }
        const bool first_beat = shows_first_beat(out);
        const bool send =
            timing_.write_address == WriteAddressRule::AtOnce ? !addresses_.empty() : first_beat || credits_ != 0;
        out.aw_valid = aw_held_ || send;
        if (!addresses_.empty()) {
            out.aw = addresses_.front();
        }
        out.b_ready = b_wait_ == 0;
        return out;
    }

    long status(const FromMaster& out, const FromSlave& in) const override {
        const long now = out.b_ready && in.b_valid && unanswered_.front().last ? unanswered_.front().tag : -1;
        return status_line_.out(now);
    }

    void clock(const BeatTransfer* offered, const FromMaster& out, const FromSlave& in) override {
        const bool plan_read = plans_read();
        const bool plan_write = plans_write();
        const u64 read_piece = piece(read_);
        const u64 write_piece = piece(write_);
        const bool leaves = out.w_valid && in.w_ready;
        const bool comes = out.r_ready && in.r_valid;
        const bool first_beat = shows_first_beat(out);

        long answered = -1;
        if (b_wait_ != 0) {
            --b_wait_;
        }
        if (out.b_ready && in.b_valid) {
            if (unanswered_.front().last) {
                answered = unanswered_.front().tag;
            }
            unanswered_.pop_front();
            b_wait_ = timing_.response_gap - 1;
        }
        status_line_.clock(answered);

        for (std::deque<u32>& lane : held_) {
            for (u32& age : lane) {
                ++age;
            }
        }
        shown_ = shown_ || first_beat;
        if (leaves) {
            for (const u32 lane : lanes(writes_.front(), write_beat_)) {
                held_[lane].pop_front();
            }
            if (++write_beat_ == writes_.front().beats) {
                write_beat_ = 0;
                shown_ = false;
                writes_.pop_front();
            }
        }
        if (comes) {
            for (const u32 lane : lanes(reads_.front(), read_beat_)) {
                held_[lane].push_back(1);
            }
            if (++read_beat_ == reads_.front().beats) {
                read_beat_ = 0;
                reads_.pop_front();
            }
        }
        if (timing_.write_address == WriteAddressRule::WithFirstBeat) {
            if (aw_held_ && first_beat) {
                ++credits_;
            } else if (!aw_held_ && !first_beat && credits_ != 0) {
                --credits_;
            }
        }
        aw_held_ = out.aw_valid && !in.aw_ready;
        if (out.aw_valid && in.aw_ready) {
            addresses_.pop_front();
        }
        if (ar_held_) {
            ++ar_age_;
        }
        if (out.ar_valid && in.ar_ready) {
            ar_held_ = false;
        }
        if (plan_read) {
            if (!(out.ar_valid && in.ar_ready)) {
                ar_held_ = true;
                ar_age_ = 1;
                ar_ = {read_.address, words(read_.address, read_piece, bus_bytes_), 0};
            }
            reads_.push_back(burst(read_, read_piece));
            advance(read_, read_piece);
        }
        if (plan_write) {
            addresses_.push_back({write_.address, words(write_.address, write_piece, bus_bytes_), 0});
            writes_.push_back(burst(write_, write_piece));
            unanswered_.push_back({write_piece == write_.left, tag_});
            advance(write_, write_piece);
        }
        if (wait_ != 0) {
            --wait_;
        }
        if (offered != nullptr) {
            read_ = {offered->source, offered->bytes, 0, true};
            write_ = {offered->destination, offered->bytes, 0, true};
            tag_ = static_cast<long>(offered->tag);
            wait_ = timing_.accept_to_plan - 1;
        }
    }

  private:
    struct Side {
        u64 address = 0, left = 0, moved = 0;
        bool valid = false;
    };
    struct Burst {
        u64 address = 0, bytes = 0;
        u64 moved = 0;  ///< Bytes of the transfer before this burst.
        u32 beats = 0;
    };
    struct Unanswered {
        bool last = false;
        long tag = 0;
    };

    [[nodiscard]] u64 to_end(u64 address) const {
        const u64 page = std::min<u64>(u64{timing_.max_burst_beats} * bus_bytes_, 4096);
        return page - address % page;
    }
    [[nodiscard]] u64 most(const Side& side) const {
        return timing_.split == SplitRule::AlignedBothSides ? std::min(to_end(read_.address), to_end(write_.address))
                                                            : to_end(side.address);
    }
    [[nodiscard]] u64 piece(const Side& side) const { return std::min(side.left, most(side)); }
    [[nodiscard]] bool done(const Side& side) const { return side.left <= most(side); }
    /// Whether this is the first cycle in which the first beat of the burst is offered, taken or not.
    [[nodiscard]] bool shows_first_beat(const FromMaster& out) const {
        return out.w_valid && write_beat_ == 0 && !shown_;
    }
    [[nodiscard]] bool read_room() const { return reads_.size() < timing_.bursts_in_flight && !ar_held_; }
    [[nodiscard]] bool write_room() const {
        return writes_.size() < timing_.bursts_in_flight && addresses_.size() < timing_.bursts_in_flight &&
               unanswered_.size() < timing_.bursts_in_flight + timing_.buffer_beats + timing_.pending_extra;
    }
    [[nodiscard]] bool plans_read() const {
        return wait_ == 0 && read_.valid && read_room() &&
               (timing_.split != SplitRule::AlignedBothSides || write_room());
    }
    [[nodiscard]] bool plans_write() const {
        return wait_ == 0 && write_.valid && write_room() &&
               (timing_.split != SplitRule::AlignedBothSides || read_room());
    }
    [[nodiscard]] Burst burst(const Side& side, u64 bytes) const {
        return {side.address, bytes, side.moved, words(side.address, bytes, bus_bytes_)};
    }
    static void advance(Side& side, u64 bytes) {
        if (bytes == side.left) {
            side.valid = false;
        } else {
            side.address += bytes;
            side.left -= bytes;
            side.moved += bytes;
        }
    }
    /// The lanes of the bytes of one beat.
    [[nodiscard]] std::vector<u32> lanes(const Burst& burst, u32 beat) const {
        std::vector<u32> result;
        const u64 word = burst.address / bus_bytes_ + beat;
        for (u64 byte = std::max(burst.address, word * bus_bytes_);
             byte < std::min(burst.address + burst.bytes, (word + 1) * bus_bytes_); ++byte) {
            result.push_back(static_cast<u32>((burst.moved + byte - burst.address) % bus_bytes_));
        }
        return result;
    }

    PipelineTiming timing_;
    u32 bus_bytes_;
    u32 wait_ = 0;
    Side read_, write_;
    long tag_ = 0;
    bool ar_held_ = false;
    u32 ar_age_ = 0;
    Address ar_;
    std::deque<Burst> reads_, writes_;
    std::deque<Address> addresses_;
    std::deque<Unanswered> unanswered_;
    u32 read_beat_ = 0, write_beat_ = 0, credits_ = 0;
    bool shown_ = false;  ///< The first beat of the write burst was offered.
    bool aw_held_ = false;
    std::vector<std::deque<u32>> held_;  ///< By lane: ages of the bytes.
    u32 b_wait_ = 0;
    Line<long> status_line_;
};

// --------------------------------------------------------------------------------------------------------- memories

class Slave {
  public:
    virtual ~Slave() = default;
    [[nodiscard]] virtual FromSlave drive() const = 0;
    virtual void clock(const FromMaster& in) = 0;
};

class PipelinedSlave final : public Slave {
  public:
    explicit PipelinedSlave(const Memory& memory) : memory_(memory) {}

    FromSlave drive() const override {
        FromSlave out;
        out.ar_ready = memory_.max_reads == 0 || reads_.size() < memory_.max_reads;
        out.aw_ready = memory_.max_writes == 0 || addresses_.size() + complete_.size() < memory_.max_writes;
        out.w_ready = write_idle_ == 0;
        out.r_valid = !reads_.empty() && reads_.front().age >= memory_.read_latency && read_idle_ == 0;
        out.r_last = out.r_valid && reads_.front().beats == 1;
        out.r_master = out.r_valid ? reads_.front().master : 0;
        out.b_valid = !complete_.empty() && complete_.front().age >= memory_.write_latency;
        out.b_master = out.b_valid ? complete_.front().master : 0;
        return out;
    }

    void clock(const FromMaster& in) override {
        const FromSlave out = drive();
        read_idle_ -= read_idle_ != 0 ? 1U : 0U;
        write_idle_ -= write_idle_ != 0 ? 1U : 0U;
        if (out.r_valid && in.r_ready) {
            read_idle_ = memory_.read_wait;
            if (--reads_.front().beats == 0) {
                reads_.pop_front();
            }
        }
        if (out.b_valid && in.b_ready) {
            complete_.pop_front();
        }
        for (Open& read : reads_) {
            ++read.age;
        }
        for (Open& write : complete_) {
            ++write.age;
        }
        if (in.ar_valid && out.ar_ready) {
            reads_.push_back({in.ar.beats, in.ar.master, 1});
        }
        if (in.aw_valid && out.aw_ready) {
            addresses_.push_back({in.aw.beats, in.aw.master, 0});
        }
        if (in.w_valid && out.w_ready) {
            write_idle_ = memory_.write_wait;
            bursts_ += in.w_last ? 1U : 0U;
        }
        if (bursts_ != 0 && !addresses_.empty()) {
            --bursts_;
            complete_.push_back({0, addresses_.front().master, 1});
            addresses_.pop_front();
        }
    }

  private:
    struct Open {
        u32 beats = 0, master = 0, age = 0;
    };
    Memory memory_;
    std::deque<Open> reads_, addresses_, complete_;
    u32 bursts_ = 0, read_idle_ = 0, write_idle_ = 0;
};

class RegisteredSlave final : public Slave {
  public:
    FromSlave drive() const override {
        FromSlave out;
        out.ar_ready = to_load_ == 0;
        out.aw_ready = !open_;
        out.w_ready = open_;
        out.r_valid = full_;
        out.r_last = last_;
        out.r_master = shown_;
        out.b_valid = answer_;
        out.b_master = answered_;
        return out;
    }

    void clock(const FromMaster& in) override {
        const bool was_loading = to_load_ != 0;
        const bool was_open = open_;
        if (answer_ && in.b_ready) {
            answer_ = false;
        }
        if (was_loading) {
            if (!full_ || in.r_ready) {
                full_ = true;
                last_ = --to_load_ == 0;
                shown_ = reader_;
            }
        } else {
            if (in.r_ready) {
                full_ = false;
            }
            if (in.ar_valid) {
                to_load_ = in.ar.beats;
                reader_ = in.ar.master;
            }
        }
        if (was_open && in.w_valid && in.w_last) {
            open_ = false;
            answer_ = true;
            answered_ = writer_;
        } else if (!was_open && in.aw_valid) {
            open_ = true;
            writer_ = in.aw.master;
        }
    }

  private:
    u32 to_load_ = 0, reader_ = 0, shown_ = 0, writer_ = 0, answered_ = 0;
    bool full_ = false, last_ = false, open_ = false, answer_ = false;
};

// ---------------------------------------------------------------------------------------------------------- fabrics

/// A granting register: keeps its grant until it is acknowledged, then searches behind it (or from the start).
struct Grant {
    u32 count = 1;
    bool round_robin = true, lowest_first = true;
    long held = -1, last = -1;

    void clock(const std::vector<bool>& requests, bool acknowledged) {
        if (held >= 0 && !acknowledged) {
            return;
        }
        held = -1;
        // The order of the search: with a last grant, first those behind it.
        std::vector<long> order;
        for (u32 i = 0; i < count; ++i) {
            order.push_back(lowest_first ? static_cast<long>(i) : static_cast<long>(count - 1 - i));
        }
        if (round_robin && last >= 0) {
            std::stable_partition(order.begin(), order.end(),
                                  [this](long i) { return lowest_first ? i > last : i < last; });
        }
        for (const long i : order) {
            if (requests[static_cast<u32>(i)]) {
                held = i;
                last = i;
                return;
            }
        }
    }
};

/// Two places; promises a place one cycle ahead.
template <typename T>
struct Skid {
    std::deque<T> items;
    bool promise = true;

    void clock(bool in, const T& item, bool out) {
        // A second item is kept back; the place is promised again when the sink takes one, or none came.
        const bool was_full = !items.empty();
        const bool was_double = items.size() == 2;
        const bool next = out || (!was_double && (!was_full || !in));
        const bool takes = promise && in;
        if (out && was_full) {
            items.pop_front();
        }
        if (takes) {
            items.push_back(item);
        }
        promise = next;
    }
};

/// One place; promises it when it is empty.
template <typename T>
struct Single {
    std::deque<T> items;
    bool promise = true;

    void clock(bool in, const T& item, bool out) {
        if (promise) {
            if (in) {
                items.push_back(item);
            }
        } else if (out) {
            items.clear();
        }
        promise = items.empty();
    }
};

class Fabric {
  public:
    virtual ~Fabric() = default;
    virtual void to_masters(const std::vector<FromSlave>& slaves, std::vector<FromSlave>& seen) = 0;
    virtual void to_slaves(const std::vector<FromMaster>& masters, const std::vector<FromSlave>& slaves,
                           std::vector<FromMaster>& seen) = 0;
    virtual void clock(const std::vector<FromMaster>& masters, const std::vector<FromSlave>& slaves) = 0;
};

class Wires final : public Fabric {
  public:
    void to_masters(const std::vector<FromSlave>& slaves, std::vector<FromSlave>& seen) override { seen = slaves; }
    void to_slaves(const std::vector<FromMaster>& masters, const std::vector<FromSlave>& /*slaves*/,
                   std::vector<FromMaster>& seen) override {
        seen = masters;
    }
    void clock(const std::vector<FromMaster>& /*masters*/, const std::vector<FromSlave>& /*slaves*/) override {}
};

class Crossbar final : public Fabric {
  public:
    Crossbar(u32 masters, u32 slaves, std::function<u32(u64)> decode)
        : decode_(std::move(decode)), masters_(masters), slaves_(slaves) {
        for (Upper& upper : masters_) {
            upper.read_grant.count = slaves + 1;
            upper.answer_grant.count = slaves + 1;
        }
        for (Lower& lower : slaves_) {
            lower.read_grant.count = masters;
            lower.write_grant.count = masters;
        }
    }

    void to_masters(const std::vector<FromSlave>& /*slaves*/, std::vector<FromSlave>& seen) override {
        for (u32 m = 0; m < masters_.size(); ++m) {
            const Upper& upper = masters_[m];
            seen[m].ar_ready = upper.read.ready;
            seen[m].aw_ready = upper.write.ready;
            seen[m].w_ready = data_room(upper.data_slave, m);
            seen[m].r_valid = !upper.data.items.empty();
            seen[m].r_last = seen[m].r_valid && upper.data.items.front();
            seen[m].b_valid = !upper.answer.items.empty();
        }
    }

    void to_slaves(const std::vector<FromMaster>& /*masters*/, const std::vector<FromSlave>& slaves,
                   std::vector<FromMaster>& seen) override {
        for (u32 s = 0; s < slaves_.size(); ++s) {
            const Lower& lower = slaves_[s];
            seen[s].ar_valid = !lower.read.items.empty();
            seen[s].ar = seen[s].ar_valid ? lower.read.items.front() : Address{};
            seen[s].aw_valid = !lower.write.items.empty();
            seen[s].aw = seen[s].aw_valid ? lower.write.items.front() : Address{};
            seen[s].w_valid = !lower.data.items.empty();
            seen[s].w_last = seen[s].w_valid && lower.data.items.front();
            seen[s].r_ready = slaves[s].r_valid && passes_data(slaves[s].r_master, s);
            seen[s].b_ready = slaves[s].b_valid && passes_answer(slaves[s].b_master, s);
            // Ready does not look at valid: a register that is empty asks for its beat.
            if (!slaves[s].r_valid) {
                seen[s].r_ready = passes_data(slaves[s].r_master, s);
            }
        }
    }

    void clock(const std::vector<FromMaster>& masters, const std::vector<FromSlave>& slaves) override {
        std::vector<Upper> upper_next = masters_;
        std::vector<Lower> lower_next = slaves_;
        std::vector<bool> read_ends(masters_.size()), write_ends(masters_.size());
        for (u32 s = 0; s < slaves_.size(); ++s) {
            const FromSlave& slave = slaves[s];
            if (slave.r_valid && slave.r_last && passes_data(slave.r_master, s)) {
                read_ends[slave.r_master] = true;
            }
            if (slave.b_valid && passes_answer(slave.b_master, s)) {
                write_ends[slave.b_master] = true;
            }
        }
        for (u32 s = 0; s < slaves_.size(); ++s) {
            const Lower& now = slaves_[s];
            Lower& next = lower_next[s];
            const bool ends_read = slaves[s].r_valid && slaves[s].r_last && passes_data(slaves[s].r_master, s);
            const bool ends_write = slaves[s].b_valid && passes_answer(slaves[s].b_master, s);
            // Read address.
            const bool read_here = now.read_grant.held >= 0 && offers(static_cast<u32>(now.read_grant.held), s, false);
            const bool read_goes = read_here && now.read.promise;
            std::vector<bool> requests(masters_.size());
            for (u32 m = 0; m < masters_.size(); ++m) {
                requests[m] =
                    offers(m, s, false) && now.read_grant.held != static_cast<long>(m) && (now.reads < 4 || ends_read);
            }
            Address address;
            if (read_here) {
                address = masters[static_cast<u32>(now.read_grant.held)].ar;
                address.master = static_cast<u32>(now.read_grant.held);
            }
            next.read_grant.clock(requests, read_goes);
            next.read.clock(read_here, address, slaves[s].ar_ready);
            next.reads = now.reads + (read_goes ? 1 : 0) - (ends_read ? 1 : 0);
            // Write address and the route of its data.
            const bool write_here =
                now.write_grant.held >= 0 && offers(static_cast<u32>(now.write_grant.held), s, true);
            const bool write_goes = write_here && now.write.promise;
            const bool beat = now.routed && masters[now.data_master].w_valid && masters_[now.data_master].routed &&
                              masters_[now.data_master].data_slave == s;
            const bool last = beat && masters[now.data_master].w_last;
            if (last && now.data.promise) {
                next.routed = false;
            }
            if (write_goes || now.write_grant.held < 0) {
                next.fresh = true;
            }
            if (now.write_grant.held >= 0 && !now.routed && now.fresh) {
                next.routed = true;
                next.data_master = static_cast<u32>(now.write_grant.held);
                next.fresh = false;
            }
            for (u32 m = 0; m < masters_.size(); ++m) {
                requests[m] = offers(m, s, true) && now.write_grant.held != static_cast<long>(m) &&
                              (now.writes < 4 || ends_write) && !next.routed;
            }
            if (write_here) {
                address = masters[static_cast<u32>(now.write_grant.held)].aw;
                address.master = static_cast<u32>(now.write_grant.held);
            }
            next.write_grant.clock(requests, write_goes);
            next.write.clock(write_here, address, slaves[s].aw_ready);
            next.writes = now.writes + (write_goes ? 1 : 0) - (ends_write ? 1 : 0);
            next.data.clock(beat, last, slaves[s].w_ready);
        }
        for (u32 m = 0; m < masters_.size(); ++m) {
            const Upper& now = masters_[m];
            Upper& next = upper_next[m];
            std::vector<bool> data_requests(slaves_.size() + 1), answer_requests(slaves_.size() + 1);
            bool data_here = false, data_last = false, answer_here = false;
            for (u32 s = 0; s < slaves_.size(); ++s) {
                const bool data = slaves[s].r_valid && slaves[s].r_master == m;
                const bool answer = slaves[s].b_valid && slaves[s].b_master == m;
                data_requests[s] = data && now.read_grant.held != static_cast<long>(s);
                answer_requests[s] = answer && now.answer_grant.held != static_cast<long>(s);
                if (data && now.read_grant.held == static_cast<long>(s)) {
                    data_here = true;
                    data_last = slaves[s].r_last;
                }
                answer_here = answer_here || (answer && now.answer_grant.held == static_cast<long>(s));
            }
            next.read_grant.clock(data_requests, read_ends[m]);
            next.data.clock(data_here, data_last, masters[m].r_ready);
            next.answer_grant.clock(answer_requests, write_ends[m]);
            next.answer.clock(answer_here, true, masters[m].b_ready);
            step(now.read, next.read, masters[m].ar_valid, masters[m].ar.address, takes(m, now.read.slave, false),
                 false, true, read_ends[m]);
            step(now.write, next.write, masters[m].aw_valid, masters[m].aw.address, takes(m, now.write.slave, true),
                 true, !now.routed, write_ends[m]);
            if (now.routed && masters[m].w_valid && masters[m].w_last && data_room(now.data_slave, m)) {
                next.routed = false;
            }
            if (now.write.route && !now.routed) {
                next.routed = true;
                next.data_slave = now.write.slave;
            }
        }
        masters_ = upper_next;
        slaves_ = lower_next;
    }

  private:
    /// The two steps of an address at its master.
    struct Steps {
        bool decoding = false, ready = false, offer = false, route = false;
        u32 slave = 0, under_way = 0;
    };
    struct Upper {
        Steps read, write;
        Grant read_grant, answer_grant;
        Skid<bool> data;
        Single<bool> answer;
        bool routed = false;
        u32 data_slave = 0;
    };
    struct Lower {
        Grant read_grant, write_grant;
        Single<Address> read, write;
        Skid<bool> data;
        u32 reads = 0, writes = 0, data_master = 0;
        bool routed = false, fresh = true;
    };

    [[nodiscard]] bool offers(u32 m, u32 s, bool write) const {
        const Steps& steps = write ? masters_[m].write : masters_[m].read;
        return steps.offer && steps.slave == s;
    }
    [[nodiscard]] bool takes(u32 m, u32 s, bool write) const {
        return write ? slaves_[s].write_grant.held == static_cast<long>(m) && slaves_[s].write.promise
                     : slaves_[s].read_grant.held == static_cast<long>(m) && slaves_[s].read.promise;
    }
    [[nodiscard]] bool data_room(u32 s, u32 m) const {
        return slaves_[s].routed && slaves_[s].data_master == m && slaves_[s].data.promise;
    }
    [[nodiscard]] bool passes_data(u32 m, u32 s) const {
        return masters_[m].read_grant.held == static_cast<long>(s) && masters_[m].data.promise;
    }
    [[nodiscard]] bool passes_answer(u32 m, u32 s) const {
        return masters_[m].answer_grant.held == static_cast<long>(s) && masters_[m].answer.promise;
    }
    void step(const Steps& now, Steps& next, bool valid, u64 address, bool taken, bool needs_route, bool route_taken,
              bool ended) const {
        next.ready = false;
        next.offer = now.offer && !taken;
        next.route = now.route && !route_taken;
        bool started = false;
        if (now.decoding) {
            if (!next.offer && !next.route) {
                next.ready = true;
                next.decoding = false;
            }
        } else if (valid && !now.ready) {
            const u32 slave = decode_(address);
            const bool same = now.under_way == 0 || now.slave == slave;
            if (same && (now.under_way < 16 || ended)) {
                next.slave = slave;
                next.offer = true;
                next.route = needs_route;
                next.decoding = true;
                started = true;
            }
        }
        next.under_way = now.under_way + (started ? 1 : 0) - (ended ? 1 : 0);
    }

    std::function<u32(u64)> decode_;
    std::vector<Upper> masters_;
    std::vector<Lower> slaves_;
};

/// Both halves of the split interconnect, each a walk through its states.
class Split final : public Fabric {
  public:
    Split(u32 masters, u32 slaves, std::function<u32(u64)> decode) : decode_(std::move(decode)) {
        (void)slaves;
        for (Half& half : halves_) {
            half.grant.count = masters;
        }
    }

    void to_masters(const std::vector<FromSlave>& /*slaves*/, std::vector<FromSlave>& seen) override {
        for (u32 m = 0; m < seen.size(); ++m) {
            const Half& read = halves_[0];
            seen[m].ar_ready = read.address_taken && read.master == m;
            seen[m].r_valid = !read.data.items.empty() && read.master == m;
            seen[m].r_last = seen[m].r_valid && read.data.items.front();
            const Half& write = halves_[1];
            seen[m].aw_ready = write.address_taken && write.master == m;
            seen[m].w_ready = write.open && write.master == m;
            seen[m].b_valid = write.answer && write.master == m;
        }
    }

    void to_slaves(const std::vector<FromMaster>& /*masters*/, const std::vector<FromSlave>& /*slaves*/,
                   std::vector<FromMaster>& seen) override {
        for (u32 s = 0; s < seen.size(); ++s) {
            const Half& read = halves_[0];
            seen[s].ar_valid = read.address_out && read.slave == s;
            seen[s].ar = read.address;
            seen[s].r_ready = read.open && read.slave == s;
            const Half& write = halves_[1];
            seen[s].aw_valid = write.address_out && write.slave == s;
            seen[s].aw = write.address;
            seen[s].w_valid = !write.data.items.empty() && write.slave == s;
            seen[s].w_last = seen[s].w_valid && write.data.items.front();
            seen[s].b_ready = write.wants_answer && write.slave == s;
        }
    }

    void clock(const std::vector<FromMaster>& masters, const std::vector<FromSlave>& slaves) override {
        for (u32 h = 0; h < 2; ++h) {
            const bool writes = h == 1;
            const Half now = halves_[h];
            Half& next = halves_[h];
            const FromMaster& master = masters[now.master];
            const FromSlave& slave = slaves[now.slave];
            std::vector<bool> requests;
            for (const FromMaster& m : masters) {
                requests.push_back(writes ? m.aw_valid : m.ar_valid);
            }
            const bool comes = now.state == Half::Transfer && now.open && (writes ? master.w_valid : slave.r_valid);
            const bool last = comes && (writes ? master.w_last : slave.r_last);
            const bool ends = writes ? now.answer && master.b_ready
                                     : !now.data.items.empty() && now.data.items.front() && master.r_ready;
            next.data.clock(comes, last, writes ? slave.w_ready : master.r_ready);
            next.grant.clock(requests, ends);
            next.address_taken = false;
            next.open = false;
            next.wants_answer = false;
            next.answer = now.answer && !master.b_ready;
            next.address_out = now.address_out && !(writes ? slave.aw_ready : slave.ar_ready);
            switch (now.state) {
                case Half::Idle:
                    if (now.grant.held >= 0) {
                        next.master = static_cast<u32>(now.grant.held);
                        next.address = writes ? masters[next.master].aw : masters[next.master].ar;
                        next.address_taken = true;
                        next.state = Half::Decode;
                    }
                    break;
                case Half::Decode:
                    next.slave = decode_(now.address.address);
                    next.open = next.data.promise;
                    next.first = true;
                    next.state = Half::Transfer;
                    break;
                case Half::Transfer:
                    next.open = next.data.promise && !last;
                    next.address_out = next.address_out || now.first;
                    next.first = false;
                    if (last) {
                        next.wants_answer = writes;
                        next.state = writes ? Half::Answer : Half::Release;
                    }
                    break;
                case Half::Answer:
                    next.wants_answer = true;
                    if (now.wants_answer && slave.b_valid) {
                        next.wants_answer = false;
                        next.answer = true;
                        next.state = Half::Release;
                    }
                    break;
                case Half::Release:
                    if (ends || now.grant.held < 0) {
                        next.state = Half::Idle;
                    }
                    break;
            }
        }
    }

  private:
    struct Half {
        enum State { Idle, Decode, Transfer, Answer, Release };
        State state = Idle;
        Grant grant;
        u32 master = 0, slave = 0;
        Address address;
        Skid<bool> data;
        bool address_taken = false, address_out = false, first = false, open = false, wants_answer = false,
             answer = false;
    };
    std::function<u32(u64)> decode_;
    Half halves_[2];
};

std::unique_ptr<Fabric> make_fabric(const Setup& setup) {
    const auto masters = static_cast<u32>(setup.masters.size());
    const auto slaves = static_cast<u32>(setup.memories.size());
    if (setup.fabric == "axi_crossbar") {
        return std::make_unique<Crossbar>(masters, slaves, setup.decode);
    }
    if (setup.fabric == "split_interconnect") {
        return std::make_unique<Split>(masters, slaves, setup.decode);
    }
    return std::make_unique<Wires>();
}

/// The transfers in front of one pipeline.
struct Front {
    const Master* master = nullptr;
    std::unique_ptr<Pipe> pipe;
    std::vector<u32> next;  ///< By port.
    Grant grant;
    Skid<BeatTransfer> waiting;
    std::deque<Seen> order;  ///< Of the transfers that the pipeline was given.
    long late = -1;          ///< Port and transfer of a status on its way to the port.
    Seen late_seen;
    u32 left = 0;
    bool ar_up = false, aw_up = false;

    [[nodiscard]] bool direct() const { return master->ports.size() == 1; }
};

}  // namespace

std::vector<Record> run(const Setup& setup) {
    std::vector<Record> records(setup.masters.size());
    std::vector<Front> fronts(setup.masters.size());
    std::vector<std::unique_ptr<Slave>> memories;
    u32 left = 0;
    for (std::size_t m = 0; m < fronts.size(); ++m) {
        Front& front = fronts[m];
        front.master = &setup.masters[m];
        if (front.master->timing.kind == PipelineKind::Sequenced) {
            front.pipe = std::make_unique<Sequenced>(front.master->timing, setup.bus_bytes);
        } else {
            front.pipe = std::make_unique<Streaming>(front.master->timing, setup.bus_bytes);
        }
        front.next.assign(front.master->ports.size(), 0);
        front.grant.count = static_cast<u32>(front.master->ports.size());
        front.grant.round_robin = front.master->round_robin;
        front.grant.lowest_first = front.master->lowest_first;
        for (const Port& port : front.master->ports) {
            front.left += static_cast<u32>(port.transfers.size());
        }
        left += front.left;
    }
    for (const Memory& memory : setup.memories) {
        if (memory.registered) {
            memories.push_back(std::make_unique<RegisteredSlave>());
        } else {
            memories.push_back(std::make_unique<PipelinedSlave>(memory));
        }
    }
    const std::unique_ptr<Fabric> fabric = make_fabric(setup);
    std::vector<FromSlave> slaves(memories.size()), at_masters(fronts.size());
    std::vector<FromMaster> masters(fronts.size()), at_slaves(memories.size());

    for (u64 t = 0; t < setup.max_cycles && left != 0; ++t) {
        for (std::size_t s = 0; s < memories.size(); ++s) {
            slaves[s] = memories[s]->drive();
        }
        fabric->to_masters(slaves, at_masters);
        for (std::size_t m = 0; m < fronts.size(); ++m) {
            masters[m] = fronts[m].pipe->drive(at_masters[m]);
        }
        fabric->to_slaves(masters, slaves, at_slaves);
        fabric->clock(masters, slaves);
        for (std::size_t s = 0; s < memories.size(); ++s) {
            memories[s]->clock(at_slaves[s]);
        }
        for (std::size_t m = 0; m < fronts.size(); ++m) {
            Front& front = fronts[m];
            Record& record = records[m];
            const FromMaster& out = masters[m];
            const FromSlave& in = at_masters[m];
            if (out.ar_valid && !front.ar_up) {
                record.ar_valid.push_back(t);
            }
            if (out.aw_valid && !front.aw_up) {
                record.aw_valid.push_back(t);
            }
            front.ar_up = out.ar_valid && !in.ar_ready;
            front.aw_up = out.aw_valid && !in.aw_ready;
            const auto note = [t](bool handshake, std::vector<u64>& list) {
                if (handshake) {
                    list.push_back(t);
                }
            };
            note(out.ar_valid && in.ar_ready, record.ar);
            note(out.aw_valid && in.aw_ready, record.aw);
            note(in.r_valid && out.r_ready, record.r);
            note(out.w_valid && in.w_ready, record.w);
            note(in.b_valid && out.b_ready, record.b);
            // Statuses.
            if (front.late >= 0) {
                record.status.push_back({front.late_seen.port, front.late_seen.transfer, t});
                front.late = -1;
                --left;
            }
            const long tag = front.pipe->status(out, in);
            if (tag >= 0) {
                record.pipeline_status.push_back(t);
                const Seen seen = front.order.front();
                front.order.pop_front();
                if (front.direct()) {
                    record.status.push_back({seen.port, seen.transfer, t});
                    --left;
                } else {
                    front.late = tag;
                    front.late_seen = seen;
                }
            }
            // Offers.
            BeatTransfer offer;
            bool offered = false;
            const bool ready = front.pipe->ready();
            if (front.direct()) {
                const std::vector<BeatTransfer>& list = front.master->ports[0].transfers;
                if (ready && front.next[0] < list.size()) {
                    offer = list[front.next[0]];
                    offered = true;
                    record.accepted.push_back({0, front.next[0], t});
                    front.order.push_back({0, front.next[0], t});
                    ++front.next[0];
                }
            } else {
                offered = ready && !front.waiting.items.empty();
                if (offered) {
                    offer = front.waiting.items.front();
                }
                std::vector<bool> requests(front.next.size());
                for (u32 p = 0; p < front.next.size(); ++p) {
                    requests[p] = front.next[p] < front.master->ports[p].transfers.size();
                }
                const long port = front.grant.held;
                const bool passes = port >= 0 && requests[static_cast<u32>(port)] && front.waiting.promise;
                BeatTransfer transfer;
                if (passes) {
                    const auto p = static_cast<u32>(port);
                    transfer = front.master->ports[p].transfers[front.next[p]];
                    record.accepted.push_back({p, front.next[p], t});
                    front.order.push_back({p, front.next[p], t});
                }
                // A granted port does not compete.
                if (port >= 0) {
                    requests[static_cast<u32>(port)] = false;
                }
                front.waiting.clock(passes, transfer, offered);
                front.grant.clock(requests, passes);
                if (passes) {
                    ++front.next[static_cast<u32>(port)];
                }
            }
            if (offered) {
                record.taken.push_back(t);
            }
            front.pipe->clock(offered ? &offer : nullptr, out, in);
        }
    }
    return records;
}

}  // namespace dmasim::reference
