// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>

#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"

#include "reference/scenario.h"
#include "support/core/dice.h"

namespace dmasim::reference {

namespace {

namespace reg = native::reg;

class Dice {
  public:
    // Neighbouring seeds must not be neighbouring states: that would be the same sequence, one number later.
    explicit Dice(std::uint64_t seed) : source_(test::Dice(seed).next() ^ 0x1234'5678'9ABC'DEF1U) {}

    std::uint64_t next() { return source_.next(); }
    /// low to high, both included.
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + next() % (high - low + 1); }
    std::uint32_t small(std::uint64_t low, std::uint64_t high) {
        return static_cast<std::uint32_t>(between(low, high));
    }
    /// True `percent` times of a hundred.
    bool chance(unsigned percent) { return next() % 100 < percent; }
    template <class T, std::size_t N>
    T one_of(const std::array<T, N>& list) {
        return list[static_cast<std::size_t>(next() % N)];
    }

  private:
    test::Dice source_;
};

constexpr std::uint64_t kMemoryBytes = 16384;
/// Descriptors lie in the last page of each memory, so that data seldom runs over them.
constexpr std::uint64_t kDataBytes = kMemoryBytes - 4096;

class Generator {
  public:
    explicit Generator(std::uint64_t seed) : dice_(seed) { scenario_.seed = seed; }

    Scenario make() {
        make_platform();
        make_controller();
        // What is interesting differs; so each scenario leans to something.
        style_ = dice_.small(0, 9);
        scenario_.limit = dice_.between(400, 1800);
        for (std::uint32_t channel = 0; channel < scenario_.dma.channels; ++channel) {
            if (scenario_.dma.channels <= 8 || dice_.chance(15)) {
                program_channel(channel);
            }
        }
        make_observers();
        make_traffic();
        std::stable_sort(scenario_.actions.begin(), scenario_.actions.end(),
                         [](const Action& a, const Action& b) { return a.at < b.at; });
        while (!scenario_.actions.empty() && scenario_.actions.back().at >= scenario_.limit) {
            scenario_.actions.pop_back();
        }
        return scenario_;
    }

  private:
    ArbiterConfig make_arbiter(std::uint32_t requesters) {
        ArbiterConfig arbiter;
        arbiter.kind = dice_.one_of(std::array<const char*, 5>{"fixed_priority", "round_robin", "weighted_round_robin",
                                                               "time_slots", "priority_ageing"});
        for (std::uint32_t k = 0; k < requesters; ++k) {
            if (dice_.chance(80)) {
                arbiter.priorities.push_back(dice_.small(0, 3));
                arbiter.weights.push_back(dice_.small(1, 4));
            }
        }
        if (dice_.chance(50)) {
            const std::uint32_t slots = dice_.small(1, 6);
            for (std::uint32_t k = 0; k < slots; ++k) {
                arbiter.slots.push_back(dice_.small(0, requesters - 1));
            }
        }
        arbiter.slot_cycles = dice_.chance(70) ? dice_.small(1, 20) : dice_.small(1, 200);
        // Without reclaiming everybody must have a slot.
        arbiter.reclaim_slots = arbiter.kind != std::string("time_slots") || dice_.chance(60);
        for (std::uint32_t k = 0; !arbiter.reclaim_slots && !arbiter.slots.empty() && k < requesters; ++k) {
            arbiter.slots.push_back(k);
        }
        arbiter.ageing_cycles = dice_.chance(70) ? dice_.small(1, 24) : dice_.small(1, 300);
        return arbiter;
    }

    std::uint32_t latency() { return dice_.chance(40) ? 1 : dice_.chance(70) ? dice_.small(1, 6) : dice_.small(1, 40); }

