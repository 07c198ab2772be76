// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/core/vcd_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dmasim/model/errors.h"
#include "dmasim/model/stats/event_merger.h"
#include "dmasim/model/version.h"

namespace dmasim {

namespace {

constexpr unsigned kMaxChannels = 64;
constexpr unsigned kMaxInitiators = 256;
constexpr std::size_t kBufferBytes = 64 * 1024;

/// Identifier codes are made of the printable characters ! to ~ (IEEE 1364-2005, 18.2.3.8).
std::string code_of(std::size_t number) {
    constexpr std::size_t kCharacters = '~' - '!' + 1;
    std::string code;
    do {
        code += static_cast<char>('!' + number % kCharacters);
        number /= kCharacters;
    } while (number != 0);
    return code;
}

std::vector<std::string> parts_of(const std::string& name) {
    std::vector<std::string> parts(1);
    for (const char c : name) {
        if (c == '.') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

// Not the functions of <cctype>: they depend on the locale.
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_legal_name(const std::string& name) {
    const std::vector<std::string> parts = parts_of(name);
    return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
        return !part.empty() && !is_digit(part.front()) &&
               std::all_of(part.begin(), part.end(), [](char c) { return is_letter(c) || is_digit(c); });
    });
}

bool is_legal_timescale(const std::string& text) {
    static constexpr std::array<std::string_view, 3> kNumbers{"1", "10", "100"};
    static constexpr std::array<std::string_view, 6> kUnits{"s", "ms", "us", "ns", "ps", "fs"};
    for (const std::string_view number : kNumbers) {
        for (const std::string_view unit : kUnits) {
            if (text == std::string(number) + " " + std::string(unit)) {
                return true;
            }
        }
    }
    return false;
}

/// A signal and its value. Only the value at the end of a time step is written.
struct Signal {
    std::string code;
    unsigned width = 1;
    std::uint64_t value = 0;
    std::uint64_t written = 0;
    bool touched = false;  ///< Is in the list of those to look at before time goes on.
    Cycles high_until;     ///< For pulses: the edge at which it falls.
};

using SignalIndex = std::size_t;

struct ChannelSignals {
    SignalIndex cause;
    SignalIndex job;
    SignalIndex residue;
    SignalIndex reads;
    SignalIndex writes;
    SignalIndex dreq;
    SignalIndex dack;
    SignalIndex tc;
    std::map<std::uint32_t, std::uint64_t> bytes_left;  ///< By number of the jobs accepted and not completed.
};

struct InitiatorSignals {
    SignalIndex read_grant;
    SignalIndex write_grant;
    SignalIndex reads;
    SignalIndex writes;
};

struct Block {
    VcdBlock::Kind kind = VcdBlock::Kind::Controller;
    SignalIndex irq = 0;
    std::vector<ChannelSignals> channels;
    std::vector<InitiatorSignals> initiators;
};

}  // namespace

std::vector<std::string> validate(const VcdOptions& options) {
    std::vector<std::string> problems;
    if (options.period == 0) {
        problems.emplace_back("period is 0, must be at least 1");
    }
    if (!is_legal_timescale(options.timescale)) {
        problems.push_back("timescale is \"" + options.timescale +
                           "\", must be 1, 10 or 100, a space, and s, ms, us, ns, " + "ps or fs");
    }
    if (options.blocks.empty()) {
        problems.emplace_back("blocks is empty, must name at least one block");
    }
    for (std::size_t index = 0; index < options.blocks.size(); ++index) {
        const VcdBlock& block = options.blocks[index];
        const std::string field = "blocks[" + std::to_string(index) + "]";
        const unsigned most = block.kind == VcdBlock::Kind::Controller ? kMaxChannels : kMaxInitiators;
        if (!is_legal_name(block.name)) {
            problems.push_back(field + ".name is \"" + block.name +
                               "\", must be words of letters, digits and _ (no digit first), joined by dots");
        }
        if (block.ports < 1 || block.ports > most) {
            problems.push_back(field + ".ports is " + std::to_string(block.ports) + ", must be 1 to " +
                               std::to_string(most));
        }
        for (std::size_t other = 0; other < index; ++other) {
            if (options.blocks[other].source == block.source) {
                problems.push_back(field + ".source is " + std::to_string(block.source) + ", as that of blocks[" +
                                   std::to_string(other) + "]");
            }
            if (options.blocks[other].name == block.name) {
                problems.push_back(field + ".name is \"" + block.name + "\", as that of blocks[" +
                                   std::to_string(other) + "]");
            }
        }
    }
    return problems;
}

/// Receives the sorted stream.
class VcdWriter::Impl final : public TraceSink {
  public:
    Impl(std::ostream& out, const VcdOptions& options);

    void event(const TraceEvent& event) override;
    void finish(Cycles end);

    [[nodiscard]] bool knows(std::uint16_t source) const { return blocks_.count(source) != 0; }

    EventMerger merger{*this};

  private:
    void declare_block(const VcdBlock& block);
    void declare_controller(Block& signals, unsigned channels);
    void declare_bus(Block& signals, unsigned initiators);
    SignalIndex declare(const std::string& name, unsigned width);
    void open_scope(const std::string& name) { text_ += "$scope module " + name + " $end\n"; }
    void close_scope() { text_ += "$upscope $end\n"; }

    void controller_event(Block& block, const TraceEvent& event);
    void bus_event(Block& block, const TraceEvent& event);

    /// Goes to edge `at`: lets pulses fall on the way, writes what has changed before it.
    void go_to(Cycles at);
    void write_changes();
    void write_time();
    void write_value(Signal& signal);
    void set(SignalIndex index, std::uint64_t value);
    /// One more or one less in flight. A stream that begins in the middle of a run may end what it has not begun.
    void count(SignalIndex index, bool up);
    void pulse(SignalIndex index);
    /// Shows the oldest job that has not completed.
    void show_residue(const ChannelSignals& channel);
    void flush();

    std::ostream& out_;
    std::uint64_t period_;
    std::string text_;  ///< Not handed to the stream yet.
    std::vector<Signal> signals_;
    std::vector<SignalIndex> touched_;
    std::deque<std::pair<Cycles, SignalIndex>>
        falls_;  ///< Ends of pulses, in rising order: all pulses are equally long.
    std::map<std::uint16_t, Block> blocks_;
    Cycles now_;
    Cycles written_;  ///< The time that was written last.
};

VcdWriter::Impl::Impl(std::ostream& out, const VcdOptions& options) : out_(out), period_(options.period) {
    text_ = "$version dmasim " + std::string(kVersion) + " $end\n";
    text_ += "$comment cause:";
    for (unsigned cause = 0; cause < kCycleCauses; ++cause) {
        text_ += " " + std::to_string(cause) + "=" + std::string(name_of(static_cast<CycleCause>(cause)));
    }
    text_ += " $end\n$timescale " + options.timescale + " $end\n";
    for (const VcdBlock& block : options.blocks) {
        declare_block(block);
    }
    text_ += "$enddefinitions $end\n#0\n$dumpvars\n";
    for (Signal& signal : signals_) {
        write_value(signal);
    }
    text_ += "$end\n";
    flush();
}

void VcdWriter::Impl::declare_block(const VcdBlock& block) {
    const std::vector<std::string> scopes = parts_of(block.name);
    for (const std::string& scope : scopes) {
        open_scope(scope);
    }
    Block& signals = blocks_[block.source];
    signals.kind = block.kind;
    if (block.kind == VcdBlock::Kind::Controller) {
        declare_controller(signals, block.ports);
    } else {
        declare_bus(signals, block.ports);
    }
    for (std::size_t depth = 0; depth < scopes.size(); ++depth) {
        close_scope();
    }
}

void VcdWriter::Impl::declare_controller(Block& signals, unsigned channels) {
    signals.irq = declare("irq", 1);
    for (unsigned channel = 0; channel < channels; ++channel) {
        open_scope("channel" + std::to_string(channel));
        ChannelSignals c{};
        c.cause = declare("cause", 3);
        c.job = declare("job", 32);
        c.residue = declare("residue", 64);
        c.reads = declare("reads_in_flight", 16);
        c.writes = declare("writes_in_flight", 16);
        c.dreq = declare("dreq", 1);
        c.dack = declare("dack", 1);
        c.tc = declare("tc", 1);
        signals.channels.push_back(std::move(c));
        close_scope();
    }
}

void VcdWriter::Impl::declare_bus(Block& signals, unsigned initiators) {
    for (unsigned initiator = 0; initiator < initiators; ++initiator) {
        open_scope("initiator" + std::to_string(initiator));
        InitiatorSignals i{};
        i.read_grant = declare("read_grant", 1);
        i.write_grant = declare("write_grant", 1);
        i.reads = declare("reads_in_flight", 16);
        i.writes = declare("writes_in_flight", 16);
        signals.initiators.push_back(i);
        close_scope();
    }
}

SignalIndex VcdWriter::Impl::declare(const std::string& name, unsigned width) {
    Signal signal;
    signal.code = code_of(signals_.size());
    signal.width = width;
    text_ += "$var wire " + std::to_string(width) + " " + signal.code + " " + name + " $end\n";
    signals_.push_back(std::move(signal));
    return signals_.size() - 1;
}

void VcdWriter::Impl::event(const TraceEvent& event) {
    Block& block = blocks_.at(event.source);
    go_to(event.at);
    if (block.kind == VcdBlock::Kind::Controller) {
        controller_event(block, event);
    } else {
        bus_event(block, event);
    }
}

void VcdWriter::Impl::controller_event(Block& block, const TraceEvent& event) {
    if (event.kind == EventKind::InterruptChanged) {
        set(block.irq, event.value != 0 ? 1 : 0);
        return;
    }
    DMASIM_INVARIANT(event.channel < block.channels.size());
    ChannelSignals& channel = block.channels[event.channel];
    switch (event.kind) {
        case EventKind::JobAccepted:
            channel.bytes_left[event.job] = event.bytes;
            show_residue(channel);
            break;
        case EventKind::JobCompleted:
            channel.bytes_left.erase(event.job);
            show_residue(channel);
            break;
        case EventKind::BurstRequested:
            count(event.access == Access::Read ? channel.reads : channel.writes, true);
            break;
        case EventKind::BurstResponse:
            count(event.access == Access::Read ? channel.reads : channel.writes, false);
            if (event.access == Access::Write && event.purpose == Purpose::Data && event.response == Response::Ok) {
                const auto job = channel.bytes_left.find(event.job);
                if (job != channel.bytes_left.end()) {
                    job->second -= std::min<std::uint64_t>(job->second, event.bytes);
                }
                show_residue(channel);
            }
            break;
        case EventKind::CauseChanged:
            set(channel.cause, event.value);
            break;
        case EventKind::RequestLine:
            set(channel.dreq, event.value & 1U);
            set(channel.dack, (event.value >> 1U) & 1U);
            set(channel.tc, (event.value >> 2U) & 1U);
            break;
        default:
            break;
    }
}

void VcdWriter::Impl::bus_event(Block& block, const TraceEvent& event) {
    if (event.kind != EventKind::BusGranted && event.kind != EventKind::BusResponded) {
        return;
    }
    DMASIM_INVARIANT(event.channel < block.initiators.size());
    const InitiatorSignals& initiator = block.initiators[event.channel];
    const bool read = event.access == Access::Read;
    const bool granted = event.kind == EventKind::BusGranted;
    count(read ? initiator.reads : initiator.writes, granted);
    if (granted) {
        pulse(read ? initiator.read_grant : initiator.write_grant);
    }
}

void VcdWriter::Impl::go_to(Cycles at) {
    while (!falls_.empty() && falls_.front().first <= at) {
        const auto [edge, index] = falls_.front();
        falls_.pop_front();
        if (edge > now_) {
            write_changes();
            now_ = edge;
        }
        if (signals_[index].high_until <= edge) {
            set(index, 0);
        }
    }
    if (at > now_) {
        write_changes();
        now_ = at;
    }
}

void VcdWriter::Impl::write_changes() {
    for (const SignalIndex index : touched_) {
        Signal& signal = signals_[index];
        signal.touched = false;
        if (signal.value == signal.written) {
            continue;
        }
        write_time();
        write_value(signal);
    }
    touched_.clear();
    if (text_.size() >= kBufferBytes) {
        flush();
    }
}

void VcdWriter::Impl::write_time() {
    if (written_ == now_) {
        return;
    }
    DMASIM_INVARIANT(now_.count() <= std::numeric_limits<std::uint64_t>::max() / period_);
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), now_.count() * period_).ptr;
    text_ += '#';
    text_.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    text_ += '\n';
    written_ = now_;
}

