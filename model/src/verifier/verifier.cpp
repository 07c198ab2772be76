// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/verifier/verifier.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "dmasim/model/errors.h"

#include "rule.h"

namespace dmasim {

using detail::ByteRange;
using detail::ByteState;
using detail::DeviceAccess;
using detail::Hazard;
using detail::LineShadow;
using detail::Mapping;
using detail::of_cpu;
using detail::Place;
using detail::range_of;
using detail::RuleRow;
using detail::Shadow;
using detail::VerifierRule;
using detail::WriteHow;
using detail::WriteId;
using detail::WriteRecord;

namespace {

/// Mappings that were completed and are remembered.
constexpr std::size_t kCompletedKept = 256;
/// Bytes of a bounce buffer; its state is kept byte by byte.
constexpr std::uint64_t kMaxBounce = 1ULL << 26;
/// Cycles between two accesses of one kind whose findings about adjacent bytes become one.
constexpr std::uint64_t kMergeCycles = 256;

bool known_rule(const VerifierConfig& config, const std::string& name) {
    const std::vector<VerifierRuleKind>& rules = verifier_rules();
    const std::vector<std::string>& others = config.other_rules;
    return std::any_of(rules.begin(), rules.end(), [&](const VerifierRuleKind& rule) { return rule.name == name; }) ||
           std::find(others.begin(), others.end(), name) != others.end();
}

void substitute(std::string& text, const std::string& range) {
    const std::string token = detail::kTheRange;
    for (std::size_t at = text.find(token); at != std::string::npos; at = text.find(token, at + range.size())) {
        text.replace(at, token.size(), range);
    }
}

bool enabled(const VerifiedAccess& access, std::uint64_t offset) {
    return access.enables == nullptr || access.enables[offset] != 0;
}

}  // namespace

std::vector<std::string> validate(const VerifierConfig& config) {
    std::vector<std::string> problems;
    const std::uint32_t line = config.line_bytes;
    if (line < 8 || line > 1024 || (line & (line - 1)) != 0) {
        problems.push_back("line_bytes is " + std::to_string(line) + "; it must be a power of two from 8 to 1024");
    }
    if (config.device_address_bits < 1 || config.device_address_bits > 64) {
        problems.push_back("device_address_bits is " + std::to_string(config.device_address_bits) +
                           "; it must be from 1 to 64");
    }
    for (const VerifiedRegisters& registers : config.registers) {
        if (registers.stride == 0 || registers.bytes == 0 || registers.base + (registers.bytes - 1) < registers.base) {
            problems.emplace_back("registers: stride and bytes must be at least 1, and none past 2^64");
        }
    }
    if (config.max_findings == 0) {
        problems.emplace_back("max_findings is 0; it must be at least 1");
    }
    for (const std::string& name : config.disabled_rules) {
        if (!known_rule(config, name)) {
            problems.push_back("disabled_rules names \"" + name + "\", which is no rule");
        }
    }
    for (const Suppression& suppression : config.suppressions) {
        if (suppression.rule != "*" && !known_rule(config, suppression.rule)) {
            problems.push_back("suppressions name \"" + suppression.rule + "\", which is no rule");
        }
    }
    return problems;
}

class Verifier::Impl final : public detail::Judge {
  public:
    explicit Impl(const VerifierConfig& config) : config_(checked(config)), state_(config.line_bytes) {
        for (const RuleRow& row : detail::rule_rows()) {
            const auto& off = config_.disabled_rules;
            if (std::find(off.begin(), off.end(), row.kind.name) == off.end()) {
                rules_.push_back(Rule{&row, row.make()});
                if (rules_.back().rule->wants_controller_events()) {
                    of_controllers_.push_back(rules_.size() - 1);
                }
            }
        }
    }

    [[nodiscard]] Shadow& state() override { return state_; }
    [[nodiscard]] const VerifierConfig& config() const override { return config_; }

    void report(Finding finding) override {
        finding.rule = current_->kind.name;
        if (is_suppressed(finding)) {
            ++suppressed_;
            return;
        }
        const auto same = std::make_tuple(finding.rule, finding.address, finding.bytes,
                                          finding.bytes == 0 ? finding.at.count() : 0, finding.writer.at.count());
        if (const auto found = reported_.find(same); found != reported_.end()) {
            ++findings_[found->second].repeats;
            return;
        }
        if (extend(finding)) {
            return;
        }
        ++total_;
        if (findings_.size() >= config_.max_findings) {
            return;
        }
        reported_[same] = findings_.size();
        texts_.emplace_back(finding.message, finding.missing);
        findings_.push_back(std::move(finding));
        write_texts(findings_.size() - 1);
    }

    void add(Finding finding) {
        const auto& off = config_.disabled_rules;
        if (std::find(off.begin(), off.end(), finding.rule) != off.end()) {
            return;
        }
        if (is_suppressed(finding)) {
            ++suppressed_;
            return;
        }
        const auto same = std::find_if(findings_.begin(), findings_.end(), [&](const Finding& known) {
            return known.rule == finding.rule && known.address == finding.address && known.bytes == finding.bytes &&
                   known.message == finding.message;
        });
        if (same != findings_.end()) {
            ++same->repeats;
            return;
        }
        ++total_;
        if (findings_.size() < config_.max_findings) {
            texts_.emplace_back(finding.message, finding.missing);
            findings_.push_back(std::move(finding));
        }
    }

    // ---- the CPU and its cache

