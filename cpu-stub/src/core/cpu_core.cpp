// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/cpu_core.h"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <string>

#include "dmasim/model/errors.h"

#include "cache_array.h"
#include "store_buffer.h"

namespace dmasim {

using detail::CacheArray;
using detail::Place;
using detail::StoreBuffer;

namespace {

constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();

const CpuConfig& checked(const CpuConfig& config) {
    const std::vector<std::string> problems = validate(config);
    if (!problems.empty()) {
        std::string text;
        for (const std::string& problem : problems) {
            text += text.empty() ? "" : "\n";
            text += problem;
        }
        throw ConfigError(text);
    }
    return config;
}

/// A read under way: a fill, or a word of an uncached load.
struct ReadBurst {
    bool active = false;
    bool requested = false;
    bool answered = false;
    std::uint32_t tag = 0;
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    Purpose purpose = Purpose::CacheFill;
    Cycles last;  // Stamp of the last beat.
    Response response = Response::Ok;
    std::vector<std::uint8_t> data;
};

struct Fill : ReadBurst {
    Place place;
    bool prefetch = false;
    bool own = false;      // The program's operation waits for it.
    bool snooped = false;  // Another master has written to the line meanwhile: it must not be kept (timing.md B6).
};

enum class FillOutcome : std::uint8_t { Installed, Snooped, Failed };

/// A line on its way to memory.
struct WriteBack {
    std::uint64_t line = 0;
    std::vector<std::uint8_t> data;
    std::vector<std::uint8_t> newer;  // Bytes that memory does not have yet.
    bool repair = false;              // Only the bytes in `newer` are written.
    bool requested = false;
    bool answered = false;
    Cycles answer;
    Response response = Response::Ok;
    std::uint32_t tag = 0;
    // Bytes that another master wrote while the burst was under way; they go out again behind it (P8).
    bool again = false;
    std::vector<std::uint8_t> again_data;
    std::vector<std::uint8_t> again_set;
};

struct DeviceStore {
    bool active = false;
    bool requested = false;
    bool answered = false;
    Cycles answer;
    Response response = Response::Ok;
    std::uint32_t tag = 0;
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    std::array<std::uint8_t, StoreBuffer::kMaxWord> data{};
};

struct PendingSnoop {
    SnoopMaster* master;
    unsigned cache;
    std::uint64_t id;
    Burst burst;
    Cycles at;
};

struct LevelChange {
    unsigned line;
    bool level;
    Cycles at;
};

struct Actor {
    CacheAction action;
    bool any = false;         // The line is still to be chosen, from place `lot` on.
    bool dirty_only = false;  // Only with `any`.
    std::uint64_t lot = 0;
    bool seen = false;  // Its turn has come, but it has to wait.
};

/// The operation under way.
struct Active {
    CpuOperation operation;
    Cycles issued;
    Cycles step_at;        // Next edge at which it does something of its own accord.
    bool blocked = false;  // Waits for an input instead.
    std::uint64_t offset = 0;
    std::uint64_t pieces = 0;
    bool missed = false;  // The present piece.
    bool all_hit = true;
    bool own_fill = false;       // A fill of its own was started ...
    bool fill_answered = false;  // ... and has ended like this:
    FillOutcome fill_outcome = FillOutcome::Installed;
    Response fill_response = Response::Ok;
    bool own_word = false;
    bool begun = false;  // Barriers, evict, device stores: the first step has been made.
    std::uint64_t wait_id = 0;
    std::uint64_t index = 0;  // Maintenance: lines looked at.
    std::uint64_t count = 0;
    bool whole = false;  // Maintenance looks at every set and way.
    Response response = Response::Ok;
    std::uint64_t fault_address = 0;
};

bool is_access(CpuOpKind kind) {
    return kind == CpuOpKind::Load || kind == CpuOpKind::Store;
}

bool is_maintenance(CpuOpKind kind) {
    return kind == CpuOpKind::Clean || kind == CpuOpKind::Invalidate || kind == CpuOpKind::CleanInvalidate;
}

}  // namespace

struct CpuCore::State {
    State(const CpuConfig& cpu_config, BurstPort& burst_port, CpuClient& cpu_client, TraceSink* sink,
          std::uint16_t number)
        : config(checked(cpu_config)),
          port(burst_port),
          client(cpu_client),
          trace(sink),
          source(number),
          line_bytes(config.cache.line_bytes),
          word_bytes(config.bus_bytes()),
          cache(config.cache),
          stores(config.store_buffer, word_bytes) {
        fill.data.resize(line_bytes);
        word.data.resize(word_bytes);
    }

    CpuConfig config;
    BurstPort& port;
    CpuClient& client;
    TraceSink* trace;
    std::uint16_t source;
    std::uint32_t line_bytes;
    std::uint32_t word_bytes;

    CacheArray cache;
    StoreBuffer stores;
    std::deque<WriteBack> write_backs;
    Fill fill;
    std::vector<std::uint8_t> served;  // Bytes of the last fill of the program.
    ReadBurst word;
    DeviceStore device;

    std::deque<PendingSnoop> snoops;
    std::deque<LevelChange> level_changes;
    std::uint64_t levels = 0;
    std::deque<Actor> actors;
    bool actor_blocked = false;
    CacheActionLog* action_log = nullptr;

    bool running = false;
    Active active;
    Cycles last_completion;
    std::uint64_t dmb_id = 0;
    Response posted_response = Response::Ok;
    std::uint64_t posted_address = 0;

    Cycles floor;  // Every edge before it is over.
    Cycles now;    // The edge being evaluated.
    std::uint32_t newest_tag = 0;
    std::uint32_t read_tag = 0;  // Offered and not accepted if `read_free` is never.
    std::uint32_t write_tag = 0;
    Cycles read_free;  // First edge at which the next read may be offered.
    Cycles write_free;
    CpuStatistics statistics;

    // ---- events

    void emit(const TraceEvent& event) const {
        if (trace != nullptr) {
            TraceEvent stamped = event;
            stamped.source = source;
            trace->event(stamped);
        }
    }

