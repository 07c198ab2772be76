// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dmasim/model/trace.h"
#include "dmasim/model/verifier/driver_notes.h"
#include "dmasim/model/verifier/verifier.h"

namespace dmasim {

/// Feeds a `Verifier` from the event streams of a platform and the notes of its drivers, in order of time.
///
/// Blocks report in the order in which they learn of things (`TraceSink`), so everything is held back until `settle` says
/// that nothing earlier can come. Findings appear at `settle` and `finish`.
class VerifierMonitor final : public TraceSink, public DriverNotes {
  public:
    /// Throws `ConfigError`, see `Verifier`.
    explicit VerifierMonitor(const VerifierConfig& config);
    ~VerifierMonitor() override;

    /// Memory `source` (of its events) has `bytes` bytes that masters see at `base` on, and beats of `bus_bytes` bytes. Its
    /// accesses are verified; those of memories that are not named are not (memory of a device, registers).
    void add_memory(std::uint16_t source, std::uint64_t base, std::uint64_t bytes, std::uint32_t bus_bytes);

    void event(const TraceEvent& event) override;

    void map(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, Cycles at) override;
    void completed(std::uint64_t address, std::uint64_t bytes, Cycles at) override;
    void freed(std::uint64_t address, std::uint64_t bytes, Cycles at) override;
    void descriptors(std::uint64_t address, std::uint64_t bytes, Cycles at) override;
    void published(std::uint64_t address, std::uint64_t bytes, Cycles at) override;
    void doorbell(Cycles at) override;
    void bounce(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, std::uint64_t bounce,
                Cycles at) override;
    void copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes, Cycles at) override;

    /// A finding of somebody else, see `Verifier::add`. It is among the findings at once.
    void add(Finding finding);

    /// `bytes` bytes were put into a verified memory behind everybody's back: they count as initial contents.
    void poke(std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes, Cycles at);

    /// Promises that no event with `at` < `edge` and no note with `at` < `edge` will come any more, and judges those.
    void settle(Cycles edge);
    /// Judges everything that is left before `end`, and the rules about the end. Nothing may come afterwards.
    void finish(Cycles end = kNever);

    [[nodiscard]] const Verifier& verifier() const;
    [[nodiscard]] const std::vector<Finding>& findings() const { return verifier().findings(); }
    /// Events held back.
    [[nodiscard]] std::size_t pending() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim
