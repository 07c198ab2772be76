// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/litmus_self_test.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "dmasim/cpu_stub/core/context.h"

namespace dmasim {

namespace {

using Random = std::mt19937_64;

/// A number below `end`, the same with every library.
std::uint64_t below(Random& random, std::uint64_t end) {
    return random() % end;
}
bool chance(Random& random, unsigned percent) {
    return below(random, 100) < percent;
}

LitmusStep step_of(LitmusOp op, std::uint64_t address = 0, std::uint64_t bytes = 0) {
    LitmusStep step;
    step.op = op;
    step.address = address;
    step.bytes = bytes;
    return step;
}

/// Writes programs, and keeps a flat memory of what every byte has to be.
class Writer {
  public:
    Writer(std::uint64_t seed, std::uint32_t line_bytes) : random_(seed), line_(line_bytes) {
        for (unsigned number = 0; number < kBuffers; ++number) {
            Buffer buffer;
            buffer.first = std::uint64_t{number} * 4 * line_ + (chance(random_, 30) ? below(random_, line_) : 0);
            const std::uint64_t room = 4 * line_ - buffer.first % (std::uint64_t{4} * line_);
            buffer.bytes = 1 + below(random_, room);
            buffers_[number] = buffer;
        }
    }

    std::vector<LitmusStep> write() {
        const std::uint64_t transfers = 1 + below(random_, 5);
        for (std::uint64_t number = 0; number < transfers; ++number) {
            switch (below(random_, 5)) {
                case 0:
                case 1:
                    to_device();
                    break;
                case 2:
                case 3:
                    from_device();
                    break;
                default:
                    descriptor();
                    break;
            }
            noise();
        }
        return std::move(program_);
    }

  private:
    static constexpr unsigned kBuffers = 4;
    struct Buffer {
        std::uint64_t first = 0;
        std::uint64_t bytes = 0;
    };

    [[nodiscard]] std::uint64_t own_memory() const { return std::uint64_t{kBuffers} * 4 * line_; }
    [[nodiscard]] std::uint64_t ring() const { return own_memory() + 8ULL * line_; }

    std::uint8_t token() { return static_cast<std::uint8_t>('a' + below(random_, 26)); }

    void set(std::uint64_t first, std::uint64_t bytes, std::uint8_t value) {
        for (std::uint64_t address = first; address < first + bytes; ++address) {
            memory_[address] = value;
        }
    }

    void read(LitmusOp op, std::uint64_t first, std::uint64_t bytes) {
        LitmusStep step = step_of(op, first, bytes);
        step.expected.emplace();
        for (std::uint64_t address = first; address < first + bytes; ++address) {
            const auto found = memory_.find(address);
            const std::uint8_t value = found == memory_.end() ? std::uint8_t{'o'} : found->second;
            if (step.expected->empty() || step.expected->back().token != value) {
                step.expected->push_back(LitmusBytes{value, 0});
            }
            ++step.expected->back().count;
        }
        program_.push_back(std::move(step));
    }

    void store(LitmusOp op, std::uint64_t first, std::uint64_t bytes) {
        LitmusStep step = step_of(op, first, bytes);
        step.token = token();
        set(first, bytes, step.token);
        program_.push_back(std::move(step));
    }

    void map(DmaDirection direction, const Buffer& buffer) {
        LitmusStep step = step_of(LitmusOp::Map, buffer.first, buffer.bytes);
        step.direction = direction;
        program_.push_back(std::move(step));
    }

    /// Stores to parts of the buffer, so that lines are dirty, clean, or not there.
    void fill(const Buffer& buffer) {
        for (std::uint64_t number = below(random_, 3) + 1; number > 0; --number) {
            const std::uint64_t from = below(random_, buffer.bytes);
            store(LitmusOp::Write, buffer.first + from, 1 + below(random_, buffer.bytes - from));
        }
    }

    void maintain(LitmusOp op, const Buffer& buffer) { program_.push_back(step_of(op, buffer.first, buffer.bytes)); }

    void to_device() {
        const Buffer& buffer = buffers_.at(below(random_, kBuffers));
        fill(buffer);
        noise();
        maintain(chance(random_, 70) ? LitmusOp::Clean : LitmusOp::Flush, buffer);
        noise();
        map(DmaDirection::ToDevice, buffer);
        noise();
        const std::uint64_t first = chance(random_, 30) ? below(random_, buffer.bytes) : 0;
        if (first != 0) {
            read(LitmusOp::DeviceRead, buffer.first, first);
            noise();
        }
        read(LitmusOp::DeviceRead, buffer.first + first, buffer.bytes - first);
        maintain(LitmusOp::Done, buffer);
        if (chance(random_, 50)) {
            read(LitmusOp::Read, buffer.first, buffer.bytes);
        }
    }

