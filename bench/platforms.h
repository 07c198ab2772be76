// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "workloads.h"

namespace dmasim::bench {

/// A workload that runs. One in a process.
class Platform {
  public:
    Platform() = default;
    Platform(const Platform&) = delete;
    Platform& operator=(const Platform&) = delete;
    virtual ~Platform() = default;

    /// Goes on for `cycles` cycles.
    virtual void run(std::uint64_t cycles) = 0;
    /// Register `offset` of controller `master`, now.
    virtual std::uint32_t read(std::uint32_t master, std::uint32_t offset) = 0;
    /// A hash of the bytes in memory, now.
    virtual std::uint64_t memory_hash() = 0;
};

std::unique_ptr<Platform> make_clocked_platform(const Workload& workload);
std::unique_ptr<Platform> make_event_platform(const Workload& workload, Driver driver);

/// Where the CPU of a workload loads from.
std::uint64_t cpu_region();

}  // namespace dmasim::bench