    void line_event(CacheLineEvent what, Place place, std::uint64_t address, std::uint32_t dirty) const {
        if (trace == nullptr) {
            return;
        }
        TraceEvent event;
        event.at = now;
        event.kind = EventKind::CacheLineChanged;
        event.value = static_cast<std::uint32_t>(what);
        event.address = address;
        event.bytes = line_bytes;
        event.job = place.set;
        event.tag = place.way;
        event.beats = dirty;
        emit(event);
    }

    /// A part of the program's access is carried out now. `value`: bits of CpuPiece beside that for stores.
    void piece_event(std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data, std::uint32_t value,
                     std::uint64_t entry = 0) const {
        if (trace == nullptr) {
            return;
        }
        TraceEvent event;
        event.at = now;
        event.kind = EventKind::CpuPiece;
        event.access = active.operation.kind == CpuOpKind::Store ? Access::Write : Access::Read;
        event.address = address;
        event.bytes = bytes;
        event.data = data;
        event.tag = static_cast<std::uint32_t>(entry);
        event.value = value | (event.access == Access::Write ? kCpuAccessStore : 0);
        emit(event);
    }

    void burst_event(EventKind kind, const Burst& burst, Cycles at, Response response, std::uint64_t entry = 0) const {
        if (trace == nullptr) {
            return;
        }
        TraceEvent event;
        event.at = at;
        event.kind = kind;
        event.access = burst.access;
        event.purpose = burst.purpose;
        event.response = response;
        event.tag = burst.tag;
        event.job = static_cast<std::uint32_t>(entry);
        event.address = burst.address;
        event.bytes = burst.bytes;
        event.beats = beats_of(burst.address, burst.bytes, 0, word_bytes);
        event.data = burst.data;
        event.enables = burst.enables;
        emit(event);
    }

    // ---- the bus

    void offer(const Burst& burst, std::uint64_t entry = 0) {
        burst_event(EventKind::BurstRequested, burst, now, Response::Ok, entry);
        // The port may accept, and even answer, before it returns.
        if (burst.access == Access::Read) {
            read_tag = burst.tag;
            read_free = kNever;
        } else {
            write_tag = burst.tag;
            write_free = kNever;
        }
        port.request(burst, now);
    }

    void offer_read(ReadBurst& read) {
        read.requested = true;
        read.tag = ++newest_tag;
        Burst burst;
        burst.access = Access::Read;
        burst.purpose = read.purpose;
        burst.tag = read.tag;
        burst.address = read.address;
        burst.bytes = read.bytes;
        burst.data = read.data.data();
        offer(burst);
    }

    /// `set`: flags of the bytes to write, null for all; trimmed to the first and last one set. `entry`: number of the store
    /// buffer's entry, for traces.
    void offer_write(Purpose purpose, std::uint32_t tag, std::uint64_t address, std::uint32_t bytes, std::uint8_t* data,
                     const std::uint8_t* set, std::uint64_t entry = 0) {
        Burst burst;
        burst.access = Access::Write;
        burst.purpose = purpose;
        burst.tag = tag;
        burst.address = address;
        burst.bytes = bytes;
        burst.data = data;
        if (set != nullptr && !std::all_of(set, set + bytes, [](std::uint8_t flag) { return flag != 0; })) {
            burst.enables = set;
        }
        offer(burst, entry);
    }

    void offer_write_back(WriteBack& write_back) {
        write_back.requested = true;
        write_back.tag = ++newest_tag;
        if (!write_back.repair) {
            ++statistics.write_backs;
            // A coherent cache must not undo what others have written beside its dirty bytes (P4).
            const bool dirty_only = config.cache.coherence == CoherenceMode::IoCoherent;
            offer_write(Purpose::CacheWriteBack, write_back.tag, write_back.line, line_bytes, write_back.data.data(),
                        dirty_only ? write_back.newer.data() : nullptr);
            return;
        }
        ++statistics.repairs;
        const auto begin = write_back.newer.begin();
        const auto first =
            static_cast<std::uint32_t>(std::find(begin, write_back.newer.end(), std::uint8_t{1}) - begin);
        const auto end = static_cast<std::uint32_t>(
            std::find(write_back.newer.rbegin(), write_back.newer.rend(), std::uint8_t{1}).base() - begin);
        offer_write(Purpose::CacheWriteBack, write_back.tag, write_back.line + first, end - first,
                    write_back.data.data() + first, write_back.newer.data() + first);
    }

    void offer_bursts() {
        if (now >= read_free) {
            if (fill.active && !fill.requested) {
                offer_read(fill);
            } else if (word.active && !word.requested) {
                offer_read(word);
            }
        }
        if (now < write_free) {
            return;
        }
        for (WriteBack& write_back : write_backs) {
            if (!write_back.requested) {
                offer_write_back(write_back);
                return;
            }
        }
        if (device.active && !device.requested) {
            device.requested = true;
            device.tag = ++newest_tag;
            offer_write(Purpose::Uncached, device.tag, device.address, device.bytes, device.data.data(), nullptr);
            return;
        }
        Cycles ready;
        if (StoreBuffer::Entry* entry = stores.next(now, ready); entry != nullptr && ready <= now) {
            entry->requested = true;
            entry->tag = ++newest_tag;
            offer_write(Purpose::Uncached, entry->tag, entry->word + entry->first, entry->bytes,
                        entry->data.data() + entry->first, entry->set.data() + entry->first,
                        StoreBuffer::number_of(entry->id));
        }
    }

    // ---- lines

    [[nodiscard]] WriteBack* write_back_of(std::uint64_t line) {
        for (WriteBack& write_back : write_backs) {
            if (write_back.line == line) {
                return &write_back;
            }
        }
        return nullptr;
    }

    [[nodiscard]] bool can_write_back(std::uint64_t line) {
        return write_backs.size() < config.cache.write_back_buffers && write_back_of(line) == nullptr;
    }

    void start_write_back(Place place) {
        WriteBack write_back;
        write_back.line = cache.line(place).address;
        write_back.data.assign(cache.data(place), cache.data(place) + line_bytes);
        write_back.newer.assign(cache.dirty(place), cache.dirty(place) + line_bytes);
        write_backs.push_back(std::move(write_back));
    }

