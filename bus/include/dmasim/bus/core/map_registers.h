// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dmasim/bus/core/peripheral/device_port.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// Where one logical page lies, and what the device may do there.
struct TranslationEntry {
    std::uint64_t physical = 0;  ///< Address of the page, a multiple of the page.
    bool valid = false;
    bool device_reads = false;   ///< The device may read memory (to_device).
    bool device_writes = false;  ///< The device may write memory (from_device).
};

/// Logical pages and where they lie. Changes are stamped: one stamped `s` holds for requests with stamps > `s`.
class TranslationTable {
  public:
    /// `page_bytes`: a power of two, 4096 to 2^20. Throws `ConfigError`.
    explicit TranslationTable(std::uint32_t page_bytes = 4096);

    [[nodiscard]] std::uint32_t page_bytes() const { return page_bytes_; }

    /// Sets the entry of the page that holds `logical`; stamps of one page in rising order.
    void set(std::uint64_t logical, const TranslationEntry& entry, Cycles at);
    /// The entry that a request with stamp `at` finds; not valid if there is none.
    [[nodiscard]] TranslationEntry find(std::uint64_t logical, Cycles at) const;
    /// The entry as last set.
    [[nodiscard]] TranslationEntry latest(std::uint64_t logical) const;
    /// Pages whose last entry is valid.
    [[nodiscard]] std::size_t valid_pages() const;

  private:
    struct Change {
        Cycles at;
        TranslationEntry entry;
    };
    std::uint32_t page_bytes_;
    std::map<std::uint64_t, std::deque<Change>> pages_;
};

/// An access that was stopped.
struct TranslationFault {
    enum class Kind : std::uint8_t { NotMapped, WrongDirection, Torn };
    Kind kind = Kind::NotMapped;  ///< Torn: the burst runs over pages that do not follow each other in memory.
    Cycles at;                    ///< Stamp of the request.
    std::uint64_t logical = 0;    ///< First byte of the burst that is not allowed.
    std::uint64_t bytes = 0;      ///< From there to the end of the burst.
    Access access = Access::Read;
};

/// Stands between a master and its bus and replaces logical addresses by physical ones.
///
/// A request stamped `s` goes on with stamp `s + translate_cycles`. A burst is translated as a whole, with the table that
/// its stamp finds; one that faults is accepted and answered here with `AddressError`, in its place in the order of the
/// answers: reads from `s + translate_cycles + 1` on, writes at `s + translate_cycles + n` (`n`: beats).
class AddressTranslator final : public BurstPort, public BurstMaster {
  public:
    /// What happens to addresses of pages without an entry.
    enum class Unmapped : std::uint8_t { Fault, PassThrough };

    /// `translate_cycles`: 0 to 1024. `bus_bytes` as the bus. `table` may be null: everything passes. Throws `ConfigError`.
    AddressTranslator(std::uint32_t translate_cycles, std::uint32_t bus_bytes, Unmapped unmapped,
                      const TranslationTable* table);

    /// The bus below and the master above; before the first request.
    void bind(BurstPort& below, BurstMaster& above);

    /// From stamp `at` on requests (with stamps > `at`) use `table`; null: everything passes. Stamps in rising order.
    void use(const TranslationTable* table, Cycles at);

    /// Addresses of these `bytes` bytes pass, whatever the table says (the device's own memory). Before the first request.
    /// 0 bytes: none, as at first.
    void exclude(std::uint64_t address, std::uint64_t bytes);

    /// Where a burst with stamp `at` goes: true and its physical address, or false and the fault. Without any effect.
    bool translate(const Burst& burst, Cycles at, std::uint64_t& physical, TranslationFault& fault) const;
    /// A burst did not go through `request` and has faulted: counts and tells it.
    void count(const TranslationFault& fault);
    [[nodiscard]] std::uint32_t translate_cycles() const { return translate_cycles_; }