    void line_filled(Cycles at, std::uint64_t place, std::uint32_t set, std::uint32_t way, bool prefetch) {
        const std::uint64_t address = state_.line_address(place);
        LineShadow& line = state_.lines[address];
        line.address = address;
        line.set = set;
        line.way = way;
        line.filled_at = at;
        line.prefetched = prefetch;
        line.dirty_count = 0;
        line.dirty.assign(state_.line_bytes(), 0);
        const auto fill = state_.fills.find(address);
        if (fill != state_.fills.end()) {
            line.versions = fill->second;
            return;
        }
        line.versions.resize(state_.line_bytes());
        for (std::uint32_t offset = 0; offset < state_.line_bytes(); ++offset) {
            line.versions[offset] = state_.byte(address + offset).memory;
        }
    }

    void cached_load(Cycles at, const ByteRange& range, const std::uint8_t* data) {
        const FindingParty reader{VerifierAgent::Cpu, "load from the cache", at};
        LineShadow* line = state_.line(range.first);
        if (line != nullptr) {
            Runs runs(*this, at, reader, range, data);
            for (std::uint64_t address = range.first;; ++address) {
                const WriteId seen = line->versions[address - line->address];
                const WriteId newest = state_.byte(address).newest;
                if (seen != newest) {
                    runs.add(address, newest, seen, stale_kind(address, newest), line, state_.is_descriptor(address));
                }
                if (address == range.last) {
                    break;
                }
            }
            runs.flush();
        }
        load_hooks(at, range);
    }

    void load_hooks(Cycles at, const ByteRange& range) {
        if (!state_.bounces.empty() || state_.descriptors.touches(range) || state_.cyclic.touches(range)) {
            ask([&](VerifierRule& rule) { rule.cpu_load(at, range, *this); });
        }
    }

    void cached_store(Cycles at, const ByteRange& range, const std::uint8_t* data) {
        store_hooks(at, range, data);
        const WriteId id = state_.make_write(at, range, WriteHow::CachedStore);
        LineShadow* line = state_.line(range.first);
        note_reuse(range, id);
        for (std::uint64_t address = range.first;; ++address) {
            state_.renew(address, id, data == nullptr ? nullptr : data + (address - range.first));
            if (line != nullptr) {
                const std::size_t offset = address - line->address;
                line->versions[offset] = id;
                line->dirty_count += line->dirty[offset] == 0 ? 1U : 0U;
                line->dirty[offset] = 1;
            }
            if (address == range.last) {
                break;
            }
        }
        forget_losses(range);
        if (line != nullptr) {
            judge_dirty_store(at, range, *line);
        }
    }

    void posted_store(Cycles at, const ByteRange& range, const std::uint8_t* data, std::uint32_t entry, bool hit,
                      bool uncached) {
        store_hooks(at, range, data);
        const WriteId id = state_.make_write(at, range, uncached ? WriteHow::UncachedStore : WriteHow::PostedStore);
        note_reuse(range, id);
        LineShadow* line = hit ? state_.line(range.first) : nullptr;
        for (std::uint64_t address = range.first;; ++address) {
            state_.renew(address, id, data == nullptr ? nullptr : data + (address - range.first));
            if (line != nullptr) {
                line->versions[address - line->address] = id;
            }
            if (address == range.last) {
                break;
            }
        }
        forget_losses(range);
        state_.pending.push_back(detail::PendingStore{entry, range, id, uncached});
    }

    void posted_store_sent(const ByteRange& range, std::uint32_t entry, const std::uint8_t* enables) {
        detail::SentStore sent;
        sent.address = range.first;
        sent.ids.assign(range.bytes(), detail::kNotSent);
        std::deque<detail::PendingStore> rest;
        for (const detail::PendingStore& store : state_.pending) {
            if (store.entry != entry || !store.range.overlaps(range)) {
                rest.push_back(store);
                continue;
            }
            // What stays behind, byte by byte: an entry can be sent in parts.
            std::optional<ByteRange> left;
            const auto keep = [&] {
                if (left) {
                    detail::PendingStore part = store;
                    part.range = *left;
                    rest.push_back(part);
                    left.reset();
                }
            };
            for (std::uint64_t address = store.range.first;; ++address) {
                if (range.contains(address) && (enables == nullptr || enables[address - range.first] != 0)) {
                    // A store that has joined the entry later is the younger one.
                    sent.ids[address - range.first] = store.id;
                    keep();
                } else if (left) {
                    left->last = address;
                } else {
                    left = ByteRange{address, address};
                }
                if (address == store.range.last) {
                    break;
                }
            }
            keep();
        }
        state_.pending = std::move(rest);
        state_.sent.push_back(std::move(sent));
    }

    void line_cleaned(std::uint64_t place) {
        const std::uint64_t address = state_.line_address(place);
        LineShadow* line = state_.line(address);
        if (line == nullptr || line->dirty_count == 0) {
            return;
        }
        state_.write_backs[address] = *line;
        line->dirty.assign(line->dirty.size(), 0);
        line->dirty_count = 0;
    }

    void line_evicted(std::uint64_t place) {
        const std::uint64_t address = state_.line_address(place);
        const auto found = state_.lines.find(address);
        if (found == state_.lines.end()) {
            return;
        }
        if (found->second.dirty_count != 0) {
            state_.write_backs[address] = std::move(found->second);
        }
        state_.lines.erase(found);
    }

    void line_invalidated(Cycles at, std::uint64_t place) {
        const std::uint64_t address = state_.line_address(place);
        const auto found = state_.lines.find(address);
        if (found == state_.lines.end()) {
            return;
        }
        const LineShadow& line = found->second;
        for (std::uint32_t offset = 0; offset < state_.line_bytes() && line.dirty_count != 0; ++offset) {
            if (line.dirty[offset] != 0 && line.versions[offset] == state_.byte(address + offset).newest) {
                detail::Drop drop;
                drop.at = at;
                drop.line = address;
                drop.set = line.set;
                drop.way = line.way;
                drop.id = line.versions[offset];
                state_.dropped.assign(ByteRange{address + offset, address + offset}, drop);
            }
        }
        state_.last_drop[address] = at;
        state_.lines.erase(found);
    }

