// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/native_driver.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/job_registers.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim {

namespace reg = native::reg;

namespace {

/// Calls `visit(first byte, bytes)` for each row.
template <typename Function>
void for_rows(const Job& job, const JobSide& side, Function visit) {
    std::uint64_t address = side.address;
    for (std::uint32_t row = 0; row < job.rows; ++row) {
        visit(address, job.length);
        address += static_cast<std::uint64_t>(static_cast<std::int64_t>(side.stride));
    }
}

}  // namespace

NativeDriver::NativeDriver(CpuContext& cpu, const NativeDriverConfig& config) : cpu_(cpu), config_(config) {
    if (config.poll_cycles == 0) {
        throw ConfigError("poll_cycles is 0; it must be at least 1");
    }
}

std::uint32_t NativeDriver::read(unsigned channel, std::uint32_t offset) {
    return cpu_.read_register(config_.registers + native::channel_register(channel, offset));
}

void NativeDriver::write(unsigned channel, std::uint32_t offset, std::uint32_t value) {
    cpu_.write_register(config_.registers + native::channel_register(channel, offset), value);
}

std::uint64_t NativeDriver::read_pair(unsigned channel, std::uint32_t low_offset) {
    // The value may change between the halves: the upper one must be the same before and after.
    std::uint32_t high = read(channel, low_offset + 4);
    for (;;) {
        const std::uint32_t low = read(channel, low_offset);
        const std::uint32_t again = read(channel, low_offset + 4);
        if (again == high) {
            return std::uint64_t{high} << 32 | low;
        }
        high = again;
    }
}

void NativeDriver::write_pair(unsigned channel, std::uint32_t low_offset, std::uint64_t value) {
    write(channel, low_offset, static_cast<std::uint32_t>(value));
    write(channel, low_offset + 4, static_cast<std::uint32_t>(value >> 32));
}

bool NativeDriver::probe() {
    return cpu_.read_register(config_.registers + reg::kId) == native::kIdValue;
}

std::uint32_t NativeDriver::channels() {
    return native::caps0::Channels::get(cpu_.read_register(config_.registers + reg::kCaps0));
}

NativeDriver::Sides NativeDriver::sides_of(const Request& request) {
    return {request.job, request.source_in_memory, request.destination_in_memory};
}

NativeDriver::Sides NativeDriver::sides_of(const native::Descriptor& descriptor) {
    return {descriptor.job(0), true, true};
}

void NativeDriver::prepare(const Sides& sides) {
    const Job& job = sides.job;
    if (!config_.coherent || job.no_snoop) {
        if (sides.source && !job.source.fixed) {
            for_rows(job, job.source, [&](std::uint64_t address, std::uint64_t bytes) { cpu_.clean(address, bytes); });
        }
    }
    if (!config_.coherent || config_.one_sided || job.no_snoop) {
        if (sides.destination && !job.destination.fixed) {
            // Clean too, not only invalidate: a transfer that ends early, and neighbours in the first and last line, need
            // the bytes that the CPU has stored.
            for_rows(job, job.destination,
                     [&](std::uint64_t address, std::uint64_t bytes) { cpu_.clean_invalidate(address, bytes); });
        }
    }
    // Also where the cache is coherent: stores may still be in the store buffer.
    cpu_.dsb();
}

void NativeDriver::finish(const Sides& sides) {
    const bool seen = config_.coherent && !config_.one_sided && !sides.job.no_snoop;
    if (!seen && sides.destination && !sides.job.destination.fixed) {
        for_rows(sides.job, sides.job.destination,
                 [&](std::uint64_t address, std::uint64_t bytes) { cpu_.invalidate(address, bytes); });
    }
}

void NativeDriver::prepare(const Request& request) {
    prepare(sides_of(request));
}

void NativeDriver::finish(const Request& request) {
    finish(sides_of(request));
}

void NativeDriver::prepare(const std::vector<native::Descriptor>& descriptors) {
    for (const native::Descriptor& descriptor : descriptors) {
        prepare(sides_of(descriptor));
    }
}

