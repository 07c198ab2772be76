// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/cadence.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// One chunk of a job (timing.md C2): read `bytes` from `source`, write them to `destination`. The mid end has cut it so
/// that each side is one legal burst.
struct ChunkOrder {
    std::uint16_t channel = 0;
    std::uint32_t job = 0;  ///< Number of the job within its channel.
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    std::uint32_t bytes = 0;              ///< 1 to 4096.
    std::uint32_t source_fixed = 0;       ///< 0: incrementing, else bytes of an element.
    std::uint32_t destination_fixed = 0;  ///< The same.
    bool no_snoop = false;                ///< As `Job::no_snoop`.
};

/// A part of an access to a descriptor.
struct DescriptorOrder {
    std::uint16_t channel = 0;
    std::uint32_t job = 0;      ///< Number of the job that the descriptor describes.
    std::uint32_t token = 0;    ///< Given back with the answer; tells a fetch from one that was dropped.
    std::uint64_t address = 0;  ///< First byte.
    std::uint32_t offset = 0;   ///< Of the first byte from the start of the fetch.
    std::uint32_t bytes = 0;
};

/// How a burst ended. Known as soon as it is announced: `at` may lie in the future.
struct BurstEnd {
    Cycles at;  ///< Last stamp of read data, or stamp of the write response.
    Access access = Access::Read;
    Response response = Response::Ok;
    std::uint64_t address = 0;   ///< First byte of the burst.
    std::uint64_t sequence = 0;  ///< Rises with every burst requested; orders ends of equal stamps.
};

/// What a data mover tells its mid end. Called from within the answers of the bus, with stamps that may lie in the future.
class MoverClient {
  public:
    MoverClient() = default;
    MoverClient(const MoverClient&) = delete;
    MoverClient& operator=(const MoverClient&) = delete;
    virtual ~MoverClient() = default;

    /// A chunk is over: written, its write failed, or its read failed. (Also called for `access` Read, response Ok, never.)
    virtual void chunk_ended(const ChunkOrder& order, const BurstEnd& end) = 0;
    /// First and last stamp of the read data of `channel` are known; for the accounts of cycles.
    virtual void read_announced(unsigned channel, Cycles first, Cycles last) = 0;
    /// A part of a descriptor was read. `data` is valid during the call.
    virtual void descriptor_read(const DescriptorOrder& order, const std::uint8_t* data, const BurstEnd& end) = 0;
    /// A part of the status write-back of `channel` was answered.
    virtual void write_back_ended(unsigned channel, const BurstEnd& end) = 0;
};

/// Which channels are doing what in one cycle, a bit each (timing.md, "Accounting").
struct MoverActivity {
    std::uint64_t moving_data = 0;
    std::uint64_t write_wait = 0;
    std::uint64_t read_latency = 0;
    std::uint64_t descriptor = 0;
};

/// The back end: reads, FIFO and writes of all channels. Exchangeable: another profile may pace bursts otherwise, the mid
/// end does not change.
///
/// Stamps of answers are compared with the edge in question, never queued, so an answer may be announced in advance.
/// The order of calls at an edge: `retire`, `write_back`s, `request_write`, `can_grant`, a grant.
class DataMover {
  public:
    DataMover() = default;
    DataMover(const DataMover&) = delete;
    DataMover& operator=(const DataMover&) = delete;
    virtual ~DataMover() = default;

    /// Frees what was answered with a stamp < `edge`.
    virtual void retire(Cycles edge) = 0;

    /// Whether a read may be granted at `edge` (timing.md C3).
    [[nodiscard]] virtual bool can_grant(Cycles edge) const = 0;
    /// A lower bound of the next edge at which `can_grant` may become true; kNever if that takes an answer first.
    [[nodiscard]] virtual Cycles earliest_grant() const = 0;
    virtual void grant_chunk(const ChunkOrder& order, Cycles edge) = 0;
    virtual void grant_descriptor(const DescriptorOrder& order, Cycles edge) = 0;

    /// Queues the write of `bytes` (1 to 8) of `data` to `address`; competes from `edge` on. Returns the number of bursts that it takes.
    virtual std::uint32_t write_back(unsigned channel, std::uint32_t job, std::uint64_t address,
                                     const std::uint8_t* data, std::uint32_t bytes, Cycles edge) = 0;
    /// Requests at most one write at `edge` (timing.md C5).
    virtual void request_write(Cycles edge) = 0;
    /// A lower bound of the next edge at which a write may be requested; kNever if that takes an answer first.
    [[nodiscard]] virtual Cycles earliest_write() const = 0;

    // Answers, as in BurstMaster.
    virtual void accepted(std::uint32_t tag, Cycles at) = 0;
    virtual void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) = 0;
    virtual void write_response(std::uint32_t tag, Cycles at, Response response) = 0;

    /// Forgets everything that is not in flight. What is in flight runs out unseen, keeping its places.
    virtual void reset(Cycles edge) = 0;

    // As CadenceMaster; a mover that does not know how refuses.
    virtual void record(StateRecord& state) const { state.refuse(); }
    virtual void chunks(std::vector<CadenceChunk>& /*list*/) const {}
    virtual void leap(const Leap& /*leap*/, std::uint32_t /*initiator*/) {}

    /// Bytes of chunks of `channel` that were granted, that may succeed, and whose write is not requested yet, as far as known.
    [[nodiscard]] virtual std::uint64_t bytes_to_write(unsigned /*channel*/) const { return 0; }
    /// Bytes of `job` whose writes were answered `Ok` with a stamp >= `at` and are known already.
    [[nodiscard]] virtual std::uint64_t bytes_written_from(unsigned channel, std::uint32_t job, Cycles at) const = 0;
    /// What the channels do in cycle `cycle`; to be asked before `retire(cycle)`.
    [[nodiscard]] virtual MoverActivity activity(Cycles cycle) const = 0;
    [[nodiscard]] virtual std::uint32_t fifo_used() const = 0;
    /// No burst in flight, nothing queued.
    [[nodiscard]] virtual bool idle() const = 0;
};

}  // namespace dmasim
