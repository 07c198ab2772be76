// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dmasim/model/config.h"
#include "dmasim/model/frontend/native/interrupt_block.h"
#include "dmasim/model/midend/front_end.h"
#include "dmasim/model/midend/scheduler.h"

namespace dmasim::native {

/// The registers of the native controller: storage, commands, status, errors and interrupts.
class NativeFrontEnd final : public FrontEnd {
  public:
    explicit NativeFrontEnd(const DmaConfig& config);

    /// Must be called once, before anything else.
    void connect(Scheduler& scheduler) { scheduler_ = &scheduler; }

    /// Whether there is a register at `offset`.
    [[nodiscard]] bool mapped(std::uint32_t offset) const;

    /// Carries out a write stamped `stamp`, in force at `edge`. `lanes`: mask of the bits that are written.
    void write(std::uint32_t offset, std::uint32_t value, std::uint32_t lanes, Cycles stamp, Cycles edge);
    /// The value at `offset` before edge `at` with the inputs stamped < `at`.
    [[nodiscard]] std::uint32_t read(std::uint32_t offset, Cycles at) const;
    /// What `value`, read from `offset`, becomes by a write that is not in force yet: only storage changes.
    [[nodiscard]] std::uint32_t after_write(std::uint32_t offset, std::uint32_t value, std::uint32_t written,
                                            std::uint32_t lanes) const;
    /// What a read of storage at `offset` gives after a reset; other registers: `value`.
    [[nodiscard]] std::uint32_t after_reset(std::uint32_t offset, std::uint32_t value) const;

    void reset(Cycles edge);

    /// Keeps what accesses stamped `edge` see of the channels in `due`, before the edge changes it.
    void freeze(std::uint64_t due, Cycles edge);

    /// Works out the outputs of the channels in `due` after edge `edge`. Returns those that are high, of all channels.
    std::uint64_t update_interrupts(std::uint64_t due, Cycles edge);

    // FrontEnd
    [[nodiscard]] const DescriptorFormat& descriptor_format() const override;
    [[nodiscard]] FetchedJob decode(unsigned channel, std::uint64_t address, const std::uint8_t* bytes) const override;
    [[nodiscard]] FetchedLink decode_link(const std::uint8_t* bytes) const override;
    [[nodiscard]] std::array<std::uint8_t, 8> encode_status(TransferError error, std::uint64_t written) const override;
    [[nodiscard]] bool repeats(unsigned channel) const override;
    void job_ended(unsigned channel, const JobEnd& end, Cycles edge) override;
    void error(unsigned channel, const ErrorReport& report, Cycles edge) override;
    void channel_ended(unsigned channel, const ChannelEnd& end, Cycles edge) override;

  private:
    /// What reads see of a channel besides its storage.
    struct Visible {
        std::uint32_t status = 0;
        std::uint32_t int_status = 0;
        bool pending = false;
        std::uint64_t residue = 0;
        std::uint32_t error_kind = 0;
        std::uint64_t error_address = 0;
        std::uint32_t completed = 0;
        std::uint64_t descriptor = 0;
    };
    struct ChannelRegisters {
        std::array<std::uint32_t, 32> storage{};  ///< By offset / 4.
        InterruptBlock interrupts;
        bool done = false;
        bool aborted = false;
        bool end_of_chain = false;
        ErrorReport error;
        std::uint32_t completed = 0;
        std::uint32_t unit_bytes = 0;  ///< Latched by START, for the descriptors of a chain.
        bool is_frozen = false;
        Cycles frozen_at;
        Visible frozen;

        [[nodiscard]] std::uint32_t get(std::uint32_t offset) const { return storage[offset / 4]; }
        [[nodiscard]] std::uint64_t get64(std::uint32_t offset) const {
            return get(offset) | std::uint64_t{get(offset + 4)} << 32;
        }
    };

    void reset_storage(ChannelRegisters& registers) const;
    void command(unsigned channel, std::uint32_t bits, Cycles stamp, Cycles edge);
    void start(unsigned channel, Cycles stamp, Cycles edge);
    void refuse(unsigned channel, TransferError kind, ErrorDetail detail, std::uint64_t address, Cycles edge);
    [[nodiscard]] Visible look(unsigned channel, Cycles at) const;
    [[nodiscard]] Visible visible(unsigned channel, Cycles at) const;
    [[nodiscard]] std::uint32_t read_global(std::uint32_t offset, Cycles at) const;

    const DmaConfig config_;
    Scheduler* scheduler_ = nullptr;
    std::vector<ChannelRegisters> channels_;
    std::uint64_t outputs_ = 0;
};

}  // namespace dmasim::native
