// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dmasim/model/trace.h"
#include "dmasim/model/verifier/driver_notes.h"
#include "dmasim/model/verifier/finding.h"

#include "range_map.h"

namespace dmasim::detail {

/// Number of a write, in the order in which they were made; 0: what was there at first.
using WriteId = std::uint32_t;

/// How a write was made.
enum class WriteHow : std::uint8_t { Initial, CachedStore, PostedStore, UncachedStore, DeviceWrite, StatusWrite };

struct WriteRecord {
    Cycles at;
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    WriteHow how = WriteHow::Initial;
    std::uint16_t channel = 0;

    [[nodiscard]] bool by_device() const { return how == WriteHow::DeviceWrite || how == WriteHow::StatusWrite; }
    [[nodiscard]] bool by_cpu() const { return how != WriteHow::Initial && !by_device(); }
};

struct ByteState {
    WriteId newest = 0;
    WriteId memory = 0;      // The write whose value memory has.
    std::uint8_t value = 0;  // Of the newest write ...
    bool known = false;      // ... if that is known.
};

/// A line of the cache, or one on its way to memory.
struct LineShadow {
    std::uint64_t address = 0;
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    Cycles filled_at;
    bool prefetched = false;
    std::uint32_t dirty_count = 0;
    std::vector<WriteId> versions;
    std::vector<std::uint8_t> dirty;
};

/// A store that has not been sent to memory.
struct PendingStore {
    std::uint32_t entry = 0;
    ByteRange range;
    WriteId id = 0;
    bool uncached = false;
};

/// A posted store on its way to memory.
struct SentStore {
    std::uint64_t address = 0;
    std::vector<WriteId> ids;  // By byte; kNotSent: not written.
};
inline constexpr WriteId kNotSent = 0xFFFFFFFF;

/// A buffer that has been handed to the device.
struct Mapping {
    DmaDirection direction = DmaDirection::FromDevice;
    ByteRange range;
    Cycles at;
    WriteId made = 0;  // The last write before it.
    bool live = true;  // Not completed.
    Cycles completed_at;
    WriteId completed = 0;     // The last write before its completion.
    RangeMap<bool> accessed;   // What the device has written (from the device) or read (to it).
    RangeMap<bool> read;       // What the device has read, of either direction.
    RangeMap<WriteId> reused;  // To the device: stored to over what was to be sent.

    [[nodiscard]] bool device_writes() const { return direction != DmaDirection::ToDevice; }
    [[nodiscard]] bool device_reads() const { return direction != DmaDirection::FromDevice; }
};

struct Bounce {
    DmaDirection direction = DmaDirection::FromDevice;
    ByteRange user;
    ByteRange pool;
    Cycles at;
    std::vector<std::uint8_t> synced;  // By byte: the copy has been made since the last change of its source.
};

/// What an invalidate has dropped: the newest value of the byte is lost.
struct Drop {
    Cycles at;
    std::uint64_t line = 0;
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    WriteId id = 0;  // The store that is lost.
};

/// What a write-back has overwritten: the newest value of the byte is lost.
struct Overwritten {
    Cycles at;
    std::uint64_t line = 0;
    std::uint32_t set = 0;
    std::uint32_t way = 0;
    bool own = false;  // The byte itself was dirty in the line; else it was written because of its neighbours.
};

struct MaintenanceRecord {
    MaintenanceKind kind = MaintenanceKind::Clean;
    std::uint32_t scope = 0;
    std::optional<ByteRange> range;  // Of whole lines; nothing: all or one set and way.
    std::optional<ByteRange> asked;  // As it was called.
    Cycles begin;
    Cycles end;

    [[nodiscard]] bool cleans() const { return kind != MaintenanceKind::Invalidate; }
    [[nodiscard]] bool drops() const { return kind != MaintenanceKind::Clean; }
    [[nodiscard]] bool covers(std::uint64_t address) const { return !range || range->contains(address); }
};

/// Where the newest value of a byte is when memory does not have it.
enum class Place : std::uint8_t { Memory, Cache, WriteBack, StoreBuffer, Dropped, Overwritten, Nowhere };

/// The state that the rules judge (docs/verifier.md, "State"). Judges nothing itself.
class Shadow {
  public:
    explicit Shadow(std::uint32_t line_bytes) : line_bytes_(line_bytes), writes_(1) {}

