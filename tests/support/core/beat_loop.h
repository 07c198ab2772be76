// SPDX-License-Identifier: Apache-2.0
//
// Beat-accurate parts in a plain loop, without engine and SystemC, for tests against the measured tables.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/bus/core/beat/beat_fabric.h"
#include "dmasim/bus/core/beat/beat_memory.h"
#include "dmasim/model/beat/beat_system.h"
#include "dmasim/model/beat/descriptor_mux.h"
#include "dmasim/model/beat/pipeline.h"

#include "support/core/timing_rows.h"

namespace dmasim::test {

/// Memory of 1 MiB that wraps, as the measured one; with ranges that fail.
class LoopStorage final : public BeatStorage {
  public:
    struct Failing {
        Access access = Access::Read;
        std::uint64_t base = 0;
        std::uint64_t bytes = 0;
        Response response = Response::GenericError;
    };
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(1U << 20U);
    std::vector<Failing> failing;

    [[nodiscard]] std::uint8_t& at(std::uint64_t address) { return bytes[address & (bytes.size() - 1)]; }
    void read(std::uint64_t address, std::uint8_t* data, std::uint32_t count, Cycles at) override;
    void write(std::uint64_t address, const std::uint8_t* data, std::uint32_t count, Cycles at) override;
    [[nodiscard]] Response check(Access access, std::uint64_t address, std::uint32_t count) const override;
};

/// What to build.
struct LoopConfig {
    PipelineTiming pipeline;
    BeatMemoryTiming memory;
    std::uint32_t bus_bytes = 4;
    std::string fabric = "direct";
    std::uint32_t masters = 1;
    std::uint32_t memories = 1;
    std::uint32_t ports = 1;
    bool round_robin = false;
    bool lowest_first = true;
    bool every_cycle = false;  ///< Instead of those in which something can happen.
};

/// What was seen of one channel of a master; -1: nothing.
struct LoopChannel {
    std::int64_t valid = -1;
    std::int64_t first = -1;
    std::int64_t last = -1;
    std::int64_t count = 0;
};

class BeatLoop final : public BeatProbe {
  public:
    explicit BeatLoop(const LoopConfig& config);
    ~BeatLoop() override;

    /// Offered from cycle 0 on. The tag is replaced.
    void add(std::uint32_t master, const BeatTransfer& transfer, std::uint32_t port = 0);
    /// Runs until everything is reported; false: it takes more than `limit` cycles, or nothing can happen any more.
    bool run(std::uint64_t limit = 3'000'000);

    struct Done {
        std::int64_t at = 0;
        std::uint32_t port = 0;
        Response response = Response::Ok;
    };
    struct Master {
        LoopChannel ar, aw, r, w, b;
        std::vector<Done> accepted;  ///< By the ports.
        std::vector<Done> statuses;  ///< At the ports.
        std::int64_t taken = -1;     ///< First, by the pipeline.
        std::int64_t ar_valid = -1;
        std::int64_t pipeline_status = -1;
        std::int64_t reads_before = 0;
        std::int64_t writes_before = 0;
        std::int64_t reads_until_finish = -1;
        std::int64_t writes_until_finish = -1;
    };
    std::vector<Master> seen;
    std::string grants;  ///< Masters in the order of their AR handshakes.
    std::vector<std::unique_ptr<LoopStorage>> storage;

    void cycle(Cycles t, const BeatFabric::Masters& masters, const BeatFabric::Slaves& slaves) override;

  private:
    class Observer;
    void offer(Cycles t);
    void finished(std::uint32_t master);

    LoopConfig config_;
    std::vector<std::unique_ptr<BeatPipeline>> pipelines_;
    std::vector<std::unique_ptr<Observer>> observers_;
    std::vector<std::unique_ptr<BeatSlave>> slaves_;
    std::unique_ptr<BeatSystem> system_;
    std::optional<DescriptorMux> mux_;
    std::vector<std::vector<std::vector<BeatTransfer>>> work_;  ///< By master and port.
    std::vector<std::vector<std::size_t>> next_;
    std::vector<std::size_t> open_;
    std::size_t unfinished_ = 0;
    bool somebody_finished_ = false;
};

/// The memory that tables call `name`.
BeatMemoryTiming memory_of_table(const std::string& name);

/// The configuration of row `row` of a table (`base`: the profile's numbers; what the row says wins).
LoopConfig loop_config_of(const TimingRows& table, std::size_t row, const PipelineTiming& base);

/// Runs row `row`; returns the compared columns, and "data" = "ok" if the right bytes were moved.
std::map<std::string, std::string> run_row(const TimingRows& table, std::size_t row, const LoopConfig& config);

/// The differences between a row and what came out, empty if there are none.
std::string differences(const TimingRows& table, std::size_t row, const std::map<std::string, std::string>& columns);

}  // namespace dmasim::test
