// SPDX-License-Identifier: Apache-2.0
#include "reference/controller.h"

#include <algorithm>
#include <utility>

#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"

namespace dmasim::reference {

namespace reg = native::reg;
namespace dc = native::descriptor_control;

namespace {

std::uint64_t little_endian(const std::vector<std::uint8_t>& bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t k = 0; k < size; ++k) {
        value |= static_cast<std::uint64_t>(bytes[offset + k]) << (8 * k);
    }
    return value;
}

std::uint64_t sign_extend(std::uint64_t word) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(word)));
}

/// A row begins below 0 or ends beyond 2^64. Long doubles (64 bits of mantissa) could round; so in integers.
bool overflows(std::uint64_t address, std::uint64_t length, std::uint64_t rows, std::uint64_t stride) {
    const auto step = static_cast<std::int64_t>(stride);  // Fits 32 bits, and rows - 1 does: the product fits 64 bits.
    const std::int64_t reach = step * static_cast<std::int64_t>(rows - 1);
    const std::uint64_t down = reach < 0 ? static_cast<std::uint64_t>(-reach) : 0;
    const std::uint64_t up = (reach > 0 ? static_cast<std::uint64_t>(reach) : 0) + (length - 1);
    return down > address || up > ~address;
}

}  // namespace

ClockedController::ClockedController(const DmaConfig& config, unsigned source, Report report, Mutation mutation)
    : config_(config),
      source_(source),
      report_(std::move(report)),
      mutation_(mutation),
      arbiter_(config.arbiter, config.channels, mutation),
      channels_(config.channels) {
    TimingProfile& timing = config_.timing;
    timing.start_to_request += mutation == Mutation::StartToRequest ? 1 : 0;
    timing.descriptor_decode += mutation == Mutation::DescriptorDecode ? 1 : 0;
    timing.request_interval += mutation == Mutation::RequestInterval ? 1 : 0;
    timing.read_to_write += mutation == Mutation::ReadToWrite ? 1 : 0;
    timing.response_to_status += mutation == Mutation::ResponseToStatus ? 1 : 0;
    config_.fifo_beats += mutation == Mutation::FifoOneBeatMore ? 1 : 0;
    config_.max_reads += mutation == Mutation::MaxReadsOneMore ? 1 : 0;
    config_.max_writes += mutation == Mutation::MaxWritesOneMore ? 1 : 0;
    for (Channel& channel : channels_) {
        for (const native::RegisterSpec& spec : native::kChannelRegisters) {
            channel.registers[spec.offset] = spec.reset;
        }
    }
}

// ---- Plain facts about stamps -------------------------------------------------------------------------------------

bool ClockedController::over_before(const TransactionPtr& burst, Edge edge) {
    return burst && burst->delivered && burst->last_stamp() < edge;
}

bool ClockedController::failed(const TransactionPtr& burst) {
    return burst && burst->delivered && burst->response != Response::Ok;
}

Edge ClockedController::chunk_end(const Chunk& chunk) {
    if (failed(chunk.read)) {
        return chunk.read->last_stamp();
    }
    return chunk.write && chunk.write->delivered ? chunk.write->delivered_at : kNotYet;
}

bool ClockedController::chunk_over_before(const Chunk& chunk, Edge edge) {
    return chunk_end(chunk) < edge;
}

// ---- Registers ----------------------------------------------------------------------------------------------------

std::uint32_t ClockedController::at(const Channel& channel, std::uint32_t offset) const {
    return channel.registers.at(offset);
}

std::uint64_t ClockedController::wide(const Channel& channel, std::uint32_t low) const {
    return at(channel, low) | static_cast<std::uint64_t>(at(channel, low + 4)) << 32;
}

Response ClockedController::write_register(std::uint32_t offset, std::uint32_t value, Edge edge) {
    if (offset < native::kGlobalBlockBytes) {
        return native::find_register(native::kGlobalRegisters, offset) != nullptr ? Response::Ok
                                                                                  : Response::AddressError;
    }
    const std::uint32_t number = (offset - native::kGlobalBlockBytes) / native::kChannelBlockBytes;
    const std::uint32_t local = (offset - native::kGlobalBlockBytes) % native::kChannelBlockBytes;
    const native::RegisterSpec* spec = native::find_register(native::kChannelRegisters, local);
    if (number >= config_.channels || spec == nullptr) {
        return Response::AddressError;
    }
    Channel& channel = channels_[number];
    if (spec->kind == native::RegisterKind::ReadOnly) {
        return Response::Ok;
    }
    const bool two_commands = spec->kind == native::RegisterKind::Command && (value & (value - 1)) != 0;
    if ((value & ~spec->write_mask) != 0 || two_commands) {
        channel.register_errors.push_back({TransferError::BadRegister, ErrorDetail::Reserved, offset});
        return Response::Ok;
    }
    switch (spec->kind) {
        case native::RegisterKind::ReadWrite:
            channel.registers[local] = value;
            break;
        case native::RegisterKind::WriteOneToClear:
            for (unsigned bit = 0; bit < channel.set_at.size(); ++bit) {
                // An event of this very edge stays.
                if ((value >> bit & 1U) != 0 && channel.set_at[bit] != edge) {
                    channel.interrupt_status &= ~(1U << bit);
                }
            }
            if ((channel.interrupt_status & native::interrupt::kCoalesced) == 0) {
                channel.gate_open = false;
                channel.coalesced = 0;
            }
            break;
        case native::RegisterKind::Command:
            switch (value) {
                case native::control::kStart:
                    start(number, edge);
                    break;
                case native::control::kPause:
                    channel.paused = channel.paused || channel.busy;
                    break;
                case native::control::kResume:
                    channel.paused = false;
                    break;
                case native::control::kAbort:
                    if (channel.busy && !channel.ending) {
                        begin_ending(number, false, edge + 1);
                    }
                    break;
                case native::control::kAppend:
                    if (channel.busy && channel.chain) {
                        channel.append = !channel.ending;
                    } else if (!channel.busy && channel.chain && channel.end_of_chain && channel.done) {
                        become_busy(channel);  // The errors stay until a start.
                        channel.append = true;
                        start_link_read(number, edge + config_.timing.start_to_request);
                    } else {
                        channel.register_errors.push_back(
                            {TransferError::BadRegister, ErrorDetail::NothingToAppend, offset});
                    }
                    break;
                default:
                    break;
            }
            break;
        case native::RegisterKind::ReadOnly:
            break;
    }
    return Response::Ok;
}

