// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/domain.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dmasim::dma {

DriverFact fact_of(const TranslationFault& fault, DeviceId device) {
    DriverFact fact;
    fact.kind = DriverFact::Kind::RemappingFault;
    fact.at = fault.at;
    fact.device = device;
    fact.address = fault.logical;
    fact.start = static_cast<std::uint64_t>(fault.kind);
    fact.length = fault.bytes;
    fact.flag = fault.access == Access::Write;
    return fact;
}

RemappingUnit::RemappingUnit(DmaOperations& dma, std::uint32_t page_bytes, bool pass_through)
    : dma_(dma), page_bytes_(page_bytes), pass_through_(pass_through), blocked_(page_bytes) {}

RemappingUnit::Domain* RemappingUnit::find(std::uint32_t domain) {
    const auto found = domains_.find(domain);
    return found == domains_.end() ? nullptr : &found->second;
}

Status RemappingUnit::refuse(DeviceId id, std::uint32_t number, Status status) {
    DriverFact fact;
    fact.kind = DriverFact::Kind::RemappingRefused;
    fact.device = id;
    fact.start = number;
    fact.address = static_cast<std::uint64_t>(status);
    dma_.tell(fact);
    return status;
}

std::uint32_t RemappingUnit::create_domain(DomainType type) {
    Domain& domain = domains_[next_];
    domain.type = type;
    domain.table = std::make_unique<TranslationTable>(page_bytes_);
    domain.used = type == DomainType::PassThrough ? nullptr : domain.table.get();
    return next_++;
}

Status RemappingUnit::configure_domain(std::uint32_t number, const TranslationTable& table) {
    Domain* domain = find(number);
    if (domain == nullptr || domain->type != DomainType::Unmanaged) {
        return refuse(0, number, Status::InvalidParameter1);
    }
    domain->used = &table;
    for (auto& [id, device] : devices_) {
        if (device.domain == number) {
            use(device, domain);
        }
    }
    return Status::Success;
}

Status RemappingUnit::delete_domain(std::uint32_t number) {
    if (find(number) == nullptr) {
        return refuse(0, number, Status::InvalidParameter);
    }
    const bool attached =
        std::any_of(devices_.begin(), devices_.end(), [&](const auto& entry) { return entry.second.domain == number; });
    if (attached) {
        return refuse(0, number, Status::DeviceBusy);
    }
    domains_.erase(number);
    return Status::Success;
}

void RemappingUnit::use(Device& device, const Domain* domain) {
    device.translator->use(domain == nullptr ? &blocked_ : domain->used, dma_.cpu().now());
}

void RemappingUnit::add_device(DeviceId id, AddressTranslator& translator, bool blocked) {
    Device& device = devices_[id];
    device.translator = &translator;
    translator.use(blocked ? &blocked_ : nullptr, dma_.cpu().now());
    translator.on_fault([this, id](const TranslationFault& fault) { dma_.tell(fact_of(fault, id)); });
}

Status RemappingUnit::attach(DeviceId id, std::uint32_t number) {
    const auto device = devices_.find(id);
    const Domain* domain = find(number);
    if (device == devices_.end() || domain == nullptr || device->second.domain != 0) {
        return refuse(id, number, Status::InvalidParameter);
    }
    if (domain->type == DomainType::PassThrough && !pass_through_) {
        return refuse(id, number, Status::AccessDenied);
    }
    device->second.domain = number;
    use(device->second, domain);
    return Status::Success;
}

Status RemappingUnit::detach(DeviceId id) {
    const auto device = devices_.find(id);
    if (device == devices_.end() || device->second.domain == 0) {
        return refuse(id, 0, Status::InvalidParameter);
    }
    device->second.domain = 0;
    use(device->second, nullptr);
    return Status::Success;
}

Status RemappingUnit::switch_domain(DeviceId id, std::uint32_t number) {
    const auto device = devices_.find(id);
    const Domain* domain = find(number);
    if (device == devices_.end() || domain == nullptr || device->second.domain == 0) {
        return refuse(id, number, Status::InvalidParameter);
    }
    if (domain->type == DomainType::PassThrough && !pass_through_) {
        return refuse(id, number, Status::AccessDenied);
    }
    // What is mapped for the device counts as in flight: it may move it at any time.
    std::uint64_t transactions = device->second.translator->in_flight();
    for (const auto& [base, allocation] : dma_.state().allocations) {
        transactions += allocation.device == id ? allocation.mappings.size() : 0;
    }
    DriverFact fact;
    fact.kind = DriverFact::Kind::DomainSwitched;
    fact.device = id;
    fact.address = number;
    fact.length = transactions;
    dma_.tell(fact);
    device->second.domain = number;
    use(device->second, domain);
    return Status::Success;
}

bool RemappingUnit::free(const Domain& domain, std::uint64_t logical, std::uint64_t pages) const {
    for (std::uint64_t page = 0; page < pages; ++page) {
        if (domain.table->latest(logical + page * page_bytes_).valid) {
            return false;
        }
    }
    return true;
}

