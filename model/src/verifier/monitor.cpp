// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/verifier/monitor.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// What comes first within a cycle (docs/verifier.md, "Time").
enum class Order : std::uint8_t { MemoryRead, Block, MemoryWrite, Note };

enum class NoteKind : std::uint8_t {
    None,
    Map,
    Completed,
    Freed,
    Descriptors,
    Published,
    Doorbell,
    Bounce,
    Copy,
    Poke
};

/// Bytes held back from which on the store of bytes is tidied up.
constexpr std::size_t kCompactFrom = 1U << 20;
constexpr std::size_t kNoBytes = static_cast<std::size_t>(-1);

/// An event or a note that is held back.
struct Record {
    TraceEvent event;
    std::uint64_t arrival = 0;
    Order order = Order::Block;
    NoteKind note = NoteKind::None;
    DmaDirection direction = DmaDirection::FromDevice;
    std::size_t data = kNoBytes;  // Places in the store of bytes.
    std::size_t enables = kNoBytes;
};

bool comes_before(const Record& a, const Record& b) {
    if (a.event.at != b.event.at) {
        return a.event.at < b.event.at;
    }
    if (a.order != b.order) {
        return a.order < b.order;
    }
    if (a.event.source != b.event.source) {
        return a.event.source < b.event.source;
    }
    return a.arrival < b.arrival;
}

}  // namespace

class VerifierMonitor::Impl {
  public:
    explicit Impl(const VerifierConfig& config) : verifier(config) {}

    struct MemoryWindow {
        std::uint64_t base = 0;
        std::uint64_t last = 0;  // Offset of the last byte.
        std::uint32_t bus_bytes = 8;
    };

    void add_memory(std::uint16_t source, std::uint64_t base, std::uint64_t size, std::uint32_t bus_bytes) {
        memories.emplace_back(source, MemoryWindow{base, size - 1, bus_bytes});
    }

    [[nodiscard]] const MemoryWindow* window(std::uint16_t source) const {
        for (const auto& [number, memory] : memories) {
            if (number == source) {
                return &memory;
            }
        }
        return nullptr;
    }

    void event(const TraceEvent& event) {
        Record record;
        switch (event.kind) {
            case EventKind::MemoryRead:
            case EventKind::MemoryWrite:
                if (event.response != Response::Ok || window(event.source) == nullptr) {
                    return;
                }
                record.order = event.kind == EventKind::MemoryRead ? Order::MemoryRead : Order::MemoryWrite;
                break;
            case EventKind::CpuPiece:
            case EventKind::CacheLineChanged:
            case EventKind::Maintenance:
            case EventKind::BurstRequested:
            case EventKind::BurstResponse:
            case EventKind::JobAccepted:
            case EventKind::JobCompleted:
            case EventKind::ErrorLatched:
            case EventKind::PeripheralFifo:
                break;
            case EventKind::CauseChanged:
            case EventKind::BusGranted:
                // There are many of them, and only STARVATION looks at them.
                if (verifier.config().starvation_cycles == 0) {
                    return;
                }
                break;
            default:
                return;
        }
        record.event = event;
        if (event.kind == EventKind::MemoryWrite) {
            // It takes its place with its first beat.
            const std::uint64_t span = std::uint64_t{event.beats - (event.beats != 0 ? 1U : 0U)} * event.value;
            record.event.at = Cycles{event.at.count() - std::min(span, event.at.count())};
        }
        if (event.kind == EventKind::MemoryRead || event.kind == EventKind::MemoryWrite ||
            event.kind == EventKind::CpuPiece) {
            record.data = keep(event.data, event.bytes);
            record.enables = keep(event.enables, event.bytes);
        } else if (event.kind == EventKind::BurstRequested) {
            record.enables = keep(event.enables, event.bytes);
        }
        add(std::move(record));
    }

    void note(NoteKind kind, Cycles at, std::uint64_t address = 0, std::uint64_t count = 0, std::uint64_t other = 0,
              DmaDirection direction = DmaDirection::FromDevice) {
        Record record;
        record.order = Order::Note;
        record.note = kind;
        record.event.at = at;
        record.event.address = address;
        record.event.bytes = count;
        record.event.address2 = other;
        record.direction = direction;
        add(std::move(record));
    }

    void poke(std::uint64_t address, const std::uint8_t* data, std::uint64_t count, Cycles at) {
        Record record;
        record.order = Order::Note;
        record.note = NoteKind::Poke;
        record.event.at = at;
        record.event.address = address;
        record.event.bytes = count;
        record.data = keep(data, count);
        add(record);
    }

    void settle(Cycles edge) {
        if (edge <= settled) {
            return;
        }
        settled = edge;
        // Records are large: their numbers are sorted.
        order.clear();
        for (std::size_t number = 0; number < held.size(); ++number) {
            if (held[number].event.at < edge) {
                order.push_back(number);
            }
        }
        std::sort(order.begin(), order.end(),
                  [this](std::size_t a, std::size_t b) { return comes_before(held[a], held[b]); });
        for (const std::size_t number : order) {
            last = std::max(last, held[number].event.at);
            judge(held[number]);
        }
        held.erase(
            std::remove_if(held.begin(), held.end(), [edge](const Record& record) { return record.event.at < edge; }),
            held.end());
        // Beats before `edge` are there; nobody has looked at them yet.
        commit(edge);
        if (held.empty() && writes.empty()) {
            bytes.clear();
        } else if (bytes.size() > kCompactFrom) {
            compact();
        }
    }

    Verifier verifier;
    std::vector<std::pair<std::uint16_t, MemoryWindow>> memories;
    std::vector<Record> held;
    Cycles last;

  private:
    /// A write of a memory whose beats are not all there.
    struct Write {
        Record record;
        std::uint64_t address = 0;  // As masters see it.
        std::uint32_t done = 0;     // Bytes that are there.
    };

    std::size_t keep(const std::uint8_t* from, std::uint64_t count) {
        if (from == nullptr) {
            return kNoBytes;
        }
        const std::size_t place = bytes.size();
        bytes.insert(bytes.end(), from, from + count);
        return place;
    }
    /// Throws away the bytes of records that have been judged.
    void compact() {
        std::vector<std::uint8_t> rest;
        const auto move = [&](std::size_t& place, std::uint64_t count) {
            if (place != kNoBytes) {
                const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(place);
                place = rest.size();
                rest.insert(rest.end(), from, from + static_cast<std::ptrdiff_t>(count));
            }
        };
        for (Record& record : held) {
            move(record.data, record.event.bytes);
            move(record.enables, record.event.bytes);
        }
        for (Write& write : writes) {
            move(write.record.data, write.record.event.bytes);
            move(write.record.enables, write.record.event.bytes);
        }
        bytes = std::move(rest);
    }
    [[nodiscard]] const std::uint8_t* kept(std::size_t place) const {
        return place == kNoBytes ? nullptr : bytes.data() + place;
    }

    void add(Record record) {
        DMASIM_INVARIANT(record.event.at >= settled || record.event.kind == EventKind::MemoryWrite);
        record.arrival = arrivals;
        ++arrivals;
        held.push_back(record);
    }

    /// Bytes of a write that are there before the reads of cycle `at`.
    static std::uint32_t bytes_before(const Write& write, std::uint32_t bus_bytes, Cycles at) {
        const TraceEvent& event = write.record.event;
        if (at <= event.at) {
            return 0;
        }
        const std::uint64_t interval = std::max<std::uint32_t>(event.value, 1);
        const std::uint64_t beats = std::min<std::uint64_t>(((at - event.at).count() - 1) / interval + 1, event.beats);
        if (beats == event.beats || event.fixed_bytes != 0) {
            return beats == event.beats ? static_cast<std::uint32_t>(event.bytes) : 0;
        }
        const std::uint64_t lead = event.address & (bus_bytes - 1);
        return static_cast<std::uint32_t>(std::min(event.bytes, beats * bus_bytes - lead));
    }