    void from_device() {
        const Buffer& buffer = buffers_.at(below(random_, kBuffers));
        if (chance(random_, 60)) {
            fill(buffer);
        }
        if (chance(random_, 40)) {
            read(LitmusOp::Read, buffer.first, buffer.bytes);
        }
        noise();
        const bool whole = chance(random_, 60);
        // Dirty bytes may be dropped only if the device writes all of them.
        static constexpr std::array kBefore{LitmusOp::Clean, LitmusOp::Flush, LitmusOp::Invalidate};
        maintain(kBefore.at(below(random_, whole ? 3 : 2)), buffer);
        noise();
        map(DmaDirection::FromDevice, buffer);
        noise();
        const std::uint64_t bytes = whole ? buffer.bytes : 1 + below(random_, buffer.bytes);
        const std::uint64_t first = chance(random_, 30) ? below(random_, bytes) : 0;
        if (first != 0) {
            device_write(buffer.first, first);
            noise();
        }
        device_write(buffer.first + first, bytes - first);
        noise();
        program_.push_back(step_of(LitmusOp::Done, buffer.first, bytes));
        // The lines are clean: to write them back is nothing, to drop them is what matters.
        maintain(chance(random_, 70) ? LitmusOp::Invalidate : LitmusOp::Flush, buffer);
        noise();
        read(LitmusOp::Read, buffer.first, buffer.bytes);
    }

    void device_write(std::uint64_t first, std::uint64_t bytes) { store(LitmusOp::DeviceWrite, first, bytes); }

    void descriptor() {
        constexpr std::uint64_t kBytes = 16;
        if (!ring_made_) {
            program_.push_back(step_of(LitmusOp::Descriptors, ring(), 4 * kBytes));
            ring_made_ = true;
        }
        const std::uint64_t slot = ring() + (next_slot_ % 4) * kBytes;
        ++next_slot_;
        store(LitmusOp::UncachedWrite, slot, 12);
        if (chance(random_, 30)) {
            program_.push_back(step_of(LitmusOp::Dmb));
        }
        store(LitmusOp::UncachedWrite, slot + 12, 4);
        program_.push_back(step_of(LitmusOp::Dsb));
        program_.push_back(step_of(LitmusOp::Publish, slot, kBytes));
        program_.push_back(step_of(LitmusOp::Bell));
        noise();
        read(LitmusOp::DeviceRead, slot, kBytes);
        device_write(slot + 12, 4);
        read(LitmusOp::UncachedRead, slot + 12, 4);
        read(LitmusOp::UncachedRead, slot, 12);
    }

    /// What else goes on: the CPU works on memory of its own, lines come and go.
    void noise() {
        while (chance(random_, 40)) {
            const std::uint64_t own = own_memory() + below(random_, 7ULL * line_);
            switch (below(random_, 5)) {
                case 0:
                    store(LitmusOp::Write, own, 1 + below(random_, line_));
                    break;
                case 1:
                    read(LitmusOp::Read, own, 1 + below(random_, line_));
                    break;
                case 2:
                    program_.push_back(step_of(LitmusOp::Evict, below(random_, own_memory() + 8ULL * line_)));
                    break;
                case 3:
                    program_.push_back(step_of(LitmusOp::Prefetch, below(random_, own_memory() + 8ULL * line_)));
                    break;
                default:
                    program_.push_back(step_of(LitmusOp::Dmb));
                    break;
            }
        }
    }

