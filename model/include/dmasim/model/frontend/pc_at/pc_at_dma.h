// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"
#include "dmasim/model/frontend/i8237/core.h"
#include "dmasim/model/frontend/i8237/timing.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// Channels 0 to 3 move bytes (the slave), 5 to 7 words of 16 bits (the master); 4 is the link between the two.
inline constexpr unsigned kPcAtChannels = 8;
inline constexpr unsigned kPcAtCascadeChannel = 4;

/// Offsets of the register space: those of the ports of a PC/AT, and behind them what a real one does not have.
namespace pc_at_port {
inline constexpr std::uint32_t kSlave = 0x00;   ///< 16 registers of the slave, a byte apart.
inline constexpr std::uint32_t kPages = 0x80;   ///< 16 page registers.
inline constexpr std::uint32_t kMaster = 0xC0;  ///< 16 registers of the master, two bytes apart.
inline constexpr std::uint32_t kDrain = 0xE0;   ///< Write: empties the internal buffer of channel bits 2:0. Reads 0xFF.
inline constexpr std::uint32_t kDraining = 0xE1;  ///< Read: bit n: buffer n is being emptied.
inline constexpr std::uint32_t kFailed = 0xE2;    ///< Bit n: a memory access of channel n failed; write 1 to clear.
inline constexpr std::uint32_t kEnded = 0xE3;     ///< Bit n: channel n has had a TC; write 1 to clear.
inline constexpr std::uint32_t kInterruptEnable = 0xE4;  ///< Bit n: `kEnded` bit n raises the interrupt output.
inline constexpr std::uint32_t kHeld = 0xE8;  ///< 8 registers, read: bytes in the internal buffer of channel n.
inline constexpr std::uint32_t kBytes = 0x100;
}  // namespace pc_at_port

/// Offset of the page register of `channel` (0 to 7).
constexpr std::uint32_t pc_at_page_offset(unsigned channel) {
    constexpr std::array<std::uint32_t, kPcAtChannels> kOffsets{0x87, 0x83, 0x81, 0x82, 0x8F, 0x8B, 0x89, 0x8A};
    return kOffsets[channel & 7];
}

/// What happens to bytes in the internal buffer of a channel that is programmed anew.
enum class PcAtRemainder : std::uint8_t {
    Discard,  ///< They are lost.
    Keep,     ///< They come first in the new transfer, and the last bytes of that stay or run over its end.
};

/// Two 8237A as in a PC/AT (docs/pc-at.md).
struct PcAtConfig {
    I8237Timing timing;              ///< Of both controllers.
    std::uint32_t buffer_bytes = 0;  ///< 0: no internal buffer, as in the real machine; else a power of two, 2 to 64.
    PcAtRemainder remainder = PcAtRemainder::Discard;
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const PcAtConfig& config);

/// The peripherals on the request lines. Called inside `PcAtDma::evaluate(e)` with `at` = e.
class FlyByDevice {
  public:
    FlyByDevice() = default;
    FlyByDevice(const FlyByDevice&) = delete;
    FlyByDevice& operator=(const FlyByDevice&) = delete;
    virtual ~FlyByDevice() = default;

    /// Hands over the next byte (channels 0 to 3) or word (5 to 7): peripheral to memory.
    virtual std::uint16_t give(unsigned channel, Cycles at) = 0;
    /// Takes one: memory to peripheral.
    virtual void take(unsigned channel, std::uint16_t value, Cycles at) = 0;
    /// The acknowledge line has changed.
    virtual void acknowledge(unsigned channel, bool level, Cycles at);
    /// TC of a service of this channel: goes high (the last byte or word is under way), and low again.
    virtual void terminal_count(unsigned channel, bool level, Cycles at);
};

/// Two cascaded 8237A, their page registers, and the data between memory and peripherals, as one clocked block.
///
/// Memory is accessed through `port`, one burst at a time of each direction; READY holds the controllers back meanwhile.
/// Inputs as those of `I8237Core`. Nothing that software writes makes it throw.
class PcAtDma final : public Clocked, public BurstMaster {
  public:
    /// Throws `ConfigError` that lists the problems of `config`. `port` and `device` outlive it.
    PcAtDma(const PcAtConfig& config, BurstPort& port, FlyByDevice& device);
    ~PcAtDma() override;

    [[nodiscard]] const PcAtConfig& config() const { return config_; }

    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    /// Writes a byte; acts at the edge after `at`. False: there is no register at `offset`.
    bool write(std::uint32_t offset, std::uint8_t value, Cycles at);
    /// Reads a byte: the state that edge `at` finds. False, and 0xFF: there is no register at `offset`.
    bool read(std::uint32_t offset, std::uint8_t& value, Cycles at);

