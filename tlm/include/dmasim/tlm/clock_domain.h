// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <systemc>

#include "dmasim/model/types.h"

namespace dmasim {

/// The one place that knows both `sc_time` and `Cycles`. Edge `e` is at `e * period`, edge 0 at time 0 (docs/timing.md,
/// "Words"); `sc_start(T)` runs the edges in [0, T).
///
/// Computes with integers of the kernel's resolution only, and saturates instead of wrapping. A value type: copy it.
class ClockDomain {
  public:
    /// `period` as SystemC holds it already; ConfigError if it is zero. Use one of the other two where a period comes
    /// from a user: SystemC rounds silently.
    explicit ClockDomain(const sc_core::sc_time& period);

    /// `period` in `unit`, e.g. (0.5, SC_NS). ConfigError if it is not a positive multiple of the time resolution
    /// (1 ps unless the program has set another one).
    ClockDomain(double period, sc_core::sc_time_unit unit);

    /// A clock of `hertz`. ConfigError if its period is not a multiple of the time resolution: 666 MHz is not, at 1 ps.
    static ClockDomain from_hertz(std::uint64_t hertz);

    /// Length of a cycle.
    [[nodiscard]] const sc_core::sc_time& period() const { return period_; }

    /// The stamp of a call at `now` with annotated `delay`: ceil((now + delay) / period). `kNever` beyond 2^64-2.
    [[nodiscard]] Cycles stamp_of(const sc_core::sc_time& now,
                                  const sc_core::sc_time& delay = sc_core::SC_ZERO_TIME) const;

    /// The last edge at or before `now`: floor(now / period).
    [[nodiscard]] Cycles edge_at_or_before(const sc_core::sc_time& now) const;

    /// Time of `edge`; the greatest sc_time if that cannot hold it (and for `kNever`).
    [[nodiscard]] sc_core::sc_time time_of(Cycles edge) const {
        return sc_core::sc_time::from_value(units_until(edge));
    }

    /// Time from `now` to `edge`; zero if `edge` has passed.
    [[nodiscard]] sc_core::sc_time time_until(Cycles edge, const sc_core::sc_time& now) const {
        const std::uint64_t then = units_until(edge);
        return then > now.value() ? sc_core::sc_time::from_value(then - now.value()) : sc_core::SC_ZERO_TIME;
    }

    /// Whether an sc_time can hold the time of `edge`: one that lies beyond never comes.
    [[nodiscard]] bool comes(Cycles edge) const { return edge <= greatest_; }

  private:
    [[nodiscard]] std::uint64_t units_until(Cycles edge) const {
        return edge > greatest_ ? ~std::uint64_t{0} : edge.count() * units_;
    }

    std::uint64_t units_ = 0;  ///< Period in units of the resolution.
    Cycles greatest_;          ///< The last edge that an sc_time can hold.
    sc_core::sc_time period_;
};

}  // namespace dmasim