    /// Gives up the line; false if it is dirty and cannot be written back now.
    bool try_evict(Place place) {
        const CacheArray::Line& line = cache.line(place);
        if (line.dirty_count != 0) {
            if (!can_write_back(line.address)) {
                return false;
            }
            start_write_back(place);
        }
        line_event(CacheLineEvent::Evicted, place, line.address, line.dirty_count);
        ++statistics.evictions;
        cache.drop(place);
        return true;
    }

    /// Starts to fill the line; false if something is in the way (P3).
    bool try_fill(std::uint64_t line, bool prefetch) {
        if (fill.active || write_back_of(line) != nullptr) {
            return false;
        }
        if (const std::uint64_t id = stores.newest_cached(line, line_bytes); id != 0) {
            stores.force(id);
            return false;
        }
        const Place place = cache.place_for(line);
        if (cache.line(place).valid) {
            if (!try_evict(place)) {
                return false;
            }
            cache.replaced(place);
        }
        fill.active = true;
        fill.requested = false;
        fill.answered = false;
        fill.address = line;
        fill.bytes = line_bytes;
        fill.purpose = Purpose::CacheFill;
        fill.place = place;
        fill.prefetch = prefetch;
        fill.own = false;
        fill.snooped = false;
        ++statistics.fills;
        return true;
    }

    [[nodiscard]] bool filling(std::uint64_t line) const { return fill.active && fill.address == line; }

    // ---- inputs

    void note_error(Response response, std::uint64_t address) {
        ++statistics.bus_errors;
        if (posted_response == Response::Ok) {
            posted_response = response;
            posted_address = address;
        }
        if (running && active.response == Response::Ok && !is_access(active.operation.kind)) {
            active.response = response;
            active.fault_address = address;
        }
    }

    /// Calls `visit(place of the burst's byte in memory, its number)` for each transferred byte, in order.
    template <typename Function>
    static void for_bytes(const Burst& burst, Function visit) {
        for (std::uint32_t number = 0; number < burst.bytes; ++number) {
            if (burst.enables == nullptr || burst.enables[number] != 0) {
                const std::uint32_t offset = burst.fixed_bytes != 0 ? number % burst.fixed_bytes : number;
                visit(burst.address + offset, number);
            }
        }
    }

    /// What a snoop met.
    struct Met {
        bool any = false;
        bool dirty = false;
    };

    void snoop_read(const Burst& burst, Met& met) {
        for_bytes(burst, [&](std::uint64_t address, std::uint32_t number) {
            const std::uint64_t line = cache.line_address(address);
            const std::size_t offset = address - line;
            if (WriteBack* write_back = write_back_of(line)) {
                met.any = true;
                if (write_back->newer[offset] != 0) {
                    met.dirty = true;
                    burst.data[number] = write_back->data[offset];
                }
                if (write_back->again && write_back->again_set[offset] != 0) {
                    met.dirty = true;
                    burst.data[number] = write_back->again_data[offset];
                }
            }
            Place place;
            if (cache.find(address, place)) {
                met.any = true;
                if (cache.dirty(place)[offset] != 0) {
                    met.dirty = true;
                    burst.data[number] = cache.data(place)[offset];
                }
            }
        });
    }

    void snoop_write(const Burst& burst, Met& met) {
        bool reported = false;
        std::uint64_t reported_line = 0;
        for_bytes(burst, [&](std::uint64_t address, std::uint32_t number) {
            const std::uint64_t line = cache.line_address(address);
            const auto offset = static_cast<std::uint32_t>(address - line);
            const std::uint8_t value = burst.data[number];
            if (filling(line)) {
                met.any = true;
                fill.snooped = true;
            }
            if (WriteBack* write_back = write_back_of(line)) {
                met.any = true;
                if (write_back->newer[offset] == 0) {
                    // Not written by the burst.
                } else if (!write_back->requested) {
                    // It has not left: it simply takes the byte along.
                    met.dirty = true;
                    write_back->data[offset] = value;
                } else {
                    met.dirty = true;
                    if (!write_back->again) {
                        write_back->again = true;
                        write_back->again_data.assign(line_bytes, 0);
                        write_back->again_set.assign(line_bytes, 0);
                    }
                    write_back->again_data[offset] = value;
                    write_back->again_set[offset] = 1;
                }
            }
            Place place;
            if (cache.find(address, place)) {
                met.any = true;
                const std::uint32_t dirty = cache.line(place).dirty_count;
                if (!reported || reported_line != line) {
                    line_event(CacheLineEvent::Snooped, place, line, dirty);
                    reported = true;
                    reported_line = line;
                }
                met.dirty = met.dirty || cache.dirty(place)[offset] != 0;
                cache.put(place, offset, value, false);
                if (cache.line(place).dirty_count == 0) {
                    cache.drop(place);
                }
            }
        });
    }

    void take_snoops() {
        while (!snoops.empty() && snoops.front().at < now) {
            const PendingSnoop snoop = snoops.front();
            snoops.pop_front();
            ++statistics.snoops;
            Met met;
            if (snoop.burst.access == Access::Read) {
                if (config.cache.coherence != CoherenceMode::None) {
                    snoop_read(snoop.burst, met);
                }
            } else if (config.cache.coherence == CoherenceMode::IoCoherent) {
                snoop_write(snoop.burst, met);
            }
            statistics.snoop_hits += met.any ? 1U : 0U;
            snoop.master->snooped(snoop.cache, snoop.id, met.dirty ? now + config.cache.snoop_cycles : now);
        }
    }

    void take_levels() {
        while (!level_changes.empty() && level_changes.front().at < now) {
            const LevelChange& change = level_changes.front();
            const std::uint64_t bit = 1ULL << change.line;
            levels = change.level ? levels | bit : levels & ~bit;
            level_changes.pop_front();
        }
    }

