// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/engine.h"

#include <algorithm>
#include <string>
#include <vector>

#include "dmasim/model/backend/beat_mover.h"
#include "dmasim/model/backend/burst_mover.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/native_front_end.h"
#include "dmasim/model/midend/scheduler.h"

namespace dmasim {

namespace {

DmaConfig checked(const DmaConfig& config) {
    const std::vector<std::string> problems = validate(config);
    if (!problems.empty()) {
        std::string text = "DMA controller cannot be built:";
        for (const std::string& problem : problems) {
            text += "\n  " + problem;
        }
        throw ConfigError(text);
    }
    return config;
}

constexpr std::uint32_t lane_mask(std::uint8_t byte_enables) {
    std::uint32_t mask = 0;
    for (unsigned i = 0; i < 4; ++i) {
        if ((byte_enables >> i & 1U) != 0) {
            mask |= 0xFFU << (8 * i);
        }
    }
    return mask;
}

}  // namespace

void DmaOutputs::channel_interrupt(unsigned /*channel*/, bool /*level*/, Cycles /*at*/) {}
void DmaOutputs::dack(unsigned /*channel*/, bool /*level*/, Cycles /*at*/) {}
void DmaOutputs::tc(unsigned /*channel*/, bool /*level*/, Cycles /*at*/) {}

/// Front end, mid end and back end, the inputs that wait for their edge, and the order of the steps of an edge (C0).
class DmaEngine::Impl final : private ChannelLines {
  public:
    Impl(const DmaConfig& config, BurstPort& port, DmaOutputs& outputs, TraceSink* sink, std::uint16_t source)
        : config_(checked(config)),
          outputs_(outputs),
          sink_(sink),
          source_(source),
          front_end_(config_),
          scheduler_(config_, front_end_, *this, sink, source) {
        if (config_.timing.beat_accurate) {
            auto mover = std::make_unique<BeatMover>(config_, port, scheduler_, sink, source);
            plug_ = mover.get();
            mover_ = std::move(mover);
        } else {
            mover_ = std::make_unique<BurstMover>(config_, port, scheduler_, sink, source);
        }
        front_end_.connect(scheduler_);
        scheduler_.connect(*mover_);
    }

    [[nodiscard]] BeatPlug* plug() { return plug_; }

    [[nodiscard]] const DmaConfig& config() const { return config_; }
    [[nodiscard]] DataMover& mover() { return *mover_; }
    [[nodiscard]] const DataMover& mover() const { return *mover_; }

    [[nodiscard]] Cycles next_edge() const {
        if (!next_known_) {
            next_ = compute_next();
            // What a plug does between two edges is not seen here.
            next_known_ = plug_ == nullptr;
        }
        return next_;
    }

    // Something was handed over that may bring work.
    void touched() { next_known_ = false; }

    [[nodiscard]] Cycles compute_next() const {
        Cycles next = std::min(scheduler_.next_wake(), std::min(scheduler_.next_grant(), mover_->earliest_write()));
        if (!inputs_.empty()) {
            next = std::min(next, inputs_.front().stamp + 1);
        }
        return next == kNever ? kNever : std::max(next, next_possible_);
    }

    void evaluate(Cycles edge) {
        DMASIM_INVARIANT(edge >= next_possible_);
        touched();
        take_inputs(edge);
        const std::uint64_t due = scheduler_.take_due(edge);
        next_possible_ = edge + 1;
        if (due != 0) {
            front_end_.freeze(due, edge);
            scheduler_.decode(due, edge);
        }
        if (sink_ != nullptr) {
            scheduler_.account(edge);
        }
        mover_->retire(edge);
        if (due != 0) {
            scheduler_.complete(due, edge);
            drive_interrupts(front_end_.update_interrupts(due, edge), edge);
        }
        mover_->request_write(edge);
        scheduler_.arbitrate(due, edge);
        touched();
    }

    Response write_register(std::uint32_t offset, std::uint32_t value, Cycles at, std::uint8_t byte_enables) {
        if (!front_end_.mapped(offset)) {
            return Response::AddressError;
        }
        Input input;
        input.stamp = at;
        input.kind = InputKind::Write;
        input.where = offset;
        input.value = value;
        input.lanes = lane_mask(byte_enables);
        add(input);
        return Response::Ok;
    }

    Response read_register(std::uint32_t offset, std::uint32_t& value, Cycles at) {
        value = 0;
        if (!front_end_.mapped(offset)) {
            return Response::AddressError;
        }
        take_inputs(at);
        value = with_waiting_inputs(offset, front_end_.read(offset, at));
        return Response::Ok;
    }

