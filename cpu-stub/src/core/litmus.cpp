// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/litmus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>

#include "dmasim/bus/core/island.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/cpu_stub/core/loop_context.h"
#include "dmasim/model/engine.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/stats/event_fanout.h"
#include "dmasim/model/verifier/monitor.h"

namespace dmasim {

namespace {

// ---- the language

/// What a word of the language takes. a: address, n: bytes, t: token, d: direction, s: source or bounce buffer; = after it:
/// an expectation may follow.
struct Word {
    std::string_view name;
    LitmusOp op;
    std::string_view arguments;
};

constexpr std::array kWords{
    Word{"mem", LitmusOp::Mem, "ant"},         Word{"w", LitmusOp::Write, "ant"},
    Word{"r", LitmusOp::Read, "an="},          Word{"nc", LitmusOp::UncachedWrite, "ant"},
    Word{"nr", LitmusOp::UncachedRead, "an="}, Word{"dsb", LitmusOp::Dsb, ""},
    Word{"drain", LitmusOp::Drain, "n"},       Word{"dmb", LitmusOp::Dmb, ""},
    Word{"bell", LitmusOp::Bell, ""},          Word{"clean", LitmusOp::Clean, "an"},
    Word{"inv", LitmusOp::Invalidate, "an"},   Word{"flush", LitmusOp::Flush, "an"},
    Word{"evict", LitmusOp::Evict, "a"},       Word{"pf", LitmusOp::Prefetch, "a"},
    Word{"map", LitmusOp::Map, "dan"},         Word{"dw", LitmusOp::DeviceWrite, "ant"},
    Word{"dr", LitmusOp::DeviceRead, "an="},   Word{"done", LitmusOp::Done, "an"},
    Word{"free", LitmusOp::Free, "an"},        Word{"desc", LitmusOp::Descriptors, "an"},
    Word{"pub", LitmusOp::Publish, "an"},      Word{"bmap", LitmusOp::BounceMap, "dans"},
    Word{"bcopy", LitmusOp::BounceCopy, "a"},  Word{"copy", LitmusOp::Copy, "asn"},
};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t begin = text.find_first_not_of(separators);
        if (begin == std::string_view::npos) {
            break;
        }
        text.remove_prefix(begin);
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return parts;
}

bool parse_number(std::string_view text, int base, std::uint64_t& value) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    return error == std::errc() && stop == end;
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text.substr(0, 40)) {
        result += c >= ' ' && c <= '~' ? c : '?';
    }
    return result + "\"";
}

/// A token is one printable character, which stands for its own value.
bool parse_token(std::string_view text, std::uint8_t& token) {
    if (text.size() != 1 || text[0] <= ' ' || text[0] > '~' || text[0] == '*' || text[0] == ',' || text[0] == '=') {
        return false;
    }
    token = static_cast<std::uint8_t>(text[0]);
    return true;
}

std::string parse_expectation(std::string_view text, LitmusStep& step) {
    std::vector<LitmusBytes> expected;
    std::uint64_t total = 0;
    for (const std::string_view run : split(text, ",")) {
        const std::size_t star = std::min(run.find('*'), run.size());
        LitmusBytes part;
        part.count = 1;
        if (!parse_token(run.substr(0, star), part.token) ||
            (star != run.size() && !parse_number(run.substr(star + 1), 10, part.count)) || part.count == 0 ||
            part.count > kLitmusStepBytes) {
            return "the expectation " + quoted(run) + " is not a token and a number: n*32";
        }
        total += part.count;
        expected.push_back(part);
    }
    if (total != step.bytes) {
        return "the expectation is " + std::to_string(total) + " bytes long and the access " +
               std::to_string(step.bytes);
    }
    step.expected = std::move(expected);
    return "";
}

std::string parse_argument(char kind, std::string_view text, LitmusStep& step) {
    std::uint64_t number = 0;
    switch (kind) {
        case 'a':
        case 's':
            if (!parse_number(text, 16, number)) {
                return quoted(text) + " is not an offset: hexadecimal digits";
            }
            (kind == 'a' ? step.address : step.other) = number;
            return "";
        case 'n':
            if (!parse_number(text, 16, step.bytes)) {
                return quoted(text) + " is not a number of bytes: hexadecimal digits";
            }
            return "";
        case 't':
            return parse_token(text, step.token) ? "" : quoted(text) + " is not a token: one printable character";
        case 'd':
            if (text == "in") {
                step.direction = DmaDirection::FromDevice;
            } else if (text == "out") {
                step.direction = DmaDirection::ToDevice;
            } else if (text == "bi") {
                step.direction = DmaDirection::Both;
            } else {
                return quoted(text) + " is not a direction: in, out or bi";
            }
            return "";
        default:
            return "";
    }
}

