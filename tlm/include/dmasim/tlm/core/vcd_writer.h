// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "dmasim/model/trace.h"

namespace dmasim {

/// One block whose signals go into a waveform.
struct VcdBlock {
    enum class Kind : std::uint8_t { Controller, Bus };

    Kind kind = Kind::Controller;
    std::uint16_t source = 0;  ///< `TraceEvent::source` of the block.
    std::string name;          ///< Letters, digits and `_`, not beginning with a digit; dots make nested scopes.
    unsigned ports = 1;        ///< Channels of a controller (1 to 64), initiator ports of a bus (1 to 256).
};

/// Settings of a waveform.
struct VcdOptions {
    std::uint64_t period = 10000;    ///< Clock period in units of `timescale`, >= 1.
    std::string timescale = "1 ps";  ///< 1, 10 or 100 of s, ms, us, ns, ps or fs (IEEE 1364-2005, 18.2.3.6).
    std::vector<VcdBlock> blocks;    ///< At least one; sources and names differ. Other sources are left out.
};

/// All problems of `options`, one sentence each; empty when a writer can be built.
std::vector<std::string> validate(const VcdOptions& options);

/// Writes the event stream as a value change dump (IEEE 1364-2005, clause 18). The header carries no date, so equal runs
/// give equal files.
///
/// An edge `e` is at time e * period. Signals of a controller: `irq`, and for each channel `cause` (number of the
/// CycleCause), `job`, `residue` (bytes, timing.md C13), `reads_in_flight`, `writes_in_flight`, `dreq`, `dack`, `tc`. Of a
/// bus, for each initiator: `read_grant` and `write_grant` (high in the cycle after a grant), `reads_in_flight`,
/// `writes_in_flight` (granted and not answered). See docs/observability.md.
///
/// Events are sorted before they are written, which takes memory for those between two calls of `settle`.
class VcdWriter final : public TraceSink {
  public:
    /// Writes to `out`, which must outlive the writer; whether that worked, the stream says. Throws `ConfigError`.
    VcdWriter(std::ostream& out, const VcdOptions& options);
    /// Does not finish the file: after an exception there may be nothing sensible to write to.
    ~VcdWriter() override;

    void event(const TraceEvent& event) override;

    /// Promises that no event before `edge` will come any more, and writes what is before it.
    void settle(Cycles edge);

    /// Writes what is left up to and including edge `end`, and closes the file with the time of `end` (or of the last
    /// edge settled, if later). What was announced for later has not happened and is left out. To be called once, last; `end` is an
    /// edge and not `kNever`.
    void finish(Cycles end);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim
