// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dmasim/tlm/core/payload_pieces.h"

namespace dmasim {

/// The rules of the TLM-2.0 base protocol that the monitor checks; `info_of` names the clause of each.
enum class ProtocolRule : std::uint8_t {
    // The state of a payload when it is sent.
    NoMemoryManager,
    ReferenceCountZero,
    NoDataPointer,
    ZeroLength,
    ZeroStreamingWidth,
    ZeroByteEnableLength,
    UnknownCommand,
    DmiHintAtStart,
    ResponseAtStart,
    GenericPayloadOption,
    // The sequence of phases.
    WrongPath,
    OutOfSequence,
    UnknownTransaction,
    RequestExclusion,
    ResponseExclusion,
    WrongReturn,
    AcceptedButChanged,
    TimeGoesBack,
    // What may change, and when.
    AttributeChanged,
    WriteDataChanged,
    ByteEnablesChanged,
    ReadDataChanged,
    ResponseChanged,
    ResponseMissing,
    ResponseEarly,
    ExtensionLeft,
    MemoryManagerLeft,
    // b_transport, debug and direct memory access.
    BlockingFromMethod,
    MixedInterfaces,
    DebugCount,
    DebugNoData,
    DmiDescriptorAtStart,
    DmiDescriptor,
    DmiInvalidate,
};
inline constexpr unsigned kProtocolRules = static_cast<unsigned>(ProtocolRule::DmiInvalidate) + 1;

/// What a rule says.
struct ProtocolRuleInfo {
    std::string_view name;    ///< In snake_case.
    std::string_view clause;  ///< Of IEEE 1666-2011.
    std::string_view text;    ///< What was wrong, as a sentence without its end.
};

const ProtocolRuleInfo& info_of(ProtocolRule rule);

/// Which side of the socket must have done it.
enum class ProtocolSide : std::uint8_t { Initiator, Target };

/// One violation.
struct ProtocolViolation {
    ProtocolRule rule = ProtocolRule::NoMemoryManager;
    ProtocolSide side = ProtocolSide::Initiator;
    std::uint64_t address = 0;  ///< Of the transaction, as this hop sees it.
    std::string detail;         ///< What was found, with the numbers; may be empty.
};

/// Phases of the base protocol; `Other` stands for every phase that it does not know (those are ignorable).
enum class ProtocolPhase : std::uint8_t { Uninitialized, BeginReq, EndReq, BeginResp, EndResp, Other };

/// `tlm_sync_enum`.
enum class ProtocolSync : std::uint8_t { Accepted, Updated, Completed };

/// A payload at the time of a call, without SystemC.
struct PayloadState {
    const void* id = nullptr;  ///< The object: the same for every call of a transaction.
    PayloadView view;
    int command = 0;   ///< As TLM numbers it: 0 read, 1 write, 2 ignore.
    int response = 0;  ///< `tlm_response_status`; 0 is TLM_INCOMPLETE_RESPONSE, 1 is TLM_OK_RESPONSE.
    int option = 0;    ///< `tlm_gp_option`; 0 is TLM_MIN_PAYLOAD.
    bool dmi_allowed = false;
    bool has_mm = false;
    int references = 0;
    unsigned extensions = 0;  ///< How many are set.
};

/// The base protocol's rules at one hop, as a state machine that is told every call before and after it was forwarded.
/// Times are absolute (now + annotation), in units of the time resolution.
class ProtocolRules {
  public:
    using Report = std::function<void(const ProtocolViolation&)>;

    /// `strict`: also report what is legal and unwise: a response status that is set before the response (`ResponseEarly`).
    ProtocolRules(Report report, bool strict);

    void forward_call(const PayloadState& trans, ProtocolPhase phase, std::uint64_t time);
    /// `phase_before` and `time_before` as they were passed. `look` must be valid while the transaction is in progress
    /// or completed by this return; it is not asked for otherwise, since the payload may be gone.
    void forward_return(const void* id, const std::function<PayloadState()>& look, ProtocolPhase phase_before,
                        ProtocolPhase phase, ProtocolSync sync, std::uint64_t time_before, std::uint64_t time);
    void backward_call(const PayloadState& trans, ProtocolPhase phase, std::uint64_t time);
    void backward_return(const void* id, const std::function<PayloadState()>& look, ProtocolPhase phase_before,
                         ProtocolPhase phase, ProtocolSync sync, std::uint64_t time_before, std::uint64_t time);

    void blocking_call(const PayloadState& trans, bool from_method);
    void blocking_return(const PayloadState& trans, std::uint64_t time_before, std::uint64_t time);

    void debug_call(const PayloadState& trans);
    void debug_return(const PayloadState& trans, unsigned count);

    /// The parts of a DMI descriptor that can be wrong.
    struct Dmi {
        bool granted_any = false;  ///< Granted access is not DMI_ACCESS_NONE.
        bool has_pointer = false;
        std::uint64_t start = 0;
        std::uint64_t end = ~0ULL;
        bool has_latency = false;  ///< A latency that is not zero.
    };
    void dmi_call(const PayloadState& trans, const Dmi& dmi);
    void dmi_return(const PayloadState& trans, const Dmi& dmi, bool granted);
    void dmi_invalidate(std::uint64_t start, std::uint64_t end);

    [[nodiscard]] std::uint64_t violations() const { return violations_; }
    [[nodiscard]] std::uint64_t violations(ProtocolRule rule) const { return counts_[static_cast<unsigned>(rule)]; }
    /// Transactions that were begun and not ended.
    [[nodiscard]] std::size_t in_progress() const { return transactions_.size(); }
    /// Transactions that were ended, over both interfaces.
    [[nodiscard]] std::uint64_t completed() const { return completed_; }

  private:
    struct Transaction {
        PayloadState start;
        std::vector<std::uint8_t> data;  ///< Of a write as sent, of a read as answered.
        std::vector<std::uint8_t> enables;
        ProtocolPhase phase = ProtocolPhase::Uninitialized;
        std::uint64_t time = 0;
        unsigned blocking_calls = 0;
        bool answered = false;
        int response = 0;
        bool dmi_allowed = false;
    };

    void fail(ProtocolRule rule, ProtocolSide side, std::uint64_t address, std::string detail = {});
    void check_start(const PayloadState& trans);
    void check_lifetime(const PayloadState& trans);
    void check_unchanged(const Transaction& known, const PayloadState& trans, ProtocolSide side);
    void check_response(Transaction& known, const PayloadState& trans);
    void check_time(Transaction& known, ProtocolSide side, std::uint64_t time);
    void target_phase(Transaction& known, const PayloadState& trans, ProtocolPhase phase);
    void begin(Transaction& known, const PayloadState& trans);
    void finish(const void* id);
    Transaction* find(const void* id);

    Report report_;
    bool strict_;
    std::unordered_map<const void*, Transaction> transactions_;
    const void* requesting_ = nullptr;
    const void* responding_ = nullptr;
    std::array<std::uint64_t, kProtocolRules> counts_{};
    std::uint64_t violations_ = 0;
    std::uint64_t completed_ = 0;
};

}  // namespace dmasim