    /// Puts what has been written before the reads of cycle `at` where it belongs.
    void commit(Cycles at) {
        for (std::size_t number = 0; number < writes.size();) {
            Write& write = writes[number];
            const TraceEvent& event = write.record.event;
            const std::uint32_t until = bytes_before(write, window(event.source)->bus_bytes, at);
            if (until > write.done) {
                VerifiedAccess access = access_of(write.record, write.address);
                if (event.fixed_bytes != 0 && event.fixed_bytes < event.bytes) {
                    // Every element goes to the same place: the last one stays.
                    const std::uint64_t skipped = event.bytes - event.fixed_bytes;
                    access.bytes = event.fixed_bytes;
                    access.data = access.data == nullptr ? nullptr : access.data + skipped;
                    access.enables = access.enables == nullptr ? nullptr : access.enables + skipped;
                } else {
                    access.address += write.done;
                    access.bytes = until - write.done;
                    access.data = access.data == nullptr ? nullptr : access.data + write.done;
                    access.enables = access.enables == nullptr ? nullptr : access.enables + write.done;
                }
                const std::uint64_t beats = std::max<std::uint32_t>(event.beats, 1) - 1;
                const Cycles full = event.at + beats * event.value;
                verifier.memory_write(until == event.bytes ? full : at - 1, access);
                write.done = until;
            }
            if (write.done == event.bytes) {
                writes.erase(writes.begin() + static_cast<std::ptrdiff_t>(number));
            } else {
                ++number;
            }
        }
    }

    [[nodiscard]] VerifiedAccess access_of(const Record& record, std::uint64_t address) const {
        VerifiedAccess access;
        access.purpose = record.event.purpose;
        access.channel = record.event.channel;
        access.snooped = record.event.snooped;
        access.address = address;
        access.bytes = record.event.bytes;
        access.data = kept(record.data);
        access.enables = kept(record.enables);
        return access;
    }

    void judge(const Record& record) {
        const TraceEvent& event = record.event;
        // Beats of this very cycle are there for notes, and for nobody else.
        commit(record.order == Order::Note ? event.at + 1 : event.at);
        switch (record.order) {
            case Order::Note:
                return judge_note(record);
            case Order::MemoryRead: {
                VerifiedAccess access = access_of(record, window(event.source)->base + event.address);
                if (event.fixed_bytes != 0) {
                    access.bytes = std::min<std::uint64_t>(access.bytes, event.fixed_bytes);
                }
                return verifier.memory_read(event.at, access);
            }
            case Order::MemoryWrite:
                writes.push_back(Write{record, window(event.source)->base + event.address, 0});
                return;
            case Order::Block:
                break;
        }
        switch (event.kind) {
            case EventKind::CpuPiece:
                return judge_piece(record);
            case EventKind::CacheLineChanged:
                return judge_line(event);
            case EventKind::Maintenance:
                verifier.maintenance(Cycles{event.at.count() - std::min<std::uint64_t>(event.job, event.at.count())},
                                     event.at, static_cast<MaintenanceKind>(event.value & 3), event.value >> 2,
                                     event.address, event.bytes);
                return;
            case EventKind::BurstRequested:
                if (event.purpose == Purpose::Uncached && event.access == Access::Write && event.job != 0) {
                    if (verified(event.address)) {
                        verifier.posted_store_sent(event.at, event.address, static_cast<std::uint32_t>(event.bytes),
                                                   event.job, kept(record.enables));
                    }
                    return;
                }
                break;
            default:
                break;
        }
        verifier.controller_event(event);
    }

    /// A memory that is verified holds the byte.
    [[nodiscard]] bool verified(std::uint64_t address) const {
        return std::any_of(memories.begin(), memories.end(), [&](const auto& memory) {
            return address >= memory.second.base && address - memory.second.base <= memory.second.last;
        });
    }

    void judge_piece(const Record& record) {
        const TraceEvent& event = record.event;
        if (!verified(event.address)) {
            return;
        }
        const auto count = static_cast<std::uint32_t>(event.bytes);
        const bool store = (event.value & kCpuAccessStore) != 0;
        const bool hit = (event.value & kCpuAccessHit) != 0;
        if ((event.value & kCpuPieceBuffered) != 0) {
            if (store) {
                verifier.posted_store(event.at, event.address, count, kept(record.data), event.tag, hit,
                                      (event.value & kCpuAccessUncached) != 0);
            } else {
                verifier.forwarded_load(event.at, event.address, count);
            }
        } else if (store) {
            verifier.cached_store(event.at, event.address, count, kept(record.data));
        } else if (hit) {
            verifier.cached_load(event.at, event.address, count, kept(record.data));
        }
    }

