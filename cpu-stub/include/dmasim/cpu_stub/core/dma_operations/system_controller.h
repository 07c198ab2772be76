// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dmasim/cpu_stub/core/context.h"
#include "dmasim/cpu_stub/core/dma_operations/words.h"

namespace dmasim::dma {

/// What a channel of the system's controller can do.
struct SystemLimits {
    bool exists = false;                  ///< The channel is there and no link to another controller.
    unsigned address_bits = 24;           ///< 1 to 64.
    std::uint64_t maximum_bytes = 65536;  ///< Of an operation.
    std::uint64_t boundary = 0;           ///< An operation may not cross a multiple of it; 0: it may.
    std::uint32_t unit_bytes = 1;         ///< Address and length are multiples of it.
    std::uint32_t element_limit = 1;      ///< Elements of an operation; 0: no limit.
    bool counter_readable = true;
    bool interrupts = false;  ///< Tells of the end of an operation.
};

/// One operation of a system DMA channel.
struct SystemTransfer {
    unsigned channel = 0;
    std::vector<Element> elements;
    bool to_device = false;
    bool auto_initialize = false;
    bool demand = false;               ///< Paced by the level of the request line.
    std::uint64_t device_address = 0;  ///< Of the data register, with the offset of this transfer (rule DD-10).
    std::uint32_t width_bits = 8;
};

/// Where an operation stands.
enum class SystemState : std::uint8_t { Idle, Running, Complete, Error };

/// How the DMA operations handle one kind of system controller. All functions work through the registers of the
/// controller and cost what those accesses cost.
class SystemController {
  public:
    SystemController() = default;
    SystemController(const SystemController&) = delete;
    SystemController& operator=(const SystemController&) = delete;
    virtual ~SystemController() = default;

    [[nodiscard]] virtual SystemLimits limits(unsigned channel) const = 0;
    /// Programs the channel and lets it go.
    virtual void start(CpuContext& cpu, const SystemTransfer& transfer) = 0;
    /// Stops the channel; what it has moved stays moved.
    virtual void stop(CpuContext& cpu, unsigned channel) = 0;
    virtual SystemState state(CpuContext& cpu, unsigned channel) = 0;
    /// Bytes of the operation that are still to be moved.
    virtual std::uint64_t remaining(CpuContext& cpu, unsigned channel) = 0;
    /// Empties the internal buffer of the channel and waits until it is empty. False: not all bytes reached their place.
    virtual bool drain(CpuContext& cpu, unsigned channel) = 0;
    /// Custom function `function` (rule DD-14). The default knows none: `NotImplemented`.
    virtual Status configure(CpuContext& cpu, unsigned channel, std::uint32_t function, std::uint64_t value);
    /// Takes back the interrupt request, if the controller can make one.
    virtual void acknowledge(CpuContext& cpu);
};

}  // namespace dmasim::dma