    /// As `read`, without any effect and without a stamp, for debuggers: the state as it stands.
    bool peek(std::uint32_t offset, std::uint8_t& value) const;

    /// Level of the request line of `channel`; nothing happens for channel 4.
    void set_dreq(unsigned channel, bool level, Cycles at);
    /// EOP of both controllers as an input, true: active. It ends the service under way, as TC does.
    void set_eop(bool active, Cycles at);
    /// A pulse on RESET: both controllers, pages, internal buffers, interrupts. A memory access under way ends unseen.
    void reset(Cycles at);

    /// Where the level of the interrupt output goes; low at first. Called inside `evaluate(e)`, stamp e+1.
    void on_interrupt(std::function<void(bool level, Cycles at)> output) { interrupt_out_ = std::move(output); }

    /// Bytes that were dropped because a channel was programmed with a remainder in its buffer.
    [[nodiscard]] std::uint64_t lost_bytes() const { return lost_bytes_; }
    /// Bytes in the internal buffer of `channel`, after the edges evaluated so far.
    [[nodiscard]] std::size_t held_bytes(unsigned channel) const { return channels_.at(channel).buffer.size(); }
    [[nodiscard]] const I8237Core& slave() const;
    [[nodiscard]] const I8237Core& master() const;

    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

  private:
    class Controller;

    struct Channel {
        std::uint8_t page = 0;
        bool programmed = true;            ///< Since the last byte.
        std::uint32_t buffer_address = 0;  ///< Memory address of the first byte in the buffer, peripheral to memory.
        std::uint32_t next_address = 0;    ///< Behind the last byte, peripheral to memory.
        bool to_memory = true;             ///< What the bytes in the buffer wait for.
        std::deque<std::uint8_t> buffer;
    };
    struct RegisterWrite {
        Cycles at;
        std::uint32_t offset;
        std::uint8_t value;
    };
    /// A memory access that has not been answered.
    struct Job {
        unsigned channel = 0;
        unsigned controller = 0;
        bool holds = false;  ///< The controller waits for it.
        bool drains = false;
        Burst burst;
        std::array<std::uint8_t, 64> data{};
        bool requested = false;
        Cycles answered = kNever;  ///< Last stamp of the answer.
        Response response = Response::Ok;
    };

    void apply(const RegisterWrite& access);
    /// A register that is none of the two controllers', as an access stamped `at` finds it. False: there is none.
    bool own_register(std::uint32_t offset, Cycles at, std::uint8_t& value) const;
    void pins(unsigned controller, const I8237Pins& before, const I8237Pins& now, Cycles at);
    void begin_read(unsigned controller, const I8237Pins& now, Cycles at);
    void begin_write(unsigned controller, const I8237Pins& now, Cycles at);
    void end_strobes(unsigned controller, Cycles at);
    void store(Controller& own, std::uint32_t address, Cycles at);
    void to_peripheral(unsigned channel, std::uint16_t value, Cycles at);
    void empty_buffer(unsigned channel, Cycles at);
    Job& queue_write(unsigned channel, std::uint32_t address, const std::uint8_t* data, std::uint32_t bytes);
    void hold(Controller& own, Job& job);
    void issue(Cycles edge);
    void answered(std::uint32_t tag, Cycles at, Response response);
    [[nodiscard]] std::uint32_t address_of(unsigned channel, std::uint16_t address) const;
    [[nodiscard]] unsigned width_of(unsigned channel) const { return channel < kPcAtCascadeChannel ? 1 : 2; }
    [[nodiscard]] bool interrupt_wanted() const { return (ended_ & interrupt_enable_) != 0; }

    PcAtConfig config_;
    BurstPort& port_;
    FlyByDevice& device_;
    std::array<std::unique_ptr<Controller>, 2> controllers_;
    std::array<Channel, kPcAtChannels> channels_;
    std::array<std::uint8_t, 16> pages_{};
    std::vector<RegisterWrite> accesses_;
    Cycles last_access_;
    std::deque<Job> jobs_;
    std::uint32_t next_tag_ = 0;
    std::uint8_t failed_ = 0;
    std::uint8_t ended_ = 0;
    std::uint8_t interrupt_enable_ = 0;
    bool interrupt_ = false;
    std::uint64_t lost_bytes_ = 0;
    Cycles last_edge_;
    std::function<void(bool, Cycles)> interrupt_out_;
};

}  // namespace dmasim
