// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/litmus_program.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

std::string hex(std::uint64_t number) {
    std::string text;
    do {
        text.insert(text.begin(), "0123456789abcdef"[number % 16]);
        number /= 16;
    } while (number != 0);
    return text;
}

LitmusStep step_of(const Choice& choice) {
    LitmusStep step;
    switch (choice.kind) {
        case ChoiceKind::Drain:
            step.op = LitmusOp::Drain;
            step.bytes = choice.value;
            step.text = "drain " + hex(choice.value);
            break;
        case ChoiceKind::Evict:
            step.op = LitmusOp::Evict;
            step.address = choice.value;
            step.text = "evict " + hex(choice.value);
            break;
        case ChoiceKind::Prefetch:
            step.op = LitmusOp::Prefetch;
            step.address = choice.value;
            step.text = "pf " + hex(choice.value);
            break;
        case ChoiceKind::Stall:
        case ChoiceKind::HoldStores:
        case ChoiceKind::HoldChannel:
            // The device's steps stand in the trace where they are.
            throw std::logic_error("a litmus trace cannot be held up");
    }
    return step;
}

/// A range of bytes that a step concerns.
struct Part {
    std::uint64_t address;
    std::uint64_t bytes;
};

bool reads(LitmusOp op) {
    return op == LitmusOp::Read || op == LitmusOp::UncachedRead || op == LitmusOp::DeviceRead;
}

/// Memory in which everything takes place at once.
class FlatMemory {
  public:
    explicit FlatMemory(std::uint8_t initial) : initial_(initial) {}

    [[nodiscard]] std::vector<std::uint8_t> get(std::uint64_t address, std::uint64_t bytes) const {
        std::vector<std::uint8_t> result(bytes, initial_);
        for (auto at = bytes_.lower_bound(address); at != bytes_.end() && at->first - address < bytes; ++at) {
            result[at->first - address] = at->second;
        }
        return result;
    }

    void apply(const LitmusStep& step) {
        switch (step.op) {
            case LitmusOp::Mem:
            case LitmusOp::Write:
            case LitmusOp::UncachedWrite:
            case LitmusOp::DeviceWrite:
                for (std::uint64_t n = 0; n < step.bytes; ++n) {
                    bytes_[step.address + n] = step.token;
                }
                break;
            case LitmusOp::Copy:
                copy(step.address, step.other, step.bytes);
                break;
            case LitmusOp::BounceMap:
                bounces_[step.address] = step;
                break;
            case LitmusOp::BounceCopy: {
                const auto found = bounces_.find(step.address);
                if (found != bounces_.end()) {
                    const LitmusStep& map = found->second;
                    if (map.direction == DmaDirection::FromDevice) {
                        copy(map.address, map.other, map.bytes);
                    } else {
                        copy(map.other, map.address, map.bytes);
                    }
                }
                break;
            }
            default:
                break;
        }
    }

    [[nodiscard]] const LitmusStep* bounce(std::uint64_t address) const {
        const auto found = bounces_.find(address);
        return found == bounces_.end() ? nullptr : &found->second;
    }

  private:
    void copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes) {
        const std::vector<std::uint8_t> data = get(source, bytes);
        for (std::uint64_t n = 0; n < bytes; ++n) {
            bytes_[destination + n] = data[n];
        }
    }

    std::uint8_t initial_;
    std::map<std::uint64_t, std::uint8_t> bytes_;
    std::map<std::uint64_t, LitmusStep> bounces_;
};

/// What the cache and the store buffer hold, as far as the trace alone tells.
class Shape {
  public:
    struct Line {
        bool valid = false;
        bool dirty = false;
    };

    Shape(const LitmusConfig& config, const FlatMemory& flat) : config_(config), flat_(flat) {}

    /// The ranges that `step` concerns; those that the program accesses in the cache first, `cached` of them.
    [[nodiscard]] std::vector<Part> parts(const LitmusStep& step, std::size_t& cached) const {
        std::vector<Part> result;
        cached = 0;
        const auto add = [&](std::uint64_t address, std::uint64_t bytes) {
            if (bytes != 0) {
                result.push_back({address, bytes});
            }
        };
        switch (step.op) {
            case LitmusOp::Write:
            case LitmusOp::Read:
            case LitmusOp::Clean:
            case LitmusOp::Invalidate:
            case LitmusOp::Flush:
                add(step.address, step.bytes);
                cached = result.size();
                break;
            case LitmusOp::Copy:
                add(step.address, step.bytes);
                add(step.other, step.bytes);
                cached = result.size();
                break;
            case LitmusOp::BounceCopy:
                if (const LitmusStep* map = flat_.bounce(step.address)) {
                    add(map->address, map->bytes);
                    add(map->other, map->bytes);
                    cached = result.size();
                }
                break;
            case LitmusOp::BounceMap:
                add(step.address, step.bytes);
                add(step.other, step.bytes);
                break;
            case LitmusOp::Mem:
            case LitmusOp::Map:
            case LitmusOp::DeviceWrite:
            case LitmusOp::DeviceRead:
            case LitmusOp::Done:
            case LitmusOp::Free:
            case LitmusOp::Descriptors:
            case LitmusOp::Publish:
            case LitmusOp::UncachedWrite:
            case LitmusOp::UncachedRead:
                add(step.address, step.bytes);
                break;
            case LitmusOp::Evict:
            case LitmusOp::Prefetch:
                add(step.address, 1);
                cached = result.size();
                break;
            case LitmusOp::Dsb:
            case LitmusOp::Drain:
            case LitmusOp::Dmb:
            case LitmusOp::Bell:
                break;
        }
        return result;
    }