void NativeDriver::finish(const std::vector<native::Descriptor>& descriptors) {
    for (const native::Descriptor& descriptor : descriptors) {
        finish(sides_of(descriptor));
    }
}

std::uint32_t NativeDriver::interrupts() const {
    using namespace native::interrupt;
    return config_.use_interrupt ? kDone | kError | kAborted | kEndOfChain : 0;
}

void NativeDriver::enable_interrupts(unsigned channel) {
    write(channel, reg::kIntStatus, native::interrupt::kAll);
    write(channel, reg::kIntEnable, interrupts());
}

void NativeDriver::start(unsigned channel, const Request& request) {
    prepare(request);
    native::StartOptions options;
    options.cyclic = request.cyclic;
    options.continue_on_error = request.continue_on_error;
    options.interrupts = interrupts();
    write(channel, reg::kIntStatus, native::interrupt::kAll);
    for (const native::RegisterWrite& one : native::start_job(channel, request.job, options)) {
        cpu_.write_register(config_.registers + one.offset, one.value);
    }
}

NativeDriver::Completion NativeDriver::wait(unsigned channel) {
    std::uint32_t events = 0;
    for (;;) {
        const std::uint32_t now = read(channel, reg::kIntStatus);
        if (now != 0) {
            events |= now;
            write(channel, reg::kIntStatus, now);
        }
        if ((read(channel, reg::kStatus) & native::status::kBusy) == 0) {
            break;
        }
        // An error is reported when it happens; the end of the channel behind it need not raise the line again.
        if (config_.use_interrupt && (events & native::interrupt::kError) == 0) {
            cpu_.wait_for_interrupt(config_.interrupt_line);
        } else {
            cpu_.wait_cycles(config_.poll_cycles);
        }
    }
    // What came between the two reads above.
    if (const std::uint32_t late = read(channel, reg::kIntStatus); late != 0) {
        events |= late;
        write(channel, reg::kIntStatus, late);
    }
    const std::uint32_t status = read(channel, reg::kStatus);
    Completion completion;
    completion.done = (status & (native::status::kDone | native::status::kEndOfChain)) != 0;
    completion.aborted = (status & native::status::kAborted) != 0;
    if ((status & native::status::kError) != 0) {
        const std::uint32_t kind = read(channel, reg::kErrorKind);
        completion.error = static_cast<TransferError>(native::error_kind::Kind::get(kind));
        completion.detail = static_cast<ErrorDetail>(native::error_kind::Detail::get(kind));
        completion.response = static_cast<Response>(native::error_kind::ResponseCode::get(kind));
        completion.fault_address = read_pair(channel, reg::kErrorAddrLo);
    }
    return completion;
}

NativeDriver::Completion NativeDriver::transfer(unsigned channel, const Request& request) {
    start(channel, request);
    const Completion completion = wait(channel);
    finish(request);
    return completion;
}

NativeDriver::Completion NativeDriver::copy(unsigned channel, std::uint64_t destination, std::uint64_t source,
                                            std::uint32_t bytes) {
    Request request;
    request.job.source.address = source;
    request.job.destination.address = destination;
    request.job.length = bytes;
    return transfer(channel, request);
}

MemoryType NativeDriver::descriptor_type() const {
    // A line that both sides write cannot be kept right by any order of maintenance (the controller writes status words
    // back beside the link): without coherence descriptors are not cached.
    return config_.coherent && !config_.one_sided ? MemoryType::Cached : MemoryType::Uncached;
}

void NativeDriver::publish(std::uint64_t address, std::vector<native::Descriptor> descriptors) {
    const std::uint64_t bytes = descriptors.size() * native::kDescriptorBytes;
    if (!config_.coherent || config_.one_sided) {
        // Nothing of the memory may be left in the cache from an earlier use.
        cpu_.clean_invalidate(address, bytes);
    }
    for (std::size_t number = 0; number < descriptors.size(); ++number) {
        const std::uint64_t place = address + number * native::kDescriptorBytes;
        descriptors[number].next = number + 1 < descriptors.size() ? place + native::kDescriptorBytes : 0;
        const native::DescriptorBytes encoded = native::encode(descriptors[number]);
        cpu_.write(place, encoded.data(), encoded.size(), descriptor_type());
    }
    cpu_.dsb();
}

