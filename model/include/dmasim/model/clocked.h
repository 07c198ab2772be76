// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dmasim/model/types.h"

namespace dmasim {

/// A block of plain C++ whose state changes at clock edges only (docs/timing.md, "Edges and stamps").
///
/// Whoever drives it (a SystemC event per visited edge, or a plain loop over several blocks) calls `evaluate` for every
/// edge that `next_edge` names, in rising order. Edges that are not named need no call: nothing happens there. Inputs are
/// member functions of the concrete block; each carries a stamp `s` and is seen by the edges after `s` only, so it does
/// not matter whether an input stamped `s` arrives before or after `evaluate(s)`.
class Clocked {
  public:
    Clocked() = default;
    Clocked(const Clocked&) = delete;
    Clocked& operator=(const Clocked&) = delete;
    virtual ~Clocked() = default;

    /// The earliest edge that has not been evaluated yet at which this block has something to do, or `kNever`.
    /// May move to an earlier edge (never to one that has passed) whenever an input arrives.
    [[nodiscard]] virtual Cycles next_edge() const = 0;

    /// Carries out edge `edge`: uses the inputs stamped before `edge`, and hands over outputs stamped `edge`.
    /// `edge` must be later than every edge evaluated before. Calling it for an edge without work is allowed.
    virtual void evaluate(Cycles edge) = 0;

    /// Evaluates every edge before `now` that has work (lazy rule: at time t, strictly the edges before t).
    void advance_to(Cycles now) {
        for (Cycles edge = next_edge(); edge < now; edge = next_edge()) {
            evaluate(edge);
        }
    }
};

}  // namespace dmasim
