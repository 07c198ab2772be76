// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/model/types.h"
#include "dmasim/model/verifier/driver_notes.h"
#include "dmasim/model/verifier/verifier.h"

namespace dmasim {

class CpuContext;

/// A step of a litmus trace (docs/litmus.md, "Trace language").
enum class LitmusOp : std::uint8_t {
    Mem,
    Write,
    Read,
    UncachedWrite,
    UncachedRead,
    Dsb,
    Drain,
    Dmb,
    Bell,
    Clean,
    Invalidate,
    Flush,
    Evict,
    Prefetch,
    Map,
    DeviceWrite,
    DeviceRead,
    Done,
    Free,
    Descriptors,
    Publish,
    BounceMap,
    BounceCopy,
    Copy,
};

/// `count` bytes of one value.
struct LitmusBytes {
    std::uint8_t token = 0;
    std::uint64_t count = 0;
};

/// One step of a trace.
struct LitmusStep {
    LitmusOp op = LitmusOp::Dsb;
    std::uint64_t address = 0;  ///< From the base on, bytes.
    std::uint64_t bytes = 0;
    std::uint64_t other = 0;  ///< Copy: source; bounce map: place of the bounce buffer.
    std::uint8_t token = 0;
    DmaDirection direction = DmaDirection::FromDevice;
    std::optional<std::vector<LitmusBytes>> expected;  ///< What the access is to return.
    std::string text;                                  ///< As it was written.
};

/// Limits of a trace, so that none costs more than a moment.
inline constexpr std::uint64_t kLitmusSpace = 1U << 24;       ///< Bytes of memory behind the base.
inline constexpr std::uint64_t kLitmusStepBytes = 1U << 20;   ///< Bytes of one step.
inline constexpr std::uint64_t kLitmusTraceBytes = 1U << 24;  ///< Bytes of all steps of a trace together.
inline constexpr std::size_t kLitmusSteps = 10'000;

/// Reads one step. Returns what is wrong with it, or an empty text.
std::string parse_litmus_step(std::string_view text, LitmusStep& step);

/// Checks a whole trace against the limits; returns what is wrong, or an empty text.
std::string check_litmus_trace(const std::vector<LitmusStep>& trace);

/// Bytes in run-length form: "n*32,p*32".
std::string litmus_text(const std::vector<std::uint8_t>& bytes);

/// What is fixed about a machine for litmus traces.
struct LitmusConfig {
    std::uint32_t line_bytes = 64;                  ///< 8 to 1024, a power of two.
    CoherenceMode coherence = CoherenceMode::None;  ///< Otherwise the device is snooped.
    WritePolicy write_policy = WritePolicy::Back;
    bool verify = true;
    std::vector<std::string> disabled_rules;
    std::uint8_t initial = 'o';  ///< Value of bytes that nobody has given one.
};

/// What an access with an expectation returned.
struct LitmusRead {
    std::size_t step = 0;  ///< From 1 on.
    std::vector<std::uint8_t> bytes;
    bool as_expected = false;
};

/// A finding and the steps (from 1 on) at which it happened and showed.
struct LitmusFinding {
    Finding finding;
    std::size_t step = 0;
    std::size_t seen_step = 0;
};

/// The machine that traces run on: CPU with cache and store buffer, bus, memory and a DMA controller with a memory of its
/// device, core to core. What the device does is done by transfers of the controller. Entries of the store buffer leave only
/// when something waits for them.
class LitmusMachine {
  public:
    /// Address of the memory's first byte, the base of traces.
    static constexpr std::uint64_t kBase = 0x1000'0000;

    /// Throws `ConfigError`.
    explicit LitmusMachine(const LitmusConfig& config);
    ~LitmusMachine();
    LitmusMachine(const LitmusMachine&) = delete;
    LitmusMachine& operator=(const LitmusMachine&) = delete;

    /// Carries out a step that lies within the limits; returns what it has read.
    std::vector<std::uint8_t> run(const LitmusStep& step);
    /// The end: judges what is left to be judged. No step may follow.
    void finish();

    /// The CPU, for actions between steps.
    [[nodiscard]] CpuContext& cpu();
    /// What is in memory now, past all caches.
    [[nodiscard]] std::vector<std::uint8_t> memory(std::uint64_t address, std::uint64_t bytes);

    [[nodiscard]] const std::vector<LitmusRead>& reads() const;
    /// In order of their steps.
    [[nodiscard]] std::vector<LitmusFinding> findings() const;
    /// Cycles that have gone by.
    [[nodiscard]] Cycles now() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// An entry of a collection: a trace with a bug, and the same without it.
struct LitmusEntry {
    std::string id;
    std::string rule;  ///< The diagnosis that a person would want to read.
    std::uint32_t line = 64;
    std::vector<LitmusStep> buggy;
    std::vector<LitmusStep> fixed;
    std::vector<std::pair<std::size_t, std::string>> fires;  ///< Steps (from 1 on) and rules that are to be named.
};

/// What came of one variant of an entry.
struct LitmusResult {
    bool ok = false;
    std::vector<std::string> problems;  ///< Why not.
    std::vector<LitmusRead> reads;
    std::vector<LitmusFinding> findings;
};

/// Runs a variant of `entry`. It is good if every access returned what it was to return, and
/// - fixed: nothing was found;
/// - buggy: a finding with the entry's rule or one of those in `fires` came no later than the first step there (no step
///   there: by the end).
LitmusResult run_litmus(const LitmusEntry& entry, bool fixed, LitmusConfig config = {});

}  // namespace dmasim
