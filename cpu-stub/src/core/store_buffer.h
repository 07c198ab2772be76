// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <list>

#include "dmasim/cpu_stub/core/config.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim::detail {

/// The entries of a store buffer and which of them may be requested when (docs/cpu.md P5). Sends nothing itself.
class StoreBuffer {
  public:
    static constexpr std::uint32_t kMaxWord = 128;

    struct Entry {
        std::uint64_t id = 0;    // Rising in program order, with gaps for the parts of an entry that is split.
        std::uint64_t word = 0;  // Address of the bus word.
        Cycles born;             // Edge at which the store was made.
        bool cached = false;     // A store of the cache (write-through, or a miss that allocates nothing).
        bool forced = false;     // Somebody waits for it.
        bool requested = false;
        bool answered = false;
        Cycles answer;  // Stamp of the response.
        Response response = Response::Ok;
        std::uint32_t tag = 0;
        std::uint32_t first = 0;  // First byte that is set, and the number of bytes up to the last one.
        std::uint32_t bytes = 0;
        std::array<std::uint8_t, kMaxWord> data{};
        std::array<std::uint8_t, kMaxWord> set{};
    };

    StoreBuffer(const StoreBufferConfig& config, std::uint32_t word_bytes) : config_(config), word_bytes_(word_bytes) {}

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
    [[nodiscard]] std::list<Entry>& entries() { return entries_; }

    /// Number, from 1 on, of the store that `id` belongs to: the parts of an entry that is split have the same.
    [[nodiscard]] static std::uint64_t number_of(std::uint64_t id) { return id / kIdStep; }

    /// Identification of the youngest entry ever made; 0 before the first.
    [[nodiscard]] std::uint64_t newest() const { return newest_; }
    /// Every entry up to `id` has left.
    [[nodiscard]] bool left(std::uint64_t id) const { return entries_.empty() || entries_.front().id > id; }

    /// There is room for, or an entry to join, a store to `bytes` bytes at `address`.
    [[nodiscard]] bool can_put(std::uint64_t address, bool cached) const;
    /// Makes the store at edge `edge`; the bytes lie in one bus word.
    void put(std::uint64_t address, const std::uint8_t* data, std::uint32_t bytes, bool cached, Cycles edge);
    /// Stores that follow do not join entries that exist.
    void fence() { fence_ = newest_; }

    enum class Overlap : std::uint8_t { None, Covered, Partial };
    /// How the entries meet `bytes` bytes from `address` on (in one bus word). `last`: youngest entry that does.
    [[nodiscard]] Overlap overlap(std::uint64_t address, std::uint32_t bytes, std::uint64_t& last) const;
    /// Copies the youngest bytes over `data`; what no entry holds is left alone.
    void forward(std::uint64_t address, std::uint32_t bytes, std::uint8_t* data) const;
    /// Youngest entry made by the cache in [address, address + bytes); 0: none.
    [[nodiscard]] std::uint64_t newest_cached(std::uint64_t address, std::uint64_t bytes) const;
    /// Youngest entry made by the cache; 0: none.
    [[nodiscard]] std::uint64_t newest_cached() const;

    /// Entries up to `id` are waited for.
    void force(std::uint64_t id);
    /// Forces the oldest `bytes` bytes, splitting an entry that has not been requested if need be; returns the
    /// identification of the last one of them.
    std::uint64_t force_bytes(std::uint64_t bytes);

    /// The entry to be requested next, if any may be requested at all; `ready`: the first edge from `from` on at which it
    /// may.
    [[nodiscard]] Entry* next(Cycles from, Cycles& ready);

    /// Removes the entries whose answers are stamped before `edge`, oldest first; `left_entry(entry)` for each.
    template <typename Function>
    void take_answers(Cycles edge, Function left_entry) {
        while (!entries_.empty() && entries_.front().answered && entries_.front().answer < edge) {
            left_entry(entries_.front());
            entries_.pop_front();
        }
    }
    /// Earliest answer that has not been taken, or `kNever`.
    [[nodiscard]] Cycles next_answer() const;

  private:
    static constexpr std::uint64_t kIdStep = 256;

    static void frame(Entry& entry);
    /// The first edge from `edge` on at which the buffer does not rest.
    [[nodiscard]] Cycles behind_rests(Cycles edge) const;

    StoreBufferConfig config_;
    std::uint32_t word_bytes_;
    std::list<Entry> entries_;  // A list: bursts under way point into the entries.
    std::uint64_t newest_ = 0;
    std::uint64_t fence_ = 0;
};

}  // namespace dmasim::detail
