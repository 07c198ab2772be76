// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/clock_domain.h"

#include <cmath>
#include <limits>
#include <string>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kFemtosecondsPerSecond = 1'000'000'000'000'000;

std::uint64_t resolution_fs() {
    return static_cast<std::uint64_t>(std::llround(sc_core::sc_get_time_resolution().to_seconds() * 1e15));
}

std::uint64_t femtoseconds_of(sc_core::sc_time_unit unit) {
    switch (unit) {
        case sc_core::SC_FS:
            return 1;
        case sc_core::SC_PS:
            return 1'000;
        case sc_core::SC_NS:
            return 1'000'000;
        case sc_core::SC_US:
            return 1'000'000'000;
        case sc_core::SC_MS:
            return 1'000'000'000'000;
        case sc_core::SC_SEC:
            return kFemtosecondsPerSecond;
        default:
            break;
    }
    throw ConfigError("clock period: unknown unit of time " + std::to_string(static_cast<int>(unit)));
}

const char* name_of(sc_core::sc_time_unit unit) {
    switch (unit) {
        case sc_core::SC_FS:
            return "fs";
        case sc_core::SC_PS:
            return "ps";
        case sc_core::SC_NS:
            return "ns";
        case sc_core::SC_US:
            return "us";
        case sc_core::SC_MS:
            return "ms";
        default:
            return "s";
    }
}

/// A number as people write it: 0.5, not 0.500000.
std::string text_of(double value) {
    std::string text = std::to_string(value);
    while (text.find('.') != std::string::npos && (text.back() == '0' || text.back() == '.')) {
        const bool point = text.back() == '.';
        text.pop_back();
        if (point) {
            break;
        }
    }
    return text;
}

sc_core::sc_time exact_period(double period, sc_core::sc_time_unit unit) {
    const auto resolution = static_cast<long double>(resolution_fs());
    const long double units =
        static_cast<long double>(period) * static_cast<long double>(femtoseconds_of(unit)) / resolution;
    const std::string given = text_of(period) + " " + name_of(unit);
    if (!(units > 0.0L) || units >= 18446744073709551615.0L) {
        throw ConfigError("clock period " + given + ": must be positive, and at most the greatest sc_time");
    }
    const long double nearest = std::roundl(units);
    // A decimal fraction like 0.1 has no exact double; the slack is what such a number is off by, and much less than
    // what a period that does not fit is off by.
    if (nearest < 1.0L || std::fabs(units - nearest) > nearest * 4.0L * std::numeric_limits<double>::epsilon()) {
        throw ConfigError("clock period " + given + " is not a multiple of the time resolution, " +
                          std::to_string(resolution_fs()) + " fs: SystemC would round it");
    }
    return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(nearest));
}

}  // namespace

ClockDomain::ClockDomain(const sc_core::sc_time& period) : units_(period.value()), period_(period) {
    if (units_ == 0) {
        throw ConfigError("clock period 0 s: must be at least the time resolution, " + std::to_string(resolution_fs()) +
                          " fs");
    }
    // The greatest sc_time itself stands for never.
    greatest_ = Cycles{(kGreatest - 1) / units_};
}

ClockDomain::ClockDomain(double period, sc_core::sc_time_unit unit) : ClockDomain(exact_period(period, unit)) {}

ClockDomain ClockDomain::from_hertz(std::uint64_t hertz) {
    const std::uint64_t resolution = resolution_fs();
    if (hertz == 0) {
        throw ConfigError("clock frequency 0 Hz: must be positive");
    }
    if (kFemtosecondsPerSecond % hertz != 0 || (kFemtosecondsPerSecond / hertz) % resolution != 0) {
        throw ConfigError("clock frequency " + std::to_string(hertz) +
                          " Hz: its period is not a multiple of the time resolution, " + std::to_string(resolution) +
                          " fs");
    }
    return ClockDomain(sc_core::sc_time::from_value(kFemtosecondsPerSecond / hertz / resolution));
}

Cycles ClockDomain::stamp_of(const sc_core::sc_time& now, const sc_core::sc_time& delay) const {
    // Nearly every call is of a time at an edge and without delay.
    if (delay.value() == 0) {
        const std::uint64_t whole = now.value() / units_;
        return Cycles{whole + (whole * units_ != now.value() ? 1U : 0U)};
    }
    // The two are divided before they are added: their sum need not fit.
    const std::uint64_t whole_now = now.value() / units_;
    const std::uint64_t whole_delay = delay.value() / units_;
    const std::uint64_t rest_now = now.value() % units_;
    const std::uint64_t rest_delay = delay.value() % units_;
    std::uint64_t more = 0;
    if (rest_now != 0 || rest_delay != 0) {
        more = rest_now <= units_ - rest_delay ? 1 : 2;
    }
    if (whole_delay > kGreatest - whole_now || more > kGreatest - whole_now - whole_delay) {
        return kNever;
    }
    return Cycles{whole_now + whole_delay + more};
}

Cycles ClockDomain::edge_at_or_before(const sc_core::sc_time& now) const {
    return Cycles{now.value() / units_};
}

}  // namespace dmasim
