// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/block_driver.h"

#include <vector>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim {

namespace device = block_device::reg;

namespace {

bool is_power_of_two(std::uint32_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

std::uint8_t log2_of(std::uint32_t power_of_two) {
    std::uint8_t log2 = 0;
    while (power_of_two >> (log2 + 1) != 0) {
        ++log2;
    }
    return log2;
}

const char* text_of(BlockDeviceError error) {
    switch (error) {
        case BlockDeviceError::None:
            return "no error";
        case BlockDeviceError::Range:
            return "sectors that do not exist";
        case BlockDeviceError::BusyStart:
            return "started while busy";
        case BlockDeviceError::DataPort:
            return "wrong use of the data port";
        case BlockDeviceError::Medium:
            return "the medium failed";
    }
    return "an unknown error";
}

BlockDeviceError error_of(std::uint32_t status) {
    return static_cast<BlockDeviceError>((status >> device::kErrorCodeShift) & 0xFU);
}

}  // namespace

BlockDriver::BlockDriver(const BlockDriverConfig& config) : config_(config) {
    std::string problems;
    const auto problem = [&](const std::string& text) { problems += (problems.empty() ? "" : "; ") + text; };
    if (!is_power_of_two(config.element_bytes) || config.element_bytes > 128) {
        problem("element_bytes is " + std::to_string(config.element_bytes) + "; it must be a power of two, 1 to 128");
    } else if (config.unit_bytes == 0 || config.unit_bytes % config.element_bytes != 0) {
        problem("unit_bytes is " + std::to_string(config.unit_bytes) + "; it must be a multiple of element_bytes");
    }
    if (config.descriptors % native::kDescriptorBytes != 0) {
        problem("descriptors is " + std::to_string(config.descriptors) + "; it must be a multiple of 64");
    }
    if (config.max_descriptors == 0) {
        problem("max_descriptors is 0; it must be at least 1");
    }
    if (config.controller.poll_cycles == 0) {
        problem("poll_cycles is 0; it must be at least 1");
    }
    if (!problems.empty()) {
        throw ConfigError("block driver: " + problems);
    }
}

void BlockDriver::set(CpuContext& cpu, std::uint64_t offset, std::uint32_t value) const {
    cpu.write_register(config_.device + offset, value);
}

std::uint32_t BlockDriver::get(CpuContext& cpu, std::uint64_t offset) const {
    return cpu.read_register(config_.device + offset);
}

bool BlockDriver::probe(CpuContext& cpu) {
    const std::uint64_t errors = cpu.errors();
    sector_bytes_ = get(cpu, device::kSectorBytes);
    sectors_ = get(cpu, device::kCapacityLow);
    sectors_ |= std::uint64_t{get(cpu, device::kCapacityHigh)} << 32;
    const bool usable = cpu.errors() == errors && is_power_of_two(sector_bytes_) && sectors_ != 0 &&
                        sector_bytes_ % config_.element_bytes == 0;
    return usable && NativeDriver(cpu, config_.controller).probe();
}

std::string BlockDriver::check(const ScatteredBuffer& buffer) const {
    std::uint64_t bytes = 0;
    for (const MemoryFragment& fragment : buffer) {
        if (fragment.bytes == 0 || fragment.bytes % config_.element_bytes != 0 ||
            fragment.address % config_.element_bytes != 0) {
            return "a fragment of the buffer is not made of whole elements";
        }
        bytes += fragment.bytes;
    }
    if (bytes == 0 || sector_bytes_ == 0 || bytes % sector_bytes_ != 0 || bytes / sector_bytes_ > 0xFFFFFFFFU) {
        return "the buffer is not made of whole sectors";
    }
    return buffer.size() > config_.max_descriptors ? "the buffer has more fragments than there are descriptors" : "";
}

BlockDriver::Completion BlockDriver::read(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer) {
    return command(cpu, sector, buffer, false);
}

BlockDriver::Completion BlockDriver::write(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer) {
    return command(cpu, sector, buffer, true);
}

BlockDriver::Completion BlockDriver::command(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer,
                                             bool write) {
    Completion completion;
    completion.problem = check(buffer);
    if (!completion.problem.empty()) {
        return completion;
    }
    const bool maintain = config_.maintain_buffers && !config_.controller.coherent;
    const Cycles began = cpu.now();
    if (maintain) {
        for (const MemoryFragment& fragment : buffer) {
            if (write) {
                cpu.clean(fragment.address, fragment.bytes);
            } else {
                // No dirty line may be evicted over what the device will have written.
                cpu.clean_invalidate(fragment.address, fragment.bytes);
            }
        }
    }
    const Cycles cleaned = cpu.now();
    times_.maintenance += (cleaned - began).count();

    completion = move(cpu, sector, buffer, write);

    if (maintain && !write) {
        const Cycles moved = cpu.now();
        for (const MemoryFragment& fragment : buffer) {
            cpu.invalidate(fragment.address, fragment.bytes);
        }
        times_.maintenance += (cpu.now() - moved).count();
    }
    return completion;
}

BlockDriver::Completion BlockDriver::move(CpuContext& cpu, std::uint64_t sector, const ScatteredBuffer& buffer,
                                          bool write) {
    const Cycles began = cpu.now();
    NativeDriver dma(cpu, config_.controller);
    std::uint64_t bytes = 0;
    std::vector<native::Descriptor> chain;
    for (const MemoryFragment& fragment : buffer) {
        native::Descriptor descriptor;
        descriptor.source = write ? fragment.address : config_.device + device::kData;
        descriptor.destination = write ? config_.device + device::kData : fragment.address;
        descriptor.source_fixed = !write;
        descriptor.destination_fixed = write;
        descriptor.length = fragment.bytes;
        descriptor.element_log2 = log2_of(config_.element_bytes);
        descriptor.handshake = Handshake::Single;
        chain.push_back(descriptor);
        bytes += fragment.bytes;
    }
    // Ends with a dsb, so that the stores of the buffer are complete as well.
    dma.publish(config_.descriptors, chain);
    dma.write(config_.channel, native::reg::kUnitBytes, config_.unit_bytes);

    set(cpu, device::kLbaLow, static_cast<std::uint32_t>(sector));
    set(cpu, device::kLbaHigh, static_cast<std::uint32_t>(sector >> 32));
    set(cpu, device::kCount, static_cast<std::uint32_t>(bytes / sector_bytes_));
    set(cpu, device::kControl,
        device::kStart | (write ? device::kWrite : 0) | (config_.controller.use_interrupt ? device::kIrqEnable : 0));

    Completion completion;
    // A command that the disk refuses never raises DREQ: a chain that waits for it would wait for ever.
    std::uint32_t status = get(cpu, device::kStatus);
    Cycles waited = cpu.now();
    if ((status & device::kError) == 0) {
        dma.start_chain(config_.channel, config_.descriptors);
        waited = cpu.now();
        completion.dma = dma.wait(config_.channel);
        status = get(cpu, device::kStatus);
        while (completion.dma.ok() && (status & device::kBusy) != 0) {
            if (config_.controller.use_interrupt) {
                cpu.wait_for_interrupt(config_.device_line);
            } else {
                cpu.wait_cycles(config_.controller.poll_cycles);
            }
            status = get(cpu, device::kStatus);
        }
    }
    const Cycles ended = cpu.now();
    completion.device = error_of(status);
    completion.ok = completion.dma.ok() && completion.device == BlockDeviceError::None;
    if (completion.ok) {
        set(cpu, device::kStatus, device::kDone);
    } else {
        set(cpu, device::kControl, device::kReset);
        completion.problem = completion.device != BlockDeviceError::None
                                 ? std::string("disk: ") + text_of(completion.device)
                                 : "DMA: " + std::string(name_of(completion.dma.error));
    }
    times_.programming += ((waited - began) + (cpu.now() - ended)).count();
    times_.waiting += (ended - waited).count();
    return completion;
}

}  // namespace dmasim