    void lines(const Part& part, std::set<std::uint64_t>& result) const {
        const std::uint64_t mask = ~static_cast<std::uint64_t>(config_.line_bytes - 1);
        for (std::uint64_t line = part.address & mask; line < part.address + part.bytes; line += config_.line_bytes) {
            result.insert(line);
        }
    }

    void apply(const LitmusStep& step) {
        std::size_t cached = 0;
        const std::vector<Part> all = parts(step, cached);
        const auto each = [&](std::size_t number, auto change) {
            std::set<std::uint64_t> touched;
            lines(all[number], touched);
            for (const std::uint64_t line : touched) {
                change(lines_[line]);
            }
        };
        const auto load = [](Line& line) { line.valid = true; };
        const auto store = [this](Line& line) {
            line.valid = true;
            line.dirty = config_.write_policy == WritePolicy::Back;
        };
        for (std::size_t number = 0; number < cached; ++number) {
            switch (step.op) {
                case LitmusOp::Write:
                    each(number, store);
                    break;
                case LitmusOp::Read:
                case LitmusOp::Prefetch:
                    each(number, load);
                    break;
                case LitmusOp::Clean:
                    each(number, [](Line& line) { line.dirty = false; });
                    break;
                case LitmusOp::Invalidate:
                case LitmusOp::Flush:
                case LitmusOp::Evict:
                    each(number, [](Line& line) { line = Line{}; });
                    break;
                case LitmusOp::Copy:
                    number == 0 ? each(number, store) : each(number, load);
                    break;
                case LitmusOp::BounceCopy: {
                    const bool in = flat_.bounce(step.address)->direction == DmaDirection::FromDevice;
                    (number == 0) == in ? each(number, store) : each(number, load);
                    break;
                }
                default:
                    break;
            }
        }
        if (step.op == LitmusOp::UncachedWrite && step.bytes != 0) {
            buffered_.push_back(step.bytes);
        } else if (step.op == LitmusOp::Dsb) {
            buffered_.clear();
        } else if (step.op == LitmusOp::Drain) {
            std::uint64_t left = step.bytes;
            while (!buffered_.empty() && (step.bytes == 0 || left > 0)) {
                const std::uint64_t part = step.bytes == 0 ? buffered_.front() : std::min(left, buffered_.front());
                left -= step.bytes == 0 ? 0 : part;
                buffered_.front() -= part;
                if (buffered_.front() == 0) {
                    buffered_.erase(buffered_.begin());
                }
            }
        }
    }

    [[nodiscard]] Line line(std::uint64_t address) const {
        const auto found = lines_.find(address);
        return found == lines_.end() ? Line{} : found->second;
    }
    /// Bytes of the stores in the store buffer, the oldest first.
    [[nodiscard]] const std::vector<std::uint64_t>& buffered() const { return buffered_; }

  private:
    const LitmusConfig& config_;
    const FlatMemory& flat_;
    std::map<std::uint64_t, Line> lines_;
    std::vector<std::uint64_t> buffered_;
};

}  // namespace

std::vector<LitmusStep> without_choices(const std::vector<LitmusStep>& trace) {
    std::vector<LitmusStep> result;
    for (const LitmusStep& step : trace) {
        if (step.op != LitmusOp::Evict && step.op != LitmusOp::Prefetch && step.op != LitmusOp::Drain) {
            result.push_back(step);
        }
    }
    return result;
}

std::vector<LitmusStep> with_choices(const std::vector<LitmusStep>& trace, const Schedule& schedule) {
    std::vector<LitmusStep> result;
    std::size_t next = 0;
    for (std::size_t number = 0; number <= trace.size(); ++number) {
        for (; next < schedule.size() && schedule[next].place <= number + 1; ++next) {
            result.push_back(step_of(schedule[next]));
        }
        if (number < trace.size()) {
            result.push_back(trace[number]);
            LitmusStep& step = result.back();
            step.expected.reset();
            step.text.erase(std::min(step.text.find(" ="), step.text.size()));
        }
    }
    return result;
}

