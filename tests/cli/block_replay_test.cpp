// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/block_replay.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/bus/core/island.h"
#include "dmasim/cli/core/error.h"
#include "dmasim/cpu_stub/core/cpu_core.h"
#include "dmasim/cpu_stub/core/loop_context.h"
#include "dmasim/model/errors.h"

namespace dmasim::cli {
namespace {

constexpr std::uint64_t kMemoryBytes = 1U << 22;

BusConfig bus_config() {
    BusConfig config;
    config.map = {{0, kMemoryBytes, 0, 0, "memory"}};
    return config;
}

MemoryConfig memory_config() {
    MemoryConfig config;
    config.size = kMemoryBytes;
    return config;
}

CpuConfig cpu_config() {
    CpuConfig config;
    config.cache.size_bytes = 8192;
    return config;
}

/// A CPU with a cache on a bus and a memory.
struct Machine {
    CoreSystem system{bus_config(), {memory_config()}};
    LoopContext cpu{system};
    struct Attach final : BurstMaster {
        CpuCore* core = nullptr;
        void accepted(std::uint32_t tag, Cycles at) override { core->accepted(tag, at); }
        void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
            core->read_data(tag, first, interval, response);
        }
        void write_response(std::uint32_t tag, Cycles at, Response response) override {
            core->write_response(tag, at, response);
        }
    } master;
    CpuCore core{cpu_config(), system.connect(0, master), cpu};

    Machine() {
        master.core = &core;
        system.add(core);
        cpu.attach(core);
    }
};

/// A disk that moves its bytes in no time, with or without the cache maintenance that a driver has to do.
class InstantDisk final : public BlockStorage {
  public:
    explicit InstantDisk(Machine& machine, std::uint64_t blocks = 2048) : machine_(machine), disk_(blocks * 512) {}

    bool maintain = true;
    std::uint64_t fail_at = ~0ULL;     ///< Number of the command that fails.
    std::uint64_t corrupt_at = ~0ULL;  ///< Number of the command that gets one bit wrong.
    std::uint64_t commands = 0;

    [[nodiscard]] std::uint32_t block_bytes() const override { return 512; }
    [[nodiscard]] std::uint64_t blocks() const override { return disk_.size() / 512; }
    [[nodiscard]] std::uint32_t max_blocks() const override { return 16; }

    std::string read(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer) override {
        return move(cpu, block, buffer, false);
    }
    std::string write(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer) override {
        return move(cpu, block, buffer, true);
    }
    [[nodiscard]] Times times() const override { return times_; }
    std::vector<std::uint8_t>& bytes() { return disk_; }

  private:
    std::string move(CpuContext& cpu, std::uint64_t block, const ScatteredBuffer& buffer, bool write) {
        std::uint8_t* at = disk_.data() + block * 512;
        std::uint64_t bytes = 0;
        if (commands == corrupt_at) {
            at[7] ^= 1;
        }
        if (commands++ == fail_at) {
            return "failed";
        }
        const Cycles began = cpu.now();
        for (const MemoryFragment& fragment : buffer) {
            EXPECT_EQ(fragment.address % 64, 0U);
            EXPECT_EQ(fragment.bytes % 64, 0U);
            if (maintain && write) {
                cpu.clean(fragment.address, fragment.bytes);
            } else if (maintain) {
                cpu.invalidate(fragment.address, fragment.bytes);
            }
            if (write) {
                EXPECT_TRUE(machine_.system.memory(0).peek(fragment.address, at, fragment.bytes, cpu.now()));
            } else {
                EXPECT_TRUE(machine_.system.memory(0).poke(fragment.address, at, fragment.bytes, cpu.now()));
            }
            at += fragment.bytes;
            bytes += fragment.bytes;
        }
        times_.maintenance += (cpu.now() - began).count();
        EXPECT_EQ(bytes % 512, 0U);
        EXPECT_LE(bytes, 16U * 512);
        EXPECT_GT(bytes, 0U);
        return "";
    }