    void make_platform() {
        BusConfig& bus = scenario_.bus;
        bus.topology = dice_.one_of(std::array<const char*, 3>{"shared", "crossbar", "simple"});
        bus.data_width_bits = 32U << (dice_.chance(70) ? dice_.small(0, 2) : dice_.small(0, 5));
        bus.initiators = 1 + dice_.small(0, 3);
        bus.targets = dice_.small(1, 3);
        bus.request_latency = dice_.chance(50) ? 1 : dice_.small(1, 4);
        bus.response_latency = dice_.chance(50) ? 1 : dice_.small(1, 4);
        bus.queue_depth = dice_.chance(40) ? 16 : dice_.small(1, 3);
        bus.max_outstanding = dice_.chance(40) ? 8 : dice_.small(1, 3);
        bus.arbiter = make_arbiter(bus.initiators);
        for (std::uint32_t target = 0; target < bus.targets; ++target) {
            MemoryConfig memory;
            memory.size = kMemoryBytes;
            memory.data_width_bits = bus.data_width_bits;
            memory.read_latency = latency();
            memory.write_latency = latency();
            memory.read_wait = dice_.chance(60) ? 0 : dice_.small(1, 3);
            memory.write_wait = dice_.chance(60) ? 0 : dice_.small(1, 3);
            memory.fixed_bursts = dice_.chance(85);
            while (dice_.chance(25)) {
                ErrorRange range;
                range.size = dice_.small(1, 300);
                range.base = dice_.between(0, kMemoryBytes - range.size);
                range.on_read = dice_.chance(70);
                range.on_write = !range.on_read || dice_.chance(50);
                range.response = static_cast<Response>(dice_.small(1, 5));
                memory.errors.push_back(range);
            }
            scenario_.memories.push_back(memory);
            // Neighbours, with a hole now and then; the offset moves pages about.
            AddressRange range;
            range.base = 0x10000 + target * (dice_.chance(50) ? kMemoryBytes : 0x8000U);
            if (!bus.map.empty() && range.base < bus.map.back().base + kMemoryBytes) {
                range.base = bus.map.back().base + kMemoryBytes;
            }
            range.size = kMemoryBytes;
            range.target = target;
            range.name = "memory";
            bus.map.push_back(range);
        }
    }

    void make_controller() {
        DmaConfig& dma = scenario_.dma;
        dma.channels = dice_.chance(3) ? 64 : dice_.small(1, 8);
        dma.data_width_bits = scenario_.bus.data_width_bits;
        const std::uint32_t most = std::min(256U, 4096 / dma.bus_bytes());
        dma.max_burst_beats = dice_.chance(60) ? std::min(most, dice_.small(1, 16)) : dice_.small(1, most);
        dma.fifo_beats = dma.max_burst_beats * (dice_.chance(30) ? 1 : dice_.small(1, 4)) +
                         (dice_.chance(50) ? dice_.small(0, 7) : 0);
        dma.max_reads = dice_.chance(30) ? 1 : dice_.small(1, 6);
        dma.max_writes = dice_.chance(30) ? 1 : dice_.small(1, 6);
        dma.descriptor_prefetch = dice_.small(0, 1);
        dma.arbiter = make_arbiter(dma.channels);
        if (dice_.chance(70)) {
            dma.timing.start_to_request = dice_.small(1, 5);
            dma.timing.descriptor_decode = dice_.small(1, 5);
            dma.timing.request_interval = dice_.small(1, 4);
            dma.timing.read_to_write = dice_.small(1, 5);
            dma.timing.response_to_status = dice_.small(1, 5);
        }
    }

    std::uint64_t data_address() {
        const AddressRange& range = scenario_.bus.map[dice_.small(0, scenario_.bus.targets - 1)];
        if (dice_.chance(1)) {
            return range.base + range.size - dice_.between(0, 200);  // Into the next one, or nowhere.
        }
        std::uint64_t offset = dice_.between(0, kDataBytes - 1);
        if (dice_.chance(30)) {
            offset = 4096 * dice_.between(1, 2) - dice_.between(0, 300);  // Near the limit of a page.
        }
        return range.base + offset;
    }

    std::uint32_t length() {
        const std::uint32_t beat = scenario_.dma.bus_bytes();
        if (dice_.chance(10)) {
            return dice_.small(1, 4);
        }
        return dice_.chance(85) ? dice_.small(1, 40 * beat) : dice_.small(1, 4000);
    }

    struct Parameters {
        std::uint64_t source;
        std::uint64_t destination;
        std::uint32_t length;
        std::uint32_t rows;
        std::int32_t source_stride;
        std::int32_t destination_stride;
        bool source_fixed;
        bool destination_fixed;
        std::uint8_t element_log2;
        Handshake handshake;
    };