LitmusProgram::LitmusProgram(std::vector<LitmusStep> trace, const LitmusConfig& config, LitmusBad bad)
    : trace_(std::move(trace)), config_(config), bad_(bad) {
    if (const std::string problem = check_litmus_trace(trace_); !problem.empty()) {
        throw ConfigError(problem);
    }
}

void LitmusProgram::find_choices(const Schedule& schedule, ScheduleOutcome& outcome) const {
    FlatMemory flat(config_.initial);
    Shape shape(config_, flat);
    // Lines that the program looks at in the cache; of others nobody sees what becomes of them.
    std::set<std::uint64_t> cached_lines;
    std::set<std::uint64_t> uncached_lines;
    for (const LitmusStep& step : trace_) {
        flat.apply(step);  // Bounce buffers have to be known.
        std::size_t cached = 0;
        const std::vector<Part> parts = shape.parts(step, cached);
        for (std::size_t number = 0; number < cached; ++number) {
            shape.lines(parts[number], cached_lines);
        }
        if (step.op == LitmusOp::UncachedRead || step.op == LitmusOp::UncachedWrite) {
            shape.lines(parts[0], uncached_lines);
        }
    }
    // What memory holds in the beginning is there before the hardware does anything.
    std::size_t first = 0;
    for (std::size_t number = 0; number < trace_.size(); ++number) {
        first = trace_[number].op == LitmusOp::Mem ? number + 1 : first;
    }
    std::size_t next = 0;
    for (std::size_t number = 0; number < trace_.size(); ++number) {
        const LitmusStep& step = trace_[number];
        const std::uint64_t place = number + 1;
        for (; next < schedule.size() && schedule[next].place <= place; ++next) {
            shape.apply(step_of(schedule[next]));
        }
        std::set<std::uint64_t> touched;
        std::size_t cached = 0;
        for (const Part& part : shape.parts(step, cached)) {
            shape.lines(part, touched);
        }
        if (step.op == LitmusOp::Bell) {
            touched = cached_lines;  // What is published may be anywhere.
        }
        if (number < first) {
            shape.apply(step);
            continue;
        }
        std::vector<Choice> here;
        for (const std::uint64_t line : touched) {
            if (cached_lines.count(line) == 0) {
                continue;
            }
            if (shape.line(line).valid) {
                here.push_back({place, ChoiceKind::Evict, line});
            }
            // Hardware does not speculate in what is accessed past the cache.
            if (!shape.line(line).valid && uncached_lines.count(line) == 0) {
                here.push_back({place, ChoiceKind::Prefetch, line});
            }
        }
        if (step.op == LitmusOp::Bell || step.op == LitmusOp::DeviceRead || step.op == LitmusOp::DeviceWrite ||
            step.op == LitmusOp::UncachedRead) {
            std::uint64_t bytes = 0;
            for (const std::uint64_t store : shape.buffered()) {
                bytes += store;
                here.push_back({place, ChoiceKind::Drain, bytes});
            }
        }
        std::sort(here.begin(), here.end());
        for (const Choice& choice : here) {
            if (schedule.empty() || schedule.back() < choice) {
                outcome.choices.push_back(choice);
            }
        }
        outcome.unreduced_choices += 2 * cached_lines.size() + shape.buffered().size();
        shape.apply(step);
    }
}

ScheduleOutcome LitmusProgram::run(const Schedule& schedule) {
    ScheduleOutcome outcome;
    FlatMemory flat(config_.initial);
    LitmusMachine machine(config_);
    std::vector<std::string> wrong;
    std::size_t number = 0;
    for (const LitmusStep& step : with_choices(trace_, schedule)) {
        ++number;
        try {
            const std::vector<std::uint8_t> found = machine.run(step);
            if (reads(step.op)) {
                outcome.seen += litmus_text(found) + ";";
                const std::vector<std::uint8_t> newest = flat.get(step.address, step.bytes);
                if (found != newest) {
                    wrong.push_back("step " + std::to_string(number) + ", " + step.text + ": it returns " +
                                    litmus_text(found) + ", but the newest bytes are " + litmus_text(newest));
                }
            }
        } catch (const std::runtime_error& error) {
            wrong.push_back("step " + std::to_string(number) + ", " + step.text + ": " + error.what());
            outcome.seen += "stuck;";
            break;
        }
        flat.apply(step);
    }
    machine.finish();
    for (const LitmusFinding& found : machine.findings()) {
        outcome.seen += found.finding.rule + ";";
        if (bad_ == LitmusBad::Anything) {
            outcome.bad.push_back("step " + std::to_string(found.step) + ": " + found.finding.rule + ": " +
                                  found.finding.message);
        }
    }
    outcome.bad.insert(outcome.bad.end(), wrong.begin(), wrong.end());
    find_choices(schedule, outcome);
    return outcome;
}

}  // namespace dmasim
