// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/native/native_front_end.h"

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim::native {

namespace {

constexpr std::uint32_t low(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

constexpr std::uint32_t high(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}

constexpr std::uint32_t log2_of(std::uint32_t power_of_two) {
    std::uint32_t result = 0;
    while (power_of_two > 1) {
        power_of_two /= 2;
        ++result;
    }
    return result;
}

// Register of a channel at an offset of the whole space; nullptr in a gap.
const RegisterSpec* channel_spec(std::uint32_t offset) {
    return find_register(kChannelRegisters, (offset - kGlobalBlockBytes) % kChannelBlockBytes);
}

constexpr unsigned channel_of(std::uint32_t offset) {
    return (offset - kGlobalBlockBytes) / kChannelBlockBytes;
}

}  // namespace

NativeFrontEnd::NativeFrontEnd(const DmaConfig& config) : config_(config), channels_(config.channels) {
    for (ChannelRegisters& registers : channels_) {
        reset_storage(registers);
    }
}

void NativeFrontEnd::reset_storage(ChannelRegisters& registers) const {
    for (const RegisterSpec& spec : kChannelRegisters) {
        if (spec.kind == RegisterKind::ReadWrite) {
            registers.storage[spec.offset / 4] = spec.reset;
        }
    }
}

void NativeFrontEnd::reset(Cycles edge) {
    for (unsigned channel = 0; channel < channels_.size(); ++channel) {
        channels_[channel] = ChannelRegisters{};
        reset_storage(channels_[channel]);
        scheduler_->wake(channel, edge);
    }
}

bool NativeFrontEnd::mapped(std::uint32_t offset) const {
    if (offset % 4 != 0 || offset >= register_space_bytes(config_.channels)) {
        return false;
    }
    return offset < kGlobalBlockBytes ? find_register(kGlobalRegisters, offset) != nullptr
                                      : channel_spec(offset) != nullptr;
}

// --- writes ---------------------------------------------------------------------------------------------------------

void NativeFrontEnd::write(std::uint32_t offset, std::uint32_t value, std::uint32_t lanes, Cycles stamp, Cycles edge) {
    if (offset < kGlobalBlockBytes) {
        return;  // all of them are read-only
    }
    const unsigned channel = channel_of(offset);
    ChannelRegisters& registers = channels_[channel];
    const RegisterSpec& spec = *channel_spec(offset);
    const std::uint32_t written = value & lanes;
    if (spec.kind == RegisterKind::ReadOnly) {
        return;
    }
    if ((written & ~spec.write_mask) != 0) {
        refuse(channel, TransferError::BadRegister, ErrorDetail::Reserved, offset, edge);
        return;
    }
    switch (spec.kind) {
        case RegisterKind::ReadWrite: {
            std::uint32_t& word = registers.storage[spec.offset / 4];
            word = (word & ~lanes) | written;
            break;
        }
        case RegisterKind::WriteOneToClear:
            registers.interrupts.clear(written, stamp);
            break;
        case RegisterKind::Command:
            command(channel, written, stamp, edge);
            break;
        case RegisterKind::ReadOnly:
            break;
    }
    scheduler_->wake(channel, edge);
}

std::uint32_t NativeFrontEnd::after_write(std::uint32_t offset, std::uint32_t value, std::uint32_t written,
                                          std::uint32_t lanes) const {
    if (offset < kGlobalBlockBytes) {
        return value;
    }
    const RegisterSpec& spec = *channel_spec(offset);
    if (spec.kind != RegisterKind::ReadWrite || (written & lanes & ~spec.write_mask) != 0) {
        return value;
    }
    return (value & ~lanes) | (written & lanes);
}

std::uint32_t NativeFrontEnd::after_reset(std::uint32_t offset, std::uint32_t value) const {
    if (offset < kGlobalBlockBytes) {
        return value;
    }
    const RegisterSpec& spec = *channel_spec(offset);
    return spec.kind == RegisterKind::ReadWrite ? spec.reset : value;
}

void NativeFrontEnd::command(unsigned channel, std::uint32_t bits, Cycles stamp, Cycles edge) {
    switch (bits) {
        case 0:
            break;
        case control::kStart:
            start(channel, stamp, edge);
            break;
        case control::kPause:
            scheduler_->pause(channel, edge);
            break;
        case control::kResume:
            scheduler_->resume(channel, edge);
            break;
        case control::kAbort:
            scheduler_->abort(channel, edge);
            break;
        case control::kAppend:
            if (!scheduler_->can_append(channel)) {
                refuse(channel, TransferError::BadRegister, ErrorDetail::NothingToAppend,
                       channel_register(channel, reg::kControl), edge);
                break;
            }
            if (!scheduler_->busy(channel)) {
                ChannelRegisters& registers = channels_[channel];
                registers.done = false;
                registers.end_of_chain = false;
            }
            scheduler_->append(channel, stamp, edge);
            break;
        default:
            refuse(channel, TransferError::BadRegister, ErrorDetail::Reserved, channel_register(channel, reg::kControl),
                   edge);
            break;
    }
}

void NativeFrontEnd::refuse(unsigned channel, TransferError kind, ErrorDetail detail, std::uint64_t address,
                            Cycles edge) {
    scheduler_->refuse(channel, {kind, detail, Response::Ok, address}, edge);
}

void NativeFrontEnd::start(unsigned channel, Cycles stamp, Cycles edge) {
    ChannelRegisters& registers = channels_[channel];
    if (scheduler_->busy(channel)) {
        refuse(channel, TransferError::BusyStart, ErrorDetail::None, channel_register(channel, reg::kControl), edge);
        return;
    }
    const std::uint32_t settings = registers.get(reg::kConfig);
    StartOrder order;
    order.chain = (settings & config::kChain) != 0;
    order.cyclic = (settings & config::kCyclic) != 0;
    order.continue_on_error = (settings & config::kErrorContinue) != 0;
    JobProblem problem;
    if (order.chain) {
        order.descriptor = registers.get64(reg::kDescLo);
        if (order.cyclic) {
            problem = {ErrorDetail::Reserved, channel_register(channel, reg::kConfig)};
        } else if (order.descriptor % kDescriptorBytes != 0) {
            problem = {ErrorDetail::Misaligned, order.descriptor};
        }
    } else {
        Job& job = order.job;
        job.source.address = registers.get64(reg::kSrcLo);
        job.source.stride = static_cast<std::int32_t>(registers.get(reg::kSrcStride));
        job.source.fixed = (settings & config::kSrcFixed) != 0;
        job.destination.address = registers.get64(reg::kDstLo);
        job.destination.stride = static_cast<std::int32_t>(registers.get(reg::kDstStride));
        job.destination.fixed = (settings & config::kDstFixed) != 0;
        job.length = registers.get(reg::kLength);
        job.rows = registers.get(reg::kRows);
        job.element_log2 = static_cast<std::uint8_t>(config::ElementLog2::get(settings));
        job.handshake = static_cast<Handshake>(config::HandshakeMode::get(settings));
        job.unit_bytes = registers.get(reg::kUnitBytes);
        job.no_snoop = (settings & config::kNoSnoop) != 0;
        problem = check_job(job, config_.bus_bytes());
    }
    if (problem.detail != ErrorDetail::None) {
        refuse(channel, TransferError::BadRegister, problem.detail, problem.address, edge);
        return;
    }
    registers.done = false;
    registers.aborted = false;
    registers.end_of_chain = false;
    registers.error = ErrorReport{};
    registers.unit_bytes = registers.get(reg::kUnitBytes);
    scheduler_->start(channel, order, stamp, edge);
}

// --- reads ----------------------------------------------------------------------------------------------------------

NativeFrontEnd::Visible NativeFrontEnd::look(unsigned channel, Cycles at) const {
    const ChannelRegisters& registers = channels_[channel];
    const ChannelView view = scheduler_->view(channel, at);
    Visible result;
    const bool failed = registers.error.kind != TransferError::None;
    result.status = (view.busy ? status::kBusy : 0) | (view.paused ? status::kPaused : 0) |
                    (registers.done ? status::kDone : 0) | (failed ? status::kError : 0) |
                    (registers.aborted ? status::kAborted : 0) | (registers.end_of_chain ? status::kEndOfChain : 0);
    result.int_status = registers.interrupts.status();
    result.pending = registers.interrupts.output(registers.get(reg::kIntEnable));
    result.residue = view.residue;
    result.error_kind = error_kind::Kind::of(static_cast<std::uint32_t>(registers.error.kind)) |
                        error_kind::ResponseCode::of(static_cast<std::uint32_t>(registers.error.response)) |
                        error_kind::Detail::of(static_cast<std::uint32_t>(registers.error.detail));
    result.error_address = registers.error.address;
    result.completed = registers.completed;
    result.descriptor = view.descriptor;
    return result;
}

NativeFrontEnd::Visible NativeFrontEnd::visible(unsigned channel, Cycles at) const {
    const ChannelRegisters& registers = channels_[channel];
    return registers.is_frozen && registers.frozen_at == at ? registers.frozen : look(channel, at);
}

void NativeFrontEnd::freeze(std::uint64_t due, Cycles edge) {
    for (; due != 0; due &= due - 1) {
        const auto channel = static_cast<unsigned>(__builtin_ctzll(due));
        ChannelRegisters& registers = channels_[channel];
        registers.frozen = look(channel, edge);
        registers.frozen_at = edge;
        registers.is_frozen = true;
    }
}

std::uint32_t NativeFrontEnd::read_global(std::uint32_t offset, Cycles at) const {
    switch (offset) {
        case reg::kCaps0:
            return caps0::Channels::of(config_.channels) | caps0::BusBytesLog2::of(log2_of(config_.bus_bytes())) |
                   caps0::MaxBurst::of(config_.max_burst_beats) | caps0::Prefetch::of(config_.descriptor_prefetch);
        case reg::kCaps1:
            return caps1::FifoBeats::of(config_.fifo_beats);
        case reg::kIntPendingLo:
        case reg::kIntPendingHi: {
            const unsigned first = offset == reg::kIntPendingLo ? 0 : 32;
            std::uint32_t result = 0;
            for (unsigned channel = first; channel < channels_.size() && channel < first + 32; ++channel) {
                result |= visible(channel, at).pending ? 1U << (channel - first) : 0U;
            }
            return result;
        }
        default:
            return find_register(kGlobalRegisters, offset)->reset;
    }
}

std::uint32_t NativeFrontEnd::read(std::uint32_t offset, Cycles at) const {
    if (offset < kGlobalBlockBytes) {
        return read_global(offset, at);
    }
    const unsigned channel = channel_of(offset);
    const RegisterSpec& spec = *channel_spec(offset);
    if (spec.kind == RegisterKind::ReadWrite) {
        return channels_[channel].get(spec.offset);
    }
    const Visible now = visible(channel, at);
    switch (spec.offset) {
        case reg::kStatus:
            return now.status;
        case reg::kIntStatus:
            return now.int_status;
        case reg::kResidueLo:
            return low(now.residue);
        case reg::kResidueHi:
            return high(now.residue);
        case reg::kErrorKind:
            return now.error_kind;
        case reg::kErrorAddrLo:
            return low(now.error_address);
        case reg::kErrorAddrHi:
            return high(now.error_address);
        case reg::kCompleted:
            return now.completed;
        case reg::kCurrentDescLo:
            return low(now.descriptor);
        case reg::kCurrentDescHi:
            return high(now.descriptor);
        default:
            return 0;  // CONTROL
    }
}

// --- events ---------------------------------------------------------------------------------------------------------

std::uint64_t NativeFrontEnd::update_interrupts(std::uint64_t due, Cycles edge) {
    for (; due != 0; due &= due - 1) {
        const auto channel = static_cast<unsigned>(__builtin_ctzll(due));
        const std::uint64_t mask = std::uint64_t{1} << channel;
        ChannelRegisters& registers = channels_[channel];
        const Cycles timeout =
            registers.interrupts.update(registers.get(reg::kCoalesceCount), registers.get(reg::kCoalesceTimeout), edge);
        if (timeout != kNever) {
            scheduler_->wake(channel, timeout);
        }
        outputs_ = registers.interrupts.output(registers.get(reg::kIntEnable)) ? outputs_ | mask : outputs_ & ~mask;
    }
    return outputs_;
}

const DescriptorFormat& NativeFrontEnd::descriptor_format() const {
    static constexpr DescriptorFormat kFormat{kDescriptorBytes, kDescriptorNext, 8, kDescriptorStatus};
    return kFormat;
}

FetchedJob NativeFrontEnd::decode(unsigned channel, std::uint64_t address, const std::uint8_t* bytes) const {
    const std::uint32_t unit_bytes = channels_[channel].unit_bytes;
    const DecodeResult decoded = native::decode(bytes, address, config_.bus_bytes(), unit_bytes);
    FetchedJob result;
    result.problem = decoded.problem;
    if (decoded.problem.detail == ErrorDetail::None) {
        result.job = decoded.descriptor.job(unit_bytes);
        result.next = decoded.descriptor.next;
        result.has_next = decoded.descriptor.next != 0 && !decoded.descriptor.end;
        result.ends = decoded.descriptor.end;
        result.write_back = decoded.descriptor.write_back;
        result.interrupt = decoded.descriptor.interrupt;
    }
    return result;
}

FetchedLink NativeFrontEnd::decode_link(const std::uint8_t* bytes) const {
    FetchedLink result;
    for (unsigned i = 0; i < 8; ++i) {
        result.next |= std::uint64_t{bytes[i]} << (8 * i);
    }
    result.has_next = result.next != 0;
    if (result.next % kDescriptorBytes != 0) {
        result.problem = {ErrorDetail::Misaligned, result.next};
    }
    return result;
}

std::array<std::uint8_t, 8> NativeFrontEnd::encode_status(TransferError error, std::uint64_t written) const {
    return native::encode_status(error, written);
}

bool NativeFrontEnd::repeats(unsigned channel) const {
    return (channels_[channel].get(reg::kConfig) & config::kCyclic) != 0;
}

void NativeFrontEnd::job_ended(unsigned channel, const JobEnd& end, Cycles edge) {
    ChannelRegisters& registers = channels_[channel];
    ++registers.completed;
    std::uint32_t events = 0;
    if (end.from_descriptor) {
        events = end.interrupt ? interrupt::kDescriptor : 0;
    } else if (end.cyclic) {
        events = interrupt::kPeriod | (end.last_round ? interrupt::kDone : 0);
    } else {
        events = interrupt::kDone;
    }
    registers.interrupts.raise(events, edge);
}

void NativeFrontEnd::error(unsigned channel, const ErrorReport& report, Cycles edge) {
    ChannelRegisters& registers = channels_[channel];
    if (registers.error.kind == TransferError::None) {
        registers.error = report;
    }
    registers.interrupts.raise(interrupt::kError, edge);
}

void NativeFrontEnd::channel_ended(unsigned channel, const ChannelEnd& end, Cycles edge) {
    ChannelRegisters& registers = channels_[channel];
    registers.done = end.status == JobStatus::Done;
    registers.aborted = end.status == JobStatus::Aborted;
    registers.end_of_chain = end.end_of_chain;
    registers.interrupts.raise(
        (end.end_of_chain ? interrupt::kEndOfChain : 0) | (registers.aborted ? interrupt::kAborted : 0), edge);
}

}  // namespace dmasim::native