    void take_fill() {
        if (!fill.active || !fill.answered || fill.last >= now) {
            return;
        }
        fill.active = false;
        FillOutcome outcome = FillOutcome::Installed;
        if (fill.response != Response::Ok) {
            outcome = FillOutcome::Failed;
            ++statistics.bus_errors;
        } else if (fill.snooped) {
            outcome = FillOutcome::Snooped;
        } else {
            cache.install(fill.place, fill.address, fill.data.data());
            statistics.prefetches += fill.prefetch ? 1U : 0U;
            line_event(fill.prefetch ? CacheLineEvent::Prefetched : CacheLineEvent::Filled, fill.place, fill.address,
                       0);
        }
        if (fill.own) {
            // An actor may start the next fill at this very edge, before the program's turn.
            active.fill_answered = true;
            active.fill_outcome = outcome;
            active.fill_response = fill.response;
            served = fill.data;
        }
    }

    void take_write_backs() {
        for (std::size_t number = 0; number < write_backs.size();) {
            WriteBack& write_back = write_backs[number];
            if (!write_back.answered || write_back.answer >= now) {
                ++number;
                continue;
            }
            if (write_back.response != Response::Ok) {
                note_error(write_back.response, write_back.line);
            }
            if (!write_back.again) {
                write_backs.erase(write_backs.begin() + static_cast<std::ptrdiff_t>(number));
                continue;
            }
            write_back.repair = true;
            write_back.data.swap(write_back.again_data);
            write_back.newer.swap(write_back.again_set);
            write_back.again = false;
            write_back.requested = false;
            write_back.answered = false;
            ++number;
        }
    }

    void take_answers() {
        take_fill();
        if (word.active && word.answered && word.last < now) {
            word.active = false;
            statistics.bus_errors += word.response != Response::Ok ? 1U : 0U;
        }
        take_write_backs();
        if (device.active && device.answered && device.answer < now) {
            device.active = false;
            statistics.bus_errors += device.response != Response::Ok ? 1U : 0U;
        }
        stores.take_answers(now, [this](const StoreBuffer::Entry& entry) {
            if (entry.response != Response::Ok) {
                note_error(entry.response, entry.word + entry.first);
            }
        });
    }

    void take_actors() {
        actor_blocked = false;
        while (!actors.empty() && actors.front().action.at < now) {
            Actor& actor = actors.front();
            if (actor.any && !choose_victim(actor)) {
                actors.pop_front();
                continue;
            }
            if (actor.action.kind == CacheActionKind::Drain) {
                if (!stores.empty() && action_log != nullptr) {
                    action_log->acted(actor.action);
                }
                stores.force(stores.newest());
                actors.pop_front();
                continue;
            }
            const bool fills = actor.action.kind == CacheActionKind::Prefetch;
            const std::uint64_t line = cache.line_address(actor.action.address);
            Place place;
            const bool present = cache.find(line, place);
            const bool wanted = fills ? !present && !filling(line) : present;
            if (wanted && !actor.seen && action_log != nullptr) {
                actor.action.address = line;
                action_log->acted(actor.action);
            }
            actor.seen = true;
            if (wanted && !(fills ? try_fill(line, true) : try_evict(place))) {
                actor_blocked = true;
                return;
            }
            actors.pop_front();
        }
    }

    /// The first line from the actor's place on; false if there is none.
    [[nodiscard]] bool choose_victim(Actor& actor) const {
        const std::uint64_t places = std::uint64_t{cache.sets()} * cache.ways();
        for (std::uint64_t step = 0; step < places; ++step) {
            const std::uint64_t number = (actor.lot % places + step) % places;
            const CacheArray::Line& line = cache.line(Place{static_cast<std::uint32_t>(number / cache.ways()),
                                                            static_cast<std::uint32_t>(number % cache.ways())});
            if (line.valid && (!actor.dirty_only || line.dirty_count != 0)) {
                actor.action.address = line.address;
                actor.any = false;
                return true;
            }
        }
        return false;
    }

    void add_actor(Actor actor) {
        actor.action.at = not_late(actor.action.at);
        actors.insert(std::upper_bound(actors.begin(), actors.end(), actor,
                                       [](const Actor& a, const Actor& b) { return a.action.at < b.action.at; }),
                      actor);
    }

    // ---- the program

    void finish(Cycles at) {
        const CpuOperation& operation = active.operation;
        const std::uint64_t span = (at - active.issued).count();
        const auto account = [&](CpuCause cause, std::uint64_t cycles) {
            statistics.cycles[static_cast<std::size_t>(cause)] += cycles;
        };
        account(CpuCause::Idle, (active.issued - last_completion).count());
        ++statistics.operations;
        if (is_access(operation.kind)) {
            const bool store = operation.kind == CpuOpKind::Store;
            if (operation.type == MemoryType::Cached) {
                const std::uint64_t hit = std::min(span, active.pieces * config.cache.hit_cycles);
                account(CpuCause::Hit, hit);
                account(CpuCause::MissWait, span - hit);
                ++(store ? statistics.stores : statistics.loads);
            } else {
                account(CpuCause::UncachedWait, span);
            }
            TraceEvent event;
            event.at = at;
            event.kind = EventKind::CpuAccess;
            event.access = store ? Access::Write : Access::Read;
            event.response = active.response;
            event.address = operation.address;
            event.bytes = operation.bytes;
            event.value = (store ? kCpuAccessStore : 0) |
                          (operation.type == MemoryType::Cached && active.all_hit ? kCpuAccessHit : 0) |
                          (operation.type != MemoryType::Cached ? kCpuAccessUncached : 0) |
                          (operation.type == MemoryType::Device ? kCpuAccessDevice : 0);
            emit(event);
        } else if (is_maintenance(operation.kind)) {
            account(CpuCause::Maintenance, span);
            ++statistics.maintenance;
            TraceEvent event;
            event.at = at;
            event.kind = EventKind::Maintenance;
            event.response = active.response;
            const MaintenanceKind kind = operation.kind == CpuOpKind::Clean        ? MaintenanceKind::Clean
                                         : operation.kind == CpuOpKind::Invalidate ? MaintenanceKind::Invalidate
                                                                                   : MaintenanceKind::CleanInvalidate;
            event.value = static_cast<std::uint32_t>(kind) | static_cast<std::uint32_t>(operation.scope) << 2;
            event.address = operation.address;
            event.bytes = operation.bytes;
            event.job =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(span, std::numeric_limits<std::uint32_t>::max()));
            emit(event);
        } else if (operation.kind == CpuOpKind::Evict || operation.kind == CpuOpKind::Prefetch) {
            account(CpuCause::Maintenance, span);
        } else if (operation.kind == CpuOpKind::Compute) {
            account(CpuCause::Compute, span);
        } else if (operation.kind == CpuOpKind::WaitInterrupt) {
            account(CpuCause::InterruptWait, span);
        } else {
            account(CpuCause::Barrier, span);
            ++statistics.barriers;
            if (operation.kind != CpuOpKind::Drain) {
                TraceEvent event;
                event.at = at;
                event.kind = EventKind::Barrier;
                event.response = active.response;
                event.value = operation.kind == CpuOpKind::Dsb ? 1 : 0;
                emit(event);
            }
        }
        last_completion = at;
        running = false;
        CpuResult result;
        result.at = at;
        result.response = active.response;
        result.fault_address = active.fault_address;
        result.lines = levels;
        client.completed(result);
    }