    Parameters parameters() {
        Parameters p{};
        p.source = data_address();
        p.destination = data_address();
        p.length = length();
        p.rows = dice_.chance(75) ? 1 : dice_.small(1, 4);
        if (p.rows > 1) {
            p.length = std::max(1U, p.length / p.rows);
        }
        p.source_stride = static_cast<std::int32_t>(dice_.between(0, 600)) - (dice_.chance(20) ? 500 : 0);
        p.destination_stride = static_cast<std::int32_t>(dice_.between(0, 600)) - (dice_.chance(20) ? 500 : 0);
        if (dice_.chance(style_ == 1 ? 60 : 15)) {
            (dice_.chance(50) ? p.source_fixed : p.destination_fixed) = true;
            if (dice_.chance(10)) {
                p.source_fixed = p.destination_fixed = true;
            }
            p.length = std::min(p.length, 200U);
        }
        std::uint8_t widest = 0;
        while ((1U << (widest + 1U)) <= scenario_.dma.bus_bytes()) {
            ++widest;
        }
        p.element_log2 = static_cast<std::uint8_t>(dice_.between(0, widest));
        const std::uint32_t element = 1U << p.element_log2;
        if (p.source_fixed || p.destination_fixed || dice_.chance(30)) {
            p.source &= ~static_cast<std::uint64_t>(element - 1);
            p.destination &= ~static_cast<std::uint64_t>(element - 1);
            p.source_stride &= ~static_cast<std::int32_t>(element - 1);
            p.destination_stride &= ~static_cast<std::int32_t>(element - 1);
        }
        p.length = std::max(element, p.length & ~(element - 1));
        if (dice_.chance(style_ == 2 ? 80 : 15)) {
            p.handshake = static_cast<Handshake>(dice_.between(1, 3));
        }
        if (dice_.chance(2)) {  // Something is wrong with it.
            switch (dice_.small(0, 4)) {
                case 0:
                    p.length = 0;
                    break;
                case 1:
                    p.rows = 0;
                    break;
                case 2:
                    p.element_log2 = 7;
                    break;
                case 3:
                    p.source = ~0ULL - dice_.between(0, 50);
                    break;
                default:
                    p.destination += 1;
                    break;
            }
        }
        return p;
    }

    void add(Edge at, Action::Kind kind, std::uint32_t offset, std::uint32_t value, std::uint64_t address = 0) {
        scenario_.actions.push_back({at, kind, offset, value, address});
    }
    void write(Edge& at, std::uint32_t channel, std::uint32_t offset, std::uint64_t value) {
        add(at, Action::Kind::Write, native::channel_register(channel, offset), static_cast<std::uint32_t>(value));
        at += spread_ ? dice_.between(0, 2) : 0;
    }

    void put(std::vector<std::uint8_t>& bytes, std::size_t offset, std::size_t size, std::uint64_t value) {
        for (std::size_t k = 0; k < size; ++k) {
            bytes[offset + k] = static_cast<std::uint8_t>(value >> (8 * k));
        }
    }

    std::uint64_t descriptor_place() {
        const std::uint32_t target = dice_.small(0, scenario_.bus.targets - 1);
        return scenario_.bus.map[target].base + kDataBytes + 64 * dice_.between(0, 63);
    }

    /// A chain in memory; returns the address of its first descriptor.
    std::uint64_t make_chain() {
        namespace dc = native::descriptor_control;
        const std::size_t count = dice_.between(1, 5);
        std::vector<std::uint64_t> places;
        while (places.size() < count) {
            places.push_back(descriptor_place());
        }
        for (std::size_t k = 0; k < count; ++k) {
            const Parameters p = parameters();
            std::vector<std::uint8_t> bytes(native::kDescriptorBytes);
            std::uint32_t control = dc::kValid;
            control |= dice_.chance(50) ? dc::kInterrupt : 0;
            control |= dice_.chance(50) ? dc::kWriteBack : 0;
            control |= p.source_fixed ? dc::kSourceFixed : 0;
            control |= p.destination_fixed ? dc::kDestinationFixed : 0;
            control |= static_cast<std::uint32_t>(p.element_log2) << dc::kElementShift;
            control |= static_cast<std::uint32_t>(p.handshake) << dc::kHandshakeShift;
            std::uint64_t next = k + 1 < count ? places[k + 1] : 0;
            if (k + 1 == count && dice_.chance(30)) {
                control |= dc::kEnd;
                // Nobody looks at it, but for APPEND.
                next = dice_.chance(60) ? descriptor_place() : dice_.chance(50) ? 0 : dice_.next();
            }
            if (dice_.chance(2)) {
                control ^= 1U << dice_.small(0, 31);
            }
            if (dice_.chance(1)) {
                next += 8;
            }
            put(bytes, native::kDescriptorNext, 8, next);
            put(bytes, native::kDescriptorSource, 8, p.source);
            put(bytes, native::kDescriptorDestination, 8, p.destination);
            put(bytes, native::kDescriptorLength, 4, p.length);
            put(bytes, native::kDescriptorControl, 4, control);
            put(bytes, native::kDescriptorRows, 4, p.rows);
            put(bytes, native::kDescriptorSourceStride, 4, static_cast<std::uint32_t>(p.source_stride));
            put(bytes, native::kDescriptorDestinationStride, 4, static_cast<std::uint32_t>(p.destination_stride));
            put(bytes, native::kDescriptorCookie, 8, dice_.next());
            put(bytes, native::kDescriptorStatus, 8, dice_.next());
            scenario_.images.push_back({places[k], bytes});
            if (dice_.chance(5)) {
                for (const AddressRange& range : scenario_.bus.map) {
                    if (places[k] >= range.base && places[k] - range.base < range.size) {
                        ErrorRange error;
                        error.base = places[k] - range.base;
                        error.size = native::kDescriptorBytes;
                        error.on_read = dice_.chance(50);
                        error.on_write = !error.on_read;
                        error.response = static_cast<Response>(dice_.small(1, 5));
                        scenario_.memories[range.target].errors.push_back(error);
                    }
                }
            }
        }
        return places.front();
    }

    void program_job(Edge& at, std::uint32_t channel) {
        const Parameters p = parameters();
        const bool chain = dice_.chance(style_ == 3 || style_ == 4 ? 85 : 25);
        std::uint32_t config = 0;
        config |= p.source_fixed ? native::config::kSrcFixed : 0;
        config |= p.destination_fixed ? native::config::kDstFixed : 0;
        config |= native::config::ElementLog2::of(p.element_log2);
        config |= native::config::HandshakeMode::of(static_cast<std::uint32_t>(p.handshake));
        const bool cyclic = !chain && dice_.chance(style_ == 5 ? 70 : 8);
        config |= cyclic ? native::config::kCyclic : 0;
        config |= chain ? native::config::kChain : 0;
        config |= dice_.chance(50) ? native::config::kErrorContinue : 0;
        write(at, channel, reg::kConfig, config);
        if (chain) {
            const std::uint64_t first = make_chain() + (dice_.chance(1) ? 32 : 0);
            write(at, channel, reg::kDescLo, first);
            write(at, channel, reg::kDescHi, first >> 32);
        } else {
            write(at, channel, reg::kSrcLo, p.source);
            write(at, channel, reg::kSrcHi, p.source >> 32);
            write(at, channel, reg::kDstLo, p.destination);
            write(at, channel, reg::kDstHi, p.destination >> 32);
            write(at, channel, reg::kLength, p.length);
            write(at, channel, reg::kRows, p.rows);
            write(at, channel, reg::kSrcStride, static_cast<std::uint32_t>(p.source_stride));
            write(at, channel, reg::kDstStride, static_cast<std::uint32_t>(p.destination_stride));
        }
        const std::uint32_t element = 1U << p.element_log2;
        write(at, channel, reg::kUnitBytes, dice_.chance(97) ? 128U * dice_.small(1, 2) : element * dice_.small(0, 9));
        if (dice_.chance(60)) {
            const std::uint32_t units = element * dice_.small(1, 12);
            write(at, channel, reg::kUnitBytes, chain ? 128U : units);
        }
        write(at, channel, reg::kControl, native::control::kStart);
        if (cyclic && dice_.chance(70)) {
            add(at + dice_.between(1, 400), Action::Kind::Write, native::channel_register(channel, reg::kConfig),
                config & ~native::config::kCyclic);
        }
        if (dice_.chance(style_ == 6 ? 70 : 12)) {
            add(at + dice_.between(0, 150), Action::Kind::Write, native::channel_register(channel, reg::kControl),
                native::control::kAbort);
        }
        Edge then = at;
        while (dice_.chance(style_ == 7 ? 80 : 12)) {
            then += dice_.between(0, 80);
            add(then, Action::Kind::Write, native::channel_register(channel, reg::kControl), native::control::kPause);
            then += dice_.between(0, 80);
            add(then, Action::Kind::Write, native::channel_register(channel, reg::kControl), native::control::kResume);
        }
        while (chain && dice_.chance(style_ == 4 ? 70 : 20)) {
            add(at + dice_.between(0, 500), Action::Kind::Write, native::channel_register(channel, reg::kControl),
                native::control::kAppend);
        }
        if (p.handshake != Handshake::None || (chain && dice_.chance(50))) {
            make_dreq(at, channel);
        }
    }

    void make_dreq(Edge at, std::uint32_t channel) {
        bool level = dice_.chance(50);
        Edge then = at - std::min<Edge>(at, dice_.between(0, 5));
        const std::uint64_t gap = dice_.between(1, 40);
        const Edge until = then + dice_.between(50, 900);
        while (then < until) {
            add(then, Action::Kind::Dreq, channel, level ? 1 : 0);
            level = !level;
            then += dice_.between(1, gap);
        }
        if (dice_.chance(70)) {
            add(then, Action::Kind::Dreq, channel, 1);
        }
    }

