// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/tlm/protocol_monitor.h"

namespace dmasim::test {

/// Binds sockets with a protocol monitor in line. At its end none of them may have seen a violation.
class Monitors {
  public:
    Monitors() = default;
    Monitors(const Monitors&) = delete;
    Monitors& operator=(const Monitors&) = delete;
    ~Monitors() {
        for (const auto& monitor : monitors_) {
            EXPECT_EQ(monitor->violations(), 0U) << monitor->name();
        }
    }

    template <typename Initiator, typename Target>
    ProtocolMonitor& connect(Initiator& initiator, Target& target) {
        monitors_.push_back(std::make_unique<ProtocolMonitor>(sc_core::sc_gen_unique_name("monitor_in_line")));
        initiator.bind(monitors_.back()->target_socket);
        monitors_.back()->initiator_socket.bind(target);
        return *monitors_.back();
    }
    /// At the end of a simulation that came to rest: each monitor has seen transactions, and all have ended.
    void expect_rest() const {
        for (const auto& monitor : monitors_) {
            EXPECT_EQ(monitor->in_progress(), 0U) << monitor->name();
            EXPECT_GT(monitor->completed(), 0U) << monitor->name();
        }
    }

  private:
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors_;
};

}  // namespace dmasim::test