JobSpec ClockedController::spec_from_registers(const Channel& channel) const {
    const std::uint32_t word = at(channel, reg::kConfig);
    JobSpec spec;
    spec.source = wide(channel, reg::kSrcLo);
    spec.destination = wide(channel, reg::kDstLo);
    spec.source_fixed = (word & native::config::kSrcFixed) != 0;
    spec.destination_fixed = (word & native::config::kDstFixed) != 0;
    spec.element = 1U << native::config::ElementLog2::get(word);
    spec.length = at(channel, reg::kLength);
    spec.rows = at(channel, reg::kRows);
    spec.source_stride = sign_extend(at(channel, reg::kSrcStride));
    spec.destination_stride = sign_extend(at(channel, reg::kDstStride));
    spec.handshake = static_cast<Handshake>(native::config::HandshakeMode::get(word));
    spec.unit_bytes = at(channel, reg::kUnitBytes);
    spec.continue_on_error = (word & native::config::kErrorContinue) != 0;
    spec.cyclic = (word & native::config::kCyclic) != 0;
    return spec;
}

ErrorDetail ClockedController::check(const JobSpec& spec, std::uint64_t& address) const {
    const bool units = spec.handshake == Handshake::Single || spec.handshake == Handshake::Demand;
    address = spec.source;
    if (spec.length == 0 || spec.rows == 0) {
        return ErrorDetail::ZeroLength;
    }
    if (spec.element > config_.bus_bytes() || spec.length % spec.element != 0 ||
        (units && (spec.unit_bytes == 0 || spec.unit_bytes % spec.element != 0))) {
        return ErrorDetail::BadElement;
    }
    if (spec.source_fixed || spec.destination_fixed) {
        if (spec.source % spec.element != 0) {
            return ErrorDetail::Misaligned;
        }
        address = spec.destination;
        if (spec.destination % spec.element != 0) {
            return ErrorDetail::Misaligned;
        }
        if (spec.rows > 1 && !spec.source_fixed && spec.source_stride % spec.element != 0) {
            address = spec.source;
            return ErrorDetail::Misaligned;
        }
        if (spec.rows > 1 && !spec.destination_fixed && spec.destination_stride % spec.element != 0) {
            return ErrorDetail::Misaligned;
        }
    }
    address = spec.source;
    if (!spec.source_fixed && overflows(spec.source, spec.length, spec.rows, spec.source_stride)) {
        return ErrorDetail::AddressOverflow;
    }
    address = spec.destination;
    if (!spec.destination_fixed && overflows(spec.destination, spec.length, spec.rows, spec.destination_stride)) {
        return ErrorDetail::AddressOverflow;
    }
    return ErrorDetail::None;
}

void ClockedController::become_busy(Channel& channel) {
    channel.busy = true;
    channel.done = false;
    channel.aborted = false;
    channel.end_of_chain = false;
}

void ClockedController::accept_start(Channel& channel) {
    become_busy(channel);
    channel.error = false;
    channel.error_kind = TransferError::None;
    channel.error_detail = ErrorDetail::None;
    channel.error_response = Response::Ok;
    channel.error_address = 0;
}

void ClockedController::start(unsigned number, Edge edge) {
    Channel& channel = channels_[number];
    const std::uint64_t control = native::channel_register(number, reg::kControl);
    if (channel.busy) {
        channel.register_errors.push_back({TransferError::BusyStart, ErrorDetail::None, control});
        return;
    }
    const std::uint32_t word = at(channel, reg::kConfig);
    const bool chain = (word & native::config::kChain) != 0;
    const bool cyclic = (word & native::config::kCyclic) != 0;
    JobSpec spec = spec_from_registers(channel);
    const std::uint64_t descriptor = wide(channel, reg::kDescLo);
    std::uint64_t address = 0;
    ErrorDetail problem = ErrorDetail::None;
    if (chain && cyclic) {
        problem = ErrorDetail::Reserved;
        address = native::channel_register(number, reg::kConfig);
    } else if (chain) {
        if (descriptor % native::kDescriptorBytes != 0) {
            problem = ErrorDetail::Misaligned;
            address = descriptor;
        }
    } else {
        problem = check(spec, address);
    }
    if (problem != ErrorDetail::None) {
        channel.register_errors.push_back({TransferError::BadRegister, problem, address});
        return;
    }
    accept_start(channel);
    channel.append = false;
    channel.chain = chain;
    channel.tail.reset();
    channel.continue_on_error = spec.continue_on_error;
    channel.unit_bytes = spec.unit_bytes;
    const Edge competes_from = edge + config_.timing.start_to_request;
    if (chain) {
        start_fetch(number, descriptor, competes_from);
    } else {
        add_job(number, spec, channel.next_number, competes_from, edge);
    }
}

bool ClockedController::quiet_before(const Channel& channel, Edge edge) const {
    for (const ChunkPtr& chunk : channel.chunks) {
        if (chunk->read && !chunk_over_before(*chunk, edge)) {
            return false;
        }
    }
    for (const PartPtr& part : channel.fetches) {
        if (!part->dropped && !over_before(part->burst, edge)) {
            return false;
        }
    }
    for (const PartPtr& part : channel.write_backs) {
        if (!over_before(part->burst, edge)) {
            return false;
        }
    }
    return true;
}

std::uint64_t ClockedController::residue(const Channel& channel, Edge edge) const {
    const Job* job = nullptr;
    if (!channel.jobs.empty()) {
        job = &channel.jobs.front();
    } else if (channel.last_job) {
        job = &*channel.last_job;
    }
    if (job == nullptr) {
        return 0;
    }
    std::uint64_t bytes = job->spec.length * job->spec.rows;
    for (const ChunkPtr& chunk : job->chunks) {
        const bool counts_read = mutation_ == Mutation::ResidueCountsReads && over_before(chunk->read, edge);
        if (counts_read || (over_before(chunk->write, edge) && !failed(chunk->write))) {
            bytes -= chunk->bytes;
        }
    }
    return bytes;
}

