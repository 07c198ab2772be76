// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "dmasim/bus/core/target_timing.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/ring.h"

namespace dmasim {

/// Receives a level of an output of a peripheral, from stamp `at` on. Called inside `evaluate(e)` with `at` = e+1.
using LevelOutput = std::function<void(bool level, Cycles at)>;

/// Latencies of a peripheral's bus interface, in cycles, as those of a memory (docs/timing.md M1, M2).
struct DeviceTiming {
    std::uint32_t read_latency = 1;   ///< >= 1.
    std::uint32_t write_latency = 1;  ///< >= 1.
    std::uint32_t read_wait = 0;      ///< Idle cycles after each read beat.
    std::uint32_t write_wait = 0;     ///< Idle cycles after each write beat.
};

/// The bus side of a peripheral, with the beats of a memory. A read as a whole takes effect at the edge of its first beat,
/// a write at the edge of its last; at one edge reads first.
class DevicePort : public Clocked, public BurstPort {
  public:
    /// `data_width_bits` as the bus.
    DevicePort(const DeviceTiming& timing, std::uint32_t data_width_bits);

    /// The bus (or master) that gets the answers. Must be called before the first request.
    void bind(BurstMaster& master) { master_ = &master; }

    /// What it announces to the bus: distance of two write beats (B3).
    [[nodiscard]] std::uint32_t write_interval() const { return timing_.write_interval(); }

    void request(const Burst& burst, Cycles at) final;
    [[nodiscard]] Cycles next_edge() const final;
    void evaluate(Cycles edge) final;

    /// Outcome of an access that does not queue.
    struct Blocking {
        Response response = Response::Ok;
        Cycles first;                ///< First stamp of read data; stamp of the response of a write.
        std::uint32_t interval = 1;  ///< Of the beats.
    };

    /// Carries out a whole burst now, with the stamps that it would have on an otherwise idle device (b_transport).
    Blocking access(const Burst& burst, Cycles at);

  protected:
    /// A burst takes effect at `edge`. `burst.data` is filled by a read.
    virtual Response transfer(const Burst& burst, Cycles edge) = 0;
    /// What the device itself does at edges <= `edge`.
    virtual void advance_device(Cycles edge) = 0;
    /// Drives the outputs that have changed, stamp `edge` + 1.
    virtual void drive(Cycles edge) = 0;
    /// The next edge at which the device itself has something to show.
    [[nodiscard]] virtual Cycles next_device_edge() const = 0;

  private:
    struct Pending {
        Burst burst;
        Cycles at;  // Takes effect.
        ReadTiming read;
        WriteTiming write;
        std::vector<std::uint8_t> data;
        std::vector<std::uint8_t> enables;
    };

    TargetTiming timing_;
    std::uint32_t bus_bytes_;
    BurstMaster* master_ = nullptr;
    Ring<Pending> reads_;
    Ring<Pending> writes_;
    Cycles newest_read_;
    Cycles newest_write_;
    bool evaluated_ = false;
    Cycles last_;
};

}  // namespace dmasim
