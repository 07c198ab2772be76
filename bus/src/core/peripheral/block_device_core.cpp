// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/peripheral/block_device_core.h"

#include <algorithm>
#include <cstring>

#include "dmasim/bus/core/text.h"

namespace dmasim {

using namespace block_device::reg;

std::vector<std::string> validate(const BlockDeviceConfig& config) {
    std::vector<std::string> problems;
    detail::check_width(problems, config.data_width_bits);
    const std::uint32_t element = config.element_bytes;
    if (element == 0 || (element & (element - 1)) != 0 || element > config.data_width_bits / 8) {
        problems.push_back("element_bytes is " + std::to_string(element) + ", must be a power of two of 1 to " +
                           std::to_string(config.data_width_bits / 8));
    }
    const std::uint32_t sector = config.sector_bytes;
    if (sector < 64 || sector > 65536 || (sector & (sector - 1)) != 0 || sector < element) {
        problems.push_back("sector_bytes is " + std::to_string(sector) +
                           ", must be a power of two of 64 to 65536 and not less than element_bytes");
    }
    detail::check_range(problems, "fifo_elements", config.fifo_elements, 1, 1U << 20);
    detail::check_range(problems, "threshold", config.threshold, 1, config.fifo_elements);
    detail::check_range(problems, "cycles_per_element", config.cycles_per_element, 1, 1U << 20);
    return problems;
}

namespace {

const BlockDeviceConfig& checked(const BlockDeviceConfig& config) {
    detail::refuse("block device", validate(config));
    return config;
}

}  // namespace

BlockDeviceCore::BlockDeviceCore(const BlockDeviceConfig& config, BlockStore& store)
    : DevicePort(checked(config).timing, config.data_width_bits),
      config_(config),
      store_(store),
      pacer_(config.fifo_elements, config.cycles_per_element) {}

std::uint32_t BlockDeviceCore::peek_register(std::uint64_t offset) const {
    const std::uint64_t capacity = store_.bytes() / config_.sector_bytes;
    switch (offset) {
        case kLbaLow:
            return static_cast<std::uint32_t>(lba_);
        case kLbaHigh:
            return static_cast<std::uint32_t>(lba_ >> 32);
        case kCount:
            return count_;
        case kControl:
            return control_;
        case kStatus:
            return (busy_ ? kBusy : 0) | (done_ ? kDone : 0) | (error_ != BlockDeviceError::None ? kError : 0) |
                   (dreq_ ? kDreq : 0) | static_cast<std::uint32_t>(error_) << kErrorCodeShift;
        case kSectorBytes:
            return config_.sector_bytes;
        case kCapacityLow:
            return static_cast<std::uint32_t>(capacity);
        case kCapacityHigh:
            return static_cast<std::uint32_t>(capacity >> 32);
        case kRemaining:
            return static_cast<std::uint32_t>(std::min<std::uint64_t>(remaining_, 0xFFFFFFFF));
        default:
            return 0;
    }
}

void BlockDeviceCore::fail(BlockDeviceError error) {
    if (error_ == BlockDeviceError::None) {
        error_ = error;
    }
}

void BlockDeviceCore::write_register(std::uint64_t offset, std::uint32_t value, Cycles edge) {
    switch (offset) {
        case kLbaLow:
            lba_ = (lba_ & ~std::uint64_t{0xFFFFFFFF}) | value;
            break;
        case kLbaHigh:
            lba_ = (lba_ & 0xFFFFFFFF) | std::uint64_t{value} << 32;
            break;
        case kCount:
            count_ = value;
            break;
        case kControl:
            control_ = value & (kWrite | kIrqEnable);
            if ((value & kReset) != 0) {
                busy_ = false;
                done_ = false;
                error_ = BlockDeviceError::None;
                remaining_ = 0;
                pacer_.stop();
            } else if ((value & kStart) != 0) {
                start(edge);
            }
            break;
        case kStatus:
            if ((value & kDone) != 0) {
                done_ = false;
            }
            if ((value & kError) != 0) {
                error_ = BlockDeviceError::None;
            }
            break;
        default:
            break;  // Read-only registers ignore writes.
    }
}

void BlockDeviceCore::start(Cycles edge) {
    if (busy_) {
        fail(BlockDeviceError::BusyStart);
        return;
    }
    const std::uint64_t capacity = store_.bytes() / config_.sector_bytes;
    if (count_ == 0 || lba_ >= capacity || count_ > capacity - lba_) {
        fail(BlockDeviceError::Range);
        return;
    }
    ++commands_;
    busy_ = true;
    writing_ = (control_ & kWrite) != 0;
    position_ = lba_ * config_.sector_bytes;
    remaining_ = std::uint64_t{count_} * config_.sector_bytes;
    const Cycles ready = edge + config_.command_cycles + (lba_ == next_lba_ ? 0 : config_.seek_cycles);
    next_lba_ = lba_ + count_;
    if (writing_) {
        pacer_.start_sink(ready);
    } else {
        pacer_.start_source(remaining_ / config_.element_bytes, ready);
    }
}

bool BlockDeviceCore::through() const {
    return busy_ && remaining_ == 0 && pacer_.fill() == 0;
}

void BlockDeviceCore::finish() {
    if (writing_ && !store_.flush()) {
        fail(BlockDeviceError::Medium);
    }
    pacer_.stop();
    busy_ = false;
    done_ = true;
}

void BlockDeviceCore::advance_device(Cycles edge) {
    pacer_.advance(edge);
    if (through()) {
        finish();
    }
}

bool BlockDeviceCore::wanted() const {
    if (!busy_ || remaining_ == 0) {
        return false;
    }
    const std::uint64_t least = std::min<std::uint64_t>(config_.threshold, remaining_ / config_.element_bytes);
    return (writing_ ? pacer_.room() : pacer_.fill()) >= least;
}

bool BlockDeviceCore::irq_wanted() const {
    return (control_ & kIrqEnable) != 0 && (done_ || error_ != BlockDeviceError::None);
}

void BlockDeviceCore::drive(Cycles edge) {
    if (wanted() != dreq_) {
        dreq_ = !dreq_;
        if (dreq_out_) {
            dreq_out_(dreq_, edge + 1);
        }
    }
    if (irq_wanted() != irq_) {
        irq_ = !irq_;
        if (irq_out_) {
            irq_out_(irq_, edge + 1);
        }
    }
}

Cycles BlockDeviceCore::next_device_edge() const {
    if (!busy_) {
        return kNever;
    }
    if (writing_ && remaining_ == 0) {
        return pacer_.when(0);
    }
    if (dreq_ || remaining_ == 0) {
        return kNever;
    }
    const std::uint64_t least = std::min<std::uint64_t>(config_.threshold, remaining_ / config_.element_bytes);
    return pacer_.when(writing_ ? config_.fifo_elements - least : least);
}

Response BlockDeviceCore::transfer(const Burst& burst, Cycles edge) {
    if (burst.enables != nullptr &&
        std::any_of(burst.enables, burst.enables + burst.bytes, [](std::uint8_t enable) { return enable == 0; })) {
        return Response::ByteEnableError;
    }
    if (burst.address == kData) {
        return move_data(burst, edge);
    }
    if (burst.address > kRemaining) {
        return Response::AddressError;
    }
    if (burst.bytes != 4 || burst.address % 4 != 0) {
        return Response::BurstError;
    }
    if (burst.access == Access::Read) {
        const std::uint32_t value = peek_register(burst.address);
        for (unsigned i = 0; i < 4; ++i) {
            burst.data[i] = static_cast<std::uint8_t>(value >> (8 * i));
        }
        return Response::Ok;
    }
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
        value |= std::uint32_t{burst.data[i]} << (8 * i);
    }
    write_register(burst.address, value, edge);
    return Response::Ok;
}

Response BlockDeviceCore::move_data(const Burst& burst, Cycles edge) {
    const std::uint32_t element = config_.element_bytes;
    if (burst.bytes % element != 0 || (burst.fixed_bytes != 0 && burst.fixed_bytes % element != 0)) {
        return Response::BurstError;
    }
    const bool write = burst.access == Access::Write;
    const std::uint64_t elements = burst.bytes / element;
    const bool possible =
        busy_ && writing_ == write && burst.bytes <= remaining_ && elements <= (write ? pacer_.room() : pacer_.fill());
    if (!possible) {
        // Too much, too early or the wrong way: nothing moves.
        fail(BlockDeviceError::DataPort);
        return Response::GenericError;
    }
    bool good = true;
    if (write) {
        pacer_.push(elements, edge);
        good = store_.write(position_, burst.data, burst.bytes);
    } else {
        pacer_.pop(elements, edge);
        good = store_.read(position_, burst.data, burst.bytes);
    }
    position_ += burst.bytes;
    remaining_ -= burst.bytes;
    if (!good) {
        fail(BlockDeviceError::Medium);
        return Response::GenericError;
    }
    return Response::Ok;
}

}  // namespace dmasim
