// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/types.h"

namespace dmasim {

/// Which way a buffer goes.
enum class DmaDirection : std::uint8_t {
    FromDevice,  ///< The device writes it ("in").
    ToDevice,    ///< The device reads it ("out").
    Both,
};

/// What a driver says about its buffers and descriptors (docs/verifier.md, "Notes"). Nothing of it costs simulated time or
/// changes what the hardware does.
///
/// `at`: the driver's present (`CpuContext::now()`); calls of one driver come in rising order. A note stamped `at` comes
/// behind everything of the cycles up to `at`. Ranges of 0 bytes and ranges past 2^64 are ignored, but for `completed`.
class DriverNotes {
  public:
    DriverNotes() = default;
    DriverNotes(const DriverNotes&) = delete;
    DriverNotes& operator=(const DriverNotes&) = delete;
    virtual ~DriverNotes() = default;

    /// The buffer is handed to the device. Ends with `completed`.
    virtual void map(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, Cycles at) = 0;
    /// The device is reported to have completed `bytes` bytes of the buffer that holds `address`; the buffer is the CPU's
    /// again. 0 bytes: it was given up.
    virtual void completed(std::uint64_t address, std::uint64_t bytes, Cycles at) = 0;
    /// The memory goes back to whoever it was allocated from.
    virtual void freed(std::uint64_t address, std::uint64_t bytes, Cycles at) = 0;
    /// The range holds descriptors: both sides read and write it.
    virtual void descriptors(std::uint64_t address, std::uint64_t bytes, Cycles at) = 0;
    /// The device may use these descriptors from now on.
    virtual void published(std::uint64_t address, std::uint64_t bytes, Cycles at) = 0;
    /// The device is told to look (doorbell, tail pointer, start command).
    virtual void doorbell(Cycles at) = 0;
    /// The buffer at `address` is transferred by way of `bytes` bytes at `bounce`, which stand in for it until the next
    /// such note about these bytes or `freed`.
    virtual void bounce(DmaDirection direction, std::uint64_t address, std::uint64_t bytes, std::uint64_t bounce,
                        Cycles at) = 0;
    /// A CPU copy of `bytes` bytes begins.
    virtual void copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes, Cycles at) = 0;
};

}  // namespace dmasim
