// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/beat/descriptor_mux.h"

namespace dmasim {

bool DescriptorMux::cycle(Cycles t, std::uint64_t offering, const std::function<BeatTransfer(std::uint32_t)>& head,
                          const std::function<void(std::uint32_t)>& accepted, BeatPipeline& pipeline, bool free) {
    const bool taken = free && register_.valid() && pipeline.ready(t);
    if (taken) {
        pipeline.offer(register_.item(), t);
    }
    const std::uint32_t port = arbiter_.granted();
    const bool passes = arbiter_.granting() && register_.ready() && (offering >> port & 1) != 0;
    const std::uint64_t grant = arbiter_.grant();
    const BeatTransfer transfer = passes ? head(port) : BeatTransfer{};
    const bool registered = register_.clock(passes, transfer, taken);
    const bool arbitrated = arbiter_.clock(offering & ~grant, passes ? grant : 0);
    if (passes) {
        accepted(port);
    }
    return taken || registered || arbitrated;
}

}  // namespace dmasim
