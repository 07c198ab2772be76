// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace dmasim::dma {

/// What a routine answers. The names are those of the documented status values without their prefix.
enum class Status : std::uint8_t {
    Success,
    InsufficientResources,
    InvalidParameter,
    InvalidParameter1,
    InvalidParameterMix,
    BufferTooSmall,
    NotSupported,    ///< The adapter's version or the controller does not have this.
    NotImplemented,  ///< Unknown function number of `configure_adapter_channel`.
    Cancelled,
    InvalidDeviceRequest,  ///< Refused because of the order of the calls.
    NoneMapped,
    InUse,
    AccessDenied,
    Unsuccessful,
    DeviceBusy,
    TransactionTooFragmented,
    TransactionNotEnoughRegisters,
    TransactionTooManyTransfers,
};
inline constexpr unsigned kStatuses = 18;
/// "success", "insufficient_resources"; stable.
std::string_view name_of(Status status);

/// Level at which code runs; it decides what it may call.
enum class Level : std::uint8_t { Passive, Dispatch };
/// "passive", "dispatch".
std::string_view name_of(Level level);

/// Which way the data goes; what Windows calls a write is `ToDevice`.
enum class Direction : std::uint8_t { ToDevice, FromDevice, Both };
/// "to_device", "from_device", "both".
std::string_view name_of(Direction direction);

/// What a callback decides about channel and registers, and what `free_adapter_object` does.
enum class AllocationAction : std::uint8_t { KeepObject, DeallocateObject, DeallocateObjectKeepRegisters };
std::string_view name_of(AllocationAction action);

/// How a system DMA transfer ended.
enum class CompletionStatus : std::uint8_t { Complete, Error, Cancelled };
std::string_view name_of(CompletionStatus status);

/// A set of allocated map registers; 0 is none. Opaque to drivers.
using RegisterBase = std::uint64_t;

/// Whose driver calls: number of a device object, from 1 on.
using DeviceId = std::uint32_t;

/// One element of a scatter/gather list.
struct Element {
    std::uint64_t logical = 0;  ///< Address as the device sees it.
    std::uint64_t bytes = 0;

    friend bool operator==(const Element& a, const Element& b) { return a.logical == b.logical && a.bytes == b.bytes; }
};

/// Every routine that drivers call, of all versions.
enum class Routine : std::uint8_t {
    HalGetAdapter,
    GetDmaAdapter,
    PutDmaAdapter,
    KeFlushIoBuffers,
    AllocateCommonBuffer,
    FreeCommonBuffer,
    AllocateAdapterChannel,
    FlushAdapterBuffers,
    FreeAdapterChannel,
    FreeMapRegisters,
    MapTransfer,
    GetDmaAlignment,
    ReadDmaCounter,
    GetScatterGatherList,
    PutScatterGatherList,
    CalculateScatterGatherListSize,
    BuildScatterGatherList,
    BuildMdlFromScatterGatherList,
    GetDmaAdapterInfo,
    GetDmaTransferInfo,
    InitializeDmaTransferContext,
    AllocateCommonBufferEx,
    AllocateAdapterChannelEx,
    ConfigureAdapterChannel,
    CancelAdapterChannel,
    MapTransferEx,
    GetScatterGatherListEx,
    BuildScatterGatherListEx,
    FlushAdapterBuffersEx,
    FreeAdapterObject,
    CancelMappedTransfer,
    AllocateDomainCommonBuffer,
    FlushDmaBuffer,
    JoinDmaDomain,
    LeaveDmaDomain,
    GetDmaDomain,
    AllocateCommonBufferWithBounds,
    AllocateCommonBufferVector,
    GetCommonBufferFromVector,
    FreeCommonBufferFromVector,
    FreeCommonBufferVector,
    CreateCommonBufferFromMdl,
    /// @{ In the manner of Linux.
    MapSingle,
    MapResource,
    MapList,
    UnmapSingle,
    UnmapList,
    MappingError,
    SyncForCpu,
    SyncForDevice,
    SyncListForCpu,
    SyncListForDevice,
    AllocateCoherent,
    FreeCoherent,
    UnbindDriver,
    /// @}
};
inline constexpr unsigned kRoutines = static_cast<unsigned>(Routine::UnbindDriver) + 1;

/// Which adapters have a routine.
enum class AdapterClass : std::uint8_t { Any, BusMaster, System };

/// At which levels a routine may be called.
enum class LevelRule : std::uint8_t { Any, Passive, AtMostDispatch, Dispatch };

/// What is documented about a routine as a whole.
struct RoutineSpec {
    Routine routine;
    std::string_view name;  ///< snake_case; the name of the function, and of the step in scenarios.
    std::uint8_t since;     ///< First interface version that has it; 0: no entry of the operation table.
    LevelRule level;
    AdapterClass adapters;
};

/// The row of a routine.
const RoutineSpec& spec_of(Routine routine);
/// Its name.
std::string_view name_of(Routine routine);

}  // namespace dmasim::dma
