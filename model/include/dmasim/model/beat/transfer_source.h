// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/beat/pipeline.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// Tags of the transfers of a `TransferSource` have this bit; those of register jobs have not.
inline constexpr std::uint32_t kSourceTag = 0x80000000;

/// Something beside the register jobs that hands transfers to the pipeline of a controller.
class TransferSource {
  public:
    TransferSource() = default;
    TransferSource(const TransferSource&) = delete;
    TransferSource& operator=(const TransferSource&) = delete;
    virtual ~TransferSource() = default;

    /// One cycle, before the pipeline's own; offers at most one transfer, none if `taken` (a register job was offered in
    /// this cycle). Returns true if the next cycle has to be looked at.
    virtual bool cycle(Cycles t, BeatPipeline& pipeline, bool taken) = 0;
    /// Something is offered that was not accepted.
    [[nodiscard]] virtual bool waiting() const = 0;
    /// The pipeline has accepted transfer `tag`. Returns its bytes.
    virtual std::uint64_t taken(std::uint32_t tag) = 0;
    /// The pipeline reports transfer `tag` in cycle `at`.
    virtual void status(std::uint32_t tag, Cycles at, Response response) = 0;
};

}  // namespace dmasim