std::string check_range(std::uint64_t address, std::uint64_t bytes) {
    if (address > kLitmusSpace || bytes > kLitmusSpace - address) {
        return "the range ends behind offset 0x1000000, where the memory ends";
    }
    return bytes > kLitmusStepBytes ? "a step is about at most 0x100000 bytes" : "";
}

// ---- the machine

constexpr std::uint64_t kDeviceMemory = 0x4000'0000;
constexpr std::uint64_t kDoorbell = 0x8000'0000;
constexpr std::uint16_t kControllerSource = 0;
constexpr std::uint16_t kCpuSource = 1;
constexpr std::uint16_t kMemorySource = 2;

class LatePort final : public BurstPort {
  public:
    void bind(BurstPort& port) { port_ = &port; }
    void request(const Burst& burst, Cycles at) override { port_->request(burst, at); }

  private:
    BurstPort* port_ = nullptr;
};

class InterruptWire final : public DmaOutputs {
  public:
    void bind(CpuCore& core) { core_ = &core; }
    void interrupt(bool level, Cycles at) override { core_->interrupt(0, level, at); }

  private:
    CpuCore* core_ = nullptr;
};

}  // namespace

std::string parse_litmus_step(std::string_view text, LitmusStep& step) {
    step = LitmusStep{};
    step.text = std::string{text};
    const std::vector<std::string_view> parts = split(text, " \t");
    if (parts.empty()) {
        return "an empty step";
    }
    const auto* const word =
        std::find_if(kWords.begin(), kWords.end(), [&](const Word& known) { return known.name == parts[0]; });
    if (word == kWords.end()) {
        return quoted(parts[0]) + " is no command";
    }
    step.op = word->op;
    std::size_t next = 1;
    for (const char kind : word->arguments) {
        if (kind == '=') {
            break;
        }
        if (next == parts.size() || parts[next][0] == '=') {
            return quoted(parts[0]) + " has too few arguments";
        }
        if (const std::string problem = parse_argument(kind, parts[next], step); !problem.empty()) {
            return problem;
        }
        ++next;
    }
    const bool reads = !word->arguments.empty() && word->arguments.back() == '=';
    if (next < parts.size() && parts[next][0] == '=') {
        if (!reads) {
            return quoted(parts[0]) + " reads nothing that could be expected";
        }
        if (const std::string problem = parse_expectation(parts[next].substr(1), step); !problem.empty()) {
            return problem;
        }
        ++next;
    }
    if (next != parts.size()) {
        return quoted(parts[next]) + " is one argument too many for " + quoted(parts[0]);
    }
    if (const std::string problem = check_range(step.address, step.bytes); !problem.empty()) {
        return problem;
    }
    return check_range(step.other, step.bytes);
}

std::string check_litmus_trace(const std::vector<LitmusStep>& trace) {
    if (trace.size() > kLitmusSteps) {
        return "a trace has at most " + std::to_string(kLitmusSteps) + " steps";
    }
    std::uint64_t total = 0;
    for (const LitmusStep& step : trace) {
        total += step.bytes;
    }
    return total > kLitmusTraceBytes ? "the steps of a trace are about at most 0x1000000 bytes together" : "";
}

std::string litmus_text(const std::vector<std::uint8_t>& bytes) {
    std::string text;
    for (std::size_t begin = 0; begin < bytes.size();) {
        std::size_t end = begin;
        while (end < bytes.size() && bytes[end] == bytes[begin]) {
            ++end;
        }
        text += text.empty() ? "" : ",";
        text += static_cast<char>(bytes[begin]);
        text += "*" + std::to_string(end - begin);
        begin = end;
    }
    return text;
}

