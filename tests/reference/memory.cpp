// SPDX-License-Identifier: Apache-2.0
#include "reference/memory.h"

#include <utility>

namespace dmasim::reference {

ClockedMemory::ClockedMemory(const MemoryConfig& config, unsigned source, Report report, Mutation mutation)
    : config_(config),
      source_(source),
      report_(std::move(report)),
      mutation_(mutation),
      bytes_(config.size, config.fill) {
    config_.read_latency += mutation == Mutation::ReadLatency ? 1 : 0;
    config_.write_latency += mutation == Mutation::WriteLatency ? 1 : 0;
    config_.read_wait += mutation == Mutation::ReadWait ? 1 : 0;
    config_.write_wait += mutation == Mutation::WriteWait ? 1 : 0;
}

void ClockedMemory::take_request(const TransactionPtr& transaction) {
    (transaction->access == Access::Read ? reads_ : writes_).push_back(transaction);
}

std::uint32_t ClockedMemory::write_interval() const {
    return 1 + config_.write_wait;
}

Response ClockedMemory::judge(const Transaction& transaction) const {
    const std::uint64_t extent = transaction.fixed_bytes != 0 ? transaction.fixed_bytes : transaction.bytes;
    if (config_.size != 0 &&
        (transaction.target_address >= config_.size || config_.size - transaction.target_address < extent)) {
        return Response::AddressError;
    }
    if (transaction.fixed_bytes != 0 && transaction.bytes > transaction.fixed_bytes && !config_.fixed_bursts) {
        return Response::BurstError;
    }
    for (const ErrorRange& range : config_.errors) {
        const bool concerned = transaction.access == Access::Read ? range.on_read : range.on_write;
        for (std::uint64_t k = 0; concerned && k < extent; ++k) {
            const std::uint64_t address = transaction.target_address + k;
            if (address >= range.base && address - range.base < range.size) {
                return range.response;
            }
        }
    }
    return Response::Ok;
}

void ClockedMemory::evaluate(Edge edge) {
    if (mutation_ == Mutation::ReadSeesBeatOfSameEdge) {
        evaluate_writes(edge);
        evaluate_reads(edge);
    } else {
        evaluate_reads(edge);
        evaluate_writes(edge);
    }
}

void ClockedMemory::evaluate_reads(Edge edge) {
    if (reads_.empty()) {
        return;
    }
    const TransactionPtr read = reads_.front();
    if (edge < read->granted + config_.read_latency || edge < read_data_free_) {
        return;
    }
    reads_.pop_front();
    read->answered = true;
    read->answered_at = edge;
    read->interval = 1 + config_.read_wait;
    read->response = judge(*read);
    for (std::uint32_t k = 0; k < read->bytes; ++k) {
        const std::uint32_t offset = read->fixed_bytes != 0 ? k % read->fixed_bytes : k;
        read->data[k] = peek(read->target_address + offset);
    }
    read_data_free_ = edge + static_cast<Edge>(read->beats) * read->interval;
    answers_.push_back(read);

    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = EventKind::MemoryRead;
    event.access = Access::Read;
    event.purpose = read->purpose;
    event.response = read->response;
    event.source = static_cast<std::uint16_t>(source_);
    event.bytes = read->bytes;
    event.address = read->target_address;
    report_(event);
}

void ClockedMemory::evaluate_writes(Edge edge) {
    if (!writes_.empty() && edge >= write_beat_free_) {
        const TransactionPtr write = writes_.front();
        if (edge > write->granted) {
            write_beat(*write, next_beat_);
            ++next_beat_;
            write_beat_free_ = edge + write_interval();
            if (next_beat_ == write->beats) {
                next_beat_ = 0;
                writes_.pop_front();
                responses_.push_back({write, edge + config_.write_latency - 1});

                TraceEvent event{};
                event.at = Cycles{edge};
                event.kind = EventKind::MemoryWrite;
                event.access = Access::Write;
                event.purpose = write->purpose;
                event.response = judge(*write);
                event.source = static_cast<std::uint16_t>(source_);
                event.bytes = write->bytes;
                event.address = write->target_address;
                report_(event);
            }
        }
    }
    // One response an edge, in order.
    if (!responses_.empty() && responses_.front().due <= edge) {
        const TransactionPtr write = responses_.front().transaction;
        responses_.pop_front();
        write->answered = true;
        write->answered_at = edge;
        write->response = judge(*write);
        answers_.push_back(write);
    }
}

void ClockedMemory::write_beat(const Transaction& transaction, std::uint32_t beat) {
    if (judge(transaction) != Response::Ok && mutation_ != Mutation::FailedWriteWrites) {
        return;
    }
    if (transaction.fixed_bytes != 0) {
        for (std::uint32_t k = 0; k < transaction.fixed_bytes; ++k) {
            poke(transaction.target_address + k, transaction.data[beat * transaction.fixed_bytes + k]);
        }
        return;
    }
    const std::uint64_t word_bytes = config_.bus_bytes();
    for (std::uint32_t k = 0; k < transaction.bytes; ++k) {
        const std::uint64_t offset = transaction.target_address % word_bytes + k;
        if (offset / word_bytes == beat) {
            poke(transaction.target_address + k, transaction.data[k]);
        }
    }
}

std::vector<TransactionPtr> ClockedMemory::take_answers() {
    return std::exchange(answers_, {});
}

std::uint8_t ClockedMemory::peek(std::uint64_t address) const {
    return address < bytes_.size() ? bytes_[static_cast<std::size_t>(address)] : 0;
}

void ClockedMemory::poke(std::uint64_t address, std::uint8_t value) {
    if (address < bytes_.size()) {
        bytes_[static_cast<std::size_t>(address)] = value;
    }
}

}  // namespace dmasim::reference
