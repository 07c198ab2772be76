// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dmasim/model/job.h"
#include "dmasim/model/midend/front_end.h"
#include "dmasim/model/ring.h"
#include "dmasim/model/splitter.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// A job from its acceptance to its completion.
struct LiveJob {
    std::uint32_t number = 0;
    Job job;
    std::uint64_t descriptor = 0;
    bool from_descriptor = false;
    bool write_back = false;
    bool interrupt = false;
    bool cyclic = false;
    bool last_round = false;

    bool any_granted = false;
    bool all_granted = false;
    bool writing_back = false;      ///< Its chunks are over, its status is being written.
    bool failed = false;            ///< An error that stops the channel was latched.
    std::uint32_t outstanding = 0;  ///< Bursts (chunks, or parts of the write-back) whose end is not known yet.
    Cycles last_end;                ///< Greatest end that is known.
    bool has_end = false;
    std::uint64_t written = 0;  ///< Bytes whose write was answered Ok, as far as announced.
    TransferError error = TransferError::None;
};

/// An error whose edge has not come yet.
struct PendingError {
    Cycles edge;
    std::uint8_t rank = 0;       ///< Order within an edge: registers, reads, writes, decoding.
    std::uint64_t sequence = 0;  ///< Order within a rank.
    ErrorReport report;
    bool stops = false;
    bool of_job = false;  ///< `job` is the one that failed.
    std::uint32_t job = 0;
};

/// How far the access to the next descriptor is.
enum class FetchState : std::uint8_t {
    None,
    Wanted,    ///< Has parts that are not granted yet.
    InFlight,  ///< All parts granted, not all of them announced.
    Decoding,  ///< All announced; `decode_edge` is known.
    Failed,    ///< Answered with an error or malformed.
    NoLink,    ///< The link was read again, and there is no successor.
};

/// The state of one channel in the mid end.
struct Channel {
    bool busy = false;
    bool paused = false;
    bool chain = false;
    bool continue_on_error = false;

    Ring<LiveJob> jobs;  ///< Oldest first. Only the last one may have chunks that are not granted.
    std::uint32_t next_number = 0;
    ChunkSplitter splitter;       ///< What is left of the current row of the last job.
    std::uint32_t rows_left = 0;  ///< Rows of the last job after the current one.
    std::uint64_t row_source = 0;
    std::uint64_t row_destination = 0;

    // The chain.
    std::uint64_t last_descriptor = 0;  ///< The youngest that was decoded.
    std::uint64_t left_descriptor = 0;  ///< Of the job that was the oldest last.
    std::uint64_t left_residue = 0;     ///< Its bytes that were not written.
    bool has_last_descriptor = false;   ///< APPEND has something to look at.
    std::uint64_t next = 0;
    bool has_next = false;
    bool append = false;           ///< An append command is pending.
    bool append_at_fetch = false;  ///< It was when the first part of the fetch was granted.
    FetchState fetch = FetchState::None;
    bool fetch_link = false;  ///< Only the link of `last_descriptor` is being read.
    std::uint64_t fetch_address = 0;
    std::uint32_t fetch_token = 0;
    BurstSplitter fetch_parts;
    std::uint32_t fetch_outstanding = 0;
    bool fetch_any = false;
    Cycles fetch_end;
    Cycles decode_edge;
    std::array<std::uint8_t, 64> descriptor{};
    Response fetch_response = Response::Ok;
    std::uint64_t fetch_error_address = 0;
    std::uint64_t fetch_error_sequence = 0;

    // Competing.
    Cycles compete_from;
    Cycles since;
    bool dreq = false;
    bool block_enabled = false;
    Cycles single_ready;  ///< Edge from which no unit is outstanding; kNever while that is not known.

    // Ending.
    bool stopping = false;
    bool stopped_by_error = false;
    Cycles stop_edge;
    bool fetch_counts = false;  ///< The channel ends with the fetch: there was no job before it.
    std::vector<PendingError> errors;

    // Lines.
    std::vector<Cycles> dack_edges;  ///< Edges at which a chunk's DACK is raised.
    bool dack = false;
    bool tc = false;
    bool tc_now = false;
};

}  // namespace dmasim