    Random random_;
    std::uint64_t line_;
    std::array<Buffer, kBuffers> buffers_{};
    std::map<std::uint64_t, std::uint8_t> memory_;
    std::vector<LitmusStep> program_;
    bool ring_made_ = false;
    std::uint64_t next_slot_ = 0;
};

bool can_be_spoilt(const LitmusStep& step) {
    return step.op == LitmusOp::Clean || step.op == LitmusOp::Invalidate || step.op == LitmusOp::Flush ||
           step.op == LitmusOp::Dsb;
}

constexpr std::size_t kProblemsKept = 10;

}  // namespace

std::vector<LitmusStep> random_driver_program(std::uint64_t seed, std::uint32_t line_bytes) {
    return Writer(seed, line_bytes).write();
}

std::size_t spoilable(const std::vector<LitmusStep>& program) {
    return static_cast<std::size_t>(std::count_if(program.begin(), program.end(), can_be_spoilt));
}

std::vector<LitmusStep> spoil(const std::vector<LitmusStep>& program, std::size_t number, LitmusMutation mutation) {
    std::vector<LitmusStep> result = program;
    auto place = result.begin();
    for (;; ++place) {
        place = std::find_if(place, result.end(), can_be_spoilt);
        if (place == result.end()) {
            return {};
        }
        if (number == 0) {
            break;
        }
        --number;
    }
    const bool ranged = place->op != LitmusOp::Dsb;
    constexpr std::ptrdiff_t kDistance = 4;
    switch (mutation) {
        case LitmusMutation::Removed:
            result.erase(place);
            return result;
        case LitmusMutation::MovedUp: {
            const std::ptrdiff_t distance = std::min(kDistance, place - result.begin());
            std::rotate(place - distance, place, place + 1);
            return distance == 0 ? std::vector<LitmusStep>{} : result;
        }
        case LitmusMutation::MovedDown: {
            const std::ptrdiff_t distance = std::min(kDistance, result.end() - place - 1);
            std::rotate(place, place + 1, place + 1 + distance);
            return distance == 0 ? std::vector<LitmusStep>{} : result;
        }
        case LitmusMutation::ShrunkEnd:
            if (!ranged || place->bytes < 2) {
                return {};
            }
            place->bytes -= place->bytes / 2;
            return result;
        case LitmusMutation::ShrunkBegin:
            if (!ranged || place->bytes < 2) {
                return {};
            }
            place->address += place->bytes / 2;
            place->bytes -= place->bytes / 2;
            return result;
        case LitmusMutation::WrongKind:
            if (!ranged) {
                place->op = LitmusOp::Dmb;
            } else {
                place->op = place->op == LitmusOp::Invalidate ? LitmusOp::Clean : LitmusOp::Invalidate;
            }
            return result;
    }
    return {};
}

std::vector<LitmusStep> disturb(const std::vector<LitmusStep>& program, std::uint64_t seed, std::uint32_t line_bytes) {
    Random random(seed);
    std::vector<LitmusStep> result;
    for (const LitmusStep& step : program) {
        while (chance(random, 40)) {
            result.push_back(
                step_of(chance(random, 50) ? LitmusOp::Evict : LitmusOp::Prefetch, below(random, 24ULL * line_bytes)));
        }
        result.push_back(step);
    }
    return result;
}

LitmusOutcome run_program(const std::vector<LitmusStep>& program, const LitmusConfig& config) {
    LitmusMachine machine(config);
    for (const LitmusStep& step : program) {
        machine.run(step);
    }
    machine.finish();
    LitmusOutcome outcome;
    for (const LitmusRead& read : machine.reads()) {
        if (!read.as_expected && outcome.first_wrong == 0) {
            outcome.first_wrong = read.step;
        }
    }
    for (const LitmusFinding& found : machine.findings()) {
        if (outcome.first_finding == 0 || found.seen_step < outcome.first_finding) {
            outcome.first_finding = found.seen_step;
            outcome.finding = to_text(found.finding);
        }
    }
    return outcome;
}

std::string byte_lane_stress(std::uint64_t seed, std::uint32_t line_bytes, bool coherent, std::size_t rounds) {
    Random random(seed);
    LitmusConfig config;
    config.line_bytes = line_bytes;
    config.coherence = coherent ? CoherenceMode::IoCoherent : CoherenceMode::None;
    LitmusMachine machine(config);
    constexpr std::uint64_t kLines = 4;
    std::vector<std::uint8_t> memory(kLines * line_bytes, 'o');
    // Every fourth byte is the device's.
    const auto devices = [](std::uint64_t address) { return address % 4 == 3; };
    for (std::size_t round = 0; round < rounds; ++round) {
        const std::uint64_t address = below(random, memory.size());
        LitmusStep step = step_of(LitmusOp::Dsb, address, 1);
        step.token = static_cast<std::uint8_t>('a' + below(random, 26));
        const std::uint64_t kind = below(random, 8);
        if (kind < 3) {
            if (devices(address)) {
                step.op = LitmusOp::DeviceWrite;
            } else {
                step.op = coherent ? LitmusOp::Write : LitmusOp::UncachedWrite;
            }
            memory[address] = step.token;
            machine.run(step);
            if (!coherent && step.op == LitmusOp::UncachedWrite) {
                machine.run(step_of(LitmusOp::Dsb));
            }
            continue;
        }
        if (kind == 3) {
            machine.run(step_of(coherent ? LitmusOp::Evict : LitmusOp::Dmb, address));
            continue;
        }
        if (kind == 4 && coherent) {
            machine.run(step_of(LitmusOp::Prefetch, address));
            continue;
        }
        step.bytes = 1 + below(random, std::min<std::uint64_t>(memory.size() - address, 2ULL * line_bytes));
        if (kind < 6) {
            step.op = LitmusOp::DeviceRead;
        } else {
            step.op = coherent ? LitmusOp::Read : LitmusOp::UncachedRead;
        }
        const std::vector<std::uint8_t> bytes = machine.run(step);
        for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
            if (bytes[offset] != memory[address + offset]) {
                return "round " + std::to_string(round) + ": byte " + std::to_string(address + offset) + " reads " +
                       std::string(1, static_cast<char>(bytes[offset])) + " instead of " +
                       std::string(1, static_cast<char>(memory[address + offset]));
            }
        }
    }
    machine.finish();
    return machine.findings().empty() ? "" : "reported: " + to_text(machine.findings().front().finding);
}

