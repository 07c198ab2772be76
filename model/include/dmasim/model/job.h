// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/status.h"

namespace dmasim {

/// How a peripheral paces a job (timing.md C7). The values are those of the field HANDSHAKE.
enum class Handshake : std::uint8_t {
    None = 0,    ///< Not paced.
    Single = 1,  ///< One unit for each DREQ.
    Block = 2,   ///< DREQ starts the whole job.
    Demand = 3,  ///< Units as long as DREQ is high.
};

/// One side of a job.
struct JobSide {
    std::uint64_t address =
        0;                    ///< First byte of row 0; any alignment for an incrementing side without a fixed partner.
    std::int32_t stride = 0;  ///< Bytes from the start of a row to the start of the next; not used by a fixed side.
    bool fixed = false;       ///< Every element goes to `address`.
};

/// One transfer as a front end hands it to the mid end: `rows` rows of `length` bytes.
struct Job {
    JobSide source;
    JobSide destination;
    std::uint32_t length = 0;       ///< Bytes of a row, >= 1.
    std::uint32_t rows = 1;         ///< >= 1.
    std::uint8_t element_log2 = 0;  ///< log2 of the bytes of an element, 0 to log2 of the bus bytes.
    Handshake handshake = Handshake::None;
    std::uint32_t unit_bytes =
        0;  ///< Single and demand: greatest chunk (timing.md C2), >= 1, a multiple of the element.

    bool no_snoop = false;  ///< Its data bursts go past the caches (timing.md B6); fetches and write-backs do not.

    /// Bytes of an element (w in timing.md).
    [[nodiscard]] std::uint32_t element_bytes() const { return 1U << element_log2; }
    /// Payload bytes of all rows.
    [[nodiscard]] std::uint64_t total_bytes() const { return std::uint64_t{length} * rows; }
};

/// A problem with its address; `detail` is None when there is none.
struct JobProblem {
    ErrorDetail detail = ErrorDetail::None;
    std::uint64_t address = 0;
};

/// The first reason, in this order, why a controller with `bus_bytes` a beat cannot carry out `job`:
/// * length or rows is 0: ZeroLength;
/// * element wider than the bus, length not a multiple of the element, or (single, demand) unit_bytes 0 or not a multiple
///   of the element: BadElement;
/// * a side is fixed, and an address, or the stride of an incrementing side with more than one row, is not a multiple of the
///   element: Misaligned;
/// * a row of an incrementing side begins below 0 or ends beyond 2^64: AddressOverflow.
/// The address is the source's, or the destination's where only that side is wrong.
JobProblem check_job(const Job& job, std::uint32_t bus_bytes);

}  // namespace dmasim