Status RemappingUnit::map_range(std::uint32_t number, std::uint64_t logical, std::uint64_t physical,
                                std::uint64_t bytes, unsigned permissions) {
    Domain* domain = find(number);
    if (domain == nullptr || logical % page_bytes_ != 0 || physical % page_bytes_ != 0 || bytes == 0 ||
        bytes % page_bytes_ != 0 || permissions == 0 || permissions > (kDomainReads | kDomainWrites) ||
        logical + (bytes - 1) < logical || physical + (bytes - 1) < physical) {
        return refuse(0, number, Status::InvalidParameter);
    }
    if (domain->type != DomainType::Translate) {
        return refuse(0, number, Status::InvalidParameter1);
    }
    if (!free(*domain, logical, bytes / page_bytes_)) {
        return refuse(0, number, Status::InUse);
    }
    for (std::uint64_t offset = 0; offset < bytes; offset += page_bytes_) {
        domain->table->set(
            logical + offset,
            {physical + offset, true, (permissions & kDomainReads) != 0, (permissions & kDomainWrites) != 0},
            dma_.cpu().now());
    }
    return Status::Success;
}

Status RemappingUnit::map_pages(std::uint32_t number, const std::vector<std::uint64_t>& pages, std::uint64_t lowest,
                                std::uint64_t highest, unsigned permissions, std::uint64_t& logical) {
    logical = 0;
    Domain* domain = find(number);
    if (domain == nullptr || pages.empty() || permissions == 0 || permissions > (kDomainReads | kDomainWrites)) {
        return refuse(0, number, Status::InvalidParameter);
    }
    if (domain->type != DomainType::Translate) {
        return refuse(0, number, Status::InvalidParameter1);
    }
    const bool aligned =
        std::all_of(pages.begin(), pages.end(), [&](std::uint64_t page) { return page % page_bytes_ == 0; });
    if (!aligned) {
        return refuse(0, number, Status::InvalidParameter);
    }
    const std::uint64_t bytes = pages.size() * page_bytes_;
    const std::uint64_t first = (lowest / page_bytes_ + (lowest % page_bytes_ != 0 ? 1 : 0)) * page_bytes_;
    for (std::uint64_t place = first; place <= highest && highest - place >= bytes - 1; place += page_bytes_) {
        const bool reserved = std::any_of(domain->reserved.begin(), domain->reserved.end(), [&](const auto& entry) {
            return entry.first >= place && entry.first < place + bytes;
        });
        if (reserved || !free(*domain, place, pages.size())) {
            continue;
        }
        for (std::size_t page = 0; page < pages.size(); ++page) {
            domain->table->set(
                place + page * page_bytes_,
                {pages[page], true, (permissions & kDomainReads) != 0, (permissions & kDomainWrites) != 0},
                dma_.cpu().now());
        }
        logical = place;
        return Status::Success;
    }
    return refuse(0, number, Status::InvalidParameterMix);
}

Status RemappingUnit::unmap_range(std::uint32_t number, std::uint64_t logical, std::uint64_t bytes) {
    Domain* domain = find(number);
    if (domain == nullptr || logical % page_bytes_ != 0 || bytes == 0 || bytes % page_bytes_ != 0 ||
        logical + (bytes - 1) < logical) {
        return refuse(0, number, Status::InvalidParameter);
    }
    if (domain->type != DomainType::Translate) {
        return refuse(0, number, Status::InvalidParameter1);
    }
    for (std::uint64_t offset = 0; offset < bytes; offset += page_bytes_) {
        if (!domain->table->latest(logical + offset).valid) {
            return refuse(0, number, Status::NoneMapped);
        }
    }
    for (std::uint64_t offset = 0; offset < bytes; offset += page_bytes_) {
        domain->table->set(logical + offset, {}, dma_.cpu().now());
    }
    return Status::Success;
}

Status RemappingUnit::reserve_range(std::uint32_t number, std::uint64_t logical, std::uint64_t bytes, bool identity) {
    Domain* domain = find(number);
    if (domain == nullptr || logical % page_bytes_ != 0 || bytes == 0 || bytes % page_bytes_ != 0 ||
        logical + (bytes - 1) < logical) {
        return refuse(0, number, Status::InvalidParameter);
    }
    if (!free(*domain, logical, bytes / page_bytes_)) {
        return refuse(0, number, Status::InUse);
    }
    for (std::uint64_t offset = 0; offset < bytes; offset += page_bytes_) {
        domain->reserved[logical + offset] = identity;
        if (identity) {
            domain->table->set(logical + offset, {logical + offset, true, true, true}, dma_.cpu().now());
        }
    }
    return Status::Success;
}

std::size_t RemappingUnit::mapped_pages(std::uint32_t number) const {
    const auto found = domains_.find(number);
    return found == domains_.end() ? 0 : found->second.table->valid_pages();
}

}  // namespace dmasim::dma
