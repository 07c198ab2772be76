// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/frontend/i8237/core.h"

namespace dmasim {

/// What is fixed about an `I8237Device`.
struct I8237DeviceConfig {
    I8237Timing timing;
    /// Bytes that a fly-by transfer moves, 1 or 2 (a part wired for words, as the second one of a PC/AT). Memory to memory
    /// moves one byte always: the temporary register has no more.
    std::uint32_t unit_bytes = 1;
};

/// All problems of a configuration, one sentence each.
std::vector<std::string> validate(const I8237DeviceConfig& config);

/// Where the bytes of an `I8237Device` go: `peripheral_port(c)` has the data port of channel `c`'s peripheral at address 0.
enum class I8237Port : std::uint8_t { Memory, Peripheral0, Peripheral1, Peripheral2, Peripheral3 };
inline constexpr unsigned kI8237Ports = 1 + kI8237Channels;
constexpr I8237Port peripheral_port(unsigned channel) {
    return static_cast<I8237Port>(1 + channel % kI8237Channels);
}

/// What an `I8237Device` is built into. Calls are made inside its inputs and `evaluate`.
class I8237Owner {
  public:
    I8237Owner() = default;
    I8237Owner(const I8237Owner&) = delete;
    I8237Owner& operator=(const I8237Owner&) = delete;
    virtual ~I8237Owner() = default;

    /// From stamp `at` on the pins are these.
    virtual void pins(const I8237Pins& pins, Cycles at) = 0;
    /// An access: the answer goes to `I8237Device` with the burst's tag. False: nothing is connected to this port.
    virtual bool request(I8237Port port, const Burst& burst, Cycles at) = 0;
    /// An access failed, or a byte was lost (docs/i8237.md, "Data"); stamp `at`. The part has no register for it.
    virtual void bus_error_at(Cycles at) = 0;
};

/// An 8237A with its data path: what the board around the part does (docs/i8237.md, "Data"). The strobes of `I8237Core`
/// become accesses to memory and peripherals, and READY waits for them.
class I8237Device final : public Clocked, public BurstMaster, private I8237Bus {
  public:
    /// Address in memory of what channel `channel` calls `address`: page registers and the like. A multiple of the unit.
    using AddressMap = std::function<std::uint64_t(unsigned channel, std::uint16_t address)>;
    /// Accesses that may be under way at once; one more is lost.
    static constexpr std::size_t kMostUnits = 16;

    /// Throws `ConfigError`. `owner` outlives the device. Without a map the address is that of the part, times
    /// `unit_bytes` in fly-by transfers.
    I8237Device(const I8237DeviceConfig& config, I8237Owner& owner);

    void map_addresses(AddressMap map) { map_ = std::move(map); }
    [[nodiscard]] const I8237DeviceConfig& config() const { return config_; }
    [[nodiscard]] const I8237Core& core() const { return core_; }
    [[nodiscard]] const I8237Pins& pins() const { return shown_; }
    /// Accesses that failed and units that were lost since construction.
    [[nodiscard]] std::uint64_t bus_errors() const { return bus_errors_; }

    // Clocked
    [[nodiscard]] Cycles next_edge() const override;
    void evaluate(Cycles edge) override;

    // Registers and pins: as those of `I8237Core`.
    void write(unsigned offset, std::uint8_t value, Cycles at) { core_.write(offset, value, at); }
    std::uint8_t read(unsigned offset, Cycles at) { return core_.read(offset, at); }
    [[nodiscard]] std::uint8_t peek(unsigned offset) const { return core_.peek(offset); }
    void set_dreq(unsigned channel, bool level, Cycles at) { core_.set_dreq(channel, level, at); }
    void set_hlda(bool level, Cycles at) { core_.set_hlda(level, at); }
    void set_eop(bool active, Cycles at) { core_.set_eop(active, at); }
    void set_ready(bool level, Cycles at);
    void reset(Cycles at) { core_.reset(at); }

    // BurstMaster: answers of all ports.
    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

  private:
    /// One read strobe, one write strobe, or both.
    struct Unit {
        std::uint32_t number = 0;  ///< Tags: twice this, and one more for the write.
        std::uint32_t bytes = 1;
        bool reads = false;
        bool writes = false;     ///< Known when its strobe comes.
        bool may_write = false;  ///< The strobe may still come.
        I8237Port read_port = I8237Port::Memory;
        I8237Port write_port = I8237Port::Memory;
        std::uint64_t read_address = 0;
        std::uint64_t write_address = 0;
        Cycles read_from{0};   ///< Stamp of the read strobe.
        Cycles write_from{0};  ///< Stamp of the write strobe.
        bool failed = false;   ///< The read did.
        bool read_requested = false;
        bool write_requested = false;
        Cycles data_at = kNever;    ///< The byte is here.
        Cycles answer_at = kNever;  ///< The write is answered.
        std::array<std::uint8_t, 2> data{};

        [[nodiscard]] bool done(Cycles edge) const {
            return data_at < edge && !may_write && (!writes || answer_at < edge);
        }
    };

    // I8237Bus
    void pins(const I8237Pins& pins, Cycles at) override;
    std::uint8_t data(Cycles at) override;

    Unit* add_unit(Cycles at);
    Unit* find(std::uint32_t number);
    [[nodiscard]] Cycles read_edge(std::size_t index) const;
    [[nodiscard]] Cycles write_edge(std::size_t index) const;
    [[nodiscard]] Cycles busy_until() const;
    void request(Unit& unit, Access access, Cycles at);
    void retire(Cycles edge);
    void update_ready(Cycles at);
    void fail(Cycles at);
    [[nodiscard]] std::uint64_t address_of(unsigned channel, std::uint16_t address, std::uint32_t bytes) const;

    I8237DeviceConfig config_;
    I8237Owner& owner_;
    I8237Core core_;
    AddressMap map_;
    I8237Pins shown_;
    std::deque<Unit> units_;  ///< Under way, oldest first. Their data must not move.
    std::uint32_t next_number_ = 0;
    bool open_ = false;  ///< The last unit's read strobe is active.
    std::array<std::uint8_t, 2> memory_byte_{kI8237Undriven, kI8237Undriven};
    bool ready_pin_ = true;
    bool ready_ = true;          ///< As the core has been told.
    Cycles ready_due_ = kNever;  ///< When the accesses under way let READY rise.
    Cycles edge_{0};             ///< The last that was evaluated.
    bool evaluated_ = false;
    std::uint64_t bus_errors_ = 0;
};

}  // namespace dmasim