void VcdWriter::Impl::write_value(Signal& signal) {
    signal.written = signal.value;
    if (signal.width == 1) {
        text_ += signal.value != 0 ? '1' : '0';
    } else {
        // Without leading zeros: readers extend on the left with zeros.
        std::array<char, 64> digits{};
        auto first = digits.end();
        std::uint64_t rest = signal.value;
        do {
            *--first = (rest & 1U) != 0 ? '1' : '0';
            rest >>= 1U;
        } while (rest != 0);
        text_ += 'b';
        text_.append(&*first, static_cast<std::size_t>(digits.end() - first));
        text_ += ' ';
    }
    text_ += signal.code;
    text_ += '\n';
}

void VcdWriter::Impl::set(SignalIndex index, std::uint64_t value) {
    Signal& signal = signals_[index];
    signal.value = value;
    if (!signal.touched) {
        signal.touched = true;
        touched_.push_back(index);
    }
}

void VcdWriter::Impl::count(SignalIndex index, bool up) {
    const std::uint64_t value = signals_[index].value;
    if (up) {
        set(index, value + 1);
    } else if (value != 0) {
        set(index, value - 1);
    }
}

void VcdWriter::Impl::pulse(SignalIndex index) {
    set(index, 1);
    signals_[index].high_until = now_ + 1;
    falls_.emplace_back(now_ + 1, index);
}

void VcdWriter::Impl::show_residue(const ChannelSignals& channel) {
    if (channel.bytes_left.empty()) {
        set(channel.residue, 0);
        return;
    }
    const auto& [job, bytes] = *channel.bytes_left.begin();
    set(channel.job, job);
    set(channel.residue, bytes);
}

void VcdWriter::Impl::finish(Cycles end) {
    go_to(std::max(end, now_));
    write_changes();
    write_time();
    flush();
    out_.flush();
}

void VcdWriter::Impl::flush() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
}

VcdWriter::VcdWriter(std::ostream& out, const VcdOptions& options) {
    const std::vector<std::string> problems = validate(options);
    if (!problems.empty()) {
        throw ConfigError("waveform: " + problems.front());
    }
    impl_ = std::make_unique<Impl>(out, options);
}

VcdWriter::~VcdWriter() = default;

void VcdWriter::event(const TraceEvent& event) {
    if (impl_->knows(event.source)) {
        impl_->merger.event(event);
    }
}

void VcdWriter::settle(Cycles edge) {
    impl_->merger.settle(edge);
}

void VcdWriter::finish(Cycles end) {
    DMASIM_INVARIANT(end < kNever);
    impl_->merger.settle(end + 1);
    impl_->finish(end);
}

}  // namespace dmasim
