// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/types.h"

namespace dmasim {

/// Direction of one bus transaction as the bus sees it.
enum class Access : std::uint8_t { Read, Write };

/// Outcome of one bus transaction; the values of TLM-2.0's response status that a target may answer with
/// (IEEE 1666-2011, 14.8), without TLM_INCOMPLETE_RESPONSE, which is reported as `GenericError`.
enum class Response : std::uint8_t { Ok, GenericError, AddressError, CommandError, BurstError, ByteEnableError };

/// Why a master makes an access. Statistics, traces and the verifier tell them apart; the bus does not.
enum class Purpose : std::uint8_t { Data, Descriptor, StatusWriteBack, CacheFill, CacheWriteBack, Uncached };

/// One bus transaction: a burst of beats that does not cross a 4 KiB boundary.
struct Burst {
    Access access = Access::Read;
    Purpose purpose = Purpose::Data;
    std::uint16_t channel = 0;      ///< Channel of the master, for traces; 0 for a master without channels.
    std::uint32_t tag = 0;          ///< The master's own name of this transaction; unique among its outstanding ones.
    std::uint64_t address = 0;      ///< Byte address of the first byte; any alignment.
    std::uint32_t bytes = 0;        ///< 1 to 4096.
    std::uint32_t fixed_bytes = 0;  ///< 0: incrementing; else every beat goes to `address` and carries so many bytes.
    /// The master's buffer of `bytes` bytes; stays valid until the response. Null: nothing is to be moved
    /// (TLM_IGNORE_COMMAND); a memory answers at once.
    std::uint8_t* data = nullptr;
    /// One byte for each byte of data: not 0: it is transferred, 0: it is not. Null: all are. Lives as long as `data`.
    const std::uint8_t* enables = nullptr;
    bool no_snoop = false;  ///< No cache looks at it, also where its initiator's accesses are snooped (timing.md B6).
    bool snooped = false;   ///< Set by a bus towards its targets: it shows this access to the caches (timing.md B6).
};

/// Number of data beats of a burst on a bus of `bus_bytes` (a power of two, 4 to 128) bytes a beat.
///
/// Incrementing: the number of aligned bus words touched. Fixed address: one beat an element (docs/timing.md, "Beats").
constexpr std::uint32_t beats_of(std::uint64_t address, std::uint32_t bytes, std::uint32_t fixed_bytes,
                                 std::uint32_t bus_bytes) {
    if (fixed_bytes != 0) {
        return (bytes + fixed_bytes - 1) / fixed_bytes;
    }
    const auto offset = static_cast<std::uint32_t>(address & (bus_bytes - 1));
    return (offset + bytes + bus_bytes - 1) >> static_cast<unsigned>(__builtin_ctz(bus_bytes));
}

/// Where a master core hands its bursts over (a TLM socket's skin, or a bus core in the same island).
class BurstPort {
  public:
    BurstPort() = default;
    BurstPort(const BurstPort&) = delete;
    BurstPort& operator=(const BurstPort&) = delete;
    virtual ~BurstPort() = default;

    /// Offers `burst` at edge `at` (its stamp). The port answers through the master's `BurstMaster` functions, the
    /// acceptance possibly before this function returns. A master has at most one burst of each direction offered and
    /// not yet accepted.
    virtual void request(const Burst& burst, Cycles at) = 0;
};

/// What a master core is told about the bursts that it has requested.
class BurstMaster {
  public:
    BurstMaster() = default;
    BurstMaster(const BurstMaster&) = delete;
    BurstMaster& operator=(const BurstMaster&) = delete;
    virtual ~BurstMaster() = default;

    /// The address of burst `tag` was accepted, stamp `at`: from edge `at`+1 on the next one of this direction may be
    /// offered.
    virtual void accepted(std::uint32_t tag, Cycles at) = 0;

    /// Read data: the first beat is handed over at edge `first`, the others every `interval` (>= 1) cycles. The buffer
    /// holds all of it already. `first` may lie in the future. With a response that is not `Ok` the data means nothing,
    /// and the burst takes its beats nevertheless.
    virtual void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) = 0;

    /// The response to a write, stamp `at` (which may lie in the future).
    virtual void write_response(std::uint32_t tag, Cycles at, Response response) = 0;
};

}  // namespace dmasim
