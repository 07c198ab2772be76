// SPDX-License-Identifier: Apache-2.0
#include "reference/mutation.h"

#include <array>
#include <utility>

namespace dmasim::reference {

namespace {

constexpr std::array<std::pair<Mutation, std::string_view>, 43> kMutations{{
    {Mutation::StartToRequest, "start_to_request"},
    {Mutation::DescriptorDecode, "descriptor_decode"},
    {Mutation::RequestInterval, "request_interval"},
    {Mutation::ReadToWrite, "read_to_write"},
    {Mutation::ResponseToStatus, "response_to_status"},
    {Mutation::FifoOneBeatMore, "fifo_one_beat_more"},
    {Mutation::FifoFreedEarly, "fifo_freed_early"},
    {Mutation::MaxReadsOneMore, "max_reads_one_more"},
    {Mutation::MaxWritesOneMore, "max_writes_one_more"},
    {Mutation::No4KibLimit, "no4_kib_limit"},
    {Mutation::UnalignedFullBurst, "unaligned_full_burst"},
    {Mutation::UnitBytesIgnored, "unit_bytes_ignored"},
    {Mutation::AbortBeatsCompletion, "abort_beats_completion"},
    {Mutation::PauseOneEdgeLate, "pause_one_edge_late"},
    {Mutation::DreqOneEdgeLate, "dreq_one_edge_late"},
    {Mutation::DackOneCycleLong, "dack_one_cycle_long"},
    {Mutation::SingleUnitOneEdgeEarly, "single_unit_one_edge_early"},
    {Mutation::WriteBackYields, "write_back_yields"},
    {Mutation::PrefetchTwoAhead, "prefetch_two_ahead"},
    {Mutation::ErrorLatchedOneEdgeLate, "error_latched_one_edge_late"},
    {Mutation::ResidueCountsReads, "residue_counts_reads"},
    {Mutation::CoalesceOneMore, "coalesce_one_more"},
    {Mutation::TimeoutOneCycleLate, "timeout_one_cycle_late"},
    {Mutation::ArbiterTieHighestIndex, "arbiter_tie_highest_index"},
    {Mutation::RoundRobinForgets, "round_robin_forgets"},
    {Mutation::WeightOneMore, "weight_one_more"},
    {Mutation::SlotOneCycleLate, "slot_one_cycle_late"},
    {Mutation::AgeingOneCycleLate, "ageing_one_cycle_late"},
    {Mutation::BusRequestLatency, "bus_request_latency"},
    {Mutation::BusResponseLatency, "bus_response_latency"},
    {Mutation::QueueOneDeeper, "queue_one_deeper"},
    {Mutation::MaxOutstandingOneMore, "max_outstanding_one_more"},
    {Mutation::WriteLaneOneCycleLong, "write_lane_one_cycle_long"},
    {Mutation::ReadReturnOneCycleShort, "read_return_one_cycle_short"},
    {Mutation::ResponsesOutOfOrder, "responses_out_of_order"},
    {Mutation::CrossbarSharesReturnLane, "crossbar_shares_return_lane"},
    {Mutation::DecodeErrorOneCycleLate, "decode_error_one_cycle_late"},
    {Mutation::ReadLatency, "read_latency"},
    {Mutation::WriteLatency, "write_latency"},
    {Mutation::ReadWait, "read_wait"},
    {Mutation::WriteWait, "write_wait"},
    {Mutation::ReadSeesBeatOfSameEdge, "read_sees_beat_of_same_edge"},
    {Mutation::FailedWriteWrites, "failed_write_writes"},
}};

}  // namespace

std::string_view name_of(Mutation mutation) {
    for (const auto& [candidate, name] : kMutations) {
        if (candidate == mutation) {
            return name;
        }
    }
    return "none";
}

const std::vector<Mutation>& all_mutations() {
    static const std::vector<Mutation> list = [] {
        std::vector<Mutation> all;
        for (const auto& entry : kMutations) {
            all.push_back(entry.first);
        }
        return all;
    }();
    return list;
}

}  // namespace dmasim::reference
