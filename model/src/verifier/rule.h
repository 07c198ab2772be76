// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/verifier/finding.h"
#include "dmasim/model/verifier/verifier.h"

#include "shadow.h"

namespace dmasim::detail {

/// Bytes, all in one line, to which the same happens for the same reason.
struct Hazard {
    Cycles at;  ///< Of the access that meets it.
    ByteRange range;
    WriteId newest = 0;  ///< The newest write of the bytes.
    WriteId seen = 0;    ///< The write whose value is read instead, or which overwrites or hides the newest one.
    Place place = Place::Memory;  ///< Where the newest value is.
    bool descriptor = false;      ///< In a descriptor region, or accessed as a descriptor.
    FindingParty reader;          ///< Who meets it.
    const LineShadow* line =
        nullptr;  ///< The line in the cache or on its way to memory that holds the bytes; may be null.
    std::vector<std::uint8_t> old_bytes;
    std::vector<std::uint8_t> new_bytes;
};

/// A device's access, before it changes the state.
struct DeviceAccess {
    Cycles at;
    ByteRange range;
    bool write = false;
    bool descriptor = false;
    bool snooped = false;
    std::uint16_t channel = 0;
};

/// Why bytes are in danger when a device may write them.
enum class DirtyWhy : std::uint8_t { Mapped, Stored, Written };

/// What a rule gets to work with.
class Judge {
  public:
    Judge() = default;
    Judge(const Judge&) = delete;
    Judge& operator=(const Judge&) = delete;
    virtual ~Judge() = default;

    [[nodiscard]] virtual Shadow& state() = 0;
    [[nodiscard]] virtual const VerifierConfig& config() const = 0;
    /// Reports for the rule that is being asked; `finding.rule` is filled in.
    virtual void report(Finding finding) = 0;
};

/// A rule: reports what it is responsible for. Most see hazards that have been recognised from the state already and
/// decide whether they go by their name.
class VerifierRule {
  public:
    VerifierRule() = default;
    VerifierRule(const VerifierRule&) = delete;
    VerifierRule& operator=(const VerifierRule&) = delete;
    virtual ~VerifierRule() = default;

    /// The device reads older bytes than the newest ones.
    virtual void stale_device_read(const Hazard& /*hazard*/, Judge& /*judge*/) {}
    /// The CPU loads older bytes than the device's newest ones from a line of its cache.
    virtual void stale_load(const Hazard& /*hazard*/, Judge& /*judge*/) {}
    /// Somebody uses bytes whose newest store was dropped by an invalidate, or hands them over.
    virtual void lost_store(const Hazard& /*hazard*/, const Drop& /*drop*/, Judge& /*judge*/) {}
    /// Somebody uses bytes whose newest value was overwritten by a write-back.
    virtual void lost_device_data(const Hazard& /*hazard*/, const Overwritten& /*lost*/, Judge& /*judge*/) {}
    /// Bytes that the device may write, or writes, are dirty in the cache.
    virtual void dirty_under_device(const Hazard& /*hazard*/, DirtyWhy /*why*/, Judge& /*judge*/) {}
    /// A line holds dirty bytes, and older copies of bytes that the device has written (`hazard`): one of them will be lost.
    /// `dirty`: an address of the former.
    virtual void shared_line(const Hazard& /*hazard*/, std::uint64_t /*dirty*/, Judge& /*judge*/) {}

    virtual void device_access(const DeviceAccess& /*access*/, Judge& /*judge*/) {}
    /// A store of the CPU is made, before it changes the state.
    virtual void cpu_store(Cycles /*at*/, const ByteRange& /*range*/, const std::uint8_t* /*data*/, Judge& /*judge*/) {}
    /// A load of the CPU gets its bytes, from the cache or from memory.
    virtual void cpu_load(Cycles /*at*/, const ByteRange& /*range*/, Judge& /*judge*/) {}
    /// After a device's write has changed the state.
    virtual void device_wrote(const DeviceAccess& /*access*/, WriteId /*id*/, Judge& /*judge*/) {}

    /// Before the mapping is entered.
    virtual void mapped(const Mapping& /*mapping*/, Judge& /*judge*/) {}
    /// Before the mapping (null: there is none) ends.
    virtual void completed(const Mapping* /*mapping*/, std::uint64_t /*address*/, std::uint64_t /*bytes*/,
                           Cycles /*at*/, Judge& /*judge*/) {}
    virtual void freed(const ByteRange& /*range*/, Cycles /*at*/, Judge& /*judge*/) {}
    virtual void published(const ByteRange& /*range*/, Cycles /*at*/, Judge& /*judge*/) {}
    virtual void doorbell(Cycles /*at*/, Judge& /*judge*/) {}
    virtual void copied(const ByteRange& /*destination*/, const ByteRange& /*source*/, Cycles /*at*/,
                        Judge& /*judge*/) {}
    /// Whether `controller_event` is to be called.
    [[nodiscard]] virtual bool wants_controller_events() const { return false; }
    virtual void controller_event(const TraceEvent& /*event*/, Judge& /*judge*/) {}
    virtual void finish(Cycles /*at*/, Judge& /*judge*/) {}
};

/// A row of the table of rules.
struct RuleRow {
    VerifierRuleKind kind;
    std::unique_ptr<VerifierRule> (*make)();
};

/// The table, in the order of the documentation.
const std::vector<RuleRow>& rule_rows();

/// The access is one of the CPU's.
inline bool of_cpu(Purpose purpose) {
    return purpose == Purpose::CacheFill || purpose == Purpose::CacheWriteBack || purpose == Purpose::Uncached;
}

// ---- words for reports

/// Stands for the range of the finding, which may still grow when it is reported: findings about adjacent bytes become one.
inline constexpr const char* kTheRange = "{range}";
inline std::string the_range() {
    return kTheRange;
}

/// "[0x1000, 0x1020)".
std::string text_of(const ByteRange& range);
/// "cycle 12".
std::string text_of(Cycles at);
/// Who has made a write, and when.
FindingParty party_of(const WriteRecord& write);
/// "the CPU's cached store at cycle 12".
std::string text_of(const FindingParty& party);
/// The line that the hazard is about was invalidated once, and prefetched again afterwards.
bool refilled_by_prefetch(const Hazard& hazard, Shadow& state);
/// When the line was last invalidated by maintenance before it was filled, or `kNever`.
Cycles invalidated_before(const LineShadow& line, Shadow& state);
/// The maintenance operation that was under way at `at`, or null if it is not remembered.
const MaintenanceRecord* maintenance_at(Cycles at, Shadow& state);
/// The byte was dropped because it lies in one line with those that were to be invalidated.
bool dropped_with_neighbour(std::uint64_t address, const Drop& drop, Shadow& state);
/// A finding about `hazard` that happened at `at`, everything filled in but message and what is missing.
Finding finding_of(const Hazard& hazard, Cycles at, Judge& judge);

}  // namespace dmasim::detail