class LitmusMachine::Impl {
  public:
    explicit Impl(const LitmusConfig& config)
        : monitor(config.verify ? std::make_unique<VerifierMonitor>(verifier_config(config)) : nullptr),
          system(bus_config(config), {memory_config(config.initial), memory_config(0), doorbell_config()}),
          cpu(system),
          core(cpu_config(config), cpu_port, cpu, monitor.get(), kCpuSource),
          engine(DmaConfig{}, dma_port, wire, monitor.get(), kControllerSource) {
        if (monitor) {
            monitor->add_memory(kMemorySource, kBase, kLitmusSpace, system.memory(0).config().bus_bytes());
            system.memory(0).set_trace(monitor.get(), kMemorySource);
        }
        cpu_port.bind(system.connect(0, core));
        dma_port.bind(system.connect(1, engine));
        wire.bind(core);
        cpu.attach(core);
        if (config.coherence != CoherenceMode::None) {
            system.bus().add_cache(core);
        }
        system.add(core);
        system.add(engine);
    }

    static VerifierConfig verifier_config(const LitmusConfig& config) {
        VerifierConfig verifier;
        verifier.line_bytes = config.line_bytes;
        verifier.whole_line_write_back = config.coherence != CoherenceMode::IoCoherent;
        verifier.coherent_writes = config.coherence == CoherenceMode::IoCoherent;
        verifier.snooped_writes = config.coherence == CoherenceMode::IoCoherent;
        // Traces say which stores a doorbell is about by nothing but their order.
        verifier.doorbell_publishes_everything = true;
        verifier.disabled_rules = config.disabled_rules;
        return verifier;
    }

    static BusConfig bus_config(const LitmusConfig& config) {
        BusConfig bus;
        bus.initiators = 2;
        bus.targets = 3;
        bus.snooped = {false, config.coherence != CoherenceMode::None};
        bus.map = {AddressRange{kBase, kLitmusSpace, 0, 0, "memory"},
                   AddressRange{kDeviceMemory, kLitmusSpace, 1, 0, "device"},
                   AddressRange{kDoorbell, 4096, 2, 0, "doorbell"}};
        return bus;
    }

    static MemoryConfig memory_config(std::uint8_t fill) {
        MemoryConfig memory;
        memory.size = kLitmusSpace;
        memory.fill = fill;
        return memory;
    }

    static MemoryConfig doorbell_config() {
        MemoryConfig memory;
        memory.size = 4096;
        return memory;
    }

    static CpuConfig cpu_config(const LitmusConfig& config) {
        CpuConfig cpu_config;
        cpu_config.cache.size_bytes = 65536;
        cpu_config.cache.ways = 8;
        cpu_config.cache.line_bytes = config.line_bytes;
        cpu_config.cache.coherence = config.coherence;
        cpu_config.cache.write_policy = config.write_policy;
        cpu_config.store_buffer.entries = 1024;
        cpu_config.store_buffer.hold = true;
        // A dmb only orders: the doorbell does not wait for what is in the store buffer.
        cpu_config.dmb_orders_device = false;
        return cpu_config;
    }

    // ---- steps

    std::vector<std::uint8_t> run(const LitmusStep& step) {
        const std::uint64_t address = kBase + step.address;
        std::vector<std::uint8_t> bytes;
        switch (step.op) {
            case LitmusOp::Mem:
                bytes.assign(step.bytes, step.token);
                system.memory(0).poke(step.address, bytes.data(), bytes.size(), cpu.now() + 1);
                if (monitor) {
                    monitor->poke(address, bytes.data(), bytes.size(), cpu.now());
                }
                bytes.clear();
                break;
            case LitmusOp::Write:
                store(address, step, MemoryType::Cached);
                break;
            case LitmusOp::UncachedWrite:
                store(address, step, MemoryType::Uncached);
                break;
            case LitmusOp::Read:
            case LitmusOp::UncachedRead:
                bytes.resize(step.bytes);
                cpu.read(address, bytes.data(), bytes.size(),
                         step.op == LitmusOp::Read ? MemoryType::Cached : MemoryType::Uncached);
                break;
            case LitmusOp::Dsb:
                cpu.dsb();
                break;
            case LitmusOp::Drain:
                if (step.bytes != 0) {
                    cpu.drain(step.bytes);
                }
                break;
            case LitmusOp::Dmb:
                cpu.dmb();
                break;
            case LitmusOp::Bell:
                if (monitor) {
                    monitor->doorbell(cpu.now());
                }
                cpu.write_register(kDoorbell, 1);
                break;
            case LitmusOp::Clean:
                cpu.clean(address, step.bytes);
                break;
            case LitmusOp::Invalidate:
                cpu.invalidate(address, step.bytes);
                break;
            case LitmusOp::Flush:
                cpu.clean_invalidate(address, step.bytes);
                break;
            case LitmusOp::Evict:
                cpu.evict(address);
                break;
            case LitmusOp::Prefetch:
                cpu.prefetch(address);
                break;
            case LitmusOp::DeviceWrite:
                bytes.assign(step.bytes, step.token);
                system.memory(1).poke(step.address, bytes.data(), bytes.size(), cpu.now() + 1);
                transfer(kDeviceMemory + step.address, address, step.bytes);
                bytes.clear();
                break;
            case LitmusOp::DeviceRead:
                transfer(address, kDeviceMemory + step.address, step.bytes);
                bytes.resize(step.bytes);
                system.memory(1).peek(step.address, bytes.data(), bytes.size(), cpu.now() + 1);
                break;
            case LitmusOp::Copy:
                copy(address, kBase + step.other, step.bytes);
                break;
            case LitmusOp::BounceMap:
                bounces.push_front(Bounce{step.direction, address, step.bytes, kBase + step.other});
                note(step, address);
                break;
            case LitmusOp::BounceCopy:
                bounce_copy(address);
                break;
            default:
                note(step, address);
                break;
        }
        end_step();
        if (step.expected) {
            LitmusRead read;
            read.step = ends.size();
            read.as_expected = matches(bytes, *step.expected);
            read.bytes = bytes;
            reads.push_back(std::move(read));
        }
        return bytes;
    }

