// SPDX-License-Identifier: Apache-2.0
//
// What happened outside of calls: guards, faults, counters, devices.
#include "dmasim/bus/core/map_registers.h"

#include "rules.h"

namespace dmasim::dma::checks {

namespace {

using Kind = DriverFact::Kind;

bool of(const RuleView& view, Kind kind) {
    return view.fact->kind == kind;
}

Found shortage(const RuleView& view) {
    return of(view, Kind::ContiguousShortage)
               ? FindingFields{{"needed", view.fact->address}, {"longest contiguous", view.fact->length}}
               : Found{};
}

Found counter_went_back(const RuleView& view) {
    return of(view, Kind::CounterRead) && view.fact->address < view.fact->start
               ? FindingFields{{"old", view.fact->start}, {"new", view.fact->address}}
               : Found{};
}

Found counter_too_fast(const RuleView& view) {
    if (!of(view, Kind::CounterRead) || view.fact->address < view.fact->start) {
        return {};
    }
    const std::uint64_t rate = view.state.config.counter_rate == 0 ? 1 : view.state.config.counter_rate;
    return view.fact->address - view.fact->start > rate * view.fact->length
               ? FindingFields{{"value", view.fact->address}}
               : Found{};
}

template <Kind kKind>
Found guard(const RuleView& view) {
    return of(view, kKind) ? FindingFields{{"address", view.fact->address},
                                           {"buffer address", view.fact->start},
                                           {"length", view.fact->length}}
                           : Found{};
}

Found free_register_written(const RuleView& view) {
    return of(view, Kind::FreeRegisterWritten) ? FindingFields{{"address", view.fact->address}} : Found{};
}

Found registers_exceeded(const RuleView& view) {
    return of(view, Kind::RegistersExceeded)
               ? FindingFields{{"allocated", view.fact->address}, {"maximum", view.fact->length}}
               : Found{};
}

Found early_flush(const RuleView& view) {
    return of(view, Kind::EarlyFlush)
               ? FindingFields{{"channel", view.fact->address}, {"bytes to go", view.fact->length}}
               : Found{};
}

std::string_view cause_of(std::uint64_t kind) {
    switch (static_cast<TranslationFault::Kind>(kind)) {
        case TranslationFault::Kind::NotMapped:
            return "nothing is mapped there";
        case TranslationFault::Kind::WrongDirection:
            return "mapped for the other direction only";
        default:
            return "the burst runs over pages that do not follow each other in memory";
    }
}

Found fault(const RuleView& view) {
    return of(view, Kind::RemappingFault) ? FindingFields{{"logical address", view.fact->address},
                                                          {"access", view.fact->flag ? "write" : "read"},
                                                          {"cause", cause_of(view.fact->start)}}
                                          : Found{};
}

Found vector_misuse(const RuleView& view) {
    return of(view, Kind::VectorMisuse)
               ? FindingFields{{"index", view.fact->address}, {"misuse", vector_misuse_of(view.fact->start)}}
               : Found{};
}

Found touched_by_cpu(const RuleView& view) {
    if (!of(view, Kind::CpuAccess)) {
        return {};
    }
    for (const auto& [base, allocation] : view.state.allocations) {
        for (const Mapping& mapping : allocation.mappings) {
            // Loads do no harm to what the device only reads.
            if (!view.fact->flag && mapping.direction == Direction::ToDevice) {
                continue;
            }
            for (const MappedPiece& piece : mapping.pieces) {
                if (view.fact->address < piece.physical + piece.bytes &&
                    piece.physical < view.fact->address + view.fact->length) {
                    return FindingFields{{"address", view.fact->address},
                                         {"length", view.fact->length},
                                         {"access", view.fact->flag ? "store" : "load"},
                                         {"mapped by device", mapping.device}};
                }
            }
        }
    }
    return {};
}

Found beyond_common_buffer(const RuleView& view) {
    if (!of(view, Kind::CpuAccess)) {
        return {};
    }
    for (const CommonBufferState& entry : view.state.common_buffers) {
        const std::uint64_t end = view.fact->address + view.fact->length;
        if (!entry.freed && view.fact->address < entry.buffer.address + entry.buffer.bytes &&
            end > entry.buffer.address + entry.buffer.asked && view.fact->address >= entry.buffer.address) {
            return FindingFields{{"address", view.fact->address}, {"asked", entry.buffer.asked}};
        }
    }
    return {};
}

/// Whether the bytes from `logical` on may be moved by the device now.
bool allowed(const RuleView& view, std::uint64_t logical, std::uint64_t bytes) {
    std::uint64_t done = 0;
    while (done < bytes) {
        std::uint64_t end = 0;
        const std::uint64_t place = logical + done;
        const auto covers = [&](std::uint64_t begin, std::uint64_t length) {
            if (place >= begin && place - begin < length) {
                end = begin + length;
            }
        };
        for (const auto& [base, allocation] : view.state.allocations) {
            for (const Mapping& mapping : allocation.mappings) {
                if (mapping.direction == (view.fact->flag ? Direction::ToDevice : Direction::FromDevice)) {
                    continue;
                }
                for (const Element& element : mapping.elements) {
                    covers(element.logical, element.bytes);
                }
            }
        }
        for (const CommonBufferState& entry : view.state.common_buffers) {
            if (!entry.freed) {
                covers(entry.buffer.logical, entry.buffer.asked);
            }
        }
        if (end == 0) {
            return false;
        }
        done = end - logical;
    }
    return true;
}

/// A mapped element whose address has the low 32 bits of `logical`, and more above them.
std::uint64_t meant(const RuleView& view, std::uint64_t logical) {
    for (const auto& [base, allocation] : view.state.allocations) {
        for (const Mapping& mapping : allocation.mappings) {
            for (const Element& element : mapping.elements) {
                const std::uint64_t offset = (logical - element.logical) & 0xFFFFFFFF;
                if (element.logical >> 32 != 0 && logical >> 32 == 0 && offset < element.bytes) {
                    return element.logical + offset;
                }
            }
        }
    }
    return 0;
}

Found outside_of_mappings(const RuleView& view) {
    if (!of(view, Kind::DeviceAccess) || allowed(view, view.fact->address, view.fact->length) ||
        meant(view, view.fact->address) != 0) {
        return {};
    }
    return FindingFields{{"logical address", view.fact->address},
                         {"length", view.fact->length},
                         {"access", view.fact->flag ? "write" : "read"}};
}

Found high_bits_lost(const RuleView& view) {
    if (of(view, Kind::AddressTruncated)) {
        return FindingFields{{"full address", view.fact->start}, {"used address", view.fact->address}};
    }
    if (!of(view, Kind::DeviceAccess) || allowed(view, view.fact->address, view.fact->length)) {
        return {};
    }
    const std::uint64_t full = meant(view, view.fact->address);
    return full == 0 ? Found{} : FindingFields{{"full address", full}, {"used address", view.fact->address}};
}

template <Kind kKind>
Found shared_line(const RuleView& view) {
    return of(view, kKind) ? FindingFields{{"address", view.fact->address}, {"length", view.fact->length}} : Found{};
}

Found remainder_lost(const RuleView& view) {
    return of(view, Kind::RemainderLost) ? FindingFields{{"channel", view.fact->address}, {"bytes", view.fact->length}}
                                         : Found{};
}

Found started_early(const RuleView& view) {
    return of(view, Kind::DeviceStartedEarly) && !view.fact->flag ? FindingFields{{"channel", view.fact->address}}
                                                                  : Found{};
}

Found request_early(const RuleView& view) {
    return of(view, Kind::DeviceStartedEarly) && view.fact->flag ? FindingFields{{"channel", view.fact->address}}
                                                                 : Found{};
}

Found fifo_not_empty(const RuleView& view) {
    return of(view, Kind::FifoNotEmpty) ? FindingFields{{"bytes", view.fact->length}} : Found{};
}

Found switched_in_flight(const RuleView& view) {
    return of(view, Kind::DomainSwitched) && view.fact->length > 0 ? FindingFields{{"transactions", view.fact->length}}
                                                                   : Found{};
}

Found overrun(const RuleView& view) {
    return of(view, Kind::DeviceOverrun) && view.fact->length > 0 ? FindingFields{{"bytes lost", view.fact->length}}
                                                                  : Found{};
}

Found lapped(const RuleView& view) {
    return of(view, Kind::ProducerLapped) && view.fact->length > 0 ? FindingFields{{"bytes lost", view.fact->length}}
                                                                   : Found{};
}

}  // namespace

const std::vector<DriverRule>& fact_rules() {
    static const std::vector<DriverRule> kRules{
        {"DV-00b", "00/2", "no run of contiguous map registers that is long enough",
         "the return of registers by other mappings before this one was asked for", RuleMoment::Fact, shortage},
        {"DV-01", "01", "the performance counter went back", "a counter that only goes forward between the two reads",
         RuleMoment::Fact, counter_went_back},
        {"DV-02", "02", "the performance counter rose too fast",
         "a counter that rises no faster than time between the two reads", RuleMoment::Fact, counter_too_fast},
        {"DV-0F1", "0F/1", "tag before the buffer changed",
         "an end of the device's and driver's accesses at the start of the buffer", RuleMoment::Fact,
         guard<Kind::TagBefore>},
        {"DV-0F2", "0F/2", "tag behind the buffer changed",
         "an end of the device's and driver's accesses at the end of the buffer", RuleMoment::Fact,
         guard<Kind::TagAfter>},
        {"DV-0F3", "0F/3", "page of a free map register was written",
         "an end of the device's accesses before its registers were freed", RuleMoment::Fact, free_register_written},
        {"DV-0F4", "0F/4", "padding before the buffer changed",
         "an end of the device's and driver's accesses at the start of the buffer", RuleMoment::Fact,
         guard<Kind::GuardBefore>},
        {"DV-0F5", "0F/5", "padding behind the buffer changed",
         "an end of the device's and driver's accesses at the end of the buffer", RuleMoment::Fact,
         guard<Kind::GuardAfter>},
        {"DV-15", "15", "more map registers used than are allocated",
         "splitting into operations that need no more registers than are allocated", RuleMoment::Fact,
         registers_exceeded},
        {"DV-1F4", "1F/4", "start is not at a cache line",
         "a buffer that begins at a cache line, or a bounce buffer, before the map", RuleMoment::Fact,
         shared_line<Kind::LineSharedAtStart>},
        {"DV-1F5", "1F/5", "end is not at a cache line",
         "a buffer that ends at a cache line, or a bounce buffer, before the map", RuleMoment::Fact,
         shared_line<Kind::LineSharedAtEnd>},
        {"DV-23", "23", "flush of a channel whose transfer is neither complete nor cancelled",
         "waiting for the end of the transfer, or cancelling it, before the flush", RuleMoment::Fact, early_flush},
        {"DV-26", "26", "the remapping hardware reports a violation",
         "a mapping, in this direction, of the address before the device used it", RuleMoment::Fact, fault},
        {"DV-CBV", "1DC", "misuse of a vector of common buffers",
         "each element freed once, then the vector, before put_dma_adapter", RuleMoment::Fact, vector_misuse},
        {"SV-05", "", "the driver touches a buffer that is the device's", "the flush between the map and this access",
         RuleMoment::Fact, touched_by_cpu},
        {"SV-06", "", "bytes in the controller's buffer were lost",
         "a flush before the channel is released or programmed anew", RuleMoment::Fact, remainder_lost},
        {"SV-09", "", "device started before its channel was programmed",
         "programming of the channel before the start of the device", RuleMoment::Fact, started_early},
        {"SV-12", "", "device access outside of its mappings", "a mapping of the address before the device used it",
         RuleMoment::Fact, outside_of_mappings},
        {"SV-13", "", "high address bits lost", "the whole address in the device's registers", RuleMoment::Fact,
         high_bits_lost},
        {"SV-15", "", "request line asserted before the transfer was set up",
         "the request line low until the channel is programmed", RuleMoment::Fact, request_early},
        {"SV-17", "", "access beyond the length asked for of a common buffer",
         "the length, addresses and cache attribute of the allocation", RuleMoment::Fact, beyond_common_buffer},
        {"SV-18", "", "request completed with bytes in the device's FIFO",
         "waiting until the FIFO is empty before the request is completed", RuleMoment::Fact, fifo_not_empty},
        {"SV-19", "", "domain switched with transactions in flight",
         "silence of the device while its domain is switched", RuleMoment::Fact, switched_in_flight},
        {"SV-23", "", "device that cannot wait overran between operations",
         "a device that waits while its channel is programmed anew", RuleMoment::Fact, overrun},
        {"SV-24", "", "ring overwritten before it was read", "reading behind the counter before the ring comes round",
         RuleMoment::Fact, lapped},
    };
    return kRules;
}

}  // namespace dmasim::dma::checks
