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
    BadRegister,      ///< A register was given a reserved value.
    BusyStart,        ///< A start command for a busy channel.
};
inline constexpr unsigned kTransferErrors = 8;

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
std::string_view name_of(JobStatus status);

}  // namespace dmasim