    void note(const LitmusStep& step, std::uint64_t address) {
        if (!monitor) {
            return;
        }
        const Cycles at = cpu.now();
        switch (step.op) {
            case LitmusOp::Map:
                return monitor->map(step.direction, address, step.bytes, at);
            case LitmusOp::Done:
                return monitor->completed(address, step.bytes, at);
            case LitmusOp::Free:
                return monitor->freed(address, step.bytes, at);
            case LitmusOp::Descriptors:
                return monitor->descriptors(address, step.bytes, at);
            case LitmusOp::Publish:
                return monitor->published(address, step.bytes, at);
            case LitmusOp::BounceMap:
                return monitor->bounce(step.direction, address, step.bytes, kBase + step.other, at);
            default:
                break;
        }
    }

    /// Lets a cycle pass, so that everything that the step has done has been reported.
    void end_step() {
        cpu.wait_cycles(1);
        ends.push_back(cpu.now());
        if (monitor) {
            monitor->settle(cpu.now());
        }
    }

    void finish() {
        if (monitor) {
            monitor->finish();
        }
    }

    [[nodiscard]] std::size_t step_of(Cycles at) const {
        const auto place = std::upper_bound(ends.begin(), ends.end(), at);
        return std::min<std::size_t>(static_cast<std::size_t>(place - ends.begin()) + 1, ends.size());
    }

    std::unique_ptr<VerifierMonitor> monitor;
    LatePort cpu_port;
    LatePort dma_port;
    InterruptWire wire;
    CoreSystem system;
    LoopContext cpu;
    CpuCore core;
    DmaEngine engine;
    std::vector<LitmusRead> reads;
    std::vector<Cycles> ends;  // By step: behind everything that it has done.

  private:
    struct Bounce {
        DmaDirection direction;
        std::uint64_t user;
        std::uint64_t bytes;
        std::uint64_t pool;
    };

    void store(std::uint64_t address, const LitmusStep& step, MemoryType type) {
        const std::vector<std::uint8_t> bytes(step.bytes, step.token);
        cpu.write(address, bytes.data(), bytes.size(), type);
    }

    static bool matches(const std::vector<std::uint8_t>& bytes, const std::vector<LitmusBytes>& expected) {
        std::vector<std::uint8_t> wanted;
        for (const LitmusBytes& part : expected) {
            wanted.insert(wanted.end(), part.count, part.token);
        }
        return bytes == wanted;
    }

    void copy(std::uint64_t to, std::uint64_t from, std::uint64_t count) {
        if (monitor) {
            monitor->copy(to, from, count, cpu.now());
        }
        std::vector<std::uint8_t> bytes(count);
        cpu.read(from, bytes.data(), count);
        cpu.write(to, bytes.data(), count);
    }