    // ---- bytes

    [[nodiscard]] ByteState& byte(std::uint64_t address) {
        const std::uint64_t number = address / kPage;
        if (number != page_number_ || page_ == nullptr) {
            std::unique_ptr<Page>& page = pages_[number];
            if (!page) {
                page = std::make_unique<Page>();
            }
            page_ = page.get();
            page_number_ = number;
        }
        return (*page_)[address % kPage];
    }

    /// Calls `visit(address, state)` for each byte of `range`.
    template <typename Function>
    void each(const ByteRange& range, Function visit) {
        for (std::uint64_t address = range.first;;) {
            ByteState* state = &byte(address);
            const std::uint64_t last = std::min(range.last, address | (kPage - 1));
            for (;; ++address, ++state) {
                visit(address, *state);
                if (address == last) {
                    break;
                }
            }
            if (address == range.last) {
                return;
            }
            ++address;
        }
    }

    /// Makes a write at cycle `at`, without changing a byte.
    WriteId make_write(Cycles at, const ByteRange& range, WriteHow how, std::uint16_t channel = 0);
    [[nodiscard]] const WriteRecord& write(WriteId id) const { return writes_[id]; }
    [[nodiscard]] WriteId last_write() const { return static_cast<WriteId>(writes_.size() - 1); }

    /// The byte has a new newest value.
    void renew(std::uint64_t address, WriteId id, const std::uint8_t* value) {
        ByteState& state = byte(address);
        state.newest = id;
        state.known = value != nullptr;
        state.value = value != nullptr ? *value : std::uint8_t{0};
    }

    /// Where the newest value of the byte is.
    [[nodiscard]] Place place_of(std::uint64_t address);

    // ---- lines

    [[nodiscard]] std::uint32_t line_bytes() const { return line_bytes_; }
    [[nodiscard]] std::uint64_t line_address(std::uint64_t address) const {
        return address & ~static_cast<std::uint64_t>(line_bytes_ - 1);
    }
    [[nodiscard]] LineShadow* line(std::uint64_t address) {
        const auto found = lines.find(line_address(address));
        return found == lines.end() ? nullptr : &found->second;
    }

    [[nodiscard]] bool is_descriptor(std::uint64_t address) const { return descriptors.find(address) != nullptr; }
    /// The live mapping that holds the byte and lets the device write (or read) it, or null.
    [[nodiscard]] Mapping* live(std::uint64_t address, bool device_writes);
    /// The newest mapping, live or not, that holds the byte, or null.
    [[nodiscard]] Mapping* any_mapping(std::uint64_t address);
    [[nodiscard]] bool has_live_mapping(std::uint64_t address) {
        return live(address, false) != nullptr || live(address, true) != nullptr;
    }

    std::unordered_map<std::uint64_t, LineShadow> lines;            // By address; those that are in the cache.
    std::unordered_map<std::uint64_t, LineShadow> write_backs;      // On their way to memory.
    std::unordered_map<std::uint64_t, std::vector<WriteId>> fills;  // What the newest read for a fill has brought.
    std::unordered_map<std::uint64_t, Cycles> last_drop;            // By line: when maintenance last dropped it.
    std::deque<PendingStore> pending;
    std::deque<SentStore> sent;

    std::deque<Mapping> mappings;  // Newest last; those that were completed stay until they are mapped again or freed.
    RangeMap<Cycles> descriptors;
    RangeMap<Cycles> published;
    RangeMap<Cycles> freed;
    RangeMap<std::uint32_t> cyclic;  // What cyclic jobs write, and how often they have since the last load.
    RangeMap<Drop> dropped;
    RangeMap<Overwritten> overwritten;
    std::deque<Bounce> bounces;
    std::deque<MaintenanceRecord> maintenance;  // The last ones, newest last.
    static constexpr std::size_t kMaintenanceKept = 64;

  private:
    static constexpr std::size_t kPage = 4096;
    using Page = std::array<ByteState, kPage>;

    std::uint32_t line_bytes_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
    Page* page_ = nullptr;
    std::uint64_t page_number_ = 0;
    std::vector<WriteRecord> writes_;
};

}  // namespace dmasim::detail