    Machine& machine_;
    std::vector<std::uint8_t> disk_;
    Times times_;
};

/// What a program could have done: random reads, writes, truncations and deletions of two files.
BlockRecording random_recording(std::mt19937& random, int requests) {
    BlockRecording recording;
    std::vector<std::vector<std::uint8_t>> files(2);
    std::vector<bool> exists(2, false);
    recording.files.resize(2);
    for (int i = 0; i < requests; ++i) {
        BlockRecording::Request request;
        request.file = random() % 2;
        std::vector<std::uint8_t>& file = files[request.file];
        const auto kind = static_cast<unsigned>(random() % 20);
        if (kind == 0 && exists[request.file]) {
            request.kind = BlockRecording::Kind::Delete;
            file.clear();
            exists[request.file] = false;
        } else if (kind == 1) {
            request.kind = BlockRecording::Kind::Truncate;
            request.offset = random() % 40000;
            file.resize(request.offset);
            exists[request.file] = true;
        } else if (kind == 2) {
            request.kind = BlockRecording::Kind::Sync;
        } else if (kind < 11 && !file.empty()) {
            request.kind = BlockRecording::Kind::Read;
            request.offset = random() % file.size();
            request.bytes =
                static_cast<std::uint32_t>(1 + random() % std::min<std::uint64_t>(9000, file.size() - request.offset));
            request.crc32 = crc32_of(file.data() + request.offset, request.bytes);
            exists[request.file] = true;
        } else {
            request.kind = BlockRecording::Kind::Write;
            request.offset = random() % 40000;
            request.bytes = 1 + static_cast<std::uint32_t>(random() % (random() % 2 == 0 ? 30 : 9000));
            request.payload = recording.payload.size();
            file.resize(std::max<std::size_t>(file.size(), request.offset + request.bytes));
            for (std::uint32_t k = 0; k < request.bytes; ++k) {
                const auto value = static_cast<std::uint8_t>(random());
                recording.payload.push_back(value);
                file[request.offset + k] = value;
            }
            exists[request.file] = true;
        }
        BlockRecording::File& known = recording.files[request.file];
        known.greatest_bytes = std::max<std::uint64_t>(known.greatest_bytes, file.size());
        recording.requests.push_back(request);
    }
    for (std::size_t i = 0; i < 2; ++i) {
        recording.files[i].name = "file" + std::to_string(i);
        if (exists[i]) {
            recording.files[i].end =
                BlockRecording::File::End{files[i].size(), crc32_of(files[i].data(), files[i].size())};
        }
    }
    return recording;
}

struct Bench {
    Machine machine;
    InstantDisk disk{machine};
    ScatteredPages pages{0x10000, 200, 4096, 3};

    BlockReplayReport operator()(const BlockRecording& recording, const BlockReplayOptions& options = {}) {
        BlockReplay replay(recording, disk, pages, options);
        replay.run(machine.cpu);
        return replay.report();
    }
};

TEST(BlockReplay, RandomRecordings) {
    for (int round = 0; round < 8; ++round) {
        const unsigned seed = std::random_device{}();
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const BlockRecording recording = random_recording(random, 60);
        BlockReplayOptions options;
        options.working_pages = 6;
        options.alignment = 64U << random() % 6;
        options.seed = random();
        Bench run;
        const std::size_t pages = run.pages.available();
        const BlockReplayReport report = run(recording, options);
        EXPECT_THAT(report.problems, testing::IsEmpty());
        EXPECT_TRUE(report.ok());
        EXPECT_TRUE(report.complete);
        EXPECT_EQ(report.final_files, static_cast<std::uint64_t>(recording.files[0].end.has_value()) +
                                          static_cast<std::uint64_t>(recording.files[1].end.has_value()));
        EXPECT_EQ(report.direction[0].latency.count(), report.direction[0].requests);
        EXPECT_EQ(report.copying() + report.times.maintenance, report.cycles());
        EXPECT_EQ(run.pages.available(), pages - 6);
    }
}

TEST(BlockReplay, MissingMaintenanceShows) {
    std::mt19937 random(5);
    const BlockRecording recording = random_recording(random, 200);
    BlockReplayOptions options;
    options.working_pages = 8;
    Bench right;
    EXPECT_TRUE(right(recording, options).ok());
    Bench wrong;
    wrong.disk.maintain = false;
    EXPECT_FALSE(wrong(recording, options).ok());
}

TEST(BlockReplay, OneWrongBitShows) {
    std::mt19937 random(6);
    const BlockRecording recording = random_recording(random, 60);
    Bench clean;
    ASSERT_TRUE(clean(recording).ok());
    // A bit that goes wrong right before a read of that block must show; the last command is one.
    Bench run;
    run.disk.corrupt_at = clean.disk.commands - 1;
    const BlockReplayReport report = run(recording);
    EXPECT_EQ(report.wrong_files, 1U);
    EXPECT_THAT(report.problems, testing::ElementsAre(testing::HasSubstr("differs from the recorded file")));
}

TEST(BlockReplay, StopsWhenTheDiskFails) {
    std::mt19937 random(7);
    const BlockRecording recording = random_recording(random, 60);
    Bench run;
    run.disk.fail_at = 20;
    const BlockReplayReport report = run(recording);
    EXPECT_FALSE(report.ok());
    EXPECT_FALSE(report.complete);
    EXPECT_EQ(run.disk.commands, 21U);
    EXPECT_THAT(report.problems, testing::ElementsAre(testing::EndsWith(": failed")));
}

TEST(BlockReplay, LimitEndsEarlyAndStillCompares) {
    std::mt19937 random(8);
    const BlockRecording recording = random_recording(random, 100);
    BlockReplayOptions options;
    options.limit = 10;
    std::uint64_t seen = 0;
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_EQ(done, ++seen);
        EXPECT_EQ(total, 10U);
    };
    Bench run;
    const BlockReplayReport report = run(recording, options);
    EXPECT_TRUE(report.ok());
    EXPECT_FALSE(report.complete);
    EXPECT_EQ(report.requests(), 10U);
    EXPECT_EQ(seen, 10U);
    EXPECT_GT(report.final_bytes, 0U);
}