void NativeDriver::start_chain(unsigned channel, std::uint64_t address, bool continue_on_error) {
    enable_interrupts(channel);
    write_pair(channel, reg::kDescLo, address);
    write(channel, reg::kConfig, native::config::kChain | (continue_on_error ? native::config::kErrorContinue : 0));
    write(channel, reg::kControl, native::control::kStart);
}

bool NativeDriver::append(unsigned channel, std::uint64_t last, std::uint64_t first) {
    const std::uint32_t caps = cpu_.read_register(config_.registers + reg::kCaps0);
    if (first >> 32 != 0 && native::caps0::BusBytesLog2::get(caps) < 3) {
        throw std::invalid_argument("a descriptor that is appended on a 32-bit bus must lie below 4 GiB");
    }
    cpu_.store64(last + native::kDescriptorNext, first, descriptor_type());
    cpu_.dsb();
    const auto refusals = [&] {
        return read(channel, reg::kErrorKind) & (native::error_kind::Kind::kMask | native::error_kind::Detail::kMask);
    };
    write(channel, reg::kControl, native::control::kAppend);
    const std::uint32_t refusal =
        native::error_kind::Kind::of(static_cast<std::uint32_t>(TransferError::BadRegister)) |
        native::error_kind::Detail::of(static_cast<std::uint32_t>(ErrorDetail::NothingToAppend));
    // A chain that ended in an error before the command shows that error instead: it is not busy then.
    if (refusals() == refusal) {
        return false;
    }
    const std::uint32_t now = status(channel);
    return (now & native::status::kBusy) != 0 || (now & (native::status::kError | native::status::kAborted)) == 0;
}

NativeDriver::DescriptorStatus NativeDriver::descriptor_status(std::uint64_t address) {
    std::array<std::uint8_t, native::kDescriptorStatusBytes> bytes{};
    cpu_.read(address + native::kDescriptorStatus, bytes.data(), bytes.size(), descriptor_type());
    const auto word = [&](std::size_t at) {
        return static_cast<std::uint32_t>(bytes[at]) | static_cast<std::uint32_t>(bytes[at + 1]) << 8 |
               static_cast<std::uint32_t>(bytes[at + 2]) << 16 | static_cast<std::uint32_t>(bytes[at + 3]) << 24;
    };
    DescriptorStatus result;
    result.complete = (word(0) & native::kDescriptorComplete) != 0;
    result.error = static_cast<TransferError>(word(0) & 0xFF);
    result.transferred = word(4);
    return result;
}

void NativeDriver::pause(unsigned channel) {
    write(channel, reg::kControl, native::control::kPause);
}

void NativeDriver::resume(unsigned channel) {
    write(channel, reg::kControl, native::control::kResume);
}

NativeDriver::Completion NativeDriver::abort(unsigned channel) {
    // The residue is that of the current job, and 0 when the channel has ended: paused, it stands still and can be read.
    write(channel, reg::kControl, native::control::kPause);
    while ((status(channel) & (native::status::kPaused | native::status::kBusy)) == native::status::kBusy) {
        cpu_.wait_cycles(config_.poll_cycles);
    }
    const std::uint64_t left = residue(channel);
    write(channel, reg::kControl, native::control::kAbort);
    Completion completion = wait(channel);
    completion.residue = left;
    return completion;
}

void NativeDriver::end_cyclic(unsigned channel) {
    write(channel, reg::kConfig, read(channel, reg::kConfig) & ~native::config::kCyclic);
}

std::uint64_t NativeDriver::residue(unsigned channel) {
    return read_pair(channel, reg::kResidueLo);
}

std::uint32_t NativeDriver::status(unsigned channel) {
    return read(channel, reg::kStatus);
}

}  // namespace dmasim
