// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/cache_actor.h"

#include <algorithm>
#include <limits>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

constexpr std::uint64_t kMostCycles = 1ULL << 32;

const CacheActorConfig& checked(const CacheActorConfig& config) {
    std::string text;
    for (const std::string& problem : validate(config)) {
        text += (text.empty() ? "" : "\n") + problem;
    }
    if (!text.empty()) {
        throw ConfigError(text);
    }
    return config;
}

}  // namespace

std::vector<std::string> validate(const CacheActorConfig& config) {
    std::vector<std::string> problems;
    const auto most = [&](const char* field, std::uint64_t value) {
        if (value > kMostCycles) {
            problems.push_back(std::string(field) + " is " + std::to_string(value) + "; it must be at most " +
                               std::to_string(kMostCycles));
        }
    };
    most("evict_every", config.evict_every);
    most("prefetch_every", config.prefetch_every);
    if (config.prefetch_every != 0 && config.prefetch_from.empty()) {
        problems.emplace_back("prefetch_every is not 0, but prefetch_from names no addresses");
    }
    std::uint64_t room = std::numeric_limits<std::uint64_t>::max();
    for (const AddressSpan& span : config.prefetch_from) {
        if (span.bytes == 0 || span.bytes - 1 > std::numeric_limits<std::uint64_t>::max() - span.address) {
            problems.push_back("prefetch_from: " + std::to_string(span.bytes) + " bytes at " +
                               std::to_string(span.address) + "; there must be at least one, and none past 2^64");
        } else if (span.bytes > room) {
            problems.emplace_back("prefetch_from: more than 2^64-1 bytes in all");
            room = 0;
        } else {
            room -= span.bytes;
        }
    }
    if (config.until && *config.until < config.first) {
        problems.push_back("until is " + std::to_string(*config.until) + "; it must not lie before first, " +
                           std::to_string(config.first));
    }
    if (!std::is_sorted(config.schedule.begin(), config.schedule.end(),
                        [](const CacheAction& a, const CacheAction& b) { return a.at < b.at; })) {
        problems.emplace_back("schedule: cycles must not fall");
    }
    return problems;
}

CacheActor::CacheActor(const CacheActorConfig& config, CacheActionPort& port)
    : config_(checked(config)), port_(port), lots_(config.seed) {
    for (const AddressSpan& span : config_.prefetch_from) {
        prefetch_bytes_ += span.bytes;
    }
    if (config_.until) {
        end_ = Cycles{*config_.until};
    }
    const Cycles first{config_.first};
    if (config_.evict_every != 0) {
        next_evict_ = within(first + (distance(config_.evict_every) - 1));
    }
    if (config_.prefetch_every != 0) {
        next_prefetch_ = within(first + (distance(config_.prefetch_every) - 1));
    }
}

std::uint64_t CacheActor::distance(std::uint64_t every) {
    return 1 + lots_() % (2 * every - 1);
}

void CacheActor::stop(Cycles at) {
    stop_ = std::min(stop_, at);
}

Cycles CacheActor::next_edge() const {
    Cycles next = std::min(next_evict_, next_prefetch_);
    if (next_scheduled_ < config_.schedule.size()) {
        next = std::min(next, config_.schedule[next_scheduled_].at);
    }
    return next <= stop_ ? next : kNever;
}

void CacheActor::evaluate(Cycles edge) {
    if (edge > stop_) {
        return;
    }
    while (next_scheduled_ < config_.schedule.size() && config_.schedule[next_scheduled_].at <= edge) {
        const CacheAction& action = config_.schedule[next_scheduled_++];
        if (action.kind == CacheActionKind::Evict) {
            port_.evict(action.address, edge);
        } else if (action.kind == CacheActionKind::Drain) {
            port_.drain_stores(edge);
        } else {
            port_.prefetch(action.address, edge);
        }
    }
    if (next_evict_ <= edge) {
        port_.evict_any(lots_(), config_.dirty_only, edge);
        next_evict_ = within(edge + distance(config_.evict_every));
    }
    if (next_prefetch_ <= edge) {
        std::uint64_t offset = lots_() % prefetch_bytes_;
        for (const AddressSpan& span : config_.prefetch_from) {
            if (offset < span.bytes) {
                port_.prefetch(span.address + offset, edge);
                break;
            }
            offset -= span.bytes;
        }
        next_prefetch_ = within(edge + distance(config_.prefetch_every));
    }
}

}  // namespace dmasim
