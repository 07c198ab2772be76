// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/beat/beat_memory.h"

#include <algorithm>
#include <array>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// The lanes of beat `beat` of a burst that count.
struct Lanes {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint64_t address = 0;  ///< Of the first lane that counts.
};

Lanes lanes_of(const AddressPhase& burst, std::uint32_t beat, std::uint32_t bus_bytes) {
    const auto offset = static_cast<std::uint32_t>(burst.address % bus_bytes);
    Lanes lanes;
    lanes.first = beat == 0 ? offset : 0;
    const std::uint32_t begin = beat == 0 ? 0 : beat * bus_bytes - offset;
    lanes.count = begin < burst.bytes ? std::min(bus_bytes - lanes.first, burst.bytes - begin) : 0;
    lanes.address = burst.address + begin;
    return lanes;
}

/// The functional side that both kinds share: what a read beat brings and where a write beat goes.
class BeatMemoryBase : public BeatSlave {
  protected:
    BeatMemoryBase(std::uint32_t bus_bytes, BeatStorage& storage) : bus_bytes_(bus_bytes), storage_(storage) {}

    void load(const AddressPhase& burst, std::uint32_t beat, Cycles t) {
        // The beat before is still looked at in this cycle: load the other buffer.
        current_ = 1 - current_;
        const Lanes lanes = lanes_of(burst, beat, bus_bytes_);
        BeatData& data = buffers_[current_];
        data.first = lanes.first;
        data.count = lanes.count;
        if (lanes.count != 0) {
            storage_.read(lanes.address, data.bytes.data() + lanes.first, lanes.count, t);
        }
    }

    /// A write address was taken, or a write beat: data goes to the storage as soon as both are here.
    void write_address(const AddressPhase& burst) { write_bursts_.push_back(burst); }
    void write_beat(const BeatData& data) { write_data_.push_back(data); }
    void store(Cycles t) {
        while (!write_bursts_.empty() && !write_data_.empty()) {
            const AddressPhase& burst = write_bursts_.front();
            const BeatData& data = write_data_.front();
            const Lanes lanes = lanes_of(burst, write_index_, bus_bytes_);
            if (storage_.check(Access::Write, burst.address, burst.bytes) == Response::Ok && data.count != 0) {
                storage_.write(lanes.address - lanes.first + data.first, data.bytes.data() + data.first, data.count, t);
            }
            write_data_.pop_front();
            if (++write_index_ == burst.beats) {
                responses_.push_back(storage_.check(Access::Write, burst.address, burst.bytes));
                write_bursts_.pop_front();
                write_index_ = 0;
            }
        }
    }

    std::uint32_t bus_bytes_;
    BeatStorage& storage_;
    [[nodiscard]] const BeatData& loaded() const { return buffers_[current_]; }
    std::deque<Response> responses_;  ///< Of the writes that are complete and not answered.

  private:
    std::array<BeatData, 2> buffers_;
    std::size_t current_ = 0;
    std::deque<AddressPhase> write_bursts_;
    std::deque<BeatData> write_data_;
    std::uint32_t write_index_ = 0;
};

class PipelinedMemory final : public BeatMemoryBase {
  public:
    PipelinedMemory(const BeatMemoryTiming& timing, std::uint32_t bus_bytes, BeatStorage& storage)
        : BeatMemoryBase(bus_bytes, storage), timing_(timing) {}

    SlaveSignals outputs(Cycles t) override {
        SlaveSignals out;
        out.ar_ready = timing_.max_reads == 0 || reads_.size() < timing_.max_reads;
        out.aw_ready = timing_.max_writes == 0 || writes_under_way_ < timing_.max_writes;
        out.w_ready = t >= write_from_;
        if (!reads_.empty() && t >= reads_.front().ready && t >= read_from_) {
            const Read& read = reads_.front();
            if (!loaded_) {
                load(read.burst, read.beat, t);
                loaded_ = true;
            }
            out.r_valid = true;
            out.r_last = read.beat + 1 == read.burst.beats;
            out.r_id = read.burst.id;
            out.r_response = storage_.check(Access::Read, read.burst.address, read.burst.bytes);
            out.r = &loaded();
        }
        if (!answers_.empty() && t >= answers_.front().at) {
            out.b_valid = true;
            out.b_id = answers_.front().id;
            out.b_response = responses_.front();
        }
        return out;
    }

    void clock(Cycles t, const MasterSignals& in) override {
        const SlaveSignals out = outputs(t);
        changed_ = false;
        if (out.r_valid && in.r_ready) {
            read_from_ = t + 1 + timing_.read_wait;
            loaded_ = false;
            if (out.r_last) {
                reads_.pop_front();
            } else {
                ++reads_.front().beat;
            }
            changed_ = true;
        }
        if (in.ar_valid && out.ar_ready) {
            reads_.push_back({in.ar, 0, t + timing_.read_latency});
            changed_ = true;
        }
        if (out.b_valid && in.b_ready) {
            answers_.pop_front();
            responses_.pop_front();
            --writes_under_way_;
            changed_ = true;
        }
        if (in.aw_valid && out.aw_ready) {
            addresses_.push_back({t, in.aw.id});
            write_address(in.aw);
            ++writes_under_way_;
            changed_ = true;
        }
        if (in.w_valid && out.w_ready) {
            write_from_ = t + 1 + timing_.write_wait;
            write_beat(*in.w);
            if (in.w_last) {
                ends_.push_back(t);
            }
            changed_ = true;
        }
        store(t);
        while (!ends_.empty() && !addresses_.empty()) {
            answers_.push_back(
                {std::max(ends_.front(), addresses_.front().at) + timing_.write_latency, addresses_.front().id});
            ends_.pop_front();
            addresses_.pop_front();
        }
    }

