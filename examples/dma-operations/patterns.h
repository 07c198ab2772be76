// SPDX-License-Identifier: Apache-2.0
//
// The ways in which drivers use DMA, as the operating system's documentation describes them. Each function is a driver's
// work from the adapter to the last byte; it runs on the simulated CPU.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <dmasim/cpu_stub/core/native_driver.h>

#include "machine.h"

namespace example {

using dma::Direction;
using dma::Status;

constexpr std::uint32_t kPage = 4096;
constexpr std::uint64_t kVirtual = 0x7000'0000;

// What becomes of a pattern. Not on the stack of the program, which SystemC does not unwind.
struct Outcome {
    bool done = false;                // It came to its end.
    bool right = false;               // All bytes are where they should be.
    std::uint64_t cycles = 0;         // From the first call about the transfer to the last.
    Status status = Status::Success;  // Of the device's work.
    bool device_error = false;
};

// What a driver may do wrong, or superfluously.
struct Habits {
    bool leave_out_flush = false;    // Versions 1 and 2: of the caches. Version 3: the one at the end.
    bool superfluous_flush = false;  // Version 3: of the caches, as version 1 needs it.
    bool unmapped = false;           // Gives the device an address that was not mapped.
    bool wrong_direction = false;    // Maps to the device what the device writes.
};

class Driver {
  public:
    Driver(dmasim::CpuContext& context, Machine& the_machine, Outcome& result, const Habits& my_habits = {})
        : cpu(context),
          machine(the_machine),
          outcome(result),
          habits(my_habits),
          controller(machine.controller_config()),
          os(cpu, machine.dma_config(), &machine.checks) {
        os.set_system_controller(controller);
        machine.report_faults(os);
        if (machine.config.verify) {
            os.set_notes(&machine.verifier);
        }
        if (!machine.config.silence_interrupt) {
            os.attach_interrupt(kSystemDmaLine);
        }
        cpu.on_interrupt(kRecorderLine, [this](dmasim::CpuContext& inside) {
            inside.write_register(kRecorder + dmasim::fly_by_reg::kStatus, dmasim::fly_by_status::kDone);
            recorder_done = true;
        });
    }

    // 1. A recorder on channel 1 fills a buffer of scattered pages, as many at a time as there are map registers.
    void packet_system_dma() {
        constexpr std::uint64_t kBytes = 9984;
        const dma::Mdl buffer = scattered_buffer(kBytes);
        const auto sound = pattern(kBytes, 3);
        machine.recorder.supply(sound);
        fill(buffer, 0x11);
        dma::DeviceDescription description;
        description.master = false;
        description.channel = kRecorderChannel;
        description.maximum_length = kPage;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kRecorderDevice, description, granted);
        os.set_level(dma::Level::Dispatch);
        const Cycles begin = cpu.now();
        if (!habits.leave_out_flush) {
            os.ke_flush_io_buffers(&buffer, true, true);
        }
        dma::RegisterBase base = 0;
        std::uint64_t done = 0;
        std::uint64_t length = 0;
        const auto operation = [&] {
            length = std::min(kBytes - done, std::uint64_t{granted} * kPage);
            length = adapter.map_transfer(&buffer, base, kVirtual + done, length, Direction::FromDevice).bytes;
            start_recorder(length);
        };
        outcome.status = adapter.allocate_adapter_channel(kRecorderDevice, granted, [&](dma::RegisterBase given) {
            base = given;
            operation();
            return dma::AllocationAction::KeepObject;
        });
        while (true) {
            wait_for_recorder();
            // What is left in the controller's own buffer goes to memory.
            if (!adapter.flush_adapter_buffers(&buffer, base, kVirtual + done, length, Direction::FromDevice)) {
                outcome.status = Status::Unsuccessful;
            }
            done += length;
            if (done == kBytes || length == 0) {
                break;
            }
            operation();
        }
        adapter.free_adapter_channel();
        os.set_level(dma::Level::Passive);
        outcome.cycles = (cpu.now() - begin).count();
        outcome.right = load(buffer) == sound;
        finish(adapter, kRecorderDevice);
    }

