// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/words.h"

#include <array>

#include "dmasim/cpu_stub/core/dma_operations/system_controller.h"
#include "dmasim/model/errors.h"

namespace dmasim::dma {

namespace {

constexpr std::array<std::string_view, kStatuses> kStatusNames{
    "success",
    "insufficient_resources",
    "invalid_parameter",
    "invalid_parameter_1",
    "invalid_parameter_mix",
    "buffer_too_small",
    "not_supported",
    "not_implemented",
    "cancelled",
    "invalid_device_request",
    "none_mapped",
    "in_use",
    "access_denied",
    "unsuccessful",
    "device_busy",
    "transaction_too_fragmented",
    "transaction_not_enough_registers",
    "transaction_too_many_transfers",
};

constexpr AdapterClass kAny = AdapterClass::Any;
constexpr AdapterClass kMaster = AdapterClass::BusMaster;
constexpr AdapterClass kSystem = AdapterClass::System;
constexpr LevelRule kPassive = LevelRule::Passive;
constexpr LevelRule kDispatch = LevelRule::Dispatch;
constexpr LevelRule kAtMost = LevelRule::AtMostDispatch;
constexpr LevelRule kAnyLevel = LevelRule::Any;

/// In the order of `Routine`.
constexpr std::array<RoutineSpec, kRoutines> kSpecs{{
    {Routine::HalGetAdapter, "hal_get_adapter", 0, kPassive, kAny},
    {Routine::GetDmaAdapter, "get_dma_adapter", 0, kPassive, kAny},
    {Routine::PutDmaAdapter, "put_dma_adapter", 1, kAtMost, kAny},
    {Routine::KeFlushIoBuffers, "ke_flush_io_buffers", 0, kAtMost, kAny},
    {Routine::AllocateCommonBuffer, "allocate_common_buffer", 1, kPassive, kAny},
    {Routine::FreeCommonBuffer, "free_common_buffer", 1, kPassive, kAny},
    {Routine::AllocateAdapterChannel, "allocate_adapter_channel", 1, kDispatch, kAny},
    {Routine::FlushAdapterBuffers, "flush_adapter_buffers", 1, kAtMost, kAny},
    {Routine::FreeAdapterChannel, "free_adapter_channel", 1, kDispatch, kAny},
    {Routine::FreeMapRegisters, "free_map_registers", 1, kDispatch, kMaster},
    {Routine::MapTransfer, "map_transfer", 1, kAtMost, kAny},
    {Routine::GetDmaAlignment, "get_dma_alignment", 1, kPassive, kAny},
    {Routine::ReadDmaCounter, "read_dma_counter", 1, kAtMost, kSystem},
    {Routine::GetScatterGatherList, "get_scatter_gather_list", 1, kDispatch, kAny},
    {Routine::PutScatterGatherList, "put_scatter_gather_list", 1, kDispatch, kAny},
    {Routine::CalculateScatterGatherListSize, "calculate_scatter_gather_list_size", 2, kAnyLevel, kAny},
    {Routine::BuildScatterGatherList, "build_scatter_gather_list", 2, kDispatch, kAny},
    {Routine::BuildMdlFromScatterGatherList, "build_mdl_from_scatter_gather_list", 2, kAtMost, kAny},
    {Routine::GetDmaAdapterInfo, "get_dma_adapter_info", 3, kAtMost, kAny},
    {Routine::GetDmaTransferInfo, "get_dma_transfer_info", 3, kAtMost, kAny},
    {Routine::InitializeDmaTransferContext, "initialize_dma_transfer_context", 3, kAtMost, kAny},
    {Routine::AllocateCommonBufferEx, "allocate_common_buffer_ex", 3, kPassive, kAny},
    {Routine::AllocateAdapterChannelEx, "allocate_adapter_channel_ex", 3, kDispatch, kAny},
    {Routine::ConfigureAdapterChannel, "configure_adapter_channel", 3, kAtMost, kSystem},
    {Routine::CancelAdapterChannel, "cancel_adapter_channel", 3, kAtMost, kAny},
    {Routine::MapTransferEx, "map_transfer_ex", 3, kAtMost, kAny},
    {Routine::GetScatterGatherListEx, "get_scatter_gather_list_ex", 3, kAtMost, kMaster},
    {Routine::BuildScatterGatherListEx, "build_scatter_gather_list_ex", 3, kDispatch, kMaster},
    {Routine::FlushAdapterBuffersEx, "flush_adapter_buffers_ex", 3, kAtMost, kAny},
    {Routine::FreeAdapterObject, "free_adapter_object", 3, kAtMost, kAny},
    {Routine::CancelMappedTransfer, "cancel_mapped_transfer", 3, kAtMost, kSystem},
    {Routine::AllocateDomainCommonBuffer, "allocate_domain_common_buffer", 3, kPassive, kAny},
    {Routine::FlushDmaBuffer, "flush_dma_buffer", 3, kAtMost, kAny},
    {Routine::JoinDmaDomain, "join_dma_domain", 3, kPassive, kAny},
    {Routine::LeaveDmaDomain, "leave_dma_domain", 3, kPassive, kAny},
    {Routine::GetDmaDomain, "get_dma_domain", 3, kPassive, kAny},
    {Routine::AllocateCommonBufferWithBounds, "allocate_common_buffer_with_bounds", 3, kPassive, kAny},
    {Routine::AllocateCommonBufferVector, "allocate_common_buffer_vector", 3, kPassive, kAny},
    {Routine::GetCommonBufferFromVector, "get_common_buffer_from_vector", 3, kAtMost, kAny},
    {Routine::FreeCommonBufferFromVector, "free_common_buffer_from_vector", 3, kPassive, kAny},
    {Routine::FreeCommonBufferVector, "free_common_buffer_vector", 3, kPassive, kAny},
    {Routine::CreateCommonBufferFromMdl, "create_common_buffer_from_mdl", 3, kPassive, kAny},
    {Routine::MapSingle, "map_single", 0, kAnyLevel, kAny},
    {Routine::MapResource, "map_resource", 0, kAnyLevel, kAny},
    {Routine::MapList, "map_list", 0, kAnyLevel, kAny},
    {Routine::UnmapSingle, "unmap_single", 0, kAnyLevel, kAny},
    {Routine::UnmapList, "unmap_list", 0, kAnyLevel, kAny},
    {Routine::MappingError, "mapping_error", 0, kAnyLevel, kAny},
    {Routine::SyncForCpu, "sync_for_cpu", 0, kAnyLevel, kAny},
    {Routine::SyncForDevice, "sync_for_device", 0, kAnyLevel, kAny},
    {Routine::SyncListForCpu, "sync_list_for_cpu", 0, kAnyLevel, kAny},
    {Routine::SyncListForDevice, "sync_list_for_device", 0, kAnyLevel, kAny},
    {Routine::AllocateCoherent, "allocate_coherent", 0, kAnyLevel, kAny},
    {Routine::FreeCoherent, "free_coherent", 0, kAnyLevel, kAny},
    {Routine::UnbindDriver, "unbind_driver", 0, kAnyLevel, kAny},
}};

constexpr bool in_order() {
    for (unsigned number = 0; number < kRoutines; ++number) {
        if (static_cast<unsigned>(kSpecs[number].routine) != number) {
            return false;
        }
    }
    return true;
}
static_assert(in_order());

}  // namespace

std::string_view name_of(Status status) {
    return kStatusNames.at(static_cast<unsigned>(status));
}

std::string_view name_of(Level level) {
    return level == Level::Passive ? "passive" : "dispatch";
}

std::string_view name_of(Direction direction) {
    switch (direction) {
        case Direction::ToDevice:
            return "to_device";
        case Direction::FromDevice:
            return "from_device";
        default:
            return "both";
    }
}

std::string_view name_of(AllocationAction action) {
    switch (action) {
        case AllocationAction::KeepObject:
            return "keep_object";
        case AllocationAction::DeallocateObject:
            return "deallocate_object";
        default:
            return "deallocate_object_keep_registers";
    }
}

std::string_view name_of(CompletionStatus status) {
    switch (status) {
        case CompletionStatus::Complete:
            return "complete";
        case CompletionStatus::Error:
            return "error";
        default:
            return "cancelled";
    }
}

const RoutineSpec& spec_of(Routine routine) {
    return kSpecs.at(static_cast<unsigned>(routine));
}

std::string_view name_of(Routine routine) {
    return spec_of(routine).name;
}

Status SystemController::configure(CpuContext& /*cpu*/, unsigned /*channel*/, std::uint32_t /*function*/,
                                   std::uint64_t /*value*/) {
    return Status::NotImplemented;
}

void SystemController::acknowledge(CpuContext& /*cpu*/) {}

}  // namespace dmasim::dma
