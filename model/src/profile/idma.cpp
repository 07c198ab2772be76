// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/profile/profile.h"

namespace dmasim::detail {

/// A DMA back end with a streaming pipeline, without error handling (docs/beat-pipelines.md, "Streaming").
TimingProfile make_idma_profile() {
    TimingProfile profile;
    profile.name = "idma";
    profile.description = "iDMA back end, beat by beat: a read and a write burst planned a cycle, byte lanes between";
    profile.beat_accurate = true;
    profile.pipeline.kind = PipelineKind::Streaming;
    profile.pipeline.split = SplitRule::AlignedBothSides;
    profile.pipeline.write_address = WriteAddressRule::WithFirstBeat;
    profile.pipeline.max_burst_beats = 256;
    profile.pipeline.accept_to_plan = 1;
    profile.pipeline.request_to_valid = 0;
    profile.pipeline.read_to_write = 1;
    profile.pipeline.response_gap = 1;
    profile.pipeline.response_to_status = 0;
    profile.pipeline.bursts_in_flight = 8;
    profile.pipeline.buffer_beats = 3;
    profile.pipeline.pending_extra = 0;
    return profile;
}

}  // namespace dmasim::detail