    // 2. A recorder goes round in a ring that both sides see; the driver reads behind the controller's counter.
    void common_buffer_system_dma() {
        constexpr std::uint64_t kBytes = 10004;
        constexpr std::uint64_t kRing = 4096;
        const auto sound = pattern(kBytes, 5);
        machine.recorder.supply(sound);
        dma::DeviceDescription description;
        description.master = false;
        description.channel = kRecorderChannel;
        description.maximum_length = kRing;
        description.auto_initialize = true;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kRecorderDevice, description, granted);
        const dma::CommonBuffer ring = adapter.allocate_common_buffer(kRing, true);
        const dma::Mdl list = dma::make_contiguous_mdl(ring.address, kRing);
        os.set_level(dma::Level::Dispatch);
        const Cycles begin = cpu.now();
        if (!habits.leave_out_flush) {
            os.ke_flush_io_buffers(&list, true, true);
        }
        dma::RegisterBase base = 0;
        outcome.status = adapter.allocate_adapter_channel(kRecorderDevice, 1, [&](dma::RegisterBase given) {
            base = given;
            adapter.map_transfer(&list, base, ring.address, kRing, Direction::FromDevice);
            return dma::AllocationAction::KeepObject;
        });
        start_recorder(kBytes, false);
        std::vector<std::uint8_t> heard;
        while (!recorder_done) {
            cpu.wait_cycles(2000);
            // The counter counts what has come into the controller; up to 7 bytes of it are still there.
            const std::uint64_t position = (kRing - adapter.read_dma_counter()) % kRing;
            read_ring(ring, position - position % 8, heard);
        }
        adapter.flush_adapter_buffers(&list, base, ring.address, kRing, Direction::FromDevice);
        read_ring(ring, kBytes % kRing, heard);
        adapter.free_adapter_channel();
        os.set_level(dma::Level::Passive);
        outcome.cycles = (cpu.now() - begin).count();
        adapter.free_common_buffer(kRing, ring.logical, ring.address, true);
        outcome.right = heard == sound;
        finish(adapter, kRecorderDevice);
    }

    // 3. The card reads or writes a buffer in pieces that the map registers allow: versions 1 and 2.
    void packet_bus_master(Direction direction) {
        constexpr std::uint64_t kBytes = 24576;
        const bool out = direction == Direction::ToDevice;
        const dma::Mdl buffer = scattered_buffer(kBytes);
        prepare(buffer, out);
        dma::DeviceDescription description;
        // Where addresses are identical no register is needed, and version 3 takes it all at once.
        description.scatter_gather = machine.config.registers == dma::MapRegisterKind::Identity;
        description.maximum_length = description.scatter_gather ? kBytes : 12288;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kCardDevice, description, granted);
        os.set_level(dma::Level::Dispatch);
        const Cycles begin = cpu.now();
        if (!habits.leave_out_flush) {
            os.ke_flush_io_buffers(&buffer, !out, true);
        }
        const Direction mapped_as =
            habits.wrong_direction ? (out ? Direction::FromDevice : Direction::ToDevice) : direction;
        dma::RegisterBase base = 0;
        std::uint64_t done = 0;
        const auto operation = [&] {
            const std::uint64_t length = std::min(kBytes - done, std::uint64_t{granted} * kPage);
            std::vector<dma::Element> elements;
            std::uint64_t mapped = 0;
            while (mapped < length && (mapped == 0 || description.scatter_gather)) {
                const dma::MappedBlock block =
                    adapter.map_transfer(&buffer, base, kVirtual + done + mapped, length - mapped, mapped_as);
                if (block.bytes == 0) {
                    break;
                }
                elements.push_back({block.logical, block.bytes});
                mapped += block.bytes;
            }
            card_moves(elements, done, out);
            adapter.flush_adapter_buffers(&buffer, base, kVirtual + done, mapped, mapped_as);
            done += mapped;
            return mapped != 0 && !outcome.device_error;
        };
        outcome.status = adapter.allocate_adapter_channel(kCardDevice, granted, [&](dma::RegisterBase given) {
            base = given;
            return dma::AllocationAction::DeallocateObjectKeepRegisters;
        });
        while (done < kBytes && operation()) {
        }
        adapter.free_map_registers(base, granted);
        os.set_level(dma::Level::Passive);
        outcome.cycles = (cpu.now() - begin).count();
        judge(buffer, out);
        finish(adapter, kCardDevice);
    }

    // 4. A mailbox that the card and its driver use for as long as both are there.
    void common_buffer_bus_master() {
        constexpr std::uint64_t kMail = 256;
        dma::DeviceDescription description;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kCardDevice, description, granted);
        const dma::CommonBuffer mailbox = adapter.allocate_common_buffer(2 * kMail, true);
        const auto type = mailbox.cached ? dmasim::MemoryType::Cached : dmasim::MemoryType::Uncached;
        const Cycles begin = cpu.now();
        outcome.right = static_cast<bool>(mailbox);
        for (std::uint8_t round = 1; round <= 4 && outcome.right; ++round) {
            const auto command = pattern(kMail, round);
            cpu.write(mailbox.address, command.data(), command.size(), type);
            cpu.dsb();
            // The card reads the command and, being simple-minded, writes it back as its answer.
            card_moves({{mailbox.logical, kMail}}, 0, true);
            card_moves({{mailbox.logical + kMail, kMail}}, 0, false);
            std::vector<std::uint8_t> answer(kMail);
            cpu.read(mailbox.address + kMail, answer.data(), answer.size(), type);
            outcome.right = answer == command;
        }
        outcome.cycles = (cpu.now() - begin).count();
        adapter.free_common_buffer(2 * kMail, mailbox.logical, mailbox.address, true);
        finish(adapter, kCardDevice);
    }

    // 5. A card that takes lists: one call reserves, maps and makes the list.
    void scatter_gather(Direction direction) {
        constexpr std::uint64_t kBytes = 9984;
        const bool out = direction == Direction::ToDevice;
        const dma::Mdl buffer = scattered_buffer(kBytes);
        prepare(buffer, out);
        dma::DeviceDescription description;
        description.maximum_length = 16384;
        description.scatter_gather = true;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kCardDevice, description, granted);
        os.set_level(dma::Level::Dispatch);
        const Cycles begin = cpu.now();
        if (!habits.leave_out_flush) {
            os.ke_flush_io_buffers(&buffer, !out, true);
        }
        dma::ScatterGatherList list;
        outcome.status = adapter.get_scatter_gather_list(
            kCardDevice, &buffer, kVirtual, kBytes, [&](const dma::ScatterGatherList& made) { list = made; },
            direction);
        card_moves(list.elements, 0, out);
        adapter.put_scatter_gather_list(list, direction);
        os.set_level(dma::Level::Passive);
        outcome.cycles = (cpu.now() - begin).count();
        judge(buffer, out);
        finish(adapter, kCardDevice);
    }

    // 6. Version 3: no flushes by the driver, operations as large as the system says.
    void version3(Direction direction) {
        constexpr std::uint64_t kBytes = 24576;
        const bool out = direction == Direction::ToDevice;
        const dma::Mdl buffer = scattered_buffer(kBytes);
        prepare(buffer, out);
        dma::DeviceDescription description;
        description.version = 3;
        // Where addresses are identical no register is needed, and version 3 takes it all at once.
        description.scatter_gather = machine.config.registers == dma::MapRegisterKind::Identity;
        description.maximum_length = description.scatter_gather ? kBytes : 12288;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kCardDevice, description, granted);
        dma::TransferContext context;
        adapter.initialize_dma_transfer_context(context);
        dma::TransferInfo info;
        adapter.get_dma_transfer_info(&buffer, 0, kBytes, out, info);
        os.set_level(dma::Level::Dispatch);
        const Cycles begin = cpu.now();
        if (habits.superfluous_flush) {
            os.ke_flush_io_buffers(&buffer, !out, true);
        }
        dma::RegisterBase base = 0;
        const auto taken = std::min<std::uint64_t>(info.registers, granted);
        outcome.status = adapter.allocate_adapter_channel_ex(
            kCardDevice, context, taken, {},
            [&](dma::RegisterBase given) {
                base = given;
                return dma::AllocationAction::DeallocateObjectKeepRegisters;
            },
            nullptr);
        for (std::uint64_t done = 0; done < kBytes && !outcome.device_error;) {
            std::uint64_t bytes = kBytes - done;
            std::vector<dma::Element> list;
            outcome.status =
                adapter.map_transfer_ex(&buffer, base, done, 0, bytes, direction, dma::list_bytes(16), &list, {});
            if (outcome.status != Status::Success) {
                break;
            }
            card_moves(list, done, out);
            if (!habits.leave_out_flush) {
                adapter.flush_adapter_buffers_ex(&buffer, base, done, bytes, direction);
            }
            done += bytes;
        }
        adapter.free_map_registers(base, taken);
        os.set_level(dma::Level::Passive);
        outcome.cycles = (cpu.now() - begin).count();
        judge(buffer, out);
        finish(adapter, kCardDevice);
    }

    // 7. Version 3 on a channel of the system: the controller's interrupt runs the completion routine.
    void version3_system_dma() {
        constexpr std::uint64_t kBytes = 6016;
        const dma::Mdl buffer = scattered_buffer(kBytes);
        const auto sound = pattern(kBytes, 7);
        machine.recorder.supply(sound);
        fill(buffer, 0x22);
        dma::DeviceDescription description;
        description.version = 3;
        description.master = false;
        description.channel = kRecorderChannel;
        description.maximum_length = 8192;
        std::uint32_t granted = 0;
        dma::Adapter adapter = os.get_dma_adapter(kRecorderDevice, description, granted);
        dma::TransferContext context;
        adapter.initialize_dma_transfer_context(context);
        os.set_level(dma::Level::Dispatch);
        const Cycles begin = cpu.now();
        dma::RegisterBase base = 0;
        outcome.status = adapter.allocate_adapter_channel_ex(kRecorderDevice, context, granted, {true}, {}, &base);
        for (std::uint64_t done = 0; done < kBytes && outcome.status == Status::Success;) {
            std::uint64_t bytes = kBytes - done;
            bool complete = false;
            outcome.status = adapter.map_transfer_ex(&buffer, base, done, 0, bytes, Direction::FromDevice, 0, nullptr,
                                                     [&](dma::CompletionStatus) { complete = true; });
            start_recorder(bytes);
            cpu.wait_until([&] { return complete && recorder_done; });
            adapter.flush_adapter_buffers_ex(&buffer, base, done, bytes, Direction::FromDevice);
            done += bytes;
        }
        adapter.free_adapter_object(kRecorderDevice, dma::AllocationAction::DeallocateObject);
        os.set_level(dma::Level::Passive);
        outcome.cycles = (cpu.now() - begin).count();
        outcome.right = load(buffer) == sound;
        finish(adapter, kRecorderDevice);
    }

    static std::vector<std::uint8_t> pattern(std::size_t bytes, std::uint8_t seed) {
        std::vector<std::uint8_t> data(bytes);
        for (std::size_t place = 0; place < bytes; ++place) {
            data[place] = static_cast<std::uint8_t>(seed + place * 7 + place / 251);
        }
        return data;
    }

  private:
    // Pages of memory that do not follow each other; the last ones lie above 16 MiB. One block where nothing copies.
    [[nodiscard]] dma::Mdl scattered_buffer(std::uint64_t bytes) const {
        std::vector<std::uint64_t> pages;
        for (std::uint64_t page = 0; page < dma::span_pages(kVirtual, bytes, kPage); ++page) {
            const bool one_block = machine.config.registers == dma::MapRegisterKind::Identity;
            pages.push_back(one_block ? 0x40'0000 + page * kPage : 0x300'0000 + page * 5 % 13 * 2 * kPage);
        }
        return dma::make_mdl(kVirtual, bytes, pages);
    }
    void store(const dma::Mdl& buffer, const std::vector<std::uint8_t>& data) {
        std::size_t done = 0;
        for (const dmasim::MemoryFragment& piece : dma::pages_of(&buffer, 0, buffer.bytes, kPage)) {
            cpu.write(piece.address, data.data() + done, piece.bytes);
            done += piece.bytes;
        }
    }
    void fill(const dma::Mdl& buffer, std::uint8_t value) {
        store(buffer, std::vector<std::uint8_t>(buffer.bytes, value));
    }
    std::vector<std::uint8_t> load(const dma::Mdl& buffer) {
        std::vector<std::uint8_t> data(buffer.bytes);
        std::size_t done = 0;
        for (const dmasim::MemoryFragment& piece : dma::pages_of(&buffer, 0, buffer.bytes, kPage)) {
            cpu.read(piece.address, data.data() + done, piece.bytes);
            done += piece.bytes;
        }
        return data;
    }

    // The data is in the buffer (to the device) or on the card, with something else in the buffer.
    void prepare(const dma::Mdl& buffer, bool out) {
        wanted = pattern(buffer.bytes, out ? 1 : 2);
        if (out) {
            store(buffer, wanted);
        } else {
            machine.card_memory.poke(0, wanted.data(), wanted.size());
            fill(buffer, 0x33);
        }
    }
    void judge(const dma::Mdl& buffer, bool out) {
        if (out) {
            std::vector<std::uint8_t> there(buffer.bytes);
            machine.card_memory.peek(0, there.data(), there.size());
            outcome.right = there == wanted;
        } else {
            outcome.right = load(buffer) == wanted;
        }
    }

    // The card's part: moves elements of a list to or from its own memory, and interrupts.
    void card_moves(std::vector<dma::Element> elements, std::uint64_t place, bool out) {
        dmasim::NativeDriverConfig settings;
        settings.registers = kCardRegisters;
        settings.coherent = true;  // Caches are the operating system's matter here.
        settings.interrupt_line = kCardLine;
        dmasim::NativeDriver driver(cpu, settings);
        for (const dma::Element& element : elements) {
            const std::uint64_t logical = habits.unmapped ? element.logical ^ 0x40'0000 : element.logical;
            const std::uint64_t on_card = kCardMemory + place;
            const auto bytes = static_cast<std::uint32_t>(element.bytes);
            const auto end = driver.copy(0, out ? on_card : logical, out ? logical : on_card, bytes);
            if (!end.ok()) {
                outcome.device_error = true;
                return;
            }
            place += element.bytes;
        }
    }

    void start_recorder(std::uint64_t bytes, bool until_terminal = true) {
        recorder_done = false;
        cpu.write_register(kRecorder + dmasim::fly_by_reg::kCount, static_cast<std::uint32_t>(bytes));
        cpu.write_register(kRecorder + dmasim::fly_by_reg::kControl,
                           dmasim::fly_by_control::kStart | dmasim::fly_by_control::kInterrupt |
                               (until_terminal ? dmasim::fly_by_control::kUntilTerminal : 0));
    }
    void wait_for_recorder() {
        cpu.wait_until([this] { return recorder_done; });
    }
    // Reads the ring up to `end`.
    void read_ring(const dma::CommonBuffer& ring, std::uint64_t end, std::vector<std::uint8_t>& heard) {
        const auto type = ring.cached ? dmasim::MemoryType::Cached : dmasim::MemoryType::Uncached;
        std::uint64_t place = heard.size() % ring.asked;
        while (place != end) {
            const std::uint64_t part = (end > place ? end : ring.asked) - place;
            std::vector<std::uint8_t> bytes(part);
            cpu.read(ring.address + place, bytes.data(), part, type);
            heard.insert(heard.end(), bytes.begin(), bytes.end());
            place = (place + part) % ring.asked;
        }
    }
    void finish(dma::Adapter& adapter, dma::DeviceId device) {
        adapter.put_dma_adapter();
        os.driver_unload(device);
        outcome.done = true;
    }

    dmasim::CpuContext& cpu;
    Machine& machine;
    Outcome& outcome;
    Habits habits;
    dma::PcAtController controller;
    dma::DmaOperations os;
    bool recorder_done = false;
    std::vector<std::uint8_t> wanted;
};