    /// Called for every fault.
    void on_fault(std::function<void(const TranslationFault&)> listener) { listener_ = std::move(listener); }
    [[nodiscard]] std::uint64_t faults() const { return faults_; }
    /// The last fault; only if there was one.
    [[nodiscard]] const TranslationFault& last_fault() const { return last_fault_; }
    /// Bursts that have gone through and are not answered.
    [[nodiscard]] std::size_t in_flight() const { return reads_.size() + writes_.size(); }

    void request(const Burst& burst, Cycles at) override;
    void accepted(std::uint32_t tag, Cycles at) override;
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override;
    void write_response(std::uint32_t tag, Cycles at, Response response) override;

  private:
    struct Outstanding {
        std::uint32_t tag = 0;
        std::uint32_t beats = 0;
        bool faulted = false;
        Cycles earliest;
    };
    struct Use {
        Cycles at;
        const TranslationTable* table;
    };
    void answer_faults(std::deque<Outstanding>& queue, Access access);

    std::uint32_t translate_cycles_;
    std::uint32_t bus_bytes_;
    Unmapped unmapped_;
    std::uint64_t excluded_ = 0;
    std::uint64_t excluded_bytes_ = 0;
    std::deque<Use> uses_;
    BurstPort* below_ = nullptr;
    BurstMaster* above_ = nullptr;
    std::deque<Outstanding> reads_;
    std::deque<Outstanding> writes_;
    Cycles last_read_;   ///< Last stamp of the read answered before.
    Cycles last_write_;  ///< The same of writes.
    std::uint64_t faults_ = 0;
    TranslationFault last_fault_;
    std::function<void(const TranslationFault&)> listener_;
};

/// Map registers: a window of logical pages, one register for each.
struct MapRegistersConfig {
    std::uint64_t window = 0;            ///< Logical address of the page of register 0, a multiple of `page_bytes`.
    std::uint32_t registers = 16;        ///< 1 to 4096.
    std::uint32_t page_bytes = 4096;     ///< A power of two, 4096 to 2^20.
    std::uint32_t data_width_bits = 64;  ///< Of the bus on which the registers lie.
    DeviceTiming timing;
};

/// All problems of a configuration, one sentence each; empty when it can be built.
std::vector<std::string> validate(const MapRegistersConfig& config);

/// The registers of a window as a target of the bus; the table that they make is for `AddressTranslator`s.
///
/// Register `n` has 8 bytes at `8 * n`: bit 0 valid, bit 1 the device may read memory, bit 2 it may write memory, bits
/// 63:12 the physical page (lower bits of a larger page are not looked at). Accesses of 4 or 8 aligned bytes; others get
/// `BurstError`, other offsets `AddressError`. All are 0 at first. A write takes effect as docs/peripherals.md says of
/// device registers: requests with later stamps use it.
class MapRegistersCore final : public DevicePort {
  public:
    static constexpr std::uint64_t kValid = 1;
    static constexpr std::uint64_t kDeviceReads = 2;
    static constexpr std::uint64_t kDeviceWrites = 4;

    /// Throws `ConfigError` listing the problems of `config`.
    explicit MapRegistersCore(const MapRegistersConfig& config);

    [[nodiscard]] const MapRegistersConfig& config() const { return config_; }
    [[nodiscard]] const TranslationTable& table() const { return table_; }
    /// Value of register `number` after the edges evaluated so far.
    [[nodiscard]] std::uint64_t value(std::uint32_t number) const { return values_.at(number); }

  private:
    Response transfer(const Burst& burst, Cycles edge) override;
    void advance_device(Cycles /*edge*/) override {}
    void drive(Cycles /*edge*/) override {}
    [[nodiscard]] Cycles next_device_edge() const override { return kNever; }

    MapRegistersConfig config_;
    TranslationTable table_;
    std::vector<std::uint64_t> values_;
};

}  // namespace dmasim
