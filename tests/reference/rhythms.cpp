// SPDX-License-Identifier: Apache-2.0
#include "reference/rhythms.h"

#include <algorithm>
#include <array>
#include <vector>

#include "dmasim/model/frontend/native/register_map.h"

#include "reference/scenario.h"
#include "support/core/dice.h"

namespace dmasim::reference {

using test::Dice;

Scenario steady_scenario(std::uint64_t seed) {
    namespace reg = native::reg;
    constexpr std::uint64_t kBytes = 128 * 1024;
    constexpr std::uint64_t kRoom = 12 * 1024;
    Dice dice(seed);
    const Scenario random = random_scenario(seed);
    Scenario scenario;
    scenario.seed = seed;
    scenario.limit = 3000 + dice.roll(9000);
    scenario.dma = random.dma;
    scenario.bus = random.bus;
    scenario.bus.queue_depth = 128;
    scenario.memories = random.memories;
    for (std::size_t k = 0; k < scenario.bus.map.size(); ++k) {
        scenario.bus.map[k].base = 0x100000 * (k + 1);
        scenario.bus.map[k].size = kBytes;
        scenario.memories[k].size = kBytes;
        if (dice.roll(3) != 0) {
            scenario.memories[k].errors.clear();
        }
    }
    DmaConfig& dma = scenario.dma;
    const std::uint32_t bus = dma.bus_bytes();
    // Short bursts: many periods in little time, which is dear on the reference's side.
    dma.max_burst_beats = dice.roll(3) == 0 ? static_cast<std::uint32_t>(1 + dice.roll(6)) : 1U << dice.roll(3);
    dma.fifo_beats = dma.max_burst_beats * static_cast<std::uint32_t>(1 + dice.roll(5));

    const auto add = [&](std::uint64_t at, Action::Kind kind, std::uint32_t offset, std::uint32_t value,
                         std::uint64_t address = 0) {
        if (at < scenario.limit) {
            scenario.actions.push_back({at, kind, offset, value, address});
        }
    };
    const std::uint64_t busy = 1 + dice.roll(std::min<std::uint64_t>(4, dma.channels));
    for (std::uint32_t channel = 0; channel < busy; ++channel) {
        const auto write = [&](std::uint64_t at, std::uint32_t offset, std::uint64_t value) {
            add(at, Action::Kind::Write, native::channel_register(channel, offset), static_cast<std::uint32_t>(value));
        };
        // Mostly apart from what the others read and write, and often on a boundary that bursts keep to.
        const auto place = [&](std::uint64_t room) {
            const std::uint64_t step =
                dice.roll(2) == 0 ? std::uint64_t{bus} * dma.max_burst_beats : 1 + dice.roll(bus);
            const std::uint64_t offset = (dice.roll(12) == 0 ? dice.roll(10) : room) * kRoom + dice.roll(4096);
            return scenario.bus.map[dice.roll(scenario.bus.map.size())].base + (offset + step) / step * step;
        };
        std::uint64_t at = dice.roll(300);
        write(at, reg::kIntEnable, 0x3F);
        const std::uint64_t jobs = 1 + dice.roll(2);
        for (std::uint64_t job = 0; job < jobs; ++job) {
            write(at, reg::kSrcLo, place(2 * channel));
            write(at, reg::kDstLo, place(2 * channel + 1));
            write(at, reg::kLength, bus * (1 + dice.roll(11'000 / bus)));
            write(at, reg::kRows, dice.roll(4) == 0 ? 1 + dice.roll(3) : 1);
            write(at, reg::kSrcStride, dice.roll(2000));
            write(at, reg::kDstStride, dice.roll(2000));
            write(at, reg::kControl, native::control::kStart);
            at += dice.roll(scenario.limit);
        }
        if (dice.roll(3) == 0) {
            const std::uint64_t pause = dice.roll(scenario.limit);
            write(pause, reg::kControl, native::control::kPause);
            write(pause + dice.roll(1000), reg::kControl, native::control::kResume);
        }
        if (dice.roll(6) == 0) {
            write(dice.roll(scenario.limit), reg::kControl, native::control::kAbort);
        }
    }
    const std::uint64_t looks = dice.roll(16);
    for (std::uint64_t k = 0; k < looks; ++k) {
        const std::uint64_t at = dice.roll(scenario.limit);
        if (dice.roll(2) == 0) {
            add(at, Action::Kind::Peek, 0, static_cast<std::uint32_t>(1 + dice.roll(4096)),
                scenario.bus.map[dice.roll(scenario.bus.map.size())].base + dice.roll(kBytes - 4096));
        } else {
            add(at, Action::Kind::Read,
                native::channel_register(static_cast<unsigned>(dice.roll(busy)),
                                         dice.roll(2) == 0 ? reg::kResidueLo : reg::kStatus),
                0);
        }
    }
    std::stable_sort(scenario.actions.begin(), scenario.actions.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    scenario.traffic.resize(scenario.bus.initiators - 1);
    for (auto& list : scenario.traffic) {
        // A CPU that misses now and then, or is not there.
        const std::uint64_t count = dice.roll(2) == 0 ? 0 : dice.roll(10);
        std::uint64_t at = dice.roll(1000);
        for (std::uint64_t k = 0; k < count; ++k) {
            TrafficBurst burst;
            burst.at = at;
            burst.access = dice.roll(2) == 0 ? Access::Read : Access::Write;
            burst.address = scenario.bus.map[dice.roll(scenario.bus.map.size())].base + 64 * dice.roll(kBytes / 64);
            burst.bytes = static_cast<std::uint32_t>(1 + dice.roll(64));
            burst.pattern = static_cast<std::uint32_t>(dice.roll(1U << 31));
            list.push_back(burst);
            at += dice.roll(2000);
        }
    }
    return scenario;
}

Scenario visited_scenario(std::uint64_t seed) {
    namespace reg = native::reg;
    constexpr std::uint64_t kRoom = 12 * 1024;
    constexpr std::uint64_t kOthers = 100 * 1024;  // From here on nobody copies.
    Dice dice(2 * seed + 1);
    Scenario scenario = steady_scenario(seed);
    scenario.limit = 8000 + dice.roll(9000);
    std::vector<Action> actions;
    for (const Action& action : scenario.actions) {
        if (action.kind == Action::Kind::Read || action.kind == Action::Kind::Peek) {
            actions.push_back(action);
        }
    }
    DmaConfig& dma = scenario.dma;
    dma.max_burst_beats = 1U << dice.roll(3);
    dma.fifo_beats = dma.max_burst_beats * static_cast<std::uint32_t>(1 + dice.roll(5));
    const std::uint64_t longest = std::uint64_t{dma.bus_bytes()} * dma.max_burst_beats;
    const std::uint64_t busy = 1 + dice.roll(std::min<std::uint64_t>(3, dma.channels));
    for (std::uint32_t channel = 0; channel < busy; ++channel) {
        const std::uint64_t at = dice.roll(200);
        const auto write = [&](std::uint32_t offset, std::uint64_t value) {
            actions.push_back({at, Action::Kind::Write, native::channel_register(channel, offset),
                               static_cast<std::uint32_t>(value), 0});
        };
        // Mostly a whole number of the longest bursts, one row beside the other, on each other or apart, up or down.
        const std::uint64_t rest = dice.roll(6) == 0 ? dice.roll(longest) : 0;
        const std::uint64_t length = longest * (1 + dice.roll(24)) + rest;
        const std::uint64_t rows = 1 + dice.roll(60);
        const auto side = [&](std::uint32_t low, std::uint32_t stride, std::uint64_t room) {
            const std::uint64_t base = scenario.bus.map[dice.roll(scenario.bus.map.size())].base + room * kRoom;
            const std::uint64_t most = rows == 1 ? 0 : (kRoom - length - longest) / (rows - 1) / longest;
            const std::uint64_t step = dice.roll(3) == 0 ? 0 : longest * dice.roll(most + 1);
            const bool down = dice.roll(4) == 0;
            write(low, base + (dice.roll(8) == 0 ? dice.roll(longest) : 0) + (down ? step * (rows - 1) : 0));
            write(stride, down ? ~step + 1 : step);
        };
        side(reg::kSrcLo, reg::kSrcStride, 2 * channel);
        side(reg::kDstLo, reg::kDstStride, dice.roll(10) == 0 ? 2 * channel : 2 * channel + 1);
        write(reg::kLength, length);
        write(reg::kRows, rows);
        write(reg::kIntEnable, 0x3F);
        write(reg::kControl, native::control::kStart);
        if (dice.roll(5) == 0) {
            const std::uint64_t pause = dice.roll(scenario.limit);
            actions.push_back({pause, Action::Kind::Write, native::channel_register(channel, reg::kControl),
                               native::control::kPause, 0});
            actions.push_back({pause + dice.roll(500), Action::Kind::Write,
                               native::channel_register(channel, reg::kControl), native::control::kResume, 0});
        }
    }
    std::stable_sort(actions.begin(), actions.end(), [](const Action& a, const Action& b) { return a.at < b.at; });
    while (!actions.empty() && actions.back().at >= scenario.limit) {
        actions.pop_back();
    }
    scenario.actions = actions;
    const bool alone = dice.roll(3) != 0;
    for (auto& list : scenario.traffic) {
        list.clear();
        if (alone && &list != &scenario.traffic.front()) {
            continue;
        }
        const std::uint64_t gap = alone ? 80 + 8 * dice.roll(32) : 320;
        const bool regular = dice.roll(3) != 0;
        const std::uint64_t bytes = 1 + dice.roll(64);
        const std::uint64_t writes = dice.roll(4);
        // Where the rows are, where nobody else is, or all at the same few places.
        const bool in_the_way = dice.roll(3) == 0;
        const bool together = !alone && dice.roll(3) != 0;
        const std::size_t where = together ? 0 : dice.roll(scenario.bus.map.size());
        for (std::uint64_t at = dice.roll(600); (regular || dice.roll(40) != 0) && at < scenario.limit; at += gap) {
            // One access, or two, or three at once.
            for (std::uint64_t more = !regular && dice.roll(8) == 0 ? 1 + dice.roll(2) : 0, k = 0; k <= more; ++k) {
                TrafficBurst burst;
                burst.at = at + k * dice.roll(12);
                burst.access = dice.roll(4) < writes ? Access::Write : Access::Read;
                burst.address = scenario.bus.map[where].base + (together     ? kOthers + 64 * dice.roll(2)
                                                                : in_the_way ? 64 * dice.roll(6 * kRoom / 64)
                                                                             : kOthers + 64 * dice.roll(128));
                burst.bytes = static_cast<std::uint32_t>(bytes);
                burst.pattern = static_cast<std::uint32_t>(dice.roll(1U << 31));
                list.push_back(burst);
            }
            at += !regular && dice.roll(5) == 0 ? dice.roll(9) : 0;
        }
        std::stable_sort(list.begin(), list.end(),
                         [](const TrafficBurst& a, const TrafficBurst& b) { return a.at < b.at; });
    }
    return scenario;
}

Scenario paired_scenario(std::uint64_t seed) {
    namespace reg = native::reg;
    constexpr std::uint64_t kRoom = 12 * 1024;
    Dice dice(5 * seed + 3);
    Scenario scenario = visited_scenario(seed);
    scenario.limit = 30000;
    scenario.actions.clear();
    for (auto& memory : scenario.memories) {
        memory.errors.clear();
    }
    DmaConfig& dma = scenario.dma;
    dma.max_burst_beats = static_cast<std::uint32_t>(1 + dice.roll(12));
    dma.fifo_beats = dma.max_burst_beats * static_cast<std::uint32_t>(1 + dice.roll(3));
    scenario.bus.initiators = 3;
    scenario.bus.queue_depth = dice.roll(2) == 0 ? 16 : 1 + static_cast<std::uint32_t>(dice.roll(3));
    scenario.bus.arbiter = {};
    const std::array<const char*, 4> kinds{"fixed_priority", "round_robin", "weighted_round_robin", "priority_ageing"};
    scenario.bus.arbiter.kind = kinds[dice.roll(4)];
    scenario.bus.arbiter.priorities = {1, 1, static_cast<std::uint32_t>(dice.roll(3))};
    scenario.bus.arbiter.weights = {3, 1, 2};
    scenario.bus.arbiter.ageing_cycles = 8;
    const std::uint64_t busy = 1 + dice.roll(std::min<std::uint64_t>(2, dma.channels));
    for (std::uint32_t channel = 0; channel < busy; ++channel) {
        const auto write = [&](std::uint32_t offset, std::uint64_t value) {
            scenario.actions.push_back({10 * channel, Action::Kind::Write, native::channel_register(channel, offset),
                                        static_cast<std::uint32_t>(value), 0});
        };
        const auto base = [&](std::uint64_t room) {
            return scenario.bus.map[dice.roll(scenario.bus.map.size())].base + room * 2 * kRoom +
                   (dice.roll(2) == 0 ? dice.roll(256) : 64 * dice.roll(4));
        };
        write(reg::kSrcLo, base(2 * channel));
        write(reg::kDstLo, base(2 * channel + 1));
        write(reg::kLength, 2 * kRoom - 1024 - dice.roll(300));
        write(reg::kRows, 1 + dice.roll(8));
        write(reg::kSrcStride, dice.roll(2) * 7);
        write(reg::kDstStride, dice.roll(2) * 11);
        write(reg::kIntEnable, 0x3F);
        write(reg::kControl, native::control::kStart);
    }
    scenario.traffic.assign(2, {});
    const std::uint64_t gap = 60 + dice.roll(200);
    const std::uint64_t apart = 1 + dice.roll(70);
    const std::uint64_t jitter = 1 + dice.roll(2) * dice.roll(4);
    for (std::uint64_t number = 0; number < 2; ++number) {
        const std::size_t where = dice.roll(scenario.bus.map.size());
        const std::uint64_t bytes = 1 + dice.roll(64);
        const bool writes = dice.roll(2) == 0;
        for (std::uint64_t at = 300 + number * apart; at < scenario.limit; at += gap) {
            if (number == 1 && dice.roll(6) == 0) {
                continue;
            }
            TrafficBurst burst;
            burst.at = at + (number == 1 ? dice.roll(jitter) : 0);
            burst.access = writes ? Access::Write : Access::Read;
            burst.address = scenario.bus.map[where].base + 110 * 1024 + 64 * dice.roll(100);
            burst.bytes = static_cast<std::uint32_t>(bytes);
            burst.pattern = static_cast<std::uint32_t>(dice.roll(1U << 31));
            scenario.traffic[number].push_back(burst);
        }
    }
    return scenario;
}

Scenario held_scenario(std::uint64_t seed) {
    Dice dice(11 * seed + 3);
    Scenario scenario = paired_scenario(seed);
    scenario.bus.queue_depth = 1;
    scenario.bus.request_latency = 1 + static_cast<std::uint32_t>(dice.roll(4));
    scenario.dma.max_reads = 1 + static_cast<std::uint32_t>(dice.roll(2));
    scenario.dma.max_writes = 1 + static_cast<std::uint32_t>(dice.roll(2));
    scenario.traffic.assign(2, {});
    const std::uint64_t gap = 90 + dice.roll(200);
    const std::uint64_t apart = dice.roll(40);
    const bool other = dice.roll(2) == 0;
    const std::uint64_t more = 1 + dice.roll(6);
    const std::uint64_t more2 = 1 + dice.roll(2);
    for (std::uint64_t number = 0; number < 2; ++number) {
        const std::uint64_t bytes = 1 + dice.roll(64);
        const std::size_t where = dice.roll(scenario.bus.map.size());
        const Access first = dice.roll(2) == 0 ? Access::Read : Access::Write;
        for (std::uint64_t at = 300 + number * apart; at < scenario.limit; at += gap) {
            for (std::uint64_t k = 0; k < (number == 0 ? 1 : 3); ++k) {
                TrafficBurst burst;
                burst.at = at + (k == 0 ? 0 : k == 1 ? more2 : more2 + more);
                burst.access = k == 2 ? (first == Access::Read ? Access::Write : Access::Read) : first;
                burst.address = scenario.bus.map[other ? (where + k) % scenario.bus.map.size() : where].base +
                                110 * 1024 + 64 * dice.roll(100);
                burst.bytes = static_cast<std::uint32_t>(bytes);
                burst.pattern = static_cast<std::uint32_t>(dice.roll(1U << 31));
                scenario.traffic[number].push_back(burst);
            }
        }
    }
    return scenario;
}

}  // namespace dmasim::reference