Response ClockedController::read_register(std::uint32_t offset, std::uint32_t& value, Edge edge) const {
    value = 0;
    if (offset < native::kGlobalBlockBytes) {
        if (native::find_register(native::kGlobalRegisters, offset) == nullptr) {
            return Response::AddressError;
        }
        std::uint32_t log2 = 0;
        while ((1U << log2) < config_.bus_bytes()) {
            ++log2;
        }
        switch (offset) {
            case reg::kId:
                value = native::kIdValue;
                break;
            case reg::kVersion:
                value = native::kVersionValue;
                break;
            case reg::kCaps0:
                value =
                    config_.channels | log2 << 8 | config_.max_burst_beats << 12 | config_.descriptor_prefetch << 24;
                break;
            case reg::kCaps1:
                value = config_.fifo_beats;
                break;
            default:
                for (unsigned bit = 0; bit < 32; ++bit) {
                    const unsigned number = bit + (offset == reg::kIntPendingHi ? 32 : 0);
                    if (number < config_.channels && raised(channels_[number])) {
                        value |= 1U << bit;
                    }
                }
                break;
        }
        return Response::Ok;
    }
    const std::uint32_t number = (offset - native::kGlobalBlockBytes) / native::kChannelBlockBytes;
    const std::uint32_t local = (offset - native::kGlobalBlockBytes) % native::kChannelBlockBytes;
    const native::RegisterSpec* spec = native::find_register(native::kChannelRegisters, local);
    if (number >= config_.channels || spec == nullptr) {
        return Response::AddressError;
    }
    const Channel& channel = channels_[number];
    switch (local) {
        case reg::kControl:
            break;
        case reg::kStatus:
            value = (channel.busy ? native::status::kBusy : 0) |
                    (channel.paused && quiet_before(channel, edge) ? native::status::kPaused : 0) |
                    (channel.done ? native::status::kDone : 0) | (channel.error ? native::status::kError : 0) |
                    (channel.aborted ? native::status::kAborted : 0) |
                    (channel.end_of_chain ? native::status::kEndOfChain : 0);
            break;
        case reg::kIntStatus:
            value = channel.interrupt_status;
            break;
        case reg::kResidueLo:
            value = static_cast<std::uint32_t>(residue(channel, edge));
            break;
        case reg::kResidueHi:
            value = static_cast<std::uint32_t>(residue(channel, edge) >> 32);
            break;
        case reg::kErrorKind:
            value = static_cast<std::uint32_t>(channel.error_kind) |
                    static_cast<std::uint32_t>(channel.error_response) << 8 |
                    static_cast<std::uint32_t>(channel.error_detail) << 12;
            break;
        case reg::kErrorAddrLo:
            value = static_cast<std::uint32_t>(channel.error_address);
            break;
        case reg::kErrorAddrHi:
            value = static_cast<std::uint32_t>(channel.error_address >> 32);
            break;
        case reg::kCompleted:
            value = channel.completed;
            break;
        case reg::kCurrentDescLo:
        case reg::kCurrentDescHi: {
            const bool of_job = !channel.jobs.empty() && channel.jobs.front().spec.from_descriptor;
            const std::uint64_t address = of_job ? channel.jobs.front().spec.descriptor : channel.current_descriptor;
            value = static_cast<std::uint32_t>(local == reg::kCurrentDescLo ? address : address >> 32);
            break;
        }
        default:
            value = at(channel, local);
            break;
    }
    return Response::Ok;
}

void ClockedController::set_dreq(unsigned channel, bool level, Edge edge) {
    static_cast<void>(edge);
    channels_[channel].dreq = level;
}

// ---- Jobs and their pieces ----------------------------------------------------------------------------------------

std::uint64_t ClockedController::limit(std::uint64_t address, bool fixed, std::uint32_t element) const {
    const std::uint64_t beats = config_.max_burst_beats;
    if (fixed) {
        return beats * element;
    }
    const std::uint64_t misaligned = mutation_ == Mutation::UnalignedFullBurst ? 0 : address % config_.bus_bytes();
    const std::uint64_t longest = beats * config_.bus_bytes() - misaligned;
    if (mutation_ == Mutation::No4KibLimit) {
        return longest;
    }
    return std::min<std::uint64_t>(4096 - address % 4096, longest);
}

ClockedController::ChunkPtr ClockedController::next_chunk(Job& job) const {
    const JobSpec& spec = job.spec;
    const bool units = (spec.handshake == Handshake::Single || spec.handshake == Handshake::Demand) &&
                       mutation_ != Mutation::UnitBytesIgnored;
    const std::uint64_t source = spec.source + (spec.source_fixed ? 0 : job.row * spec.source_stride + job.done_in_row);
    const std::uint64_t destination =
        spec.destination + (spec.destination_fixed ? 0 : job.row * spec.destination_stride + job.done_in_row);
    std::uint64_t bytes = std::min({spec.length - job.done_in_row, limit(source, spec.source_fixed, spec.element),
                                    limit(destination, spec.destination_fixed, spec.element)});
    if (units) {
        bytes = std::min<std::uint64_t>(bytes, spec.unit_bytes);
    }
    auto chunk = std::make_shared<Chunk>();
    chunk->job = job.number;
    chunk->continue_on_error = spec.continue_on_error;
    chunk->single = spec.handshake == Handshake::Single;
    chunk->handshake = spec.handshake != Handshake::None;
    chunk->source = source;
    chunk->destination = destination;
    chunk->source_element = spec.source_fixed ? spec.element : 0;
    chunk->destination_element = spec.destination_fixed ? spec.element : 0;
    chunk->bytes = static_cast<std::uint32_t>(bytes);
    job.done_in_row += bytes;
    if (job.done_in_row == spec.length) {
        job.done_in_row = 0;
        ++job.row;
    }
    job.chunks.push_back(chunk);
    return chunk;
}

std::vector<ClockedController::PartPtr> ClockedController::cut(std::uint64_t address, std::uint32_t bytes,
                                                               std::uint32_t number) const {
    std::vector<PartPtr> parts;
    for (std::uint32_t first = 0; first < bytes;) {
        auto part = std::make_shared<Part>();
        part->job = number;
        part->address = address + first;
        part->first = first;
        part->bytes =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes - first, limit(address + first, false, 1)));
        first += part->bytes;
        parts.push_back(part);
    }
    return parts;
}

void ClockedController::add_job(unsigned number, const JobSpec& spec, std::uint32_t job_number, Edge competes_from,
                                Edge edge) {
    Job job;
    job.number = job_number;
    channels_[number].next_number = job_number + 1;
    job.spec = spec;
    job.competes_from = competes_from;
    channels_[number].jobs.push_back(job);

    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = EventKind::JobAccepted;
    event.source = static_cast<std::uint16_t>(source_);
    event.channel = static_cast<std::uint16_t>(number);
    event.job = job_number;
    event.bytes = spec.length * spec.rows;
    event.address = spec.source;
    event.address2 = spec.destination;
    report_(event);
}