    void program_channel(std::uint32_t channel) {
        Edge at = dice_.between(0, dice_.chance(60) ? 10 : 200);
        spread_ = dice_.chance(60);
        write(at, channel, reg::kIntEnable, dice_.chance(60) ? 0x3FU : dice_.small(0, 0x3F));
        if (dice_.chance(style_ == 8 ? 90 : 25)) {
            write(at, channel, reg::kCoalesceCount, dice_.small(0, 5));
            write(at, channel, reg::kCoalesceTimeout, dice_.chance(50) ? 0 : dice_.small(1, 120));
        }
        const std::uint64_t jobs = dice_.between(1, 4);
        for (std::uint64_t k = 0; k < jobs && at < scenario_.limit; ++k) {
            program_job(at, channel);
            at += dice_.chance(15) ? dice_.between(0, 20) : dice_.between(30, 500);
        }
        // Acknowledgements, and things that a driver should not do.
        Edge then = 0;
        while (then < scenario_.limit && dice_.chance(90)) {
            then += dice_.between(10, 200);
            add(then, Action::Kind::Write, native::channel_register(channel, reg::kIntStatus),
                dice_.chance(50) ? 0x3FU : dice_.small(0, 0x3F));
        }
        while (dice_.chance(style_ == 9 ? 80 : 10)) {
            const auto& spec = native::kChannelRegisters[dice_.small(0, native::kChannelRegisters.size() - 1)];

            const std::uint32_t value = static_cast<std::uint32_t>(dice_.next()) & (dice_.chance(50) ? ~0U : 0xF373U);
            const bool command = spec.offset == reg::kControl;
            const bool rows = spec.offset == reg::kRows || spec.offset == reg::kLength;
            // One draw a statement: compilers differ in the order of arguments.
            const std::uint32_t written = command ? (dice_.chance(80) ? 1U << dice_.small(0, 4) : value)
                                          : rows  ? value % 700
                                                  : value;
            const Edge when = dice_.between(0, scenario_.limit);
            add(when, Action::Kind::Write, native::channel_register(channel, spec.offset), written);
        }
    }

    void make_observers() {
        namespace nr = native;
        constexpr std::array<std::uint32_t, 9> kPolled{reg::kStatus,        reg::kIntStatus,   reg::kResidueLo,
                                                       reg::kErrorKind,     reg::kErrorAddrLo, reg::kCompleted,
                                                       reg::kCurrentDescLo, reg::kStatus,      reg::kResidueLo};
        const std::uint64_t polls = dice_.between(0, 120);
        for (std::uint64_t k = 0; k < polls; ++k) {
            const std::uint32_t channel = dice_.small(0, scenario_.dma.channels - 1);
            const Edge at = dice_.between(0, scenario_.limit - 1);
            add(at, Action::Kind::Read,
                dice_.chance(10) ? reg::kIntPendingLo : nr::channel_register(channel, dice_.one_of(kPolled)), 0);
        }
        const std::uint64_t peeks = dice_.between(0, 20);
        for (std::uint64_t k = 0; k < peeks; ++k) {
            const Edge at = dice_.between(0, scenario_.limit - 1);
            const std::uint64_t address = data_address();
            const std::uint32_t bytes = dice_.small(1, 4096);
            add(at, Action::Kind::Peek, 0, bytes, address);
        }
    }

    void make_traffic() {
        scenario_.traffic.resize(scenario_.bus.initiators - 1);
        for (auto& list : scenario_.traffic) {
            Edge at = dice_.between(0, 100);
            const std::uint64_t count = dice_.chance(25) ? 0 : dice_.between(1, 40);
            const std::uint64_t gap = dice_.between(0, 40);
            for (std::uint64_t k = 0; k < count; ++k) {
                TrafficBurst burst;
                burst.at = at;
                burst.access = dice_.chance(50) ? Access::Read : Access::Write;
                burst.address = data_address();
                const std::uint64_t to_page = 4096 - burst.address % 4096;
                burst.bytes = static_cast<std::uint32_t>(
                    dice_.between(1, std::min<std::uint64_t>(to_page, dice_.chance(70) ? 64 : 600)));
                if (dice_.chance(5)) {
                    burst.fixed_bytes = 4;
                    burst.address &= ~3ULL;
                    burst.bytes = 4 * dice_.small(1, 8);
                }
                burst.pattern = static_cast<std::uint32_t>(dice_.next());
                list.push_back(burst);
                at += dice_.between(0, gap);
            }
        }
    }

    Dice dice_;
    Scenario scenario_;
    std::uint32_t style_ = 0;
    bool spread_ = true;
};

}  // namespace

Scenario random_scenario(std::uint64_t seed) {
    return Generator(seed).make();
}

}  // namespace dmasim::reference
