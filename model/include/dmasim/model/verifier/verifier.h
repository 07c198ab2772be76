// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/trace.h"
#include "dmasim/model/verifier/driver_notes.h"
#include "dmasim/model/verifier/finding.h"

namespace dmasim {

/// Findings of `rule` ("*": of every rule) all of whose bytes lie in the range are not reported.
struct Suppression {
    std::string rule = "*";
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;  ///< 0: everywhere.
};

/// The registers of a controller, as masters see them.
struct VerifiedRegisters {
    std::uint16_t source = 0;  ///< Of the controller's events.
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;
    std::uint64_t first = 0;   ///< Offset of those of channel 0 ...
    std::uint64_t stride = 1;  ///< ... and from one channel to the next, >= 1.
};

/// What the verifier is told about the platform and about what to look for.
struct VerifierConfig {
    std::uint32_t line_bytes = 64;  ///< Of the cache; a power of two, 8 to 1024.
    /// A dirty line is written back with its clean bytes too (a cache that is not coherent), so that it overwrites what
    /// others have written beside its dirty bytes.
    bool whole_line_write_back = true;
    /// A doorbell publishes every store made before it, to whichever bytes. Otherwise only those to descriptors and to
    /// buffers that are handed to the device, which is what is certain.
    bool doorbell_publishes_everything = false;
    /// A write that is shown to the cache changes or drops its copies. False: only reads look into it (one-sided).
    bool snooped_writes = true;
    /// The devices' writes are shown to the cache (I/O-coherent platform): buffers need no maintenance before they are
    /// written. An access that is not shown to it (`VerifiedAccess::snooped`) is judged nevertheless.
    bool coherent_writes = false;
    unsigned device_address_bits = 64;  ///< ADDR_REACH: address bits that the devices drive, 1 to 64.
    /// STARVATION: longest legal wait of a channel, and of a burst at the bus, for a grant; 0: not judged.
    std::uint64_t starvation_cycles = 0;
    std::vector<VerifiedRegisters> registers;  ///< Of controllers whose registers masters write over the bus.
    std::vector<std::string> disabled_rules;   ///< Names of rules that are off.
    /// Names of rules that others judge, whose findings come through `add`; they can be disabled and suppressed as well.
    std::vector<std::string> other_rules;
    std::vector<Suppression> suppressions;  ///< What is not reported.
    std::size_t max_findings = 1000;        ///< Further ones are counted and not kept; >= 1.
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const VerifierConfig& config);

/// A rule of the verifier.
struct VerifierRuleKind {
    std::string_view name;     ///< Stable, in capitals: CLEAN_MISSING.
    std::string_view summary;  ///< What it finds, one phrase.
};

/// All rules, in the order of docs/verifier.md.
const std::vector<VerifierRuleKind>& verifier_rules();

/// An access of a memory as the verifier is told about it.
struct VerifiedAccess {
    Purpose purpose =
        Purpose::Data;          ///< CacheFill, CacheWriteBack and Uncached are the CPU's, the others the device's.
    std::uint16_t channel = 0;  ///< Of the device, for reports.
    bool snooped = false;       ///< Caches take part in it.
    std::uint64_t address = 0;  ///< As the masters see it.
    std::uint64_t bytes = 0;
    const std::uint8_t* data = nullptr;     ///< Null: not known.
    const std::uint8_t* enables = nullptr;  ///< As `Burst::enables`.
};

/// Keeps a shadow of every byte that is touched (who wrote the newest value, where which value lives, whose it is) and
/// reports what goes wrong (docs/verifier.md).
///
/// Plain C++. The calls must come in order of time; within one cycle: reads of memories, what the CPU and its cache do (in
/// their order), writes of memories, notes. `VerifierMonitor` makes them out of an event stream. A virtual platform that
/// has a cache and a bus of its own makes them itself.
class Verifier {
  public:
    /// Throws `ConfigError` with all problems of `config`, unknown names of rules among them.
    explicit Verifier(const VerifierConfig& config);
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    [[nodiscard]] const VerifierConfig& config() const;

    /// @name The CPU and its cache
    ///@{
    /// The line is in the cache now, with what the last fill of it that was seen by `memory_read` has read.
    void line_filled(Cycles at, std::uint64_t line, std::uint32_t set, std::uint32_t way, bool prefetch);
    /// A load gets bytes from a line of the cache (all in one line). `data` may be null.
    void cached_load(Cycles at, std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data);
    /// A load gets bytes from the store buffer.
    void forwarded_load(Cycles at, std::uint64_t address, std::uint32_t bytes);
    /// A store changes bytes of a line that is in the cache (all in one line), which becomes dirty.
    void cached_store(Cycles at, std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data);
    /// A store is on its way to memory past the cache as (part of) entry `entry` of a store buffer; entries are numbered in
    /// order, a store that joins another one has the same number. `hit`: the cache holds the line and its copy is changed too.
    void posted_store(Cycles at, std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data,
                      std::uint32_t entry, bool hit, bool uncached);
    /// Bytes of entry `entry` are sent to memory; the write follows through `memory_write`.
    void posted_store_sent(Cycles at, std::uint64_t address, std::uint32_t bytes, std::uint32_t entry,
                           const std::uint8_t* enables);
    /// The line is copied for a write-back, which follows through `memory_write`, and kept (clean) or given up (evicted).
    void line_cleaned(Cycles at, std::uint64_t line);
    void line_evicted(Cycles at, std::uint64_t line);
    /// The line is dropped by maintenance; what was dirty is lost.
    void line_invalidated(Cycles at, std::uint64_t line);
    /// A maintenance operation has ended; `scope` as in `EventKind::Maintenance`.
    void maintenance(Cycles begin, Cycles end, MaintenanceKind kind, std::uint32_t scope, std::uint64_t address,
                     std::uint64_t bytes);
    ///@}

    /// @name Memories
    ///@{
    /// Bytes are taken from a memory for `access`.
    void memory_read(Cycles at, const VerifiedAccess& access);
    /// Bytes were put into a memory behind everybody's back: they count as initial contents.
    void poke(std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes);
    /// Bytes are in a memory now.
    void memory_write(Cycles at, const VerifiedAccess& access);
    ///@}

    /// @name Notes of the driver (see `DriverNotes`)
    ///@{
    void map(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, Cycles at);
    void completed(std::uint64_t address, std::uint64_t bytes, Cycles at);
    void freed(std::uint64_t address, std::uint64_t bytes, Cycles at);
    void descriptors(std::uint64_t address, std::uint64_t bytes, Cycles at);
    void published(std::uint64_t address, std::uint64_t bytes, Cycles at);
    void doorbell(Cycles at);
    /// More than 2^26 bytes are ignored.
    void bounce(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, std::uint64_t bounce, Cycles at);
    void copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes, Cycles at);
    ///@}

    /// A finding of somebody else about the same driver, who names his rules in `VerifierConfig::other_rules`: counted, kept
    /// and suppressed as those of the verifier's own rules. The same one again (rule, bytes, message) is a repeat.
    void add(Finding finding);

    /// An event of a controller or bus, for the rules about those.
    void controller_event(const TraceEvent& event);

    /// The end of the run: rules that could be satisfied later are judged now.
    void finish(Cycles at);

    [[nodiscard]] const std::vector<Finding>& findings() const;
    /// Findings, those that are not kept included.
    [[nodiscard]] std::uint64_t total() const;
    /// Findings that were suppressed.
    [[nodiscard]] std::uint64_t suppressed() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim
