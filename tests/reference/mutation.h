// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace dmasim::reference {

/// One rule that the reference breaks on purpose, to prove that the comparison notices. `None`: it follows the page.
enum class Mutation {
    None,
    // Controller parameters, one cycle off.
    StartToRequest,
    DescriptorDecode,
    RequestInterval,
    ReadToWrite,
    ResponseToStatus,
    // Controller rules.
    FifoOneBeatMore,
    FifoFreedEarly,
    MaxReadsOneMore,
    MaxWritesOneMore,
    No4KibLimit,
    UnalignedFullBurst,
    UnitBytesIgnored,
    AbortBeatsCompletion,
    PauseOneEdgeLate,
    DreqOneEdgeLate,
    DackOneCycleLong,
    SingleUnitOneEdgeEarly,
    WriteBackYields,
    PrefetchTwoAhead,
    ErrorLatchedOneEdgeLate,
    ResidueCountsReads,
    CoalesceOneMore,
    TimeoutOneCycleLate,
    // Arbiters.
    ArbiterTieHighestIndex,
    RoundRobinForgets,
    WeightOneMore,
    SlotOneCycleLate,
    AgeingOneCycleLate,
    // Bus.
    BusRequestLatency,
    BusResponseLatency,
    QueueOneDeeper,
    MaxOutstandingOneMore,
    WriteLaneOneCycleLong,
    ReadReturnOneCycleShort,
    ResponsesOutOfOrder,
    CrossbarSharesReturnLane,
    DecodeErrorOneCycleLate,
    // Memory.
    ReadLatency,
    WriteLatency,
    ReadWait,
    WriteWait,
    ReadSeesBeatOfSameEdge,
    FailedWriteWrites,
};

/// Name of a mutation, for tables.
std::string_view name_of(Mutation mutation);

/// All mutations except `None`.
const std::vector<Mutation>& all_mutations();

}  // namespace dmasim::reference
