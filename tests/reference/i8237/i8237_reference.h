// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dmasim/model/frontend/i8237/core.h"

namespace dmasim::reference {

/// One rule of docs/i8237.md that the reference breaks on purpose, to prove that the comparison notices.
enum class I8237Mutation {
    None,
    DreqOneLater,
    HldaOneLater,
    ReadyOneLater,
    EopOneLater,
    OneWaitMore,
    ReadyCountsInCompressed,
    ReadyIgnoredInCompressed,
    ReadyCountsInVerify,
    WaitsInVerify,
    WaitsNotCounted,
    NoS1AtPageChange,
    S1ForEveryByte,
    CompressedKeepsS3,
    CompressedInMemoryToMemory,
    ExtendedWriteIgnored,
    CompressedWritesLate,
    SingleGoesOn,
    DemandGoesOn,
    BlockNeedsRequest,
    MaskIgnoredInDemand,
    FixedPriorityReversed,
    RotatingKeepsOrder,
    RotatingSkipsOneMore,
    ChosenAgainInS0,
    CascadeDrivesAddress,
    CascadeIgnoresMask,
    CascadeHasS1,
    CountOneLess,
    DecrementIgnored,
    AutoinitialiseIgnored,
    AutoinitialiseMasks,
    EndDoesNotMask,
    EndKeepsRequest,
    EndWithoutStatus,
    ExternalEopIgnored,
    ExternalEopNotKept,
    ExternalEopKeptTooLong,
    TcOnePinLater,
    TcWithoutPin,
    StatusReadKeepsTc,
    StatusReadClearsAll,
    StatusHidesMaskedRequests,
    ReadKeepsFlipFlop,
    WriteKeepsFlipFlop,
    WriteSetsCurrentOnly,
    ClearFlipFlopIgnored,
    ClearMaskIgnored,
    MasterClearKeepsMask,
    MasterClearClearsModes,
    MasterClearKeepsPriority,
    MasterClearLetsServiceRun,
    ModeWriteClearsTc,
    UndrivenReadsMask,
    DreqPolarityIgnored,
    DackPolarityIgnored,
    DackOffInS1,
    DackOneLater,
    DisableIgnored,
    SoftwareInEveryMode,
    MemoryNeedsBlock,
    MemoryHoldIgnored,
    MemoryHoldsBoth,
    MemoryEndsOneChannel,
    MemoryTcOfChannel0,
    MemoryAcknowledges,
    MemoryTemporaryLost,
    SkipFirstToo,
    SkipNever,
    AddressWithoutLatch,
    HrqOneLater,
};
std::string_view name_of(I8237Mutation mutation);
const std::vector<I8237Mutation>& all_i8237_mutations();

/// An 8237A that is looked at in every clock, as docs/i8237.md says it. For every edge, in turn: `begin`, the inputs and
/// reads stamped with that edge, `finish`.
class I8237 {
  public:
    I8237(const I8237Timing& timing, I8237Mutation mutation);

    void begin(std::uint64_t edge);
    /// The pins stamped with the edge. `data`: the data bus at the end of S14.
    I8237Pins finish(const std::function<std::uint8_t()>& data);

    void write(unsigned offset, unsigned value);
    unsigned read(unsigned offset);
    void reset();

    enum Signal { kDreq0, kDreq1, kDreq2, kDreq3, kHlda, kReady, kEop, kSignals };
    void set(Signal line, bool level, std::uint64_t stamp);

    [[nodiscard]] const std::string& state() const { return state_; }
    /// Value of a 16-bit register: "base address", "address", "base count" or "count" of a channel.
    [[nodiscard]] unsigned word(const std::string& name, unsigned channel) const {
        return registers_.words.at(name)[channel];
    }
    /// Value of "command", "request", "mask", "tc", "temporary", "ff", "mode0" to "mode3".
    [[nodiscard]] unsigned byte(const std::string& name) const { return registers_.bytes.at(name); }

  private:
    struct Registers {
        std::map<std::string, std::vector<unsigned>> words;
        std::map<std::string, unsigned> bytes;
    };
    struct Access {
        enum Kind { kWrite, kRead, kReset } kind;
        unsigned offset;
        unsigned value;
    };
    [[nodiscard]] bool broken(I8237Mutation mutation) const { return mutation_ == mutation; }
    bool carry_out(Registers& registers, const Access& access) const;
    [[nodiscard]] bool level(Signal line) const;
    [[nodiscard]] bool command(unsigned bit) const { return (registers_.bytes.at("command") >> bit & 1) != 0; }
    [[nodiscard]] unsigned mode(unsigned channel) const {
        return registers_.bytes.at("mode" + std::to_string(channel));
    }
    [[nodiscard]] bool dreq_active(unsigned channel, unsigned command) const;
    [[nodiscard]] bool request(unsigned channel) const;
    [[nodiscard]] bool software(unsigned channel) const;
    [[nodiscard]] int best() const;
    [[nodiscard]] bool compressed() const;
    bool waits();
    void go(const std::string& state);
    void transition(const std::function<std::uint8_t()>& data);
    void next_byte();
    void end(unsigned channel);
    void middle(I8237Pins& pins) const;

    I8237Timing timing_;
    I8237Mutation mutation_;
    Registers registers_;
    Registers seen_;  ///< With the accesses of this stamp.
    std::vector<Access> accesses_;
    std::map<std::uint64_t, bool> lines_[kSignals];
    std::uint64_t edge_ = 0;
    bool was_reset_ = false;
    std::string state_ = "SI";
    unsigned channel_ = 0;
    unsigned last_ = 3;
    unsigned waited_ = 0;
    unsigned latch_[2] = {0, 0};
    bool first_byte_ = true;
    bool memory_ = false;
    bool acknowledged_ = false;
    bool acknowledged_before_ = false;
    bool tc_ = false;
    bool tc_before_ = false;
    bool hrq_before_ = false;
    bool ended_ = false;
    I8237Pins middle_;  ///< Only what changes in the middle of the clock.
};

}  // namespace dmasim::reference
