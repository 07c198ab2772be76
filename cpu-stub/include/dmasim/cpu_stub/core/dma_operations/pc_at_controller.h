// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dmasim/cpu_stub/core/dma_operations/system_controller.h"

namespace dmasim::dma {

/// How a `PcAtController` finds its registers.
struct PcAtControllerConfig {
    std::uint64_t registers = 0;     ///< Address of the register space (docs/pc-at.md) as the CPU sees it.
    bool internal_buffer = false;    ///< The part has one: flushing drains it.
    bool interrupt = false;          ///< TC raises an interrupt.
    std::uint32_t poll_cycles = 16;  ///< Distance of two looks while a buffer is emptied, >= 1.
};

/// The DMA operations' use of two 8237A as in a PC/AT, through their registers, byte by byte as on the real one.
class PcAtController final : public SystemController {
  public:
    /// Throws `ConfigError` if `poll_cycles` is 0. Touches nothing.
    explicit PcAtController(const PcAtControllerConfig& config);

    [[nodiscard]] SystemLimits limits(unsigned channel) const override;
    /// Addresses beyond 24 bits lose their high bits, as the page registers have no more.
    void start(CpuContext& cpu, const SystemTransfer& transfer) override;
    void stop(CpuContext& cpu, unsigned channel) override;
    SystemState state(CpuContext& cpu, unsigned channel) override;
    std::uint64_t remaining(CpuContext& cpu, unsigned channel) override;
    bool drain(CpuContext& cpu, unsigned channel) override;
    /// Function 1: fixed (0) or rotating (1) priority of the channel's controller.
    Status configure(CpuContext& cpu, unsigned channel, std::uint32_t function, std::uint64_t value) override;
    void acknowledge(CpuContext& cpu) override;

  private:
    void write(CpuContext& cpu, std::uint32_t offset, std::uint8_t value) const;
    [[nodiscard]] std::uint8_t read(CpuContext& cpu, std::uint32_t offset) const;
    void look(CpuContext& cpu, unsigned controller);
    [[nodiscard]] std::uint32_t count_of(CpuContext& cpu, unsigned channel);

    PcAtControllerConfig config_;
    std::array<bool, 8> running_{};
    std::array<bool, 8> ended_{};
    std::array<bool, 8> failed_{};
    std::array<bool, 8> looping_{};
};

}  // namespace dmasim::dma