    void fail(Response response, std::uint64_t address) {
        const CpuOperation& operation = active.operation;
        if (operation.kind == CpuOpKind::Load && operation.data != nullptr) {
            std::fill_n(operation.data + active.offset, operation.bytes - active.offset, std::uint8_t{0});
        }
        active.response = response;
        active.fault_address = address;
        finish(now);
    }

    /// The present piece of `bytes` bytes ends at edge `at`.
    void piece_done(std::uint64_t bytes, Cycles at) {
        active.offset += bytes;
        ++active.pieces;
        active.missed = false;
        active.begun = false;
        if (active.offset == active.operation.bytes) {
            finish(at);
        } else {
            active.step_at = at + 1;
        }
    }

    [[nodiscard]] std::uint32_t piece_bytes(std::uint64_t address, std::uint32_t unit) const {
        const std::uint64_t room = unit - (address & (unit - 1));
        return static_cast<std::uint32_t>(std::min(room, active.operation.bytes - active.offset));
    }

    void block() { active.blocked = true; }

    void step_cached() {
        const CpuOperation& operation = active.operation;
        const bool store = operation.kind == CpuOpKind::Store;
        const std::uint64_t address = operation.address + active.offset;
        const std::uint64_t line = cache.line_address(address);
        std::uint8_t* data = operation.data + active.offset;
        const Cycles end = now + (config.cache.hit_cycles - 1);
        if (active.own_fill) {
            if (!active.fill_answered) {
                return block();
            }
            active.own_fill = false;
            active.fill_answered = false;
            if (active.fill_outcome == FillOutcome::Failed) {
                return fail(active.fill_response, line);
            }
            if (active.fill_outcome == FillOutcome::Snooped && !store) {
                // The load is older than the write that was snooped: it may use what was read, once.
                const std::uint32_t bytes = piece_bytes(address, line_bytes);
                std::copy_n(served.data() + (address - line), bytes, data);
                piece_event(address, bytes, data, 0);
                return piece_done(bytes, end);
            }
        }
        Place place;
        const bool hit = cache.find(address, place);
        const bool write_through = config.cache.write_policy == WritePolicy::Through;
        if (!active.missed && !hit) {
            active.missed = true;
            active.all_hit = false;
            ++statistics.misses;
        }
        if (store && (hit ? write_through : !config.cache.write_allocate)) {
            if (!hit && (filling(line) || write_back_of(line) != nullptr)) {
                return block();
            }
            const std::uint32_t bytes = piece_bytes(address, std::min(line_bytes, word_bytes));
            if (!stores.can_put(address, true)) {
                stores.force(stores.entries().front().id);
                return block();
            }
            stores.put(address, data, bytes, true, now);
            piece_event(address, bytes, data, kCpuPieceBuffered | (hit ? kCpuAccessHit : 0),
                        StoreBuffer::number_of(stores.newest()));
            if (hit) {
                statistics.hits += active.missed ? 0U : 1U;
                for (std::uint32_t number = 0; number < bytes; ++number) {
                    cache.put(place, static_cast<std::uint32_t>(address - line) + number, data[number], false);
                }
                cache.touch(place);
            }
            return piece_done(bytes, end);
        }
        if (!hit) {
            if (!filling(line) && try_fill(line, false)) {
                active.own_fill = true;
                fill.own = true;
            }
            return block();
        }
        statistics.hits += active.missed ? 0U : 1U;
        const std::uint32_t bytes = piece_bytes(address, line_bytes);
        const auto offset = static_cast<std::uint32_t>(address - line);
        if (store) {
            if (cache.line(place).dirty_count == 0) {
                line_event(CacheLineEvent::Dirtied, place, line, 0);
            }
            for (std::uint32_t number = 0; number < bytes; ++number) {
                cache.put(place, offset + number, data[number], true);
            }
        } else {
            std::copy_n(cache.data(place) + offset, bytes, data);
        }
        piece_event(address, bytes, data, kCpuAccessHit);
        cache.touch(place);
        piece_done(bytes, end);
    }

    /// A dmb holds back what comes now; the entries before it are waited for.
    bool held_by_dmb() {
        if (!config.dmb_orders_device || stores.left(dmb_id)) {
            return false;
        }
        stores.force(dmb_id);
        return true;
    }