LitmusSelfTestResult litmus_self_test(const LitmusSelfTestConfig& config) {
    static constexpr std::array<std::uint32_t, 4> kLines{16, 32, 64, 128};
    LitmusSelfTestResult result;
    const auto problem = [&](const std::string& text) {
        if (result.problems.size() < kProblemsKept) {
            result.problems.push_back(text);
        }
    };
    LitmusConfig machine;
    machine.disabled_rules = config.disabled_rules;
    for (std::uint64_t number = 0; number < config.programs; ++number) {
        const std::uint64_t seed = config.seed + number;
        machine.line_bytes = kLines.at(seed % kLines.size());
        const LitmusOutcome outcome = run_program(random_driver_program(seed, machine.line_bytes), machine);
        ++result.programs;
        if (outcome.first_finding != 0) {
            ++result.false_findings;
            problem("program " + std::to_string(seed) + " is right, and is reported: " + outcome.finding);
        }
        if (outcome.first_wrong != 0) {
            ++result.wrong_bytes;
            problem("program " + std::to_string(seed) + " is right, and step " + std::to_string(outcome.first_wrong) +
                    " reads other bytes");
        }
    }
    for (std::uint64_t number = 0; number < config.mutants; ++number) {
        const std::uint64_t seed = config.seed + number;
        machine.line_bytes = kLines.at(seed % kLines.size());
        const std::vector<LitmusStep> right = random_driver_program(seed, machine.line_bytes);
        Random random(seed ^ 0x9E37'79B9'7F4A'7C15U);
        const std::size_t operations = spoilable(right);
        if (operations == 0) {
            continue;
        }
        const std::size_t operation = below(random, operations);
        const auto mutation = static_cast<LitmusMutation>(below(random, kLitmusMutations));
        const std::vector<LitmusStep> spoilt = spoil(right, operation, mutation);
        if (spoilt.empty()) {
            continue;
        }
        ++result.mutants;
        for (std::uint64_t schedule = 0; schedule < config.schedules; ++schedule) {
            const LitmusOutcome outcome = run_program(
                schedule == 0 ? spoilt : disturb(spoilt, seed + schedule * 7919, machine.line_bytes), machine);
            if (outcome.first_wrong == 0) {
                continue;
            }
            ++result.corrupting;
            if (outcome.first_finding != 0 && outcome.first_finding <= outcome.first_wrong) {
                ++result.reported;
            } else {
                problem("program " + std::to_string(seed) + ", mutation " +
                        std::to_string(static_cast<unsigned>(mutation)) + " of operation " + std::to_string(operation) +
                        ", schedule " + std::to_string(schedule) + ": step " + std::to_string(outcome.first_wrong) +
                        " reads other bytes, and that is not reported");
            }
        }
    }
    for (std::uint64_t number = 0; number < std::max<std::uint64_t>(config.programs / 100, 1); ++number) {
        for (const bool coherent : {false, true}) {
            const std::uint64_t seed = config.seed + number;
            const std::string wrong = byte_lane_stress(seed, kLines.at(seed % kLines.size()), coherent, 200);
            if (!wrong.empty()) {
                ++result.lane_errors;
                problem("byte lanes, seed " + std::to_string(seed) + (coherent ? ", coherent: " : ": ") + wrong);
            }
        }
    }
    return result;
}

}  // namespace dmasim