    void judge_line(const TraceEvent& event) {
        if (!verified(event.address)) {
            return;
        }
        switch (static_cast<CacheLineEvent>(event.value)) {
            case CacheLineEvent::Filled:
            case CacheLineEvent::Prefetched:
                verifier.line_filled(event.at, event.address, event.job, event.tag,
                                     static_cast<CacheLineEvent>(event.value) == CacheLineEvent::Prefetched);
                break;
            case CacheLineEvent::Cleaned:
                verifier.line_cleaned(event.at, event.address);
                break;
            case CacheLineEvent::Invalidated:
                verifier.line_invalidated(event.at, event.address);
                break;
            case CacheLineEvent::Evicted:
                verifier.line_evicted(event.at, event.address);
                break;
            case CacheLineEvent::Dirtied:
            case CacheLineEvent::Snooped:
                // The store and the write that was snooped say it.
                break;
        }
    }

    void judge_note(const Record& record) {
        const TraceEvent& event = record.event;
        switch (record.note) {
            case NoteKind::Map:
                verifier.map(record.direction, event.address, event.bytes, event.at);
                break;
            case NoteKind::Completed:
                verifier.completed(event.address, event.bytes, event.at);
                break;
            case NoteKind::Freed:
                verifier.freed(event.address, event.bytes, event.at);
                break;
            case NoteKind::Descriptors:
                verifier.descriptors(event.address, event.bytes, event.at);
                break;
            case NoteKind::Published:
                verifier.published(event.address, event.bytes, event.at);
                break;
            case NoteKind::Doorbell:
                verifier.doorbell(event.at);
                break;
            case NoteKind::Bounce:
                verifier.bounce(record.direction, event.address, event.bytes, event.address2, event.at);
                break;
            case NoteKind::Copy:
                verifier.copy(event.address, event.address2, event.bytes, event.at);
                break;
            case NoteKind::Poke:
                verifier.poke(event.address, kept(record.data), event.bytes);
                break;
            case NoteKind::None:
                break;
        }
    }

    std::vector<std::size_t> order;
    std::vector<std::uint8_t> bytes;
    std::deque<Write> writes;
    std::uint64_t arrivals = 0;
    Cycles settled;
};

VerifierMonitor::VerifierMonitor(const VerifierConfig& config) : impl_(std::make_unique<Impl>(config)) {}

VerifierMonitor::~VerifierMonitor() = default;

void VerifierMonitor::add_memory(std::uint16_t source, std::uint64_t base, std::uint64_t bytes,
                                 std::uint32_t bus_bytes) {
    impl_->add_memory(source, base, bytes, bus_bytes);
}

void VerifierMonitor::event(const TraceEvent& event) {
    impl_->event(event);
}

void VerifierMonitor::map(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, Cycles at) {
    impl_->note(NoteKind::Map, at, address, bytes, 0, direction);
}

void VerifierMonitor::completed(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    impl_->note(NoteKind::Completed, at, address, bytes);
}

void VerifierMonitor::freed(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    impl_->note(NoteKind::Freed, at, address, bytes);
}

void VerifierMonitor::descriptors(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    impl_->note(NoteKind::Descriptors, at, address, bytes);
}

void VerifierMonitor::published(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    impl_->note(NoteKind::Published, at, address, bytes);
}

void VerifierMonitor::doorbell(Cycles at) {
    impl_->note(NoteKind::Doorbell, at);
}

void VerifierMonitor::bounce(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, std::uint64_t bounce,
                             Cycles at) {
    impl_->note(NoteKind::Bounce, at, address, bytes, bounce, direction);
}

void VerifierMonitor::copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes, Cycles at) {
    impl_->note(NoteKind::Copy, at, destination, bytes, source);
}

void VerifierMonitor::poke(std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes, Cycles at) {
    impl_->poke(address, data, bytes, at);
}

void VerifierMonitor::add(Finding finding) {
    impl_->verifier.add(std::move(finding));
}

void VerifierMonitor::settle(Cycles edge) {
    impl_->settle(edge);
}

void VerifierMonitor::finish(Cycles end) {
    impl_->settle(end);
    impl_->verifier.finish(impl_->last);
}

const Verifier& VerifierMonitor::verifier() const {
    return impl_->verifier;
}

std::size_t VerifierMonitor::pending() const {
    return impl_->held.size();
}

}  // namespace dmasim
