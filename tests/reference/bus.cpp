// SPDX-License-Identifier: Apache-2.0
#include "reference/bus.h"

#include <algorithm>

namespace dmasim::reference {

namespace {

std::size_t direction(Access access) {
    return access == Access::Read ? 0 : 1;
}

}  // namespace

ClockedBus::ClockedBus(const BusConfig& config, std::vector<std::uint32_t> write_intervals, unsigned source,
                       Report report, Mutation mutation)
    : config_(config),
      write_intervals_(std::move(write_intervals)),
      source_(source),
      report_(std::move(report)),
      mutation_(mutation),
      queues_(config.initiators) {
    config_.request_latency += mutation == Mutation::BusRequestLatency ? 1 : 0;
    config_.response_latency += mutation == Mutation::BusResponseLatency ? 1 : 0;
    config_.queue_depth += mutation == Mutation::QueueOneDeeper ? 1 : 0;
    config_.max_outstanding += mutation == Mutation::MaxOutstandingOneMore ? 1 : 0;
    // Crossbar: two lanes for each target, and two for what has none. Shared: two and two. Simple: the first one only.
    const std::size_t lanes = 2 * static_cast<std::size_t>(config.targets) + 2;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        lanes_.emplace_back(config.arbiter, config.initiators, mutation);
    }
    return_lane_free_at_.assign(2 * static_cast<std::size_t>(config.initiators), 0);
}

std::size_t ClockedBus::lane_of(const Transaction& transaction) const {
    if (simple()) {
        return 0;
    }
    if (transaction.target < 0) {
        return lanes_.size() - 2 + direction(transaction.access);
    }
    if (crossbar()) {
        return 2 * static_cast<std::size_t>(transaction.target) + direction(transaction.access);
    }
    return direction(transaction.access);
}

std::size_t ClockedBus::return_lane_of(const Transaction& transaction) const {
    if (simple()) {
        return 0;
    }
    if (crossbar() && mutation_ != Mutation::CrossbarSharesReturnLane) {
        return 2 * static_cast<std::size_t>(transaction.port) + direction(transaction.access);
    }
    return direction(transaction.access);
}

void ClockedBus::decode(Transaction& transaction) const {
    const std::uint64_t bytes = transaction.fixed_bytes != 0 ? transaction.fixed_bytes : transaction.bytes;
    transaction.target = -1;
    for (const AddressRange& range : config_.map) {
        const std::uint64_t offset = transaction.address - range.base;
        if (transaction.address >= range.base && offset < range.size && range.size - offset >= bytes) {
            transaction.target = static_cast<int>(range.target);
            transaction.target_address = offset + range.target_offset;
        }
    }
}

void ClockedBus::offer(unsigned port, const TransactionPtr& transaction) {
    transaction->port = port;
    transaction->beats =
        beats_of(transaction->address, transaction->bytes, transaction->fixed_bytes, config_.bus_bytes());
    decode(*transaction);
    queues_[port][direction(transaction->access)].offered = transaction;
}

std::vector<TransactionPtr> ClockedBus::accept(Edge edge) {
    std::vector<TransactionPtr> accepted;
    for (auto& port : queues_) {
        for (Queue& queue : port) {
            if (queue.offered && queue.waiting.size() < config_.queue_depth) {
                queue.offered->handed_over = edge;
                queue.waiting.push_back(queue.offered);
                accepted.push_back(queue.offered);
                queue.offered = nullptr;
            }
        }
    }
    return accepted;
}

void ClockedBus::evaluate(Edge edge) {
    evaluate_grants(edge);
    evaluate_answers(edge);
}

unsigned ClockedBus::in_progress(int target, Access access, Edge edge) const {
    unsigned count = 0;
    for (const TransactionPtr& transaction : in_progress_) {
        const bool over = transaction->delivered && transaction->delivered_at < edge;
        if (transaction->target == target && transaction->access == access && !over) {
            ++count;
        }
    }
    return count;
}

bool ClockedBus::candidate(const Transaction& transaction, Edge edge) const {
    if (transaction.handed_over + config_.request_latency > edge) {
        return false;
    }
    return transaction.target < 0 || simple() ||
           in_progress(transaction.target, transaction.access, edge) < config_.max_outstanding;
}

void ClockedBus::evaluate_grants(Edge edge) {
    // What each queue and each lane can do is judged on the state before this edge.
    std::vector<std::vector<TransactionPtr>> heads(lanes_.size(), std::vector<TransactionPtr>(queues_.size()));
    for (std::size_t port = 0; port < queues_.size(); ++port) {
        for (const Queue& queue : queues_[port]) {
            if (queue.waiting.empty() || !candidate(*queue.waiting.front(), edge)) {
                continue;
            }
            const TransactionPtr& head = queue.waiting.front();
            TransactionPtr& offered = heads[lane_of(*head)][port];
            // Only on the simple bus can there be two, the read first: the write wins if it is not younger.
            if (!offered || head->handed_over <= offered->handed_over) {
                offered = head;
            }
        }
    }
    for (std::size_t number = 0; number < lanes_.size(); ++number) {
        Lane& lane = lanes_[number];
        bool anybody = false;
        for (std::size_t port = 0; port < queues_.size(); ++port) {
            if (!heads[number][port]) {
                lane.since[port] = kNotYet;
            } else {
                anybody = true;
                if (lane.since[port] == kNotYet) {
                    lane.since[port] = edge;
                }
            }
        }
        if (!anybody || lane.free_at > edge) {
            continue;
        }
        const int winner = lane.arbiter.pick(lane.since, edge);
        if (winner >= 0) {
            lane.arbiter.granted(static_cast<unsigned>(winner), edge);
            lane.since[static_cast<std::size_t>(winner)] = kNotYet;
            grant(number, heads[number][static_cast<std::size_t>(winner)], edge);
        }
    }
}