    void maintenance(Cycles begin, Cycles end, MaintenanceKind kind, std::uint32_t scope, std::uint64_t address,
                     std::uint64_t bytes) {
        detail::MaintenanceRecord record;
        record.kind = kind;
        record.scope = scope;
        record.begin = begin;
        record.end = end;
        if (scope == 0) {
            record.asked = range_of(address, bytes);
            if (!record.asked) {
                return;
            }
            record.range = ByteRange{state_.line_address(record.asked->first),
                                     state_.line_address(record.asked->last) + (state_.line_bytes() - 1)};
        }
        state_.maintenance.push_back(record);
        if (state_.maintenance.size() > Shadow::kMaintenanceKept) {
            state_.maintenance.pop_front();
        }
    }

    // ---- memories

    void memory_read(Cycles at, const VerifiedAccess& access) {
        const auto range = range_of(access.address, access.bytes);
        if (!range) {
            return;
        }
        const bool stale = learn(*range, access);
        if (access.purpose == Purpose::CacheFill) {
            for (std::uint64_t address = range->first;; ++address) {
                const std::uint64_t line = state_.line_address(address);
                std::vector<WriteId>& fill = state_.fills[line];
                fill.resize(state_.line_bytes());
                fill[address - line] = state_.byte(address).memory;
                if (address == range->last) {
                    break;
                }
            }
            return;
        }
        if (of_cpu(access.purpose)) {
            if (stale) {
                judge_memory_read(at, *range, access, FindingParty{VerifierAgent::Cpu, "load from memory", at}, false);
            }
            load_hooks(at, *range);
            return;
        }
        DeviceAccess device;
        device.at = at;
        device.range = *range;
        device.descriptor = access.purpose == Purpose::Descriptor;
        device.snooped = access.snooped;
        device.channel = access.channel;
        ask_about(device);
        for (Mapping& mapping : state_.mappings) {
            if (mapping.live && mapping.range.overlaps(*range)) {
                const ByteRange part{std::max(mapping.range.first, range->first),
                                     std::min(mapping.range.last, range->last)};
                mapping.read.cover(part, true);
                if (mapping.device_reads()) {
                    mapping.accessed.cover(part, true);
                }
            }
        }
        if (stale && !access.snooped) {
            const std::string what =
                access.purpose == Purpose::Descriptor ? "descriptor fetch of channel " : "read of channel ";
            judge_memory_read(at, *range, access,
                              FindingParty{VerifierAgent::Device, what + std::to_string(access.channel), at},
                              device.descriptor);
        }
    }

    void memory_write(Cycles at, const VerifiedAccess& access) {
        const auto range = range_of(access.address, access.bytes);
        if (!range) {
            return;
        }
        if (access.purpose == Purpose::CacheWriteBack) {
            return write_back(at, *range, access);
        }
        if (access.purpose == Purpose::Uncached) {
            return posted_write(at, *range, access);
        }
        if (access.snooped && !config_.snooped_writes) {
            VerifiedAccess unseen = access;
            unseen.snooped = false;
            return device_write(at, *range, unseen);
        }
        device_write(at, *range, access);
    }

    void poke(const ByteRange& range, const std::uint8_t* data) {
        for (std::uint64_t address = range.first;; ++address) {
            state_.renew(address, 0, data == nullptr ? nullptr : data + (address - range.first));
            state_.byte(address).memory = 0;
            if (address == range.last) {
                break;
            }
        }
        forget_losses(range);
    }

    // ---- notes

    void map(DmaDirection direction, const ByteRange& range, Cycles at) {
        Mapping mapping;
        mapping.direction = direction;
        mapping.range = range;
        mapping.at = at;
        mapping.made = state_.last_write();
        ask([&](VerifierRule& rule) { rule.mapped(mapping, *this); });
        state_.freed.erase(range);
        // What is mapped again is no longer what was completed.
        auto& mappings = state_.mappings;
        mappings.erase(std::remove_if(mappings.begin(), mappings.end(),
                                      [&](const Mapping& old) { return !old.live && range.contains(old.range); }),
                       mappings.end());
        mappings.push_back(std::move(mapping));
        if (direction != DmaDirection::ToDevice && !config_.coherent_writes) {
            judge_dirty_buffer(at, range);
        }
        if (direction == DmaDirection::ToDevice) {
            judge_handed_over(at, range, "buffer mapped to be read");
        }
    }

    void completed(std::uint64_t address, std::uint64_t bytes, Cycles at) {
        Mapping* best = nullptr;
        const auto asked = range_of(address, bytes);
        for (Mapping& mapping : state_.mappings) {
            if (!mapping.range.contains(address)) {
                continue;
            }
            const auto score = [&](const Mapping& candidate) {
                return (candidate.live ? 2 : 0) + (asked && candidate.range.contains(*asked) ? 1 : 0);
            };
            // The oldest of the best: buffers complete in order.
            if (best == nullptr || score(mapping) > score(*best)) {
                best = &mapping;
            }
        }
        ask([&](VerifierRule& rule) { rule.completed(best, address, bytes, at, *this); });
        if (best != nullptr && best->live) {
            best->live = false;
            best->completed_at = at;
            best->completed = state_.last_write();
            drop_old_mappings();
        }
    }

    void freed(const ByteRange& range, Cycles at) {
        ask([&](VerifierRule& rule) { rule.freed(range, at, *this); });
        state_.freed.assign(range, at);
        state_.descriptors.erase(range);
        state_.published.erase(range);
        auto& mappings = state_.mappings;
        mappings.erase(std::remove_if(mappings.begin(), mappings.end(),
                                      [&](const Mapping& mapping) { return range.overlaps(mapping.range); }),
                       mappings.end());
        forget_bounces(range);
    }