    Response peek_register(std::uint32_t offset, std::uint32_t& value) const {
        value = 0;
        if (!front_end_.mapped(offset)) {
            return Response::AddressError;
        }
        value = with_waiting_inputs(offset, front_end_.read(offset, next_possible_));
        return Response::Ok;
    }

    void set_dreq(unsigned channel, bool level, Cycles at) {
        DMASIM_INVARIANT(channel < config_.channels);
        Input input;
        input.stamp = at;
        input.kind = InputKind::Dreq;
        input.where = channel;
        input.value = level ? 1 : 0;
        add(input);
    }

    void reset(Cycles at) {
        Input input;
        input.stamp = at;
        input.kind = InputKind::Reset;
        add(input);
    }

    [[nodiscard]] Cycles next_visible(const IslandReach& reach, Cycles from, Cycles any) const {
        Cycles next = scheduler_.next_visible(reach, from, any);
        if (!inputs_.empty()) {
            next = std::min(next, inputs_.front().stamp + 1);
        }
        return next == kNever ? kNever : std::max(next, next_possible_);
    }

    [[nodiscard]] const Scheduler& scheduler() const { return scheduler_; }
    void record(StateRecord& state) const {
        scheduler_.record(state);
        if (state.possible()) {
            mover_->record(state);
        }
    }
    [[nodiscard]] Cycles even_until() const {
        const Cycles wake = scheduler_.next_wake();
        return inputs_.empty() ? wake : std::min(wake, inputs_.front().stamp + 1);
    }
    void leap(const Leap& leap, std::uint32_t initiator) {
        touched();
        scheduler_.leap(leap, initiator);
        mover_->leap(leap, initiator);
        next_possible_ = leap.later(next_possible_);
    }

    [[nodiscard]] bool idle() const {
        for (unsigned channel = 0; channel < config_.channels; ++channel) {
            if (scheduler_.busy(channel)) {
                return false;
            }
        }
        return mover_->idle();
    }

  private:
    /// In the order in which inputs of one stamp are taken.
    enum class InputKind : std::uint8_t { Reset, Write, Dreq };

    struct Input {
        Cycles stamp;
        InputKind kind = InputKind::Reset;
        std::uint32_t where = 0;  ///< Offset or channel.
        std::uint32_t value = 0;
        std::uint32_t lanes = 0;
    };

    static bool before(const Input& a, const Input& b) {
        if (a.stamp != b.stamp) {
            return a.stamp < b.stamp;
        }
        if (a.kind != b.kind) {
            return a.kind < b.kind;
        }
        return a.kind == InputKind::Dreq && a.where < b.where;
    }

    void add(Input input) {
        touched();
        // An input cannot act before an edge that has been evaluated.
        if (next_possible_ > Cycles{0}) {
            input.stamp = std::max(input.stamp, next_possible_ - 1);
        }
        if (input.kind == InputKind::Write) {
            input.stamp = std::max(input.stamp, last_write_);
            last_write_ = input.stamp;
        }
        inputs_.insert(std::upper_bound(inputs_.begin(), inputs_.end(), input, before), input);
    }

    void take_inputs(Cycles edge) {
        if (inputs_.empty()) {
            return;
        }
        touched();
        std::size_t taken = 0;
        for (; taken < inputs_.size() && inputs_[taken].stamp < edge; ++taken) {
            const Input& input = inputs_[taken];
            const Cycles in_force = std::max(input.stamp + 1, next_possible_);
            switch (input.kind) {
                case InputKind::Reset:
                    scheduler_.reset(in_force);
                    front_end_.reset(in_force);
                    break;
                case InputKind::Write:
                    front_end_.write(input.where, input.value, input.lanes, input.stamp, in_force);
                    break;
                case InputKind::Dreq:
                    scheduler_.set_dreq(input.where, input.value != 0, input.stamp, in_force);
                    break;
            }
        }
        inputs_.erase(inputs_.begin(), inputs_.begin() + static_cast<std::ptrdiff_t>(taken));
    }

    // Storage reads back the last value written, also while the write waits for its edge (timing.md C8).
    [[nodiscard]] std::uint32_t with_waiting_inputs(std::uint32_t offset, std::uint32_t value) const {
        for (const Input& input : inputs_) {
            if (input.kind == InputKind::Reset) {
                value = front_end_.after_reset(offset, value);
            } else if (input.kind == InputKind::Write && input.where == offset) {
                value = front_end_.after_write(offset, value, input.value, input.lanes);
            }
        }
        return value;
    }

