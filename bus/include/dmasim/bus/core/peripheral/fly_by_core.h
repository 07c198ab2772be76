// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "dmasim/bus/core/peripheral/device_port.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// A peripheral on a channel of a fly-by DMA controller (docs/pc-at.md, "A peripheral").
struct FlyByConfig {
    std::uint32_t cycles_per_unit = 0;   ///< From one byte or word until the next is ready, 0 to 2^20; 0: always ready.
    std::uint32_t data_width_bits = 64;  ///< Of the bus on which its registers lie.
    DeviceTiming timing;
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const FlyByConfig& config);

/// Registers of a `FlyByCore`, 32 bits each.
namespace fly_by_reg {
inline constexpr std::uint32_t kControl = 0x00;
inline constexpr std::uint32_t kCount = 0x04;   ///< Bytes of a command.
inline constexpr std::uint32_t kStatus = 0x08;  ///< See `fly_by_status`.
inline constexpr std::uint32_t kMoved = 0x0C;   ///< Read: bytes of the command that have gone over the data lines.
}  // namespace fly_by_reg
namespace fly_by_control {
inline constexpr std::uint32_t kStart = 1;  ///< Begins a command of COUNT bytes.
inline constexpr std::uint32_t kInterrupt = 2;
inline constexpr std::uint32_t kStop = 4;           ///< Ends the command; wins over `kStart`.
inline constexpr std::uint32_t kUntilTerminal = 8;  ///< The command ends with TC, otherwise with its last byte.
}  // namespace fly_by_control
namespace fly_by_status {
inline constexpr std::uint32_t kBusy = 1;
inline constexpr std::uint32_t kDone = 2;      ///< The command has ended; write 1 to clear.
inline constexpr std::uint32_t kTerminal = 4;  ///< TC was seen; write 1 to clear.
inline constexpr std::uint32_t kUnderrun = 8;  ///< Asked for more than it has to give; write 1 to clear.
inline constexpr std::uint32_t kRequest = 16;  ///< DREQ is high.
}  // namespace fly_by_status

/// A device that gives or takes bytes when its channel is acknowledged, and requests while its command has bytes left.
///
/// What happens at an edge (a register access, a byte on the lines, TC) is seen from the next edge on.
class FlyByCore final : public DevicePort {
  public:
    /// Throws `ConfigError` listing the problems of `config`.
    explicit FlyByCore(const FlyByConfig& config);

    [[nodiscard]] const FlyByConfig& config() const { return config_; }

    /// Where the levels of its outputs go; low at first. Called inside `evaluate(e)` with stamp e+1; DREQ falls inside
    /// `acknowledged`, `give` and `take` with their own stamp, so that the controller does not ask again.
    void on_dreq(LevelOutput output) { dreq_out_ = std::move(output); }
    void on_irq(LevelOutput output) { irq_out_ = std::move(output); }

    /// Appends bytes to what it gives.
    void supply(const std::vector<std::uint8_t>& bytes) { payload_.insert(payload_.end(), bytes.begin(), bytes.end()); }
    /// Everything that it was given.
    [[nodiscard]] const std::vector<std::uint8_t>& received() const { return received_; }

    /// Its channel is acknowledged: `bytes` (1 or 2) bytes follow. The last ones of a command are requested no more.
    void acknowledged(unsigned bytes, Cycles at);
    /// The next `bytes` (1 or 2) bytes, at the edge `at`; 0xFF where there are none.
    std::uint16_t give(unsigned bytes, Cycles at);
    void take(std::uint16_t value, unsigned bytes, Cycles at);
    /// TC, stamp `at`.
    void terminal_count(Cycles at);

    [[nodiscard]] bool dreq() const { return dreq_; }

  private:
    enum class Kind : std::uint8_t { Control, Count, Status, Moved, Terminal, Underrun };
    struct Event {
        Cycles at;
        Kind kind;
        std::uint32_t value;
    };

    Response transfer(const Burst& burst, Cycles edge) override;
    void advance_device(Cycles edge) override;
    void drive(Cycles edge) override;
    [[nodiscard]] Cycles next_device_edge() const override;

    void settle(Cycles edge);
    void apply(const Event& event);
    void end_command();
    void add(const Event& event);
    void moved(unsigned bytes, Cycles at);
    void lower(Cycles at);
    [[nodiscard]] bool wanted(Cycles edge) const { return left_ > 0 && ready_at_ <= edge && !granted_; }

    FlyByConfig config_;
    std::deque<Event> events_;  ///< Not seen yet, by stamp.
    std::vector<std::uint8_t> payload_;
    std::size_t given_ = 0;
    std::vector<std::uint8_t> received_;
    std::uint64_t left_ = 0;  ///< Bytes of the command that are to be requested.
    bool granted_ = false;    ///< The last bytes are on their way.
    Cycles ready_at_;         ///< First edge at which it may request.
    std::uint32_t control_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t status_ = 0;
    std::uint32_t moved_ = 0;
    bool dreq_ = false;
    bool irq_ = false;
    LevelOutput dreq_out_;
    LevelOutput irq_out_;
};

}  // namespace dmasim