    /// The copy that a right driver makes, with the maintenance of the bounce buffer.
    void bounce_copy(std::uint64_t user) {
        const auto found =
            std::find_if(bounces.begin(), bounces.end(), [user](const Bounce& bounce) { return bounce.user == user; });
        if (found == bounces.end()) {
            return;
        }
        if (found->direction == DmaDirection::FromDevice) {
            cpu.invalidate(found->pool, found->bytes);
            copy(found->user, found->pool, found->bytes);
        } else {
            copy(found->pool, found->user, found->bytes);
            cpu.clean(found->pool, found->bytes);
        }
    }

    void write_register(std::uint32_t offset, std::uint64_t value) {
        engine.write_register(native::channel_register(0, offset), static_cast<std::uint32_t>(value), cpu.now());
    }

    /// The device's side of the machine: it moves bytes by a job of the controller.
    void transfer(std::uint64_t source, std::uint64_t destination, std::uint64_t count) {
        if (count == 0) {
            return;
        }
        namespace reg = native::reg;
        write_register(reg::kSrcLo, source);
        write_register(reg::kSrcHi, source >> 32U);
        write_register(reg::kDstLo, destination);
        write_register(reg::kDstHi, destination >> 32U);
        write_register(reg::kLength, count);
        write_register(reg::kRows, 1);
        write_register(reg::kIntEnable, native::interrupt::kAll);
        write_register(reg::kControl, native::control::kStart);
        cpu.wait_for_interrupt(0);
        write_register(reg::kIntStatus, native::interrupt::kAll);
        // The level must be low before somebody waits for it again.
        cpu.wait_cycles(4);
        DMASIM_INVARIANT(engine.idle());
    }

    std::deque<Bounce> bounces;
};

LitmusMachine::LitmusMachine(const LitmusConfig& config) : impl_(std::make_unique<Impl>(config)) {}

LitmusMachine::~LitmusMachine() = default;

std::vector<std::uint8_t> LitmusMachine::run(const LitmusStep& step) {
    return impl_->run(step);
}

void LitmusMachine::finish() {
    impl_->finish();
}

CpuContext& LitmusMachine::cpu() {
    return impl_->cpu;
}

std::vector<std::uint8_t> LitmusMachine::memory(std::uint64_t address, std::uint64_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    impl_->system.memory(0).peek(address, data.data(), bytes, impl_->cpu.now() + 1);
    return data;
}

const std::vector<LitmusRead>& LitmusMachine::reads() const {
    return impl_->reads;
}

std::vector<LitmusFinding> LitmusMachine::findings() const {
    std::vector<LitmusFinding> result;
    if (impl_->monitor) {
        for (const Finding& finding : impl_->monitor->findings()) {
            result.push_back(LitmusFinding{finding, impl_->step_of(finding.at), impl_->step_of(finding.seen_at)});
        }
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const LitmusFinding& a, const LitmusFinding& b) { return a.step < b.step; });
    return result;
}

Cycles LitmusMachine::now() const {
    return impl_->cpu.now();
}

LitmusResult run_litmus(const LitmusEntry& entry, bool fixed, LitmusConfig config) {
    config.line_bytes = entry.line;
    LitmusMachine machine(config);
    for (const LitmusStep& step : fixed ? entry.fixed : entry.buggy) {
        machine.run(step);
    }
    machine.finish();
    LitmusResult result;
    result.reads = machine.reads();
    result.findings = machine.findings();
    for (const LitmusRead& read : result.reads) {
        if (!read.as_expected) {
            result.problems.push_back("step " + std::to_string(read.step) + " has read " + litmus_text(read.bytes));
        }
    }
    if (fixed) {
        for (const LitmusFinding& found : result.findings) {
            result.problems.push_back("step " + std::to_string(found.step) + " is reported: " + found.finding.rule);
        }
    } else {
        const auto first = std::min_element(entry.fires.begin(), entry.fires.end());
        const bool named = std::any_of(result.findings.begin(), result.findings.end(), [&](const LitmusFinding& found) {
            const bool rule = found.finding.rule == entry.rule ||
                              std::any_of(entry.fires.begin(), entry.fires.end(),
                                          [&](const auto& fire) { return fire.second == found.finding.rule; });
            return rule && (entry.fires.empty() || found.step <= first->first);
        });
        if (!named) {
            result.problems.push_back(entry.fires.empty() ? entry.rule + " is not reported"
                                                          : "nothing of the kind is reported up to step " +
                                                                std::to_string(first->first));
        }
    }
    result.ok = result.problems.empty();
    return result;
}

}  // namespace dmasim
