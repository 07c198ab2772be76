// SPDX-License-Identifier: Apache-2.0
#include "reference/shrink.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace dmasim::reference {

namespace {

class Shrinker {
  public:
    Shrinker(Scenario scenario, const std::function<bool(const Scenario&)>& differs, unsigned tries)
        : best_(std::move(scenario)), differs_(differs), tries_(tries) {}

    Scenario run() {
        bool smaller = true;
        while (smaller && tries_ > 0) {
            smaller = false;
            smaller |= drop([](Scenario & s) -> auto& { return s.actions; });
            for (std::size_t port = 0; port < best_.traffic.size(); ++port) {
                smaller |= drop([port](Scenario & s) -> auto& { return s.traffic[port]; });
            }
            smaller |= drop([](Scenario & s) -> auto& { return s.images; });
            for (std::size_t memory = 0; memory < best_.memories.size(); ++memory) {
                smaller |= drop([memory](Scenario & s) -> auto& { return s.memories[memory].errors; });
            }
            smaller |= simplify_settings();
            smaller |= shorten();
        }
        return best_;
    }

  private:
    bool attempt(const Scenario& candidate) {
        if (tries_ == 0) {
            return false;
        }
        --tries_;
        if (!differs_(candidate)) {
            return false;
        }
        best_ = candidate;
        return true;
    }

    /// Halves, then quarters, ... then single elements of a list.
    template <class Access>
    bool drop(const Access& list_of) {
        bool smaller = false;
        for (std::size_t size = list_of(best_).size(); size > 0; size /= 2) {
            for (std::size_t first = 0; first < list_of(best_).size();) {
                Scenario candidate = best_;
                auto& list = list_of(candidate);
                const auto begin = list.begin() + static_cast<std::ptrdiff_t>(first);
                list.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, list.size() - first)));
                if (attempt(candidate)) {
                    smaller = true;
                } else {
                    first += size;
                }
            }
        }
        return smaller;
    }

    template <class T>
    bool set(T& (*field)(Scenario&), const T& value) {
        if (field(best_) == value) {
            return false;
        }
        Scenario candidate = best_;
        field(candidate) = value;
        return attempt(candidate);
    }

    bool simplify_settings() {
        bool smaller = false;
        using Number = std::uint32_t& (*)(Scenario&);
        static constexpr Number kOnes[] = {[](Scenario & s) -> auto& {return s.dma.timing.start_to_request;
    }
    , [](Scenario& s) -> auto& { return s.dma.timing.descriptor_decode; }
    , [](Scenario& s) -> auto& { return s.dma.timing.request_interval; }
    , [](Scenario& s) -> auto& { return s.dma.timing.read_to_write; }
    , [](Scenario& s) -> auto& { return s.dma.timing.response_to_status; }
    , [](Scenario& s) -> auto& { return s.bus.request_latency; }
    , [](Scenario& s) -> auto& { return s.bus.response_latency; }
    ,
};
for (const Number field : kOnes) {
    smaller |= set<std::uint32_t>(field, 1);
}
smaller |= set<std::uint32_t>(
    [](Scenario & s) -> auto& { return s.dma.descriptor_prefetch; }, 0);
smaller |= set<std::uint32_t>(
    [](Scenario & s) -> auto& { return s.dma.fifo_beats; }, 4096);
smaller |= set<std::uint32_t>(
    [](Scenario & s) -> auto& { return s.dma.max_reads; }, 16);
smaller |= set<std::uint32_t>(
    [](Scenario & s) -> auto& { return s.dma.max_writes; }, 16);
smaller |= set<std::uint32_t>(
    [](Scenario & s) -> auto& { return s.bus.queue_depth; }, 16);
smaller |= set<std::uint32_t>(
    [](Scenario & s) -> auto& { return s.bus.max_outstanding; }, 64);
smaller |= set<std::string>(
    [](Scenario & s) -> auto& { return s.dma.arbiter.kind; }, "round_robin");
smaller |= set<std::string>(
    [](Scenario & s) -> auto& { return s.bus.arbiter.kind; }, "round_robin");
smaller |= set<std::string>(
    [](Scenario & s) -> auto& { return s.bus.topology; }, "shared");
for (std::size_t memory = 0; memory < best_.memories.size(); ++memory) {
    Scenario candidate = best_;
    MemoryConfig& config = candidate.memories[memory];
    if (config.read_latency + config.write_latency + config.read_wait + config.write_wait > 2) {
        config.read_latency = config.write_latency = 1;
        config.read_wait = config.write_wait = 0;
        smaller |= attempt(candidate);
    }
}
return smaller;
}  // namespace

bool shorten() {
    bool smaller = false;
    for (Edge step = best_.limit / 2; step > 0; step /= 2) {
        Scenario candidate = best_;
        if (step >= candidate.limit) {
            continue;
        }
        candidate.limit -= step;
        while (!candidate.actions.empty() && candidate.actions.back().at >= candidate.limit) {
            candidate.actions.pop_back();
        }
        smaller |= attempt(candidate);
    }
    return smaller;
}

Scenario best_;
const std::function<bool(const Scenario&)>& differs_;
unsigned tries_;
};  // namespace dmasim::reference

}  // namespace

Scenario shrink(Scenario scenario, const std::function<bool(const Scenario&)>& differs, unsigned tries) {
    return Shrinker(std::move(scenario), differs, tries).run();
}

}  // namespace dmasim::reference
