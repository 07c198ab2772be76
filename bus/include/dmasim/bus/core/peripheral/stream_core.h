// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/bus/core/peripheral/device_port.h"
#include "dmasim/bus/core/peripheral/pacer.h"
#include "dmasim/model/trace.h"

namespace dmasim {

/// A stream peripheral (docs/peripherals.md).
struct StreamConfig {
    bool sink = false;                 ///< False: a source, the bus reads. True: a sink, the bus writes.
    std::uint32_t element_bytes = 4;   ///< 1, 2, 4, ... 128, at most a bus word.
    std::uint32_t fifo_elements = 16;  ///< 1 to 2^20.
    std::uint32_t threshold =
        1;  ///< DREQ is high from so many elements (source) or places (sink) on; 1 to fifo_elements.
    std::uint32_t cycles_per_element = 1;  ///< Rate of the device side, 1 to 2^20.
    bool error_on_misuse = false;  ///< Taking from the empty FIFO or putting into the full one answers GenericError.
    bool stop_at_tc = false;       ///< TC lowers DREQ until `arm`.
    /// The device cannot wait: an element for which there is no room, or which is not there, at the device's own time counts
    /// as an overrun or underrun. It changes no byte and no cycle; verifiers are told.
    bool real_time = false;
    std::uint32_t data_width_bits = 64;  ///< As the bus.
    DeviceTiming timing;
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const StreamConfig& config);

/// A FIFO device with one data port at address 0: a microphone, a loudspeaker, a serial port.
///
/// A source gives its payload, one element every `cycles_per_element` from edge 0 on while the FIFO has room. A sink takes
/// elements out of its FIFO at that rate. Bursts move whole elements, fixed-address or not.
class StreamPeripheralCore final : public DevicePort {
  public:
    /// Throws `ConfigError` listing the problems of `config`.
    explicit StreamPeripheralCore(const StreamConfig& config);

    [[nodiscard]] const StreamConfig& config() const { return config_; }

    /// Who is told about the FIFO (EventKind::PeripheralFifo), as block `source` whose data port masters see at `address`.
    void set_trace(TraceSink* sink, std::uint16_t source, std::uint64_t address) {
        sink_ = sink;
        source_ = source;
        address_ = address;
    }

    /// Where the level of DREQ goes; low at first.
    void on_dreq(LevelOutput output) { dreq_out_ = std::move(output); }

    /// Source: appends bytes to what it gives, from stamp `at` on. An incomplete element at the end waits for its rest.
    void supply(const std::uint8_t* data, std::size_t bytes, Cycles at);
    /// Sink: all elements taken so far, in order.
    [[nodiscard]] const std::vector<std::uint8_t>& received() const { return bytes_; }

    /// @{ Inputs: levels with their stamp. DACK is counted; TC is counted and, with `stop_at_tc`, ends the request.
    void dack(bool level, Cycles at);
    void tc(bool level, Cycles at);
    /// @}
    /// Requests again after TC.
    void arm(Cycles at);

    [[nodiscard]] bool dreq() const { return dreq_; }
    /// Bursts that found too few elements (source) or places (sink).
    [[nodiscard]] std::uint64_t misuses() const { return misuses_; }
    [[nodiscard]] std::uint64_t acknowledges() const { return acknowledges_; }
    [[nodiscard]] std::uint64_t terminal_counts() const { return terminal_counts_; }
    /// Elements in the FIFO as an observer at stamp `at` >= 1 sees it, if no burst comes in before.
    [[nodiscard]] std::uint64_t fill(Cycles at) const {
        Pacer pacer = pacer_;
        pacer.advance(at - 1);
        return pacer.fill();
    }

  private:
    Response transfer(const Burst& burst, Cycles edge) override;
    void advance_device(Cycles edge) override;
    void drive(Cycles edge) override;
    [[nodiscard]] Cycles next_device_edge() const override;
    [[nodiscard]] bool wanted() const;

    struct Input {
        Cycles at;
        std::uint64_t elements;
        bool stop;
        bool arm;
    };
    void take_inputs(Cycles edge);
    void add_input(const Input& input);
    void report(FifoEvent what, Cycles at, std::uint64_t bytes = 0) const;
    /// Of a device that cannot wait: what it has missed before `edge`.
    void judge_pace(Cycles edge);
    void report_fill(Cycles edge);

    StreamConfig config_;
    Pacer pacer_;
    std::vector<std::uint8_t> bytes_;  // Source: everything supplied. Sink: everything received.
    std::size_t position_ = 0;         // Source: first byte not given yet.
    std::uint64_t supplied_ = 0;       // Source: elements supplied.
    std::vector<Input> inputs_;        // By stamp.
    bool stopped_ = false;
    bool dreq_ = false;
    bool dack_ = false;
    bool tc_ = false;
    std::uint64_t misuses_ = 0;
    std::uint64_t acknowledges_ = 0;
    std::uint64_t terminal_counts_ = 0;
    LevelOutput dreq_out_;
    TraceSink* sink_ = nullptr;
    std::uint16_t source_ = 0;
    std::uint64_t address_ = 0;
    Cycles stuck_from_ = kNever;  // The device can do no more from then on, if the bus does nothing.
    bool filled_ = false;         // As it was reported.
};

}  // namespace dmasim