    void descriptors(const ByteRange& range, Cycles at) {
        state_.freed.erase(range);
        state_.published.erase(range);
        state_.descriptors.assign(range, at);
    }

    void published(const ByteRange& range, Cycles at) {
        state_.freed.erase(range);
        state_.descriptors.assign(range, at);
        ask([&](VerifierRule& rule) { rule.published(range, at, *this); });
        state_.published.assign(range, at);
        judge_handed_over(at, range, "descriptor published");
    }

    void doorbell(Cycles at) {
        ask([&](VerifierRule& rule) { rule.doorbell(at, *this); });
    }

    void bounce(DmaDirection direction, const ByteRange& user, const ByteRange& pool, Cycles at) {
        forget_bounces(user);
        forget_bounces(pool);
        detail::Bounce bounce;
        bounce.direction = direction;
        bounce.user = user;
        bounce.pool = pool;
        bounce.at = at;
        // Nothing has come from the device yet; nothing has been copied for it.
        bounce.synced.assign(user.bytes(), direction == DmaDirection::FromDevice ? 1 : 0);
        state_.bounces.push_back(std::move(bounce));
    }

    void copy(const ByteRange& destination, const ByteRange& source, Cycles at) {
        ask([&](VerifierRule& rule) { rule.copied(destination, source, at, *this); });
    }

    void controller_event(const TraceEvent& event) {
        for (const std::size_t number : of_controllers_) {
            current_ = rules_[number].row;
            rules_[number].rule->controller_event(event, *this);
        }
    }

    void finish(Cycles at) {
        ask([&](VerifierRule& rule) { rule.finish(at, *this); });
    }

    [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] std::uint64_t suppressed() const { return suppressed_; }

  private:
    struct Rule {
        const RuleRow* row;
        std::unique_ptr<VerifierRule> rule;
    };