    void drive_interrupts(std::uint64_t levels, Cycles edge) {
        const std::uint64_t changed = levels ^ interrupt_levels_;
        if (changed == 0) {
            return;
        }
        const bool was_high = interrupt_levels_ != 0;
        interrupt_levels_ = levels;
        for (unsigned channel = 0; channel < config_.channels; ++channel) {
            if ((changed >> channel & 1U) != 0) {
                outputs_.channel_interrupt(channel, (levels >> channel & 1U) != 0, edge + 1);
            }
        }
        if (was_high != (levels != 0)) {
            if (sink_ != nullptr) {
                TraceEvent event;
                event.at = edge + 1;
                event.kind = EventKind::InterruptChanged;
                event.source = source_;
                event.value = levels != 0 ? 1 : 0;
                sink_->event(event);
            }
            outputs_.interrupt(levels != 0, edge + 1);
        }
    }

    void dack(unsigned channel, bool level, Cycles at) override { outputs_.dack(channel, level, at); }
    void tc(unsigned channel, bool level, Cycles at) override { outputs_.tc(channel, level, at); }

    const DmaConfig config_;
    DmaOutputs& outputs_;
    TraceSink* const sink_;
    const std::uint16_t source_;
    native::NativeFrontEnd front_end_;
    Scheduler scheduler_;
    std::unique_ptr<DataMover> mover_;
    BeatPlug* plug_ = nullptr;

    std::vector<Input> inputs_;  ///< In the order in which they are taken.
    Cycles last_write_;          ///< Stamp of the last register write.
    Cycles next_possible_{0};    ///< The edge after the last one that was evaluated.
    std::uint64_t interrupt_levels_ = 0;
    mutable bool next_known_ = false;
    mutable Cycles next_;
};

DmaEngine::DmaEngine(const DmaConfig& config, BurstPort& port, DmaOutputs& outputs, TraceSink* sink,
                     std::uint16_t source)
    : impl_(std::make_unique<Impl>(config, port, outputs, sink, source)) {}

DmaEngine::~DmaEngine() = default;

const DmaConfig& DmaEngine::config() const {
    return impl_->config();
}

Cycles DmaEngine::next_edge() const {
    return impl_->next_edge();
}

void DmaEngine::evaluate(Cycles edge) {
    impl_->evaluate(edge);
}

Response DmaEngine::write_register(std::uint32_t offset, std::uint32_t value, Cycles at, std::uint8_t byte_enables) {
    return impl_->write_register(offset, value, at, byte_enables);
}

Response DmaEngine::read_register(std::uint32_t offset, std::uint32_t& value, Cycles at) {
    return impl_->read_register(offset, value, at);
}

Response DmaEngine::peek_register(std::uint32_t offset, std::uint32_t& value) const {
    return impl_->peek_register(offset, value);
}

void DmaEngine::set_dreq(unsigned channel, bool level, Cycles at) {
    impl_->set_dreq(channel, level, at);
}

void DmaEngine::reset(Cycles at) {
    impl_->reset(at);
}

void DmaEngine::accepted(std::uint32_t tag, Cycles at) {
    impl_->touched();
    impl_->mover().accepted(tag, at);
}

void DmaEngine::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    impl_->touched();
    impl_->mover().read_data(tag, first, interval, response);
}

void DmaEngine::write_response(std::uint32_t tag, Cycles at, Response response) {
    impl_->touched();
    impl_->mover().write_response(tag, at, response);
}

Cycles DmaEngine::next_visible(const IslandReach& reach, Cycles from, Cycles any) const {
    return impl_->next_visible(reach, from, any);
}

std::uint64_t DmaEngine::grants() const {
    return impl_->scheduler().grants();
}

void DmaEngine::record(StateRecord& state) const {
    impl_->record(state);
}

Cycles DmaEngine::even_until() const {
    return impl_->even_until();
}

void DmaEngine::channels(std::vector<CadenceChannel>& list) const {
    impl_->scheduler().channels(list);
}

void DmaEngine::chunks(std::vector<CadenceChunk>& list) const {
    static_cast<const Impl&>(*impl_).mover().chunks(list);
}

void DmaEngine::leap(const Leap& leap, std::uint32_t initiator) {
    impl_->leap(leap, initiator);
}

BeatPlug* DmaEngine::beat_plug() {
    return impl_->plug();
}

bool DmaEngine::idle() const {
    return impl_->idle();
}

std::uint32_t DmaEngine::fifo_used() const {
    return impl_->mover().fifo_used();
}

}  // namespace dmasim
