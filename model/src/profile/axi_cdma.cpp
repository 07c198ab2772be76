// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/profile/profile.h"

namespace dmasim::detail {

/// A central DMA with a sequenced pipeline, unaligned transfers enabled (docs/beat-pipelines.md, "Sequenced").
TimingProfile make_axi_cdma_profile() {
    TimingProfile profile;
    profile.name = "axi_cdma";
    profile.description = "AXI central DMA, beat by beat: one burst in the data phase and one prefetched";
    profile.beat_accurate = true;
    profile.pipeline.kind = PipelineKind::Sequenced;
    profile.pipeline.split = SplitRule::DestinationFirst;
    profile.pipeline.write_address = WriteAddressRule::WithCommand;
    profile.pipeline.accept_to_plan = 1;
    profile.pipeline.plan_to_request = 1;
    profile.pipeline.request_to_valid = 1;
    profile.pipeline.plan_to_command = 1;
    profile.pipeline.burst_gap = 1;
    profile.pipeline.command_to_accept = 2;
    profile.pipeline.read_to_write = 2;
    profile.pipeline.fifo_threshold = 16;
    profile.pipeline.fifo_reaction = 2;
    profile.pipeline.response_to_status = 1;
    return profile;
}

}  // namespace dmasim::detail
