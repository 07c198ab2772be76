// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/pc_at_controller.h"

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/pc_at/pc_at_dma.h"

namespace dmasim::dma {

namespace {

constexpr std::uint32_t kByteBlock = 0x10000;
constexpr std::uint32_t kWordBlock = 0x20000;
constexpr std::uint32_t kPriorityFunction = 1;

bool words(unsigned channel) {
    return channel >= kPcAtCascadeChannel;
}

/// Offset of register `number` (0 to 15) of the controller of `channel`.
std::uint32_t own(unsigned channel, std::uint32_t number) {
    return words(channel) ? pc_at_port::kMaster + 2 * number : pc_at_port::kSlave + number;
}

std::uint32_t own(unsigned channel, I8237Register number) {
    return own(channel, offset_of(number));
}

bool known(unsigned channel) {
    return channel < kPcAtChannels && channel != kPcAtCascadeChannel;
}

}  // namespace

PcAtController::PcAtController(const PcAtControllerConfig& config) : config_(config) {
    if (config.poll_cycles == 0) {
        throw ConfigError("PC/AT controller: poll_cycles is 0, must be 1 or more");
    }
}

void PcAtController::write(CpuContext& cpu, std::uint32_t offset, std::uint8_t value) const {
    cpu.store8(config_.registers + offset, value, MemoryType::Device);
}

std::uint8_t PcAtController::read(CpuContext& cpu, std::uint32_t offset) const {
    return cpu.load8(config_.registers + offset, MemoryType::Device);
}

SystemLimits PcAtController::limits(unsigned channel) const {
    SystemLimits limits;
    limits.exists = known(channel);
    limits.address_bits = 24;
    limits.maximum_bytes = words(channel) ? kWordBlock : kByteBlock;
    limits.boundary = limits.maximum_bytes;
    limits.unit_bytes = words(channel) ? 2 : 1;
    limits.element_limit = 1;
    limits.interrupts = config_.interrupt;
    return limits;
}

void PcAtController::start(CpuContext& cpu, const SystemTransfer& transfer) {
    const unsigned channel = transfer.channel;
    if (!known(channel) || transfer.elements.empty()) {
        return;
    }
    const Element& element = transfer.elements.front();
    const auto number = static_cast<std::uint8_t>(channel % 4);
    const unsigned shift = words(channel) ? 1 : 0;
    const auto address = static_cast<std::uint16_t>(element.logical >> shift);
    const auto count = static_cast<std::uint16_t>((element.bytes >> shift) - 1);
    std::uint8_t mode = number;
    mode = static_cast<std::uint8_t>(mode | (transfer.to_device ? i8237_mode::kRead : i8237_mode::kWrite));
    mode = static_cast<std::uint8_t>(mode | (transfer.auto_initialize ? i8237_mode::kAutoinitialise : 0));
    mode = static_cast<std::uint8_t>(mode | (transfer.demand ? i8237_mode::kDemand : i8237_mode::kSingle));
    write(cpu, own(channel, I8237Register::SingleMask), static_cast<std::uint8_t>(4 | number));
    if (!words(channel)) {
        // The slave's channels go through channel 0 of the master.
        write(cpu, own(kPcAtCascadeChannel, I8237Register::Mode), i8237_mode::kCascade);
        write(cpu, own(kPcAtCascadeChannel, I8237Register::SingleMask), 0);
    }
    look(cpu, channel / 4);
    write(cpu, own(channel, I8237Register::Mode), mode);
    write(cpu, own(channel, I8237Register::ClearFlipFlop), 0);
    write(cpu, own(channel, i8237_address_offset(number)), static_cast<std::uint8_t>(address));
    write(cpu, own(channel, i8237_address_offset(number)), static_cast<std::uint8_t>(address >> 8));
    write(cpu, pc_at_page_offset(channel), static_cast<std::uint8_t>(element.logical >> 16));
    write(cpu, own(channel, i8237_count_offset(number)), static_cast<std::uint8_t>(count));
    write(cpu, own(channel, i8237_count_offset(number)), static_cast<std::uint8_t>(count >> 8));
    if (config_.interrupt) {
        write(cpu, pc_at_port::kEnded, static_cast<std::uint8_t>(1U << channel));
        write(cpu, pc_at_port::kInterruptEnable, 0xEF);
    }
    ended_[channel] = false;
    failed_[channel] = false;
    running_[channel] = true;
    looping_[channel] = transfer.auto_initialize;
    write(cpu, own(channel, I8237Register::SingleMask), number);
}

void PcAtController::stop(CpuContext& cpu, unsigned channel) {
    if (known(channel)) {
        write(cpu, own(channel, I8237Register::SingleMask), static_cast<std::uint8_t>(4 | channel % 4));
        look(cpu, channel / 4);
        running_[channel] = false;
    }
}

void PcAtController::look(CpuContext& cpu, unsigned controller) {
    // Reading takes the bits of all four channels.
    const std::uint8_t status = read(cpu, own(4 * controller, I8237Register::Command));
    for (unsigned number = 0; number < 4; ++number) {
        const unsigned channel = 4 * controller + number;
        ended_[channel] = ended_[channel] || (running_[channel] && (status >> number & 1) != 0);
    }
    if (config_.internal_buffer) {
        const std::uint8_t failed = read(cpu, pc_at_port::kFailed);
        for (unsigned channel = 0; channel < kPcAtChannels; ++channel) {
            failed_[channel] = failed_[channel] || (failed >> channel & 1) != 0;
        }
        if (failed != 0) {
            write(cpu, pc_at_port::kFailed, failed);
        }
    }
}

SystemState PcAtController::state(CpuContext& cpu, unsigned channel) {
    if (!known(channel) || !running_[channel]) {
        return SystemState::Idle;
    }
    look(cpu, channel / 4);
    if (failed_[channel]) {
        return SystemState::Error;
    }
    return ended_[channel] && !looping_[channel] ? SystemState::Complete : SystemState::Running;
}

std::uint32_t PcAtController::count_of(CpuContext& cpu, unsigned channel) {
    // Two bytes that are not read at once: again until the high byte stands still.
    const std::uint32_t offset = own(channel, i8237_count_offset(channel % 4));
    const auto once = [&] {
        write(cpu, own(channel, I8237Register::ClearFlipFlop), 0);
        const std::uint32_t low = read(cpu, offset);
        return low | std::uint32_t{read(cpu, offset)} << 8;
    };
    std::uint32_t before = once();
    while (true) {
        const std::uint32_t now = once();
        if (now >> 8 == before >> 8) {
            return now;
        }
        before = now;
    }
}

std::uint64_t PcAtController::remaining(CpuContext& cpu, unsigned channel) {
    if (!known(channel)) {
        return 0;
    }
    const std::uint32_t left = (count_of(cpu, channel) + 1) & 0xFFFF;
    if (left == 0) {
        look(cpu, channel / 4);
        if (ended_[channel] && !looping_[channel]) {
            return 0;
        }
    }
    const std::uint64_t units = left == 0 ? 0x10000 : left;
    return units * (words(channel) ? 2 : 1);
}

bool PcAtController::drain(CpuContext& cpu, unsigned channel) {
    if (!known(channel)) {
        return true;
    }
    if (config_.internal_buffer) {
        write(cpu, pc_at_port::kDrain, static_cast<std::uint8_t>(channel));
        while ((read(cpu, pc_at_port::kDraining) >> channel & 1) != 0) {
            cpu.wait_cycles(config_.poll_cycles);
        }
    }
    look(cpu, channel / 4);
    const bool failed = failed_[channel];
    failed_[channel] = false;
    return !failed;
}

Status PcAtController::configure(CpuContext& cpu, unsigned channel, std::uint32_t function, std::uint64_t value) {
    if (!known(channel) || function != kPriorityFunction || value > 1) {
        return Status::NotImplemented;
    }
    write(cpu, own(channel, I8237Register::Command), value == 1 ? i8237_command::kRotating : std::uint8_t{0});
    return Status::Success;
}

void PcAtController::acknowledge(CpuContext& cpu) {
    if (!config_.interrupt) {
        return;
    }
    const std::uint8_t ended = read(cpu, pc_at_port::kEnded);
    if (ended != 0) {
        write(cpu, pc_at_port::kEnded, ended);
    }
}

}  // namespace dmasim::dma