struct Pattern {
    const char* name;
    void (*run)(Driver& driver);
};

inline const std::vector<Pattern>& patterns() {
    static const std::vector<Pattern> kPatterns{
        {"packet system DMA", [](Driver& driver) { driver.packet_system_dma(); }},
        {"common-buffer system DMA", [](Driver& driver) { driver.common_buffer_system_dma(); }},
        {"packet bus master, out", [](Driver& driver) { driver.packet_bus_master(Direction::ToDevice); }},
        {"packet bus master, in", [](Driver& driver) { driver.packet_bus_master(Direction::FromDevice); }},
        {"common-buffer bus master", [](Driver& driver) { driver.common_buffer_bus_master(); }},
        {"scatter/gather, out", [](Driver& driver) { driver.scatter_gather(Direction::ToDevice); }},
        {"scatter/gather, in", [](Driver& driver) { driver.scatter_gather(Direction::FromDevice); }},
        {"version 3, out", [](Driver& driver) { driver.version3(Direction::ToDevice); }},
        {"version 3, in", [](Driver& driver) { driver.version3(Direction::FromDevice); }},
        {"version 3 system DMA", [](Driver& driver) { driver.version3_system_dma(); }},
    };
    return kPatterns;
}

// A machine with one driver on it.
struct Run {
    Run(const std::string& name, const Pattern& the_pattern, const MachineConfig& config, const Habits& my_habits = {})
        : pattern(the_pattern), habits(my_habits), machine(name.c_str(), config) {
        machine.cpu.set_program([this](dmasim::CpuContext& cpu) {
            driver = std::make_unique<Driver>(cpu, machine, outcome, habits);
            pattern.run(*driver);
        });
    }
    // Rules that were broken, each once, after the simulation.
    std::vector<std::string> rules() {
        machine.verifier.finish();
        std::vector<std::string> names;
        for (const dmasim::Finding& finding : machine.verifier.findings()) {
            if (std::find(names.begin(), names.end(), finding.rule) == names.end()) {
                names.push_back(finding.rule);
            }
        }
        return names;
    }

    Pattern pattern;
    Habits habits;
    Outcome outcome;
    Machine machine;
    std::unique_ptr<Driver> driver;
};

}  // namespace example
