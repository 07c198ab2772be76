// SPDX-License-Identifier: Apache-2.0
//
// What the calls of step dma have in common. A call is a function in the file of its group and a line in that file's table.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dmasim/cli/core/steps.h"
#include "dmasim/cpu_stub/core/dma_operations/domain.h"
#include "dmasim/cpu_stub/core/dma_operations/driver_checks.h"
#include "dmasim/cpu_stub/core/dma_operations/operations.h"
#include "dmasim/cpu_stub/core/dma_operations/pc_at_controller.h"
#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

namespace dmasim::cli::dma_steps {

/// The arguments of a step.
struct Call {
    std::string call;
    std::string adapter;
    std::string buffer;
    std::string next;
    std::string allocation;
    std::string domain;
    std::string name;
    std::uint32_t device = 1;
    std::uint64_t address = 0;
    bool has_address = false;
    std::vector<std::uint64_t> pages;
    bool locked = true;
    std::optional<std::uint64_t> size;
    std::uint64_t offset = 0;
    dma::Direction direction = dma::Direction::ToDevice;
    std::uint32_t registers = 1;
    dma::MapRegisterKind kind = dma::MapRegisterKind::Identity;
    dma::DomainType domain_type = dma::DomainType::Translate;
    std::uint64_t bounce = 0;
    dma::DeviceDescription description;
    dma::AllocationAction action = dma::AllocationAction::DeallocateObjectKeepRegisters;
    bool cached = true;
    bool synchronous = true;
    bool callback = false;
    bool completion = false;
    std::uint64_t elements = 0;
    std::uint32_t count = 0;
    std::uint32_t index = 0;
    dma::CommonBufferBounds bounds;
    std::uint64_t physical = 0;
    unsigned permissions = 0;
    bool identity = false;
    std::uint32_t device_offset = 0;
    std::optional<std::uint64_t> entries;  ///< Of a list, in the manner of Linux.
    std::uint64_t bounce_size = 0;
    dma::MapAttributes attributes;
    dma::RegionKind region = dma::RegionKind::Ram;
    dma::MappingKind mapping_kind = dma::MappingKind::Single;
    bool coherent = true;
    bool untrusted = false;
    bool bounce_unaligned = false;
    bool until_terminal = true;
    dma::Level level = dma::Level::Dispatch;
    std::uint64_t controller_registers = 0;  ///< run_device.
    std::uint32_t controller = 0;            ///< Its number, for calls about domains.
    std::uint32_t channel = 0;
    std::uint64_t device_base = 0;  ///< Of the device that `name` names; 0: there is none.
    unsigned device_line = 0;
    std::optional<std::string> status;
    std::optional<std::uint64_t> value;
    std::set<std::string> breaks;
    std::string where;
};

/// A mapping in the manner of Linux, as the driver remembers it.
struct Mapped {
    std::uint64_t dma = dma::kMappingError;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::vector<dma::Segment> segments;
};

/// What the steps of a run share.
struct Run {
    Run(StepRuntime& runtime, const dma::DmaConfig& config);

    /// The simulation is over, and the program at its end or not.
    void end(StepRuntime& runtime, bool finished);

    /// The adapter that the call names; a null one of this machine if it was never made, so that its use is reported.
    dma::Adapter& adapter(const Call& call) { return adapters.try_emplace(call.adapter, operations, 0U).first->second; }

    dma::DriverChecker checks;
    std::vector<dma::DriverFinding> found;  ///< Not judged yet; some come from outside of calls.
    std::unique_ptr<dma::PcAtController> controller;
    dma::DmaOperations operations;
    dma::RemappingUnit remapping;
    dma::StreamingConfig streaming_config;         ///< Of `streaming`, as long as it is not there.
    std::unique_ptr<dma::StreamingMap> streaming;  ///< Made by the first call in the manner of Linux.
    std::map<std::string, Mapped> mappings;
    std::map<std::string, dma::Adapter> adapters;
    std::map<std::string, dma::Mdl> buffers;
    std::map<std::string, dma::RegisterBase> bases;
    std::map<std::string, dma::ScatterGatherList> lists;
    std::map<std::string, dma::CommonBuffer> common;
    std::map<std::string, std::uint32_t> vectors;
    std::map<std::string, dma::TransferContext> contexts;
    std::map<std::string, std::uint32_t> domains;
    std::set<dma::DeviceId> known_devices;
    std::vector<dma::Element> mapped;
    std::optional<dma::CompletionStatus> completed;
    std::optional<std::uint64_t> value;  ///< What the present call has told.
};

/// Of `call`: its size, or what the buffer has from the offset on.
inline std::uint64_t bytes_of(const Call& call, const dma::Mdl& mdl) {
    const std::uint64_t all = dma::chain_bytes(&mdl);
    return call.size.value_or(all > call.offset ? all - call.offset : 0);
}

/// A section of the report with these lines.
ReportSection section_of(std::string title, const std::string& text);

/// Lets the controller that `call` names move `elements`, one register job each, between them and its memory from
/// `address` on.
dma::Status move(const Call& call, StepRuntime& runtime, const std::vector<dma::Element>& elements,
                 std::uint64_t address);

using Handler = dma::Status (*)(const Call&, StepRuntime&, Run&);
using Handlers = std::map<std::string_view, Handler>;

const Handlers& version_1_and_2();
const Handlers& version_3();
const Handlers& streaming();     ///< Mappings in the manner of Linux.
const Handlers& surroundings();  ///< Devices, buffers, levels, the remapping hardware.

}  // namespace dmasim::cli::dma_steps