TEST(BlockReplay, PartsOfBlocks) {
    BlockRecording recording;
    recording.files.push_back({"f", 1536, BlockRecording::File::End{}});
    recording.payload.assign(1536, 9);
    std::vector<std::uint8_t> file;
    const auto write = [&](std::uint64_t offset, std::uint32_t bytes) {
        file.resize(std::max<std::size_t>(file.size(), offset + bytes));
        std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(offset), bytes, std::uint8_t{9});
        recording.files[0].end = BlockRecording::File::End{file.size(), crc32_of(file.data(), file.size())};
        recording.requests.push_back({BlockRecording::Kind::Write, 0, offset, bytes, 0, 0});
        Bench bench;
        bench.disk.bytes().assign(2048 * 512, 0x77);
        const BlockReplayReport report = bench(recording);
        EXPECT_TRUE(report.ok());
        EXPECT_EQ(bench.disk.bytes()[1536], 0x77);
        return report.commands;
    };
    EXPECT_EQ(write(0, 512), 1U);        // A whole block.
    EXPECT_EQ(write(512, 10), 1U + 1U);  // The rest of its block is nobody's.
    EXPECT_EQ(write(522, 10), 2U + 2U);  // Now a part of it is known.
    EXPECT_EQ(write(0, 10), 4U + 2U);
    EXPECT_EQ(write(10, 502), 6U + 2U);
    EXPECT_EQ(write(0, 532), 8U + 1U);         // All that is known of its last block is written.
    EXPECT_EQ(write(1100, 10), 9U + 2U + 2U);  // Zeros up to there, which fill parts of blocks, too.
}

TEST(BlockReplay, RefusesWhatDoesNotFit) {
    BlockRecording recording;
    recording.files.push_back({"f", 2049 * 512, {}});
    Bench run;
    EXPECT_THROW(BlockReplay(recording, run.disk, run.pages, {}), ConfigError);
    recording.files[0].greatest_bytes = 2048 * 512;
    ScatteredPages few(0, 64 + 256, 4096, 1);
    EXPECT_THROW(BlockReplay(recording, run.disk, few, {}), ConfigError);
    BlockReplayOptions options;
    options.working_pages = 2;
    recording.files[0].greatest_bytes = 4096;
    ScatteredPages enough(0, 64, 4096, 1);
    EXPECT_THROW(BlockReplay(recording, run.disk, enough, options), ConfigError);
    options.working_pages = 3;
    ScatteredPages again(0, 64, 4096, 1);
    EXPECT_NO_THROW(BlockReplay(recording, run.disk, again, options));
}

}  // namespace
}  // namespace dmasim::cli