void ClockedController::start_fetch(unsigned number, std::uint64_t address, Edge competes_from) {
    Channel& channel = channels_[number];
    Fetch fetch;
    fetch.number = channel.next_number;
    fetch.address = address;
    fetch.parts = cut(address, native::kDescriptorBytes, fetch.number);
    fetch.competes_from = competes_from;
    channel.fetch = fetch;
}

void ClockedController::start_link_read(unsigned number, Edge competes_from) {
    Channel& channel = channels_[number];
    Fetch fetch;
    fetch.number = channel.next_number;
    fetch.address = channel.tail->descriptor;
    fetch.parts = cut(fetch.address + native::kDescriptorNext, 8, fetch.number);
    fetch.competes_from = competes_from;
    fetch.link = true;
    channel.fetch = fetch;
}

void ClockedController::latch_error(unsigned number, TransferError kind, ErrorDetail detail, Response response,
                                    std::uint64_t address, Edge edge) {
    Channel& channel = channels_[number];
    if (channel.error_kind == TransferError::None) {
        channel.error_kind = kind;
        channel.error_detail = detail;
        channel.error_response = response;
        channel.error_address = address;
    }
    channel.error = true;
    raise(number, native::interrupt::kError, edge);

    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = EventKind::ErrorLatched;
    event.source = static_cast<std::uint16_t>(source_);
    event.channel = static_cast<std::uint16_t>(number);
    event.response = response;
    event.value = static_cast<std::uint32_t>(kind);
    event.address = address;
    report_(event);
}

void ClockedController::begin_ending(unsigned number, bool error, Edge from) {
    Channel& channel = channels_[number];
    channel.append = false;
    if (!channel.ending) {
        channel.ending = Ending{from, error};
    } else if (error) {
        channel.ending->error = true;
    }
}

void ClockedController::raise(unsigned number, std::uint32_t bits, Edge edge) {
    Channel& channel = channels_[number];
    channel.interrupt_status |= bits;
    for (unsigned bit = 0; bit < channel.set_at.size(); ++bit) {
        if ((bits >> bit & 1U) != 0) {
            channel.set_at[bit] = edge;
        }
    }
    for (std::uint32_t bit = 1; bit <= native::interrupt::kAll; bit <<= 1) {
        if ((bits & bit & native::interrupt::kCoalesced) != 0) {
            if (channel.coalesced == 0) {
                channel.first_coalesced = edge;
            }
            ++channel.coalesced;
        }
    }
}

void ClockedController::report_job(unsigned number, const Job& job, JobStatus status, Edge edge) {
    std::uint64_t written = 0;
    for (const ChunkPtr& chunk : job.chunks) {
        if (over_before(chunk->write, edge) && !failed(chunk->write)) {
            written += chunk->bytes;
        }
    }
    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = EventKind::JobCompleted;
    event.source = static_cast<std::uint16_t>(source_);
    event.channel = static_cast<std::uint16_t>(number);
    event.job = job.number;
    event.value = static_cast<std::uint32_t>(status);
    event.bytes = written;
    event.address = job.spec.source;
    event.address2 = job.spec.destination;
    report_(event);
}

// ---- One edge -----------------------------------------------------------------------------------------------------

void ClockedController::account(Edge edge) {
    for (unsigned number = 0; number < channels_.size(); ++number) {
        Channel& channel = channels_[number];
        decode_descriptor(number, edge, true);
        for (Job& job : channel.jobs) {
            if (job.spec.handshake == Handshake::Block && edge >= job.competes_from && channel.dreq) {
                job.enabled = true;
            }
        }
        const CycleCause cause = cause_of(channel, edge);
        if (edge == 0) {
            continue;
        }
        ++channel.cycles[static_cast<std::size_t>(cause)];
        if (cause != channel.cause) {
            channel.cause = cause;
            TraceEvent event{};
            event.at = Cycles{edge - 1};
            event.kind = EventKind::CauseChanged;
            event.source = static_cast<std::uint16_t>(source_);
            event.channel = static_cast<std::uint16_t>(number);
            event.value = static_cast<std::uint32_t>(cause);
            report_(event);
        }
    }
}

void ClockedController::act(Edge edge) {
    for (unsigned number = 0; number < channels_.size(); ++number) {
        channels_[number].tc_now = false;
        take_register_errors(number, edge);
        take_burst_errors(number, edge);
        decode_descriptor(number, edge, false);
        drop_what_is_behind(number, edge);
        complete_jobs(number, edge);
    }
    request_write(edge);
    request_read(edge);
    for (unsigned number = 0; number < channels_.size(); ++number) {
        follow_up(number, edge);
    }
    drive_outputs(edge);
}

void ClockedController::take_register_errors(unsigned number, Edge edge) {
    for (const auto& problem : std::exchange(channels_[number].register_errors, {})) {
        latch_error(number, problem.kind, problem.detail, Response::Ok, problem.address, edge);
    }
}

void ClockedController::take_burst_errors(unsigned number, Edge edge) {
    Channel& channel = channels_[number];
    const Edge late = mutation_ == Mutation::ErrorLatchedOneEdgeLate ? 1 : 0;
    const auto job_of = [&channel](std::uint32_t job) -> Job* {
        for (Job& candidate : channel.jobs) {
            if (candidate.number == job) {
                return &candidate;
            }
        }
        return nullptr;
    };
    const auto ends_now = [edge, late](const TransactionPtr& burst) {
        return failed(burst) && burst->last_stamp() + 1 + late == edge;
    };
    for (const bool writes : {false, true}) {
        for (const ChunkPtr& chunk : channel.chunks) {
            const TransactionPtr& burst = writes ? chunk->write : chunk->read;
            if (!ends_now(burst)) {
                continue;
            }
            const TransferError kind = writes ? TransferError::BusWrite : TransferError::BusRead;
            latch_error(number, kind, ErrorDetail::None, burst->response, burst->address, edge);
            Job* job = job_of(chunk->job);
            if (job != nullptr && job->first_error == TransferError::None) {
                job->first_error = kind;
            }
            if (!chunk->continue_on_error && job != nullptr) {
                job->failed = true;
                begin_ending(number, true, edge);
            }
        }
    }
    for (const PartPtr& part : channel.write_backs) {
        if (ends_now(part->burst)) {
            latch_error(number, TransferError::StatusWriteBack, ErrorDetail::None, part->burst->response,
                        part->burst->address, edge);
            Job* job = job_of(part->job);
            if (job != nullptr) {
                job->failed = true;
            }
            begin_ending(number, true, edge);
        }
    }
}

