// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/cadence.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// A state that comes again: that many cycles later, with so many bytes more moved by each channel.
struct Cadence {
    std::uint64_t id = 0;  ///< Of all that the finder has ever learned, from 1 on.
    StateRecord state;
    std::uint64_t period = 0;          ///< In cycles, >= 1.
    std::vector<std::uint64_t> bytes;  ///< In the order of the channels of the state.
    std::vector<std::uint64_t> steps;  ///< For whoever has learned it: edges in between, counted from the beginning.
};

/// Finds out that the state of a block repeats, and remembers how (docs/lazy-islands.md, "Leaps").
///
/// Use: fill in `newest()`; ask `known()`, else `repeated()` and, if that is a state from which everything went evenly,
/// `learn()`; if neither helps, `keep()`. Whatever is no part of a cadence is followed by `forget()`. Costs no allocation once
/// states do not get longer and as many are known as it remembers.
class CadenceFinder {
  public:
    /// A state, and where the channels were.
    struct Snapshot {
        StateRecord state;
        std::vector<CadenceChannel> channels;
    };

    /// The snapshot to be filled in, from its beginning.
    [[nodiscard]] Snapshot& newest() { return newest_; }

    /// What the newest state is known to do; null: nothing is known. Valid until the next call of `learn`.
    [[nodiscard]] const Cadence* known() const;

    /// The snapshot that is kept, if the newest state is the same, with the same work, at a later edge; null: it is not.
    [[nodiscard]] const Snapshot* repeated() const;

    /// From now on the newest state is known to do what it did from the kept one (`repeated`) to now.
    Cadence* learn();

    /// The newest snapshot was no help: it may be kept instead of the one that is, to be compared with later ones. A period may be
    /// several snapshots long, so each is kept for twice as many as the one before (Brent). Returns whether it is kept now.
    bool keep();
    /// Whether there is one to compare with.
    [[nodiscard]] bool keeps() const { return has_kept_; }

    /// What was seen before says nothing about what comes; what is known stays known.
    void forget();

  private:
    /// So many states are known at most; a newer one takes the place of an older one.
    static constexpr std::size_t kKnown = 256;

    [[nodiscard]] std::size_t place() const { return newest_.state.hash() % kKnown; }

    std::vector<Cadence> known_{kKnown};
    std::uint64_t learned_ = 0;
    Snapshot newest_;
    Snapshot kept_;
    bool has_kept_ = false;
    std::uint64_t compared_ = 0;  ///< Snapshots compared with the kept one,
    std::uint64_t keep_for_ = 1;  ///< of so many.
};

}  // namespace dmasim
