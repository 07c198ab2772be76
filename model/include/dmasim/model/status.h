// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace dmasim {

/// What went wrong in a controller (timing.md C1, C11). The number is what traces and statistics carry.
enum class TransferError : std::uint8_t {
    None,             ///< Nothing.
    BusRead,          ///< A data read was answered with an error.
    BusWrite,         ///< A data write was answered with an error.
    DescriptorFetch,  ///< A read of a descriptor was answered with an error.
    BadDescriptor,    ///< A descriptor was fetched and makes no sense.
    StatusWriteBack,  ///< The write of a descriptor's status was answered with an error.
    BadRegister,      ///< A register was given a reserved value, or a start command found values that make no job.
    BusyStart,        ///< A start command for a busy channel.
};
inline constexpr unsigned kTransferErrors = 8;

/// More about BadDescriptor and BadRegister; register ERROR_KIND, field DETAIL.
enum class ErrorDetail : std::uint8_t {
    None,             ///< Nothing more to say.
    NotValid,         ///< The bit VALID of a descriptor is 0.
    Reserved,         ///< A reserved bit or value is not 0.
    Misaligned,       ///< A descriptor off its 64 bytes, or an address or stride off its element.
    ZeroLength,       ///< Row length or number of rows is 0.
    BadElement,       ///< Element wider than the bus, or length or unit not a multiple of it.
    AddressOverflow,  ///< A row begins below 0 or ends beyond 2^64.
    NothingToAppend,  ///< APPEND without a chain to append to.
};
inline constexpr unsigned kErrorDetails = 8;

/// How a job ended.
enum class JobStatus : std::uint8_t {
    Done,            ///< Every byte was moved.
    DoneWithErrors,  ///< Policy `continue`: at least one chunk was skipped because of an error.
    Aborted,         ///< Ended by an abort (C10).
    Error,           ///< Stopped by an error (C11).
};
inline constexpr unsigned kJobStatuses = 4;

/// Names for reports, in snake_case, e.g. "bus_read"; "unknown" for a number that is none of the enumerators.
std::string_view name_of(TransferError error);
std::string_view name_of(ErrorDetail detail);
std::string_view name_of(JobStatus status);

}  // namespace dmasim