    void step_uncached_load() {
        const CpuOperation& operation = active.operation;
        const std::uint64_t address = operation.address + active.offset;
        const std::uint32_t bytes = piece_bytes(address, word_bytes);
        std::uint8_t* data = operation.data + active.offset;
        if (active.own_word) {
            if (word.active) {
                return block();
            }
            active.own_word = false;
            if (word.response != Response::Ok) {
                return fail(word.response, address);
            }
            std::copy_n(word.data.data(), bytes, data);
            return piece_done(bytes, now);
        }
        if (held_by_dmb()) {
            return block();
        }
        if (operation.type == MemoryType::Uncached) {
            std::uint64_t last = 0;
            switch (stores.overlap(address, bytes, last)) {
                case StoreBuffer::Overlap::None:
                    break;
                case StoreBuffer::Overlap::Covered:
                    stores.forward(address, bytes, data);
                    piece_event(address, bytes, data, kCpuAccessUncached | kCpuPieceBuffered,
                                StoreBuffer::number_of(last));
                    ++statistics.forwarded;
                    ++statistics.uncached_loads;
                    return piece_done(bytes, now);
                case StoreBuffer::Overlap::Partial:
                    stores.force(last);
                    return block();
            }
        }
        ++(operation.type == MemoryType::Device ? statistics.device_loads : statistics.uncached_loads);
        word.active = true;
        word.requested = false;
        word.answered = false;
        word.address = address;
        word.bytes = bytes;
        word.purpose = Purpose::Uncached;
        active.own_word = true;
        block();
    }

    void step_uncached_store() {
        const CpuOperation& operation = active.operation;
        const std::uint64_t address = operation.address + active.offset;
        const std::uint32_t bytes = piece_bytes(address, word_bytes);
        const std::uint8_t* data = operation.data + active.offset;
        if (operation.type == MemoryType::Uncached) {
            if (!stores.can_put(address, false)) {
                stores.force(stores.entries().front().id);
                return block();
            }
            ++statistics.uncached_stores;
            stores.put(address, data, bytes, false, now);
            piece_event(address, bytes, data, kCpuAccessUncached | kCpuPieceBuffered,
                        StoreBuffer::number_of(stores.newest()));
            return piece_done(bytes, now);
        }
        if (active.begun) {
            if (device.active) {
                return block();
            }
            if (device.response != Response::Ok) {
                return fail(device.response, address);
            }
            return piece_done(bytes, now);
        }
        if (held_by_dmb()) {
            return block();
        }
        ++statistics.device_stores;
        device.active = true;
        device.requested = false;
        device.answered = false;
        device.address = address;
        device.bytes = bytes;
        std::copy_n(data, bytes, device.data.begin());
        active.begun = true;
        block();
    }

    /// Nothing of the cache is on its way to memory.
    bool cache_is_settled() {
        const std::uint64_t id = stores.newest_cached();
        if (id != 0) {
            stores.force(id);
        }
        return id == 0 && write_backs.empty();
    }

    /// Looks at one line; false if that has to wait.
    bool maintain(Place place, bool present) {
        const CpuOperation& operation = active.operation;
        if (!present) {
            return true;
        }
        const CacheArray::Line line = cache.line(place);
        const bool clean = operation.kind != CpuOpKind::Invalidate && line.dirty_count != 0;
        if (clean) {
            if (!can_write_back(line.address)) {
                return false;
            }
            start_write_back(place);
            line_event(CacheLineEvent::Cleaned, place, line.address, line.dirty_count);
            cache.clear_dirty(place);
        }
        if (operation.kind != CpuOpKind::Clean) {
            const std::uint32_t lost = clean ? 0 : line.dirty_count;
            line_event(CacheLineEvent::Invalidated, place, line.address, lost);
            statistics.dirty_dropped_bytes += lost;
            cache.drop(place);
        }
        if (clean || operation.kind != CpuOpKind::Clean) {
            ++statistics.maintained_lines;
        }
        return true;
    }

    void step_maintenance() {
        const CpuOperation& operation = active.operation;
        if (active.index < active.count) {
            Place place;
            bool present = false;
            bool waits = false;
            if (operation.scope == MaintenanceScope::Range && !active.whole) {
                const std::uint64_t line = cache.line_address(operation.address) + active.index * line_bytes;
                present = cache.find(line, place);
                waits = filling(line);
            } else {
                place = Place{operation.set, operation.way};
                if (active.whole) {
                    place.set = static_cast<std::uint32_t>(active.index / cache.ways());
                    place.way = static_cast<std::uint32_t>(active.index % cache.ways());
                }
                const CacheArray::Line& line = cache.line(place);
                present = line.valid;
                waits = fill.active && fill.place.set == place.set && fill.place.way == place.way;
                if (operation.scope == MaintenanceScope::Range) {
                    const std::uint64_t first = cache.line_address(operation.address);
                    const std::uint64_t last = cache.line_address(operation.address + (operation.bytes - 1));
                    present = present && line.address >= first && line.address <= last;
                }
            }
            if (waits || !maintain(place, present)) {
                return block();
            }
            if (++active.index < active.count) {
                active.step_at = now + config.cache.maintenance_line_cycles;
                return;
            }
        }
        if (!cache_is_settled()) {
            return block();
        }
        finish(now);
    }

    void step_evict() {
        const std::uint64_t line = cache.line_address(active.operation.address);
        if (!active.begun) {
            Place place;
            if (filling(line) || (cache.find(line, place) && !try_evict(place))) {
                return block();
            }
            active.begun = true;
        }
        if (!cache_is_settled()) {
            return block();
        }
        finish(now);
    }

    void step_prefetch() {
        const std::uint64_t line = cache.line_address(active.operation.address);
        if (active.own_fill) {
            if (!active.fill_answered) {
                return block();
            }
            if (active.fill_outcome == FillOutcome::Failed) {
                return fail(active.fill_response, line);
            }
            return finish(now);
        }
        Place place;
        if (cache.find(line, place)) {
            return finish(now);
        }
        if (!filling(line) && try_fill(line, true)) {
            active.own_fill = true;
            fill.own = true;
        }
        block();
    }

    void step_barrier() {
        switch (active.operation.kind) {
            case CpuOpKind::Dmb:
                dmb_id = stores.newest();
                stores.fence();
                return finish(now);
            case CpuOpKind::Dsb:
                stores.force(stores.newest());
                if (!stores.empty() || !write_backs.empty()) {
                    return block();
                }
                active.response = posted_response;
                active.fault_address = posted_address;
                posted_response = Response::Ok;
                posted_address = 0;
                return finish(now);
            default:
                break;
        }
        if (!active.begun) {
            active.begun = true;
            active.wait_id = active.operation.bytes == 0 ? stores.newest() : stores.force_bytes(active.operation.bytes);
            stores.force(active.wait_id);
        }
        if (!stores.left(active.wait_id)) {
            return block();
        }
        finish(now);
    }

