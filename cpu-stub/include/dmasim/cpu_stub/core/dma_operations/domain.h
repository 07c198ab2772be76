// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "dmasim/bus/core/map_registers.h"
#include "dmasim/cpu_stub/core/dma_operations/operations.h"

namespace dmasim::dma {

/// Who keeps the mappings of a domain (rule DM-03).
enum class DomainType : std::uint8_t {
    Translate,    ///< Pages are mapped by calls; what is not mapped faults.
    PassThrough,  ///< Addresses are physical ones.
    Unmanaged,    ///< The caller's own table; everything is blocked until it is configured.
};

/// What a device may do in a mapped range (rule DM-04).
inline constexpr unsigned kDomainReads = 1;
inline constexpr unsigned kDomainWrites = 2;

/// What the checks are told of a fault of the remapping hardware; `device` 0: not known whose.
DriverFact fact_of(const TranslationFault& fault, DeviceId device);

/// The remapping hardware in front of devices, and the domains that share its mappings (rules DM-01 to DM-11).
///
/// A device is an `AddressTranslator`. Faults are told to the checks. Changes hold from the present of the program on.
class RemappingUnit {
  public:
    /// `pass_through`: domains of that type are allowed. Lives as long as its devices.
    RemappingUnit(DmaOperations& dma, std::uint32_t page_bytes = 4096, bool pass_through = true);

    /// A new domain, 1 and up.
    std::uint32_t create_domain(DomainType type);
    /// Lets an unmanaged domain use `table`, which the caller keeps; `InvalidParameter1` for other types.
    Status configure_domain(std::uint32_t domain, const TranslationTable& table);
    /// `DeviceBusy` while a device is attached.
    Status delete_domain(std::uint32_t domain);

    /// Makes a device known. It is blocked until it is attached if `blocked`, else its addresses pass.
    void add_device(DeviceId device, AddressTranslator& translator, bool blocked = true);
    /// `InvalidParameter`: attached already; `AccessDenied`: a pass-through domain that is not allowed.
    Status attach(DeviceId device, std::uint32_t domain);
    Status detach(DeviceId device);
    /// Moves the device to another domain; what is in flight may be translated by either (reported, rule DM-08).
    Status switch_domain(DeviceId device, std::uint32_t domain);

    /// Whole pages. `InvalidParameter`: not page-aligned; `InvalidParameter1`: wrong type; `InUse`: mapped or reserved.
    Status map_range(std::uint32_t domain, std::uint64_t logical, std::uint64_t physical, std::uint64_t bytes,
                     unsigned permissions);
    /// Contiguous logical pages for any physical ones, at the lowest place in [`lowest`, `highest`];
    /// `InvalidParameterMix` if there is none.
    Status map_pages(std::uint32_t domain, const std::vector<std::uint64_t>& pages, std::uint64_t lowest,
                     std::uint64_t highest, unsigned permissions, std::uint64_t& logical);
    /// `NoneMapped` if a page of the range is not.
    Status unmap_range(std::uint32_t domain, std::uint64_t logical, std::uint64_t bytes);
    /// Keeps a range for later maps of the caller; `identity`: maps it onto itself at once.
    Status reserve_range(std::uint32_t domain, std::uint64_t logical, std::uint64_t bytes, bool identity);

    /// Pages mapped in a domain.
    [[nodiscard]] std::size_t mapped_pages(std::uint32_t domain) const;

  private:
    struct Domain {
        DomainType type = DomainType::Translate;
        std::unique_ptr<TranslationTable> table;
        const TranslationTable* used = nullptr;  ///< What its devices use.
        std::map<std::uint64_t, bool> reserved;  ///< Pages.
    };
    struct Device {
        AddressTranslator* translator = nullptr;
        std::uint32_t domain = 0;
    };
    Domain* find(std::uint32_t domain);
    [[nodiscard]] bool free(const Domain& domain, std::uint64_t logical, std::uint64_t pages) const;
    void use(Device& device, const Domain* domain);
    /// Tells the checks that a call was refused.
    Status refuse(DeviceId device, std::uint32_t domain, Status status);

    DmaOperations& dma_;
    std::uint32_t page_bytes_;
    bool pass_through_;
    std::uint32_t next_ = 1;
    TranslationTable blocked_;
    std::map<std::uint32_t, Domain> domains_;
    std::map<DeviceId, Device> devices_;
};

}  // namespace dmasim::dma