    [[nodiscard]] Cycles next_change(Cycles t) const override {
        if (changed_) {
            return t + 1;
        }
        Cycles next = kNever;
        const auto consider = [&](Cycles at) {
            if (at > t) {
                next = std::min(next, at);
            }
        };
        if (!reads_.empty()) {
            consider(std::max(reads_.front().ready, read_from_));
        }
        if (!answers_.empty()) {
            consider(answers_.front().at);
        }
        consider(write_from_);
        return next;
    }

    void reset() override {
        reads_.clear();
        answers_.clear();
        addresses_.clear();
        ends_.clear();
        responses_.clear();
        writes_under_way_ = 0;
        read_from_ = Cycles{};
        write_from_ = Cycles{};
        loaded_ = false;
    }

  private:
    struct Read {
        AddressPhase burst;
        std::uint32_t beat = 0;
        Cycles ready;
    };
    struct Answer {
        Cycles at;
        std::uint32_t id = 0;
    };
    BeatMemoryTiming timing_;
    std::deque<Read> reads_;
    std::deque<Answer> answers_;
    std::deque<Answer> addresses_;
    std::deque<Cycles> ends_;
    std::size_t writes_under_way_ = 0;
    Cycles read_from_;
    Cycles write_from_;
    bool loaded_ = false;
    bool changed_ = false;
};

class RegisteredMemory final : public BeatMemoryBase {
  public:
    RegisteredMemory(std::uint32_t bus_bytes, BeatStorage& storage) : BeatMemoryBase(bus_bytes, storage) {}

    SlaveSignals outputs(Cycles /*t*/) override {
        SlaveSignals out;
        out.ar_ready = !reading_;
        out.aw_ready = !writing_ && !ended_;
        out.w_ready = writing_;
        out.r_valid = valid_;
        out.r_last = valid_last_;
        out.r_id = valid_id_;
        out.r_response = valid_response_;
        out.r = &loaded();
        out.b_valid = answering_;
        out.b_id = answer_id_;
        out.b_response = answer_;
        return out;
    }

    void clock(Cycles t, const MasterSignals& in) override {
        changed_ = false;
        // Read: a beat is loaded into the register when it is empty or being emptied.
        if (reading_) {
            if (in.r_ready || !valid_) {
                load(burst_, beat_, t);
                ++beat_;
                valid_ = true;
                valid_last_ = beat_ == burst_.beats;
                valid_id_ = burst_.id;
                valid_response_ = storage_.check(Access::Read, burst_.address, burst_.bytes);
                reading_ = !valid_last_;
                changed_ = true;
            }
        } else {
            if (valid_ && in.r_ready) {
                valid_ = false;
                changed_ = true;
            }
            if (in.ar_valid) {
                burst_ = in.ar;
                beat_ = 0;
                reading_ = true;
                changed_ = true;
            }
        }
        // Write.
        const bool answer_free = !answering_ || in.b_ready;
        if (answering_ && in.b_ready) {
            answering_ = false;
            changed_ = true;
        }
        if (ended_) {
            // The response before was not taken when the burst ended: this one waits for its register.
            if (answer_free) {
                ended_ = false;
                respond();
                changed_ = true;
            }
        } else if (writing_) {
            if (in.w_valid) {
                write_beat(*in.w);
                store(t);
                if (in.w_last) {
                    writing_ = false;
                    if (answer_free) {
                        respond();
                    } else {
                        ended_ = true;
                    }
                }
                changed_ = true;
            }
        } else if (in.aw_valid) {
            write_address(in.aw);
            write_id_ = in.aw.id;
            writing_ = true;
            changed_ = true;
        }
    }

    [[nodiscard]] Cycles next_change(Cycles t) const override { return changed_ ? t + 1 : kNever; }

    void reset() override {
        reading_ = valid_ = writing_ = ended_ = answering_ = false;
        responses_.clear();
    }

  private:
    void respond() {
        answering_ = true;
        answer_id_ = write_id_;
        answer_ = responses_.empty() ? Response::BurstError : responses_.front();
        responses_.clear();
    }

    AddressPhase burst_;
    std::uint32_t beat_ = 0;
    bool reading_ = false;
    bool valid_ = false;
    bool valid_last_ = false;
    std::uint32_t valid_id_ = 0;
    Response valid_response_ = Response::Ok;
    bool writing_ = false;
    bool ended_ = false;  ///< A burst has all its data and no room for its response.
    std::uint32_t write_id_ = 0;
    bool answering_ = false;
    std::uint32_t answer_id_ = 0;
    Response answer_ = Response::Ok;
    bool changed_ = false;
};

}  // namespace

std::unique_ptr<BeatSlave> make_beat_memory(const BeatMemoryTiming& timing, std::uint32_t bus_bytes,
                                            BeatStorage& storage) {
    if (timing.read_latency == 0 || timing.write_latency == 0) {
        throw ConfigError("a beat-accurate memory's read_latency and write_latency must be at least 1");
    }
    if (timing.kind == BeatMemoryKind::Registered) {
        return std::make_unique<RegisteredMemory>(bus_bytes, storage);
    }
    return std::make_unique<PipelinedMemory>(timing, bus_bytes, storage);
}

}  // namespace dmasim