    void step() {
        const CpuOperation& operation = active.operation;
        active.blocked = false;
        switch (operation.kind) {
            case CpuOpKind::Load:
            case CpuOpKind::Store:
                if (operation.bytes == 0) {
                    return finish(now);
                }
                if (operation.bytes - 1 > kTop - operation.address) {
                    return fail(Response::AddressError, operation.address);
                }
                if (operation.type == MemoryType::Cached) {
                    return step_cached();
                }
                return operation.kind == CpuOpKind::Load ? step_uncached_load() : step_uncached_store();
            case CpuOpKind::Clean:
            case CpuOpKind::Invalidate:
            case CpuOpKind::CleanInvalidate:
                return step_maintenance();
            case CpuOpKind::Dmb:
            case CpuOpKind::Dsb:
            case CpuOpKind::Drain:
                return step_barrier();
            case CpuOpKind::Evict:
                return step_evict();
            case CpuOpKind::Prefetch:
                return step_prefetch();
            case CpuOpKind::Compute: {
                const Cycles end = active.issued + std::max<std::uint64_t>(operation.cycles, 1);
                if (now >= end || (levels & operation.lines) != 0) {
                    return finish(now);
                }
                active.step_at = end;
                return;
            }
            case CpuOpKind::WaitInterrupt:
                if ((levels & operation.lines) != 0) {
                    return finish(now);
                }
                return block();
        }
    }

    /// First edge of the operation, and the number of lines that maintenance looks at.
    void prepare() {
        const CpuOperation& operation = active.operation;
        active.step_at = active.issued + 1;
        if (operation.kind == CpuOpKind::Compute && operation.lines == 0) {
            active.step_at = active.issued + std::max<std::uint64_t>(operation.cycles, 1);
        }
        if (!is_maintenance(operation.kind)) {
            return;
        }
        const std::uint64_t all = std::uint64_t{cache.sets()} * cache.ways();
        switch (operation.scope) {
            case MaintenanceScope::All:
                active.whole = true;
                active.count = all;
                break;
            case MaintenanceScope::SetWay:
                active.count = operation.set < cache.sets() && operation.way < cache.ways() ? 1 : 0;
                break;
            case MaintenanceScope::Range:
                if (operation.bytes != 0 && operation.bytes - 1 <= kTop - operation.address) {
                    const std::uint64_t last = cache.line_address(operation.address + (operation.bytes - 1));
                    const std::uint64_t lines = (last - cache.line_address(operation.address)) / line_bytes + 1;
                    active.whole = lines > all;
                    active.count = std::min(lines, all);
                }
                break;
        }
        if (active.count == 0 && (operation.scope == MaintenanceScope::SetWay || operation.bytes != 0)) {
            active.response = Response::AddressError;
            active.fault_address = operation.address;
        }
        active.step_at = active.issued + config.cache.maintenance_cycles +
                         (active.count == 0 ? 0 : config.cache.maintenance_line_cycles);
    }

    // ---- time

    [[nodiscard]] Cycles next_edge() const {
        Cycles next = kNever;
        const auto at_edge = [&](Cycles edge) { next = std::min(next, std::max(edge, floor)); };
        const auto after = [&](Cycles stamp) {
            if (stamp != kNever) {
                at_edge(stamp + 1);
            }
        };
        if (!snoops.empty()) {
            after(snoops.front().at);
        }
        if (!level_changes.empty()) {
            after(level_changes.front().at);
        }
        if (fill.active && fill.answered) {
            after(fill.last);
        }
        if (word.active && word.answered) {
            after(word.last);
        }
        if (device.active && device.answered) {
            after(device.answer);
        }
        for (const WriteBack& write_back : write_backs) {
            if (write_back.answered) {
                after(write_back.answer);
            } else if (!write_back.requested && write_free != kNever) {
                at_edge(write_free);
            }
        }
        after(stores.next_answer());
        if (!actors.empty() && !actor_blocked) {
            after(actors.front().action.at);
        }
        if (running && !active.blocked) {
            at_edge(active.step_at);
        }
        if (read_free != kNever && ((fill.active && !fill.requested) || (word.active && !word.requested))) {
            at_edge(read_free);
        }
        if (write_free != kNever) {
            if (device.active && !device.requested) {
                at_edge(write_free);
            }
            Cycles ready;
            if (const_cast<StoreBuffer&>(stores).next(floor, ready) != nullptr) {
                at_edge(std::max(ready, write_free));
            }
        }
        return next;
    }

    void evaluate(Cycles edge) {
        DMASIM_INVARIANT(edge >= floor);
        now = edge;
        take_snoops();
        take_levels();
        take_answers();
        take_actors();
        if (running && edge > active.issued &&
            (active.blocked || edge >= active.step_at || active.operation.kind == CpuOpKind::Compute)) {
            step();
        }
        offer_bursts();
        floor = edge + 1;
    }

    /// An input cannot concern edges that are over.
    [[nodiscard]] Cycles not_late(Cycles at) const { return floor.count() == 0 ? at : std::max(at, floor - 1); }

    void accept(std::uint32_t tag, Cycles at) {
        if (read_free == kNever && tag == read_tag) {
            read_free = at + 1;
        } else if (write_free == kNever && tag == write_tag) {
            write_free = at + 1;
        }
    }