void ClockedBus::grant(std::size_t lane, const TransactionPtr& transaction, Edge edge) {
    Queue& queue = queues_[transaction->port][direction(transaction->access)];
    queue.waiting.pop_front();
    queue.under_way.push_back(transaction);
    in_progress_.push_back(transaction);
    transaction->granted = edge;
    const bool hit = transaction->target >= 0;
    const Edge beats = transaction->beats;
    if (simple()) {
        lanes_[lane].free_at = kNotYet;
    } else if (transaction->access == Access::Read) {
        lanes_[lane].free_at = edge + 1;
    } else {
        const Edge interval = hit ? write_intervals_[static_cast<std::size_t>(transaction->target)] : 1;
        lanes_[lane].free_at = edge + beats * interval + (mutation_ == Mutation::WriteLaneOneCycleLong ? 1 : 0);
    }
    if (hit) {
        forwarded_.push_back(transaction);
    } else {
        transaction->answered = true;
        transaction->answered_at = edge + (transaction->access == Access::Read ? 1 : beats) +
                                   (mutation_ == Mutation::DecodeErrorOneCycleLate ? 1 : 0);
        transaction->interval = 1;
        transaction->response = Response::AddressError;
    }

    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = EventKind::BusGranted;
    event.access = transaction->access;
    event.purpose = transaction->purpose;
    event.source = static_cast<std::uint16_t>(source_);
    event.channel = static_cast<std::uint16_t>(transaction->port);
    event.bytes = transaction->bytes;
    event.beats = transaction->beats;
    event.value = static_cast<std::uint32_t>(transaction->target);
    event.address = transaction->address;
    report_(event);
}

void ClockedBus::evaluate_answers(Edge edge) {
    for (std::size_t lane = 0; lane < return_lane_free_at_.size(); ++lane) {
        if (return_lane_free_at_[lane] > edge) {
            continue;
        }
        // The oldest of each direction of each initiator, if its answer has come through; the one granted first goes.
        TransactionPtr first;
        for (const auto& port : queues_) {
            for (const Queue& queue : port) {
                for (const TransactionPtr& head : queue.under_way) {
                    const bool ready = head->answered && head->answered_at + config_.response_latency <= edge;
                    if (ready && return_lane_of(*head) == lane && (!first || head->granted < first->granted)) {
                        first = head;
                    }
                    if (mutation_ != Mutation::ResponsesOutOfOrder) {
                        break;
                    }
                }
            }
        }
        if (first) {
            deliver(first, edge);
        }
    }
    in_progress_.erase(std::remove_if(in_progress_.begin(), in_progress_.end(),
                                      [edge](const TransactionPtr& transaction) {
                                          return transaction->delivered && transaction->delivered_at < edge;
                                      }),
                       in_progress_.end());
}

void ClockedBus::deliver(const TransactionPtr& transaction, Edge edge) {
    auto& under_way = queues_[transaction->port][direction(transaction->access)].under_way;
    under_way.erase(std::find(under_way.begin(), under_way.end(), transaction));
    transaction->delivered = true;
    transaction->delivered_at = edge;
    Edge occupied = 1;
    if (transaction->access == Access::Read) {
        occupied = static_cast<Edge>(transaction->beats) * transaction->interval;
        if (mutation_ == Mutation::ReadReturnOneCycleShort && occupied > 1) {
            --occupied;
        }
    }
    return_lane_free_at_[return_lane_of(*transaction)] = edge + occupied;
    if (simple()) {
        lanes_[0].free_at = transaction->last_stamp() + 1;
    }
    delivered_.push_back(transaction);

    TraceEvent event{};
    event.at = Cycles{edge};
    event.kind = EventKind::BusResponded;
    event.access = transaction->access;
    event.purpose = transaction->purpose;
    event.response = transaction->response;
    event.source = static_cast<std::uint16_t>(source_);
    event.channel = static_cast<std::uint16_t>(transaction->port);
    event.bytes = transaction->bytes;
    event.beats = transaction->beats;
    event.value = static_cast<std::uint32_t>(transaction->target);
    event.address = transaction->address;
    report_(event);
}

std::vector<TransactionPtr> ClockedBus::take_forwarded() {
    return std::exchange(forwarded_, {});
}

std::vector<TransactionPtr> ClockedBus::take_delivered() {
    return std::exchange(delivered_, {});
}

}  // namespace dmasim::reference