    static const VerifierConfig& checked(const VerifierConfig& config) {
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

    template <typename Function>
    void ask(Function question) {
        for (Rule& rule : rules_) {
            current_ = rule.row;
            question(*rule.rule);
        }
    }

    // ---- hazards

    /// What is the matter with a byte that somebody gets another value of than the newest.
    enum class Stale : std::uint8_t { Load, DeviceRead, LostStore, LostDeviceData, None };

    /// For a load from the cache.
    Stale stale_kind(std::uint64_t address, WriteId newest) {
        if (state_.overwritten.find(address) != nullptr) {
            return Stale::LostDeviceData;
        }
        if (state_.dropped.find(address) != nullptr) {
            return Stale::LostStore;
        }
        return state_.write(newest).by_device() ? Stale::Load : Stale::None;
    }

    /// Joins the bytes of one access to hazards.
    class Runs {
      public:
        Runs(Impl& owner, Cycles at, FindingParty reader, const ByteRange& access, const std::uint8_t* data)
            : owner_(owner), at_(at), reader_(std::move(reader)), access_(access), data_(data) {}

        void add(std::uint64_t address, WriteId newest, WriteId seen, Stale kind, const LineShadow* line,
                 bool descriptor, Place place = Place::Memory) {
            if (kind == Stale::None) {
                return;
            }
            const bool goes_on = kind_ == kind && hazard_.range.last + 1 == address && hazard_.newest == newest &&
                                 hazard_.seen == seen && hazard_.line == line && hazard_.descriptor == descriptor &&
                                 hazard_.place == place;
            if (!goes_on) {
                flush();
                kind_ = kind;
                hazard_ = Hazard{};
                hazard_.at = at_;
                hazard_.range = ByteRange{address, address};
                hazard_.newest = newest;
                hazard_.seen = seen;
                hazard_.place = place;
                hazard_.descriptor = descriptor;
                hazard_.reader = reader_;
                hazard_.line = line;
            }
            hazard_.range.last = address;
            const ByteState& state = owner_.state_.byte(address);
            if (hazard_.old_bytes.size() < kFindingBytes && data_ != nullptr) {
                hazard_.old_bytes.push_back(data_[address - access_.first]);
            }
            if (hazard_.new_bytes.size() < kFindingBytes && state.known) {
                hazard_.new_bytes.push_back(state.value);
            }
        }

        void flush() {
            if (kind_ == Stale::None) {
                return;
            }
            owner_.judge(kind_, hazard_);
            kind_ = Stale::None;
        }

      private:
        Impl& owner_;
        Cycles at_;
        FindingParty reader_;
        ByteRange access_;
        const std::uint8_t* data_;
        Stale kind_ = Stale::None;
        Hazard hazard_;
    };

    void judge(Stale kind, const Hazard& hazard) {
        switch (kind) {
            case Stale::Load:
                ask([&](VerifierRule& rule) { rule.stale_load(hazard, *this); });
                break;
            case Stale::DeviceRead:
                ask([&](VerifierRule& rule) { rule.stale_device_read(hazard, *this); });
                break;
            case Stale::LostStore: {
                const detail::Drop drop = *state_.dropped.find(hazard.range.first);
                ask([&](VerifierRule& rule) { rule.lost_store(hazard, drop, *this); });
                give_up(hazard.range);
                break;
            }
            case Stale::LostDeviceData: {
                const detail::Overwritten lost = *state_.overwritten.find(hazard.range.first);
                ask([&](VerifierRule& rule) { rule.lost_device_data(hazard, lost, *this); });
                give_up(hazard.range);
                break;
            }
            case Stale::None:
                break;
        }
    }

    /// The newest values are lost, and that has been said: what memory has is the newest from now on.
    void give_up(const ByteRange& range) {
        for (std::uint64_t address = range.first;; ++address) {
            ByteState& byte = state_.byte(address);
            byte.newest = byte.memory;
            byte.known = false;
            if (address == range.last) {
                break;
            }
        }
        forget_losses(range);
    }

    void forget_losses(const ByteRange& range) {
        if (!state_.dropped.empty()) {
            state_.dropped.erase(range);
        }
        if (!state_.overwritten.empty()) {
            state_.overwritten.erase(range);
        }
    }

    /// A read that gets what is in memory.
    void judge_memory_read(Cycles at, const ByteRange& range, const VerifiedAccess& access, const FindingParty& reader,
                           bool descriptor) {
        const bool device = reader.agent == VerifierAgent::Device;
        Runs runs(*this, at, reader, range, access.data);
        for (std::uint64_t address = range.first;; ++address) {
            const ByteState& byte = state_.byte(address);
            if (byte.newest != byte.memory && enabled(access, address - range.first)) {
                const Place place = state_.place_of(address);
                Stale kind = device ? Stale::DeviceRead : Stale::None;
                if (place == Place::Dropped) {
                    kind = Stale::LostStore;
                } else if (place == Place::Overwritten) {
                    kind = Stale::LostDeviceData;
                } else if (place == Place::Nowhere) {
                    kind = Stale::None;
                }
                const LineShadow* line = state_.line(address);
                if (line == nullptr && place == Place::WriteBack) {
                    line = &state_.write_backs.at(state_.line_address(address));
                }
                runs.add(address, byte.newest, byte.memory, kind, line, descriptor || state_.is_descriptor(address),
                         place);
            }
            if (address == range.last) {
                break;
            }
        }
        runs.flush();
    }

    /// Bytes whose newest store was dropped are handed to the device.
    void judge_handed_over(Cycles at, const ByteRange& range, const char* what) {
        std::vector<ByteRange> parts;
        state_.dropped.for_each(range, [&](const ByteRange& part, const detail::Drop&) { parts.push_back(part); });
        Runs runs(*this, at, FindingParty{VerifierAgent::Device, what, at}, range, nullptr);
        for (const ByteRange& part : parts) {
            for (std::uint64_t address = part.first;; ++address) {
                const ByteState& byte = state_.byte(address);
                runs.add(address, byte.newest, byte.memory, Stale::LostStore, nullptr, state_.is_descriptor(address));
                if (address == part.last) {
                    break;
                }
            }
        }
        runs.flush();
    }

    [[nodiscard]] Hazard dirty_hazard(Cycles at, std::uint64_t address, const LineShadow& line,
                                      const FindingParty& reader) {
        Hazard hazard;
        hazard.at = at;
        hazard.range = ByteRange{address, address};
        hazard.newest = state_.byte(address).newest;
        hazard.seen = line.versions[address - line.address];
        hazard.place = Place::Cache;
        hazard.descriptor = state_.is_descriptor(address);
        hazard.reader = reader;
        hazard.line = &line;
        return hazard;
    }

    /// Reports the runs of dirty bytes of `line` in `range` for which `wanted(address)` holds.
    template <typename Wanted>
    void judge_dirty_line(Cycles at, const ByteRange& range, const LineShadow& line, detail::DirtyWhy why,
                          const FindingParty& reader, Wanted wanted) {
        const std::uint64_t last = std::min(range.last, line.address + (state_.line_bytes() - 1));
        std::optional<Hazard> hazard;
        const auto flush = [&] {
            if (hazard) {
                const Hazard found = *hazard;
                ask([&](VerifierRule& rule) { rule.dirty_under_device(found, why, *this); });
                hazard.reset();
            }
        };
        for (std::uint64_t address = std::max(range.first, line.address);; ++address) {
            const std::size_t offset = address - line.address;
            if (line.dirty[offset] == 0 || !wanted(address)) {
                flush();
            } else if (hazard && hazard->newest == state_.byte(address).newest) {
                hazard->range.last = address;
            } else {
                flush();
                hazard = dirty_hazard(at, address, line, reader);
            }
            if (address == last) {
                break;
            }
        }
        flush();
    }

    /// The buffer may be written by the device from now on.
    void judge_dirty_buffer(Cycles at, const ByteRange& range) {
        std::vector<std::uint64_t> dirty;
        for (const auto& [address, line] : state_.lines) {
            if (line.dirty_count != 0 && range.overlaps(ByteRange{address, address + (state_.line_bytes() - 1)})) {
                dirty.push_back(address);
            }
        }
        std::sort(dirty.begin(), dirty.end());
        const FindingParty reader{VerifierAgent::Device, "buffer mapped to be written", at};
        for (const std::uint64_t address : dirty) {
            judge_dirty_line(at, range, state_.lines.at(address), detail::DirtyWhy::Mapped, reader,
                             [&](std::uint64_t byte) { return !state_.is_descriptor(byte); });
        }
    }

    /// A store has made bytes of `line` dirty.
    void judge_dirty_store(Cycles at, const ByteRange& range, const LineShadow& line) {
        if (state_.mappings.empty() && state_.descriptors.empty()) {
            return;
        }
        if (!config_.coherent_writes) {
            judge_dirty_line(at, range, line, detail::DirtyWhy::Stored,
                             FindingParty{VerifierAgent::Device, "buffer mapped to be written", at},
                             [&](std::uint64_t address) {
                                 return state_.live(address, true) != nullptr && !state_.is_descriptor(address);
                             });
        }
        if (!config_.whole_line_write_back) {
            return;
        }
        // Older copies of what the device has written beside it.
        const bool descriptor = state_.is_descriptor(range.first);
        if (!descriptor && state_.any_mapping(range.first) != nullptr) {
            return;
        }
        for (std::uint32_t offset = 0; offset < state_.line_bytes(); ++offset) {
            const std::uint64_t address = line.address + offset;
            const WriteId newest = state_.byte(address).newest;
            if (line.versions[offset] == newest || !state_.write(newest).by_device() ||
                (descriptor ? !state_.is_descriptor(address) : state_.any_mapping(address) == nullptr)) {
                continue;
            }
            Hazard hazard = dirty_hazard(at, address, line, FindingParty{VerifierAgent::Cpu, "cached store", at});
            hazard.descriptor = descriptor;
            while (offset + 1 < state_.line_bytes() && state_.byte(line.address + offset + 1).newest == newest &&
                   line.versions[offset + 1] != newest) {
                ++offset;
            }
            hazard.range.last = line.address + offset;
            ask([&](VerifierRule& rule) { rule.shared_line(hazard, range.first, *this); });
        }
    }

    /// The CPU stores over what the device was to read.
    void note_reuse(const ByteRange& range, WriteId id) {
        for (Mapping& mapping : state_.mappings) {
            if (!mapping.live || mapping.direction != DmaDirection::ToDevice || !mapping.range.overlaps(range)) {
                continue;
            }
            const std::uint64_t last = std::min(mapping.range.last, range.last);
            for (std::uint64_t address = std::max(mapping.range.first, range.first);; ++address) {
                const WriteId old = state_.byte(address).newest;
                if (old <= mapping.made && state_.write(old).by_cpu() && mapping.read.find(address) == nullptr &&
                    !state_.is_descriptor(address)) {
                    mapping.reused.assign(ByteRange{address, address}, id);
                }
                if (address == last) {
                    break;
                }
            }
        }
    }

    [[nodiscard]] bool annotated() const {
        return !state_.mappings.empty() || !state_.descriptors.empty() || !state_.bounces.empty() ||
               !state_.freed.empty() || !state_.cyclic.empty();
    }

    void store_hooks(Cycles at, const ByteRange& range, const std::uint8_t* data) {
        if (annotated()) {
            ask([&](VerifierRule& rule) { rule.cpu_store(at, range, data, *this); });
        }
    }

    void ask_about(const DeviceAccess& access) {
        if (annotated()) {
            ask([&](VerifierRule& rule) { rule.device_access(access, *this); });
        }
    }

    // ---- writes of memories

    /// Takes the values of bytes that are newest in memory; true if some are not.
    bool learn(const ByteRange& range, const VerifiedAccess& access) {
        bool stale = false;
        const bool values = access.data != nullptr && !access.snooped;
        state_.each(range, [&](std::uint64_t address, ByteState& byte) {
            if (byte.newest != byte.memory) {
                stale = true;
            } else if (!byte.known && values && enabled(access, address - range.first)) {
                byte.value = access.data[address - range.first];
                byte.known = true;
            }
        });
        return stale;
    }

    void write_back(Cycles at, const ByteRange& range, const VerifiedAccess& access) {
        const std::uint64_t start = state_.line_address(range.first);
        const auto found = state_.write_backs.find(start);
        for (std::uint64_t address = range.first;; ++address) {
            if (enabled(access, address - range.first)) {
                ByteState& byte = state_.byte(address);
                if (found == state_.write_backs.end()) {
                    // What was snooped while the line was on its way is written once more.
                    byte.memory = byte.newest;
                } else {
                    const LineShadow& line = found->second;
                    const std::size_t offset = address - start;
                    const WriteId written = line.versions[offset];
                    if (byte.memory == byte.newest && written != byte.newest && state_.write(byte.newest).by_device()) {
                        detail::Overwritten lost;
                        lost.at = at;
                        lost.line = start;
                        lost.set = line.set;
                        lost.way = line.way;
                        lost.own = line.dirty[offset] != 0;
                        state_.overwritten.assign(ByteRange{address, address}, lost);
                    }
                    byte.memory = written;
                }
            }
            if (address == range.last) {
                break;
            }
        }
        if (found != state_.write_backs.end() && range.last == start + (state_.line_bytes() - 1)) {
            state_.write_backs.erase(found);
        }
    }

    void posted_write(Cycles at, const ByteRange& range, const VerifiedAccess& access) {
        const auto found = std::find_if(state_.sent.begin(), state_.sent.end(), [&](const detail::SentStore& store) {
            return store.address == range.first && store.ids.size() == range.bytes();
        });
        if (found == state_.sent.end()) {
            // Past the store buffer: it is made where it lands.
            store_hooks(at, range, access.data);
            const WriteId id = state_.make_write(at, range, WriteHow::UncachedStore);
            note_reuse(range, id);
            for (std::uint64_t address = range.first;; ++address) {
                if (enabled(access, address - range.first)) {
                    state_.renew(address, id, access.data == nullptr ? nullptr : access.data + (address - range.first));
                    state_.byte(address).memory = id;
                }
                if (address == range.last) {
                    break;
                }
            }
            forget_losses(range);
            return;
        }
        for (std::size_t offset = 0; offset < found->ids.size(); ++offset) {
            const WriteId id = found->ids[offset];
            if (id == detail::kNotSent) {
                continue;
            }
            ByteState& byte = state_.byte(range.first + offset);
            byte.memory = id;
            if (state_.write(byte.newest).by_device() && byte.newest > id) {
                // It lands behind a write of the device that was made after it: that is the order that memory shows.
                state_.renew(range.first + offset, id, access.data == nullptr ? nullptr : access.data + offset);
            }
        }
        state_.sent.erase(found);
    }

    void device_write(Cycles at, const ByteRange& range, const VerifiedAccess& access) {
        DeviceAccess device;
        device.at = at;
        device.range = range;
        device.write = true;
        device.descriptor = access.purpose == Purpose::StatusWriteBack || state_.is_descriptor(range.first);
        device.snooped = access.snooped;
        device.channel = access.channel;
        ask_about(device);
        const WriteId id = state_.make_write(
            at, range, access.purpose == Purpose::StatusWriteBack ? WriteHow::StatusWrite : WriteHow::DeviceWrite,
            access.channel);
        if (!access.snooped) {
            judge_lines_under(at, range, access, id);
        }
        state_.each(range, [&](std::uint64_t address, ByteState& byte) {
            if (enabled(access, address - range.first)) {
                byte.newest = id;
                byte.memory = id;
                byte.known = access.data != nullptr;
                byte.value = access.data != nullptr ? access.data[address - range.first] : std::uint8_t{0};
            }
        });
        forget_losses(range);
        if (access.snooped) {
            update_copies(range, access, id);
        }
        for (Mapping& mapping : state_.mappings) {
            if (mapping.live && mapping.device_writes() && mapping.range.overlaps(range)) {
                mapping.accessed.assign(
                    ByteRange{std::max(mapping.range.first, range.first), std::min(mapping.range.last, range.last)},
                    true);
            }
        }
        if (!state_.descriptors.empty()) {
            ask([&](VerifierRule& rule) { rule.device_wrote(device, id, *this); });
        }
    }

    /// Dirty lines under a write of the device, before it changes the state.
    void judge_lines_under(Cycles at, const ByteRange& range, const VerifiedAccess& access, WriteId id) {
        const FindingParty reader = detail::party_of(state_.write(id));
        for (std::uint64_t start = state_.line_address(range.first);; start += state_.line_bytes()) {
            const LineShadow* line = state_.line(start);
            if (line != nullptr && line->dirty_count != 0) {
                judge_dirty_line(at, range, *line, detail::DirtyWhy::Written, reader, [&](std::uint64_t address) {
                    // What was mapped has been judged already.
                    return enabled(access, address - range.first) && !state_.is_descriptor(address) &&
                           (config_.coherent_writes || state_.live(address, true) == nullptr);
                });
                judge_neighbours(at, range, access, *line, reader);
            }
            if (state_.line_address(range.last) == start) {
                break;
            }
        }
    }

    void judge_neighbours(Cycles at, const ByteRange& range, const VerifiedAccess& access, const LineShadow& line,
                          const FindingParty& reader) {
        const std::uint64_t first = std::max(range.first, line.address);
        const std::uint64_t last = std::min(range.last, line.address + (state_.line_bytes() - 1));
        const bool descriptor = state_.is_descriptor(first);
        const Mapping* mapping = state_.live(first, true);
        if (!config_.whole_line_write_back || (!descriptor && mapping == nullptr)) {
            return;
        }
        for (std::uint32_t offset = 0; offset < state_.line_bytes(); ++offset) {
            const std::uint64_t address = line.address + offset;
            const bool written = address >= first && address <= last && enabled(access, address - range.first);
            if (line.dirty[offset] == 0 || written || state_.live(address, true) != nullptr) {
                continue;
            }
            Hazard hazard = dirty_hazard(at, first, line, reader);
            hazard.range.last = last;
            hazard.newest = line.versions[offset];
            hazard.descriptor = descriptor;
            ask([&](VerifierRule& rule) { rule.shared_line(hazard, address, *this); });
            return;
        }
    }

    /// The caches take part in the write: their copies are new, or gone.
    void update_copies(const ByteRange& range, const VerifiedAccess& access, WriteId id) {
        for (std::uint64_t address = range.first;; ++address) {
            if (enabled(access, address - range.first)) {
                const std::uint64_t start = state_.line_address(address);
                const std::size_t offset = address - start;
                if (LineShadow* line = state_.line(start)) {
                    line->versions[offset] = id;
                    line->dirty_count -= line->dirty[offset] != 0 ? 1U : 0U;
                    line->dirty[offset] = 0;
                }
                if (const auto found = state_.write_backs.find(start); found != state_.write_backs.end()) {
                    found->second.versions[offset] = id;
                }
                if (const auto found = state_.fills.find(start); found != state_.fills.end()) {
                    found->second[offset] = id;
                }
            }
            if (address == range.last) {
                break;
            }
        }
    }

    void forget_bounces(const ByteRange& range) {
        auto& bounces = state_.bounces;
        bounces.erase(std::remove_if(bounces.begin(), bounces.end(),
                                     [&](const detail::Bounce& bounce) {
                                         return bounce.user.overlaps(range) || bounce.pool.overlaps(range);
                                     }),
                      bounces.end());
    }

    void drop_old_mappings() {
        auto& mappings = state_.mappings;
        const auto done = [](const Mapping& mapping) { return !mapping.live; };
        if (static_cast<std::size_t>(std::count_if(mappings.begin(), mappings.end(), done)) > kCompletedKept) {
            mappings.erase(std::find_if(mappings.begin(), mappings.end(), done));
        }
    }

    // ---- findings

    [[nodiscard]] bool is_suppressed(const Finding& finding) const {
        return std::any_of(config_.suppressions.begin(), config_.suppressions.end(), [&](const Suppression& rule) {
            if (rule.rule != "*" && rule.rule != finding.rule) {
                return false;
            }
            return rule.bytes == 0 || (finding.bytes != 0 && finding.address >= rule.address &&
                                       finding.address - rule.address <= rule.bytes &&
                                       finding.bytes <= rule.bytes - (finding.address - rule.address));
        });
    }

    /// Adds `finding` to the last one of its rule if both are about the same happening and adjacent bytes.
    bool extend(const Finding& finding) {
        for (std::size_t number = findings_.size(); number-- > 0 && number + 8 > findings_.size();) {
            Finding& last = findings_[number];
            if (last.rule != finding.rule) {
                continue;
            }
            if (finding.bytes == 0 || last.bytes == 0 || last.address + last.bytes != finding.address ||
                last.reader.what != finding.reader.what || last.writer.what != finding.writer.what ||
                finding.seen_at < last.seen_at || (finding.seen_at - last.seen_at).count() > kMergeCycles ||
                texts_[number].first != finding.message) {
                return false;
            }
            last.bytes += finding.bytes;
            const auto append = [](std::vector<std::uint8_t>& to, const std::vector<std::uint8_t>& from) {
                const std::size_t room = kFindingBytes - std::min(kFindingBytes, to.size());
                to.insert(to.end(), from.begin(),
                          from.begin() + static_cast<std::ptrdiff_t>(std::min(room, from.size())));
            };
            append(last.old_bytes, finding.old_bytes);
            append(last.new_bytes, finding.new_bytes);
            write_texts(number);
            return true;
        }
        return false;
    }

    void write_texts(std::size_t number) {
        Finding& finding = findings_[number];
        if (finding.bytes == 0) {
            return;
        }
        const std::string range = detail::text_of(ByteRange{finding.address, finding.address + (finding.bytes - 1)});
        finding.message = texts_[number].first;
        finding.missing = texts_[number].second;
        substitute(finding.message, range);
        substitute(finding.missing, range);
    }

    VerifierConfig config_;
    Shadow state_;
    std::vector<Rule> rules_;
    std::vector<std::size_t> of_controllers_;  // Numbers of the rules that look at controllers.
    const RuleRow* current_ = nullptr;
    std::vector<Finding> findings_;
    std::vector<std::pair<std::string, std::string>> texts_;  // Message and missing, before the range is filled in.
    std::map<std::tuple<std::string, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>, std::size_t>
        reported_;
    std::uint64_t total_ = 0;
    std::uint64_t suppressed_ = 0;
};

Verifier::Verifier(const VerifierConfig& config) : impl_(std::make_unique<Impl>(config)) {}

Verifier::~Verifier() = default;

const VerifierConfig& Verifier::config() const {
    return impl_->config();
}

void Verifier::line_filled(Cycles at, std::uint64_t line, std::uint32_t set, std::uint32_t way, bool prefetch) {
    impl_->line_filled(at, line, set, way, prefetch);
}

void Verifier::cached_load(Cycles at, std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data) {
    if (const auto range = range_of(address, bytes)) {
        impl_->cached_load(at, *range, data);
    }
}

void Verifier::forwarded_load(Cycles at, std::uint64_t address, std::uint32_t bytes) {
    if (const auto range = range_of(address, bytes)) {
        impl_->load_hooks(at, *range);
    }
}

void Verifier::cached_store(Cycles at, std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data) {
    if (const auto range = range_of(address, bytes)) {
        impl_->cached_store(at, *range, data);
    }
}

void Verifier::posted_store(Cycles at, std::uint64_t address, std::uint32_t bytes, const std::uint8_t* data,
                            std::uint32_t entry, bool hit, bool uncached) {
    if (const auto range = range_of(address, bytes)) {
        impl_->posted_store(at, *range, data, entry, hit, uncached);
    }
}

void Verifier::posted_store_sent(Cycles /*at*/, std::uint64_t address, std::uint32_t bytes, std::uint32_t entry,
                                 const std::uint8_t* enables) {
    if (const auto range = range_of(address, bytes)) {
        impl_->posted_store_sent(*range, entry, enables);
    }
}

void Verifier::line_cleaned(Cycles /*at*/, std::uint64_t line) {
    impl_->line_cleaned(line);
}

void Verifier::line_evicted(Cycles /*at*/, std::uint64_t line) {
    impl_->line_evicted(line);
}

void Verifier::line_invalidated(Cycles at, std::uint64_t line) {
    impl_->line_invalidated(at, line);
}

void Verifier::maintenance(Cycles begin, Cycles end, MaintenanceKind kind, std::uint32_t scope, std::uint64_t address,
                           std::uint64_t bytes) {
    impl_->maintenance(begin, end, kind, scope, address, bytes);
}

void Verifier::memory_read(Cycles at, const VerifiedAccess& access) {
    impl_->memory_read(at, access);
}

void Verifier::memory_write(Cycles at, const VerifiedAccess& access) {
    impl_->memory_write(at, access);
}

void Verifier::poke(std::uint64_t address, const std::uint8_t* data, std::uint64_t bytes) {
    if (const auto range = range_of(address, bytes)) {
        impl_->poke(*range, data);
    }
}

void Verifier::map(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, Cycles at) {
    if (const auto range = range_of(address, bytes)) {
        impl_->map(direction, *range, at);
    }
}

void Verifier::completed(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    impl_->completed(address, bytes, at);
}

void Verifier::freed(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    if (const auto range = range_of(address, bytes)) {
        impl_->freed(*range, at);
    }
}

void Verifier::descriptors(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    if (const auto range = range_of(address, bytes)) {
        impl_->descriptors(*range, at);
    }
}

void Verifier::published(std::uint64_t address, std::uint64_t bytes, Cycles at) {
    if (const auto range = range_of(address, bytes)) {
        impl_->published(*range, at);
    }
}

void Verifier::doorbell(Cycles at) {
    impl_->doorbell(at);
}

void Verifier::bounce(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, std::uint64_t bounce,
                      Cycles at) {
    const auto user = range_of(address, bytes);
    const auto pool = range_of(bounce, bytes);
    if (user && pool && bytes <= kMaxBounce) {
        impl_->bounce(direction, *user, *pool, at);
    }
}

void Verifier::copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes, Cycles at) {
    const auto to = range_of(destination, bytes);
    const auto from = range_of(source, bytes);
    if (to && from) {
        impl_->copy(*to, *from, at);
    }
}

void Verifier::controller_event(const TraceEvent& event) {
    impl_->controller_event(event);
}

void Verifier::finish(Cycles at) {
    impl_->finish(at);
}

const std::vector<Finding>& Verifier::findings() const {
    return impl_->findings();
}

std::uint64_t Verifier::total() const {
    return impl_->total();
}

void Verifier::add(Finding finding) {
    impl_->add(std::move(finding));
}

std::uint64_t Verifier::suppressed() const {
    return impl_->suppressed();
}

}  // namespace dmasim