    void write_answer(std::uint32_t tag, Cycles at, Response response) {
        const auto take = [&](auto& write) {
            write.answered = true;
            write.answer = at;
            write.response = response;
        };
        Burst burst;
        burst.access = Access::Write;
        burst.tag = tag;
        for (WriteBack& write_back : write_backs) {
            if (write_back.requested && !write_back.answered && write_back.tag == tag) {
                take(write_back);
                burst.purpose = Purpose::CacheWriteBack;
                burst.address = write_back.line;
                burst.bytes = line_bytes;
                return burst_event(EventKind::BurstResponse, burst, at, response);
            }
        }
        burst.purpose = Purpose::Uncached;
        if (device.active && device.requested && !device.answered && device.tag == tag) {
            take(device);
            burst.address = device.address;
            burst.bytes = device.bytes;
            return burst_event(EventKind::BurstResponse, burst, at, response);
        }
        for (StoreBuffer::Entry& entry : stores.entries()) {
            if (entry.requested && !entry.answered && entry.tag == tag) {
                take(entry);
                burst.address = entry.word + entry.first;
                burst.bytes = entry.bytes;
                return burst_event(EventKind::BurstResponse, burst, at, response);
            }
        }
        const bool write_is_known = false;
        DMASIM_INVARIANT(write_is_known);
    }

    void read_answer(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
        ReadBurst& read = fill.active && fill.requested && fill.tag == tag ? fill : word;
        DMASIM_INVARIANT(read.active && read.requested && !read.answered && read.tag == tag);
        read.answered = true;
        read.response = response;
        const std::uint64_t beats = beats_of(read.address, read.bytes, 0, word_bytes);
        read.last = first + (beats - 1) * interval;
        Burst burst;
        burst.access = Access::Read;
        burst.purpose = read.purpose;
        burst.tag = tag;
        burst.address = read.address;
        burst.bytes = read.bytes;
        burst_event(EventKind::BurstResponse, burst, read.last, response);
    }

    [[nodiscard]] LineView view(Place place) const {
        const CacheArray::Line& line = cache.line(place);
        LineView result;
        result.set = place.set;
        result.way = place.way;
        if (line.valid) {
            result.valid = true;
            result.dirty = line.dirty_count != 0;
            result.address = line.address;
            result.data = cache.data(place);
            result.dirty_bytes = cache.dirty(place);
        }
        return result;
    }
};

CpuCore::CpuCore(const CpuConfig& config, BurstPort& port, CpuClient& client, TraceSink* trace, std::uint16_t source)
    : state_(std::make_unique<State>(config, port, client, trace, source)) {}

CpuCore::~CpuCore() = default;

void CpuCore::issue(const CpuOperation& operation, Cycles at) {
    State& state = *state_;
    DMASIM_INVARIANT(!state.running);
    DMASIM_INVARIANT(at >= state.last_completion && at + 1 >= state.floor);
    DMASIM_INVARIANT(!is_access(operation.kind) || operation.bytes == 0 || operation.data != nullptr);
    state.running = true;
    state.active = Active{};
    state.active.operation = operation;
    state.active.issued = at;
    state.prepare();
}

void CpuCore::interrupt(unsigned line, bool level, Cycles at) {
    DMASIM_INVARIANT(line < state_->config.interrupts);
    auto& changes = state_->level_changes;
    const LevelChange change{line, level, state_->not_late(at)};
    changes.insert(std::upper_bound(changes.begin(), changes.end(), change,
                                    [](const LevelChange& a, const LevelChange& b) {
                                        return a.at != b.at ? a.at < b.at : a.line < b.line;
                                    }),
                   change);
}

void CpuCore::evict(std::uint64_t address, Cycles at) {
    Actor actor;
    actor.action = {CacheActionKind::Evict, address, at};
    state_->add_actor(actor);
}

void CpuCore::evict_any(std::uint64_t lot, bool dirty_only, Cycles at) {
    Actor actor;
    actor.action = {CacheActionKind::Evict, 0, at};
    actor.any = true;
    actor.dirty_only = dirty_only;
    actor.lot = lot;
    state_->add_actor(actor);
}

void CpuCore::prefetch(std::uint64_t address, Cycles at) {
    Actor actor;
    actor.action = {CacheActionKind::Prefetch, address, at};
    state_->add_actor(actor);
}

void CpuCore::drain_stores(Cycles at) {
    Actor actor;
    actor.action = {CacheActionKind::Drain, 0, at};
    state_->add_actor(actor);
}

void CpuCore::set_action_log(CacheActionLog* log) {
    state_->action_log = log;
}

Cycles CpuCore::next_edge() const {
    return state_->next_edge();
}

void CpuCore::evaluate(Cycles edge) {
    state_->evaluate(edge);
}

void CpuCore::accepted(std::uint32_t tag, Cycles at) {
    state_->accept(tag, at);
}

void CpuCore::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    state_->accept(tag, first);
    state_->read_answer(tag, first, interval, response);
}

void CpuCore::write_response(std::uint32_t tag, Cycles at, Response response) {
    state_->accept(tag, at);
    state_->write_answer(tag, state_->not_late(at), response);
}

bool CpuCore::looks_at(Access access) const {
    return access == Access::Read || state_->config.cache.coherence != CoherenceMode::OneSided;
}

void CpuCore::snoop(SnoopMaster& master, unsigned cache, std::uint64_t id, const Burst& burst, Cycles at) {
    auto& snoops = state_->snoops;
    const PendingSnoop snoop{&master, cache, id, burst, state_->not_late(at)};
    snoops.insert(std::upper_bound(snoops.begin(), snoops.end(), snoop,
                                   [](const PendingSnoop& a, const PendingSnoop& b) { return a.at < b.at; }),
                  snoop);
}

const CpuConfig& CpuCore::config() const {
    return state_->config;
}

const CpuStatistics& CpuCore::statistics() const {
    return state_->statistics;
}

bool CpuCore::quiet() const {
    const State& state = *state_;
    return !state.running && !state.fill.active && !state.word.active && !state.device.active &&
           state.write_backs.empty() && state.stores.empty() && state.snoops.empty() && state.actors.empty();
}

CpuCore::LineView CpuCore::line_of(std::uint64_t address) const {
    Place place;
    if (!state_->cache.find(address, place)) {
        return {};
    }
    return state_->view(place);
}

CpuCore::LineView CpuCore::line_at(std::uint32_t set, std::uint32_t way) const {
    DMASIM_INVARIANT(set < state_->cache.sets() && way < state_->cache.ways());
    return state_->view(Place{set, way});
}

std::uint32_t CpuCore::buffered_stores() const {
    return state_->stores.size();
}

}  // namespace dmasim