void ClockedController::decode_descriptor(unsigned number, Edge edge, bool good_ones) {
    Channel& channel = channels_[number];
    if (!channel.fetch || channel.fetch->failed || channel.ending) {
        return;
    }
    Fetch& fetch = *channel.fetch;
    Edge last = 0;
    TransactionPtr bad;
    std::vector<std::uint8_t> bytes(native::kDescriptorBytes);
    for (const PartPtr& part : fetch.parts) {
        if (!part->burst || !part->burst->delivered) {
            return;
        }
        last = std::max(last, part->burst->last_stamp());
        if (failed(part->burst) && !bad) {
            bad = part->burst;
        }
        std::copy(part->burst->data.begin(), part->burst->data.end(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(part->first));
    }
    if (edge < last + config_.timing.descriptor_decode) {
        return;
    }
    if (bad) {
        if (good_ones) {
            return;
        }
        latch_error(number, TransferError::DescriptorFetch, ErrorDetail::None, bad->response, bad->address, edge);
        fetch.failed = true;
        begin_ending(number, true, edge);
        return;
    }
    if (fetch.link) {
        const std::uint64_t next = little_endian(bytes, native::kDescriptorNext, 8);
        if ((next != 0 && next % native::kDescriptorBytes == 0) == good_ones) {
            follow_link(number, next, edge);
        }
        return;
    }
    const std::uint64_t control = little_endian(bytes, native::kDescriptorControl, 4);
    JobSpec spec;
    spec.from_descriptor = true;
    spec.descriptor = fetch.address;
    spec.next = little_endian(bytes, native::kDescriptorNext, 8);
    spec.source = little_endian(bytes, native::kDescriptorSource, 8);
    spec.destination = little_endian(bytes, native::kDescriptorDestination, 8);
    spec.length = little_endian(bytes, native::kDescriptorLength, 4);
    spec.rows = little_endian(bytes, native::kDescriptorRows, 4);
    spec.source_stride = sign_extend(little_endian(bytes, native::kDescriptorSourceStride, 4));
    spec.destination_stride = sign_extend(little_endian(bytes, native::kDescriptorDestinationStride, 4));
    spec.source_fixed = (control & dc::kSourceFixed) != 0;
    spec.destination_fixed = (control & dc::kDestinationFixed) != 0;
    spec.element = 1U << (control >> dc::kElementShift & 7);
    spec.handshake = static_cast<Handshake>(control >> dc::kHandshakeShift & 3);
    spec.unit_bytes = channel.unit_bytes;
    spec.continue_on_error = channel.continue_on_error;
    spec.write_back = (control & dc::kWriteBack) != 0;
    spec.interrupt = (control & dc::kInterrupt) != 0;
    spec.last = (control & dc::kEnd) != 0 || spec.next == 0;

    ErrorDetail problem = ErrorDetail::None;
    const std::uint64_t address = fetch.address;
    if ((control & dc::kValid) == 0) {
        problem = ErrorDetail::NotValid;
    } else if ((control & ~static_cast<std::uint64_t>(dc::kImplemented)) != 0 ||
               little_endian(bytes, native::kDescriptorReserved, 4) != 0) {
        problem = ErrorDetail::Reserved;
    } else if (!spec.last && spec.next % native::kDescriptorBytes != 0) {
        problem = ErrorDetail::Misaligned;
    } else {
        std::uint64_t culprit = 0;  // The error names the descriptor.
        problem = check(spec, culprit);
    }
    if ((problem == ErrorDetail::None) != good_ones) {
        return;
    }
    if (problem != ErrorDetail::None) {
        latch_error(number, TransferError::BadDescriptor, problem, Response::Ok, address, edge);
        fetch.failed = true;
        begin_ending(number, true, edge);
        return;
    }
    const std::uint32_t job_number = fetch.number;
    const std::vector<PartPtr> parts = fetch.parts;
    channel.fetch.reset();
    if ((control & dc::kEnd) != 0) {
        channel.append = channel.append || channel.append_before_fetch;
    }
    channel.tail = spec;
    add_job(number, spec, job_number, edge, edge);
    channel.jobs.back().fetch = parts;
}

void ClockedController::follow_link(unsigned number, std::uint64_t next, Edge edge) {
    Channel& channel = channels_[number];
    if (channel.ending) {
        return;
    }
    if (next == 0) {
        channel.fetch.reset();
        if (channel.append) {
            start_link_read(number, edge);
        } else {
            channel.done = true;
            channel.end_of_chain = true;
            raise(number, native::interrupt::kEndOfChain, edge);
            end_channel(number, edge);
        }
        return;
    }
    if (next % native::kDescriptorBytes != 0) {
        latch_error(number, TransferError::BadDescriptor, ErrorDetail::Misaligned, Response::Ok,
                    channel.tail->descriptor, edge);
        channel.fetch->failed = true;
        begin_ending(number, true, edge);
        return;
    }
    start_fetch(number, next, edge);
}

void ClockedController::drop_what_is_behind(unsigned number, Edge edge) {
    Channel& channel = channels_[number];
    if (!channel.ending || channel.ending->from != edge) {
        return;
    }
    while (channel.jobs.size() > 1 && !channel.jobs.back().spec.cyclic && channel.jobs.back().chunks.empty()) {
        report_job(number, channel.jobs.back(), JobStatus::Aborted, edge);
        channel.jobs.pop_back();
    }
    if (!channel.jobs.empty() && channel.fetch && !channel.fetch->failed) {
        for (const PartPtr& part : channel.fetch->parts) {
            part->dropped = true;
        }
        channel.fetch.reset();
    }
}

void ClockedController::complete_jobs(unsigned number, Edge edge) {
    while (complete_one(number, edge)) {
    }
}

bool ClockedController::bursts_over(const Channel& channel, Edge edge, Edge& last) const {
    last = 0;
    const auto take = [&last, edge](const TransactionPtr& burst) {
        if (!burst) {
            return true;
        }
        if (!over_before(burst, edge)) {
            return false;
        }
        last = std::max(last, burst->last_stamp());
        return true;
    };
    for (const Job& job : channel.jobs) {
        for (const ChunkPtr& chunk : job.chunks) {
            if (chunk->read && !chunk_over_before(*chunk, edge)) {
                return false;
            }
            if (!take(chunk->read) || !take(chunk->write)) {
                return false;
            }
        }
        for (const PartPtr& part : job.write_back) {
            if (!part->burst || !take(part->burst)) {
                return false;
            }
        }
        for (const PartPtr& part : job.fetch) {
            take(part->burst);
        }
    }
    if (channel.fetch) {
        for (const PartPtr& part : channel.fetch->parts) {
            if (!take(part->burst)) {
                return false;
            }
        }
    }
    return true;
}

bool ClockedController::complete_one(unsigned number, Edge edge) {
    Channel& channel = channels_[number];
    if (!channel.busy) {
        return false;
    }
    const Edge delay = config_.timing.response_to_status;
    const bool whole = !channel.jobs.empty() && channel.jobs.front().all_granted() && !channel.jobs.front().failed &&
                       (mutation_ != Mutation::AbortBeatsCompletion || !channel.ending);
    if (channel.ending && !whole) {
        // What is left ends together.
        Edge last = 0;
        if (edge < channel.ending->from || !bursts_over(channel, edge, last) || (last != 0 && edge < last + delay)) {
            return false;
        }
        const JobStatus status = channel.ending->error ? JobStatus::Error : JobStatus::Aborted;
        for (const Job& job : channel.jobs) {
            report_job(number, job, status, edge);
        }
        if (!channel.jobs.empty()) {
            leave(channel, channel.jobs.front());
        }
        if (!channel.ending->error) {
            channel.aborted = true;
            raise(number, native::interrupt::kAborted, edge);
        }
        end_channel(number, edge);
        return false;
    }
    if (!whole) {
        return false;
    }
    Job& job = channel.jobs.front();
    Edge last = 0;
    for (const ChunkPtr& chunk : job.chunks) {
        if (!chunk_over_before(*chunk, edge)) {
            return false;
        }
        last = std::max(last, chunk_end(*chunk));
    }
    if (edge < last + delay) {
        return false;
    }
    channel.tc_now = channel.tc_now || !job.tc_given;
    job.tc_given = true;
    if (job.spec.write_back && job.write_back.empty()) {
        std::uint64_t written = 0;
        for (const ChunkPtr& chunk : job.chunks) {
            written += !failed(chunk->read) && !failed(chunk->write) ? chunk->bytes : 0;
        }
        written = std::min<std::uint64_t>(written, 0xFFFF'FFFF);
        const std::uint64_t word = native::kDescriptorComplete | static_cast<std::uint64_t>(job.first_error);
        const std::uint64_t status = word | written << 32;
        job.write_back =
            cut(job.spec.descriptor + native::kDescriptorStatus, native::kDescriptorStatusBytes, job.number);
        for (const PartPtr& part : job.write_back) {
            for (std::uint32_t k = 0; k < part->bytes; ++k) {
                part->data.push_back(static_cast<std::uint8_t>(status >> (8 * (part->first + k))));
            }
            write_backs_.emplace_back(number, part);
            channel.write_backs.push_back(part);
        }
    }
    last = 0;
    for (const PartPtr& part : job.write_back) {
        if (!over_before(part->burst, edge)) {
            return false;
        }
        last = std::max(last, part->burst->last_stamp());
    }
    if (job.spec.write_back && edge < last + delay) {
        return false;
    }

    // It completes.
    const JobStatus status = job.first_error == TransferError::None ? JobStatus::Done : JobStatus::DoneWithErrors;
    report_job(number, job, status, edge);
    ++channel.completed;
    leave(channel, job);
    const JobSpec spec = job.spec;
    const bool successor = job.has_successor;

    channel.jobs.pop_front();
    std::uint32_t bits = 0;
    bool over = false;
    if (spec.from_descriptor) {
        bits |= spec.interrupt ? native::interrupt::kDescriptor : 0;
        const bool dropped = channel.ending && channel.jobs.empty() && !(channel.fetch && channel.fetch->failed);
        if (spec.last && channel.jobs.empty() && channel.append && !channel.ending) {
            start_link_read(number, edge + 1);
        } else if ((spec.last && channel.jobs.empty()) || dropped) {
            over = true;
            channel.end_of_chain = true;
            bits |= native::interrupt::kEndOfChain;
        }
    } else {
        bits |= spec.cyclic ? native::interrupt::kPeriod : 0U;
        if (!successor) {
            over = true;
            bits |= native::interrupt::kDone;
        }
    }
    raise(number, bits, edge);
    if (over) {
        channel.done = true;
        end_channel(number, edge);
        return false;
    }
    return true;
}

void ClockedController::leave(Channel& channel, const Job& job) {
    channel.last_job = job;
    if (job.spec.from_descriptor) {
        channel.current_descriptor = job.spec.descriptor;
    }
}

void ClockedController::end_channel(unsigned number, Edge edge) {
    static_cast<void>(edge);
    Channel& channel = channels_[number];
    channel.busy = false;
    channel.paused = false;
    channel.ending.reset();
    channel.append = false;
    channel.fetch.reset();
    channel.jobs.clear();
    channel.since = kNotYet;
}

// ---- Writes -------------------------------------------------------------------------------------------------------

TransactionPtr ClockedController::offer(unsigned number, std::uint32_t job, Access access, Purpose purpose,
                                        std::uint64_t address, std::uint32_t bytes, std::uint32_t fixed_bytes,
                                        Edge edge) {
    auto burst = std::make_shared<Transaction>();
    burst->access = access;
    burst->purpose = purpose;
    burst->channel = number;
    burst->job = job;
    burst->address = address;
    burst->bytes = bytes;
    burst->fixed_bytes = fixed_bytes;
    burst->beats = beats_of(address, bytes, fixed_bytes, config_.bus_bytes());
    burst->data.assign(bytes, 0);
    offers_.push_back(burst);
    report_burst(EventKind::BurstRequested, *burst, edge, 0);
    return burst;
}

void ClockedController::report_burst(EventKind kind, const Transaction& burst, Edge edge, std::uint32_t value) {
    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = kind;
    event.access = burst.access;
    event.purpose = burst.purpose;
    event.response = burst.response;
    event.source = static_cast<std::uint16_t>(source_);
    event.channel = static_cast<std::uint16_t>(burst.channel);
    event.job = burst.job;
    event.bytes = burst.bytes;
    event.beats = burst.beats;
    event.value = value;
    event.address = burst.address;
    report_(event);
}

std::vector<TransactionPtr> ClockedController::take_offers() {
    return std::exchange(offers_, {});
}

void ClockedController::take_answer(const TransactionPtr& burst) {
    if (burst->access == Access::Read) {
        report_burst(EventKind::BurstData, *burst, burst->delivered_at, burst->interval);
    }
    report_burst(EventKind::BurstResponse, *burst, burst->last_stamp(), 0);
}

void ClockedController::request_write(Edge edge) {
    write_order_.erase(std::remove_if(write_order_.begin(), write_order_.end(),
                                      [edge](const std::pair<unsigned, ChunkPtr>& entry) {
                                          return failed(entry.second->read) && over_before(entry.second->read, edge);
                                      }),
                       write_order_.end());
    if (last_write_ &&
        (edge < last_write_edge_ + config_.timing.request_interval || !(last_write_->handed_over < edge))) {
        return;
    }
    std::uint32_t in_flight = 0;
    for (const TransactionPtr& write : writes_in_flight_) {
        in_flight += over_before(write, edge) ? 0 : 1;
    }
    if (in_flight >= config_.max_writes) {
        return;
    }
    const bool data_ready = !write_order_.empty() && over_before(write_order_.front().second->read, edge) &&
                            write_order_.front().second->read->last_stamp() + config_.timing.read_to_write <= edge;
    if (!write_backs_.empty() && !(data_ready && mutation_ == Mutation::WriteBackYields)) {
        const auto [number, part] = write_backs_.front();
        write_backs_.pop_front();
        part->burst =
            offer(number, part->job, Access::Write, Purpose::StatusWriteBack, part->address, part->bytes, 0, edge);
        part->burst->data = part->data;
        last_write_ = part->burst;
    } else if (data_ready) {
        const auto [number, chunk] = write_order_.front();
        write_order_.pop_front();
        chunk->write = offer(number, chunk->job, Access::Write, Purpose::Data, chunk->destination, chunk->bytes,
                             chunk->destination_element, edge);
        chunk->write->data = chunk->read->data;
        last_write_ = chunk->write;
    } else {
        return;
    }
    last_write_edge_ = edge;
    writes_in_flight_.push_back(last_write_);
}

// ---- Reads --------------------------------------------------------------------------------------------------------

const ClockedController::Job* ClockedController::granting_job(const Channel& channel) const {
    for (const Job& job : channel.jobs) {
        if (!job.all_granted()) {
            return &job;
        }
    }
    return nullptr;
}

ClockedController::Job* ClockedController::granting_job(Channel& channel) const {
    return const_cast<Job*>(granting_job(static_cast<const Channel&>(channel)));
}

bool ClockedController::dreq_allows(const Channel& channel, Edge edge) const {
    const Job* job = granting_job(channel);
    const bool level = mutation_ == Mutation::DreqOneEdgeLate ? channel.dreq_before : channel.dreq;
    switch (job->spec.handshake) {
        case Handshake::None:
            return true;
        case Handshake::Block:
            return job->enabled;
        case Handshake::Demand:
            return level;
        case Handshake::Single:
            break;
    }
    // C7: with c = end + 1 the channel requests again from c + 4 on.
    const Edge again = mutation_ == Mutation::SingleUnitOneEdgeEarly ? 4 : 5;
    for (const ChunkPtr& chunk : channel.chunks) {
        if (chunk->single && (chunk_end(*chunk) == kNotYet || edge < chunk_end(*chunk) + again)) {
            return false;
        }
    }
    return level;
}

bool ClockedController::has_candidate(const Channel& channel, Edge edge) const {
    if (channel.ending) {
        return false;
    }
    const Job* job = granting_job(channel);
    if (job != nullptr) {
        return job->competes_from <= edge;
    }
    return channel.fetch && channel.fetch->granted < channel.fetch->parts.size() &&
           channel.fetch->competes_from <= edge;
}

std::uint64_t ClockedController::fifo_used(Edge edge) const {
    std::uint64_t used = 0;
    for (const Channel& channel : channels_) {
        for (const ChunkPtr& chunk : channel.chunks) {
            const bool early = mutation_ == Mutation::FifoFreedEarly && over_before(chunk->read, edge);
            if (!chunk_over_before(*chunk, edge) && !early) {
                used += chunk->read->beats;
            }
        }
    }
    return used;
}

void ClockedController::request_read(Edge edge) {
    std::vector<Edge> since(channels_.size(), kNotYet);
    bool anybody = false;
    for (std::size_t number = 0; number < channels_.size(); ++number) {
        Channel& channel = channels_[number];
        const bool paused = mutation_ == Mutation::PauseOneEdgeLate ? channel.paused_before : channel.paused;
        const bool requests =
            has_candidate(channel, edge) && !paused && (granting_job(channel) == nullptr || dreq_allows(channel, edge));
        if (!requests) {
            channel.since = kNotYet;
        } else if (channel.since == kNotYet) {
            channel.since = edge;
        }
        since[number] = channel.since;
        anybody = anybody || requests;
        channel.paused_before = channel.paused;
        channel.dreq_before = channel.dreq;
    }
    if (!anybody) {
        return;
    }
    if (last_read_ && (edge < last_read_edge_ + config_.timing.request_interval || !(last_read_->handed_over < edge))) {
        return;
    }
    std::uint32_t in_flight = 0;
    for (const TransactionPtr& read : reads_in_flight_) {
        in_flight += over_before(read, edge) ? 0 : 1;
    }
    if (in_flight >= config_.max_reads || fifo_used(edge) + config_.max_burst_beats > config_.fifo_beats) {
        return;
    }
    const int winner = arbiter_.pick(since, edge);
    if (winner < 0) {
        return;
    }
    const auto number = static_cast<unsigned>(winner);
    Channel& channel = channels_[number];
    arbiter_.granted(number, edge);
    channel.since = kNotYet;
    Job* job = granting_job(channel);
    if (job != nullptr) {
        const ChunkPtr chunk = next_chunk(*job);
        chunk->read = offer(number, job->number, Access::Read, Purpose::Data, chunk->source, chunk->bytes,
                            chunk->source_element, edge);
        last_read_ = chunk->read;
        channel.chunks.push_back(chunk);
        write_order_.emplace_back(number, chunk);
        if (job->all_granted() && job->spec.cyclic && (at(channel, reg::kConfig) & native::config::kCyclic) != 0) {
            const JobSpec spec = job->spec;
            const bool enabled = job->enabled;
            job->has_successor = true;
            add_job(number, spec, channel.next_number, edge + 1, edge);

            channel.jobs.back().enabled = enabled;
        }
    } else {
        const PartPtr part = channel.fetch->parts[channel.fetch->granted];
        if (channel.fetch->granted == 0) {
            // This read sees what was linked before the command, unless it finds END.
            channel.append_before_fetch = channel.append;
            channel.append = false;
        }
        part->burst = offer(number, part->job, Access::Read, Purpose::Descriptor, part->address, part->bytes, 0, edge);
        last_read_ = part->burst;
        channel.fetches.push_back(part);
        ++channel.fetch->granted;
    }
    last_read_edge_ = edge;
    reads_in_flight_.push_back(last_read_);
    report_burst(EventKind::BurstGranted, *last_read_, edge, 0);
}

void ClockedController::follow_up(unsigned number, Edge edge) {
    Channel& channel = channels_[number];
    // The next descriptor: at most `descriptor_prefetch` ahead of the oldest that has not completed.
    const std::size_t ahead = config_.descriptor_prefetch + (mutation_ == Mutation::PrefetchTwoAhead ? 1 : 0);
    if (channel.busy && !channel.ending && !channel.fetch && channel.tail && !channel.tail->last &&
        channel.jobs.size() <= ahead && granting_job(channel) == nullptr) {
        start_fetch(number, channel.tail->next, edge + 1);
    }
    // Forget what nobody asks for any more.
    const auto old = [edge](const Edge end) { return end != kNotYet && end + 16 < edge; };
    auto& chunks = channel.chunks;
    chunks.erase(
        std::remove_if(chunks.begin(), chunks.end(), [&](const ChunkPtr& chunk) { return old(chunk_end(*chunk)); }),
        chunks.end());
    for (auto* parts : {&channel.fetches, &channel.write_backs}) {
        parts->erase(std::remove_if(parts->begin(), parts->end(),
                                    [&](const PartPtr& part) {
                                        return part->burst && part->burst->delivered && old(part->burst->last_stamp());
                                    }),
                     parts->end());
    }
    for (auto* bursts : {&reads_in_flight_, &writes_in_flight_}) {
        bursts->erase(
            std::remove_if(bursts->begin(), bursts->end(),
                           [&](const TransactionPtr& burst) { return burst->delivered && old(burst->last_stamp()); }),
            bursts->end());
    }
}

// ---- Outputs ------------------------------------------------------------------------------------------------------

bool ClockedController::raised(const Channel& channel) const {
    std::uint32_t bits = channel.interrupt_status;
    if (!channel.gate_open) {
        bits &= ~native::interrupt::kCoalesced;
    }
    return (bits & at(channel, reg::kIntEnable)) != 0;
}

void ClockedController::drive_outputs(Edge edge) {
    bool any = false;
    for (unsigned number = 0; number < channels_.size(); ++number) {
        Channel& channel = channels_[number];
        // C14.
        std::uint64_t count = std::max<std::uint64_t>(1, at(channel, reg::kCoalesceCount));
        count += mutation_ == Mutation::CoalesceOneMore ? 1 : 0;
        std::uint64_t timeout = at(channel, reg::kCoalesceTimeout);

        if (channel.coalesced >= count) {
            channel.gate_open = true;
        } else if (timeout != 0 && channel.coalesced > 0) {
            timeout += mutation_ == Mutation::TimeoutOneCycleLate ? 1 : 0;
            channel.gate_open = channel.gate_open || edge >= channel.first_coalesced + timeout;
        }
        channel.interrupt_level = raised(channel);
        any = any || channel.interrupt_level;

        bool dack = false;
        for (const ChunkPtr& chunk : channel.chunks) {
            const Edge end = chunk_end(*chunk);
            const Edge longer = mutation_ == Mutation::DackOneCycleLong ? 1 : 0;
            dack = dack || (chunk->handshake && end != kNotYet && end + 1 <= edge && edge <= end + 1 + longer);
        }
        const bool tc = channel.tc_now;
        if (dack != channel.dack || tc != channel.tc) {
            channel.dack = dack;
            channel.tc = tc;
            TraceEvent event{};
            event.at = Cycles{edge + 1};
            event.kind = EventKind::RequestLine;
            event.source = static_cast<std::uint16_t>(source_);
            event.channel = static_cast<std::uint16_t>(number);
            event.value = (dack ? 2U : 0U) | (tc ? 4U : 0U);
            report_(event);
        }
    }
    if (any != interrupt_level_) {
        interrupt_level_ = any;
        TraceEvent event{};
        event.at = Cycles{edge + 1};
        event.kind = EventKind::InterruptChanged;
        event.source = static_cast<std::uint16_t>(source_);
        event.value = any ? 1 : 0;
        report_(event);
    }
}

// ---- Accounts -----------------------------------------------------------------------------------------------------

CycleCause ClockedController::cause_of(const Channel& channel, Edge cycle) const {
    bool write_wait = false;
    bool read_latency = false;
    for (const ChunkPtr& chunk : channel.chunks) {
        const TransactionPtr& read = chunk->read;
        if (read->delivered && read->delivered_at < cycle) {
            if (cycle <= read->last_stamp() + 1) {
                return CycleCause::MovingData;
            }
            write_wait = write_wait || (!failed(read) && !over_before(chunk->write, cycle));
        } else {
            read_latency = true;
        }
    }
    if (write_wait) {
        return CycleCause::WriteWait;
    }
    if (read_latency) {
        return CycleCause::ReadLatency;
    }
    for (const PartPtr& part : channel.fetches) {
        if (!over_before(part->burst, cycle)) {
            return CycleCause::DescriptorFetch;
        }
    }
    for (const PartPtr& part : channel.write_backs) {
        if (!over_before(part->burst, cycle)) {
            return CycleCause::DescriptorFetch;
        }
    }
    const bool candidate = has_candidate(channel, cycle);
    const bool held_by_dreq = candidate && granting_job(channel) != nullptr && !dreq_allows(channel, cycle);
    if (channel.busy && (channel.paused || held_by_dreq)) {
        return CycleCause::Paced;
    }
    if (candidate) {
        return CycleCause::WaitingForGrant;
    }
    return channel.busy ? CycleCause::Setup : CycleCause::Idle;
}

}  // namespace dmasim::reference
