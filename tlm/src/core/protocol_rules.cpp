// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/core/protocol_rules.h"

#include <algorithm>
#include <utility>

namespace dmasim {

namespace {

constexpr int kIncomplete = 0;
constexpr int kIgnoreCommand = 2;

constexpr std::array<ProtocolRuleInfo, kProtocolRules> kRules{{
    {"no_memory_manager", "14.5 i", "payload without memory manager in nb_transport"},
    {"reference_count_zero", "14.5 t", "payload with memory manager and reference count 0"},
    {"no_data_pointer", "14.11 e", "data pointer is null"},
    {"zero_length", "14.12 d", "data length is 0"},
    {"zero_streaming_width", "14.15 f", "streaming width is 0"},
    {"zero_byte_enable_length", "14.14 f", "byte enables of length 0"},
    {"unknown_command", "14.9", "command is none of read, write, ignore"},
    {"dmi_hint_at_start", "14.16", "DMI hint is set when the payload is sent"},
    {"response_at_start", "14.17 e", "response status is not TLM_INCOMPLETE_RESPONSE when the payload is sent"},
    {"generic_payload_option", "14.8 g", "generic payload option is not TLM_MIN_PAYLOAD"},
    {"wrong_path", "15.2.3 c", "phase on the wrong path"},
    {"out_of_sequence", "15.2.4", "phase out of sequence"},
    {"unknown_transaction", "15.2.4", "call for a transaction that is not in progress"},
    {"request_exclusion", "15.2.6 e", "BEGIN_REQ while another request has not been ended"},
    {"response_exclusion", "15.2.6 f", "BEGIN_RESP while another response has not been ended"},
    {"wrong_return", "15.2.3", "return value or phase that this call cannot have"},
    {"accepted_but_changed", "11.1.2.7 c", "TLM_ACCEPTED with a changed phase or delay"},
    {"time_goes_back", "15.2.7 c", "the timing annotation lies before that of the call before"},
    {"attribute_changed", "14.7", "an attribute was changed while the transaction was in progress"},
    {"write_data_changed", "14.7", "the data of a write was changed while the transaction was in progress"},
    {"byte_enables_changed", "14.7", "the byte enables were changed while the transaction was in progress"},
    {"read_data_changed", "14.7", "the data of a read was changed after the response"},
    {"response_changed", "14.7", "response status or DMI hint was changed after the response"},
    {"response_missing", "14.17", "a response with TLM_INCOMPLETE_RESPONSE"},
    {"response_early", "14.17", "response status was set before the response"},
    {"extension_left", "14.5 aa", "an extension was added to a payload without memory manager and not removed"},
    {"memory_manager_left", "14.5 aa", "a memory manager was set and not removed"},
    {"blocking_from_method", "11.1.1.4 b", "b_transport called from a method process"},
    {"mixed_interfaces", "15.2.10 c", "b_transport and nb_transport for one transaction at the same time"},
    {"debug_count", "11.3.4 s", "transport_dbg returned more bytes than were asked for"},
    {"debug_no_data", "11.3.4 l", "transport_dbg with a length and no data pointer"},
    {"dmi_descriptor_at_start", "11.2.5", "DMI descriptor is not in its initial state"},
    {"dmi_descriptor", "11.2.5", "DMI descriptor makes no sense"},
    {"dmi_invalidate", "11.2.6", "DMI invalidation of a range that ends before it starts"},
}};

std::string_view name_of(ProtocolPhase phase) {
    switch (phase) {
        case ProtocolPhase::Uninitialized:
            return "UNINITIALIZED_PHASE";
        case ProtocolPhase::BeginReq:
            return "BEGIN_REQ";
        case ProtocolPhase::EndReq:
            return "END_REQ";
        case ProtocolPhase::BeginResp:
            return "BEGIN_RESP";
        case ProtocolPhase::EndResp:
            return "END_RESP";
        case ProtocolPhase::Other:
            break;
    }
    return "another phase";
}

std::string after(ProtocolPhase phase, ProtocolPhase before) {
    return std::string(name_of(phase)) + " after " + std::string(name_of(before));
}

bool moves_data(const PayloadState& trans) {
    return trans.command != kIgnoreCommand && trans.view.data != nullptr;
}

bool is_write(const PayloadState& trans) {
    return trans.command == 1;
}

bool same(const std::vector<std::uint8_t>& copy, const std::uint8_t* now) {
    return now == nullptr || std::equal(copy.begin(), copy.end(), now);
}

}  // namespace

const ProtocolRuleInfo& info_of(ProtocolRule rule) {
    return kRules.at(static_cast<unsigned>(rule));
}

ProtocolRules::ProtocolRules(Report report, bool strict) : report_(std::move(report)), strict_(strict) {}

void ProtocolRules::fail(ProtocolRule rule, ProtocolSide side, std::uint64_t address, std::string detail) {
    ++violations_;
    ++counts_[static_cast<unsigned>(rule)];
    report_(ProtocolViolation{rule, side, address, std::move(detail)});
}

ProtocolRules::Transaction* ProtocolRules::find(const void* id) {
    const auto found = transactions_.find(id);
    return found != transactions_.end() ? &found->second : nullptr;
}

void ProtocolRules::check_start(const PayloadState& trans) {
    const auto wrong = [&](ProtocolRule rule) { fail(rule, ProtocolSide::Initiator, trans.view.address); };
    if (trans.command < 0 || trans.command > kIgnoreCommand) {
        wrong(ProtocolRule::UnknownCommand);
    }
    if (trans.command != kIgnoreCommand && trans.view.data == nullptr) {
        wrong(ProtocolRule::NoDataPointer);
    }
    if (trans.command != kIgnoreCommand && trans.view.bytes == 0) {
        wrong(ProtocolRule::ZeroLength);
    }
    if (trans.view.streaming_width == 0) {
        wrong(ProtocolRule::ZeroStreamingWidth);
    }
    if (trans.view.byte_enables != nullptr && trans.view.byte_enable_length == 0) {
        wrong(ProtocolRule::ZeroByteEnableLength);
    }
    if (trans.dmi_allowed) {
        wrong(ProtocolRule::DmiHintAtStart);
    }
    if (trans.response != kIncomplete) {
        wrong(ProtocolRule::ResponseAtStart);
    }
    if (trans.option != 0) {
        wrong(ProtocolRule::GenericPayloadOption);
    }
}

void ProtocolRules::check_lifetime(const PayloadState& trans) {
    if (!trans.has_mm) {
        fail(ProtocolRule::NoMemoryManager, ProtocolSide::Initiator, trans.view.address);
    } else if (trans.references == 0) {
        fail(ProtocolRule::ReferenceCountZero, ProtocolSide::Initiator, trans.view.address);
    }
}

void ProtocolRules::begin(Transaction& known, const PayloadState& trans) {
    known.start = trans;
    known.time = 0;
    known.answered = false;
    known.data.clear();
    known.enables.clear();
    if (is_write(trans) && moves_data(trans)) {
        known.data.assign(trans.view.data, trans.view.data + trans.view.bytes);
    }
    if (trans.view.byte_enables != nullptr) {
        known.enables.assign(trans.view.byte_enables, trans.view.byte_enables + trans.view.byte_enable_length);
    }
}

void ProtocolRules::check_unchanged(const Transaction& known, const PayloadState& trans, ProtocolSide side) {
    const PayloadView& was = known.start.view;
    const PayloadView& is = trans.view;
    const std::uint64_t address = was.address;
    const auto changed = [&](bool yes, const char* what) {
        if (yes) {
            fail(ProtocolRule::AttributeChanged, side, address, what);
        }
        return yes;
    };
    bool arrays_gone = changed(known.start.command != trans.command, "command");
    arrays_gone |= changed(was.data != is.data, "data pointer");
    arrays_gone |= changed(was.bytes != is.bytes, "data length");
    changed(was.streaming_width != is.streaming_width, "streaming width");
    changed(known.start.option != trans.option, "generic payload option");
    bool enables_gone = changed(was.byte_enables != is.byte_enables, "byte enable pointer");
    enables_gone |= changed(was.byte_enable_length != is.byte_enable_length, "byte enable length");
    if (!enables_gone && !same(known.enables, is.byte_enables)) {
        fail(ProtocolRule::ByteEnablesChanged, side, address);
    }
    if (!arrays_gone && is_write(trans) && !same(known.data, is.data)) {
        fail(ProtocolRule::WriteDataChanged, side, address);
    }
    if (known.answered) {
        if (!arrays_gone && !is_write(trans) && !same(known.data, is.data)) {
            fail(ProtocolRule::ReadDataChanged, side, address);
        }
        if (trans.response != known.response || trans.dmi_allowed != known.dmi_allowed) {
            fail(ProtocolRule::ResponseChanged, side, address);
        }
    } else if (strict_ && trans.response != kIncomplete) {
        fail(ProtocolRule::ResponseEarly, ProtocolSide::Target, address);
    }
}

void ProtocolRules::check_response(Transaction& known, const PayloadState& trans) {
    if (trans.response == kIncomplete) {
        fail(ProtocolRule::ResponseMissing, ProtocolSide::Target, known.start.view.address);
    }
    known.answered = true;
    known.response = trans.response;
    known.dmi_allowed = trans.dmi_allowed;
    if (!is_write(trans) && moves_data(trans)) {
        known.data.assign(trans.view.data, trans.view.data + trans.view.bytes);
    }
}

void ProtocolRules::check_time(Transaction& known, ProtocolSide side, std::uint64_t time) {
    if (time < known.time) {
        fail(ProtocolRule::TimeGoesBack, side, known.start.view.address,
             std::to_string(time) + " after " + std::to_string(known.time) + ", in units of the time resolution");
    }
    known.time = std::max(known.time, time);
}

void ProtocolRules::finish(const void* id) {
    if (requesting_ == id) {
        requesting_ = nullptr;
    }
    if (responding_ == id) {
        responding_ = nullptr;
    }
    completed_ += transactions_.erase(id);
}

/// END_REQ or BEGIN_RESP, on the backward path or as a return value.
void ProtocolRules::target_phase(Transaction& known, const PayloadState& trans, ProtocolPhase phase) {
    const std::uint64_t address = known.start.view.address;
    const ProtocolPhase before = known.phase;
    if (phase == ProtocolPhase::EndReq) {
        check_unchanged(known, trans, ProtocolSide::Target);
        if (before != ProtocolPhase::BeginReq) {
            fail(ProtocolRule::OutOfSequence, ProtocolSide::Target, address, after(phase, before));
            return;
        }
    } else {
        if (before != ProtocolPhase::BeginReq && before != ProtocolPhase::EndReq) {
            fail(ProtocolRule::OutOfSequence, ProtocolSide::Target, address, after(phase, before));
            return;
        }
        check_response(known, trans);
        check_unchanged(known, trans, ProtocolSide::Target);
        if (responding_ != nullptr && responding_ != trans.id) {
            fail(ProtocolRule::ResponseExclusion, ProtocolSide::Target, address);
        }
        responding_ = trans.id;
    }
    if (requesting_ == trans.id) {
        requesting_ = nullptr;
    }
    known.phase = phase;
}

void ProtocolRules::forward_call(const PayloadState& trans, ProtocolPhase phase, std::uint64_t time) {
    if (phase == ProtocolPhase::Other) {
        return;
    }
    check_lifetime(trans);
    const std::uint64_t address = trans.view.address;
    Transaction* known = find(trans.id);
    if (phase == ProtocolPhase::BeginReq) {
        check_start(trans);
        if (known != nullptr && known->blocking_calls != 0) {
            fail(ProtocolRule::MixedInterfaces, ProtocolSide::Initiator, address);
        } else if (known != nullptr) {
            fail(ProtocolRule::OutOfSequence, ProtocolSide::Initiator, address, after(phase, known->phase));
        }
        if (requesting_ != nullptr && requesting_ != trans.id) {
            fail(ProtocolRule::RequestExclusion, ProtocolSide::Initiator, address);
        }
        requesting_ = trans.id;
        known = &transactions_[trans.id];
        begin(*known, trans);
        known->phase = phase;
        known->time = time;
        return;
    }
    if (phase != ProtocolPhase::EndResp) {
        fail(ProtocolRule::WrongPath, ProtocolSide::Initiator, address, std::string(name_of(phase)) + " forward");
        return;
    }
    if (known == nullptr) {
        fail(ProtocolRule::UnknownTransaction, ProtocolSide::Initiator, address, std::string(name_of(phase)));
        return;
    }
    check_unchanged(*known, trans, ProtocolSide::Initiator);
    check_time(*known, ProtocolSide::Initiator, time);
    if (known->phase != ProtocolPhase::BeginResp) {
        fail(ProtocolRule::OutOfSequence, ProtocolSide::Initiator, address, after(phase, known->phase));
        return;
    }
    finish(trans.id);
}

void ProtocolRules::forward_return(const void* id, const std::function<PayloadState()>& look,
                                   ProtocolPhase phase_before, ProtocolPhase phase, ProtocolSync sync,
                                   std::uint64_t time_before, std::uint64_t time) {
    if (phase_before == ProtocolPhase::Other) {
        return;
    }
    Transaction* known = find(id);
    const std::uint64_t address = known != nullptr ? known->start.view.address : 0;
    switch (sync) {
        case ProtocolSync::Accepted:
            if (phase != phase_before || time != time_before) {
                fail(ProtocolRule::AcceptedButChanged, ProtocolSide::Target, address);
            }
            // A transaction that calls on the backward path have ended in the meantime may be gone.
            if (known != nullptr && phase_before == ProtocolPhase::BeginReq) {
                check_unchanged(*known, look(), ProtocolSide::Target);
            }
            break;
        case ProtocolSync::Updated:
            if (phase_before != ProtocolPhase::BeginReq) {
                fail(ProtocolRule::WrongReturn, ProtocolSide::Target, address,
                     "TLM_UPDATED to " + std::string(name_of(phase_before)));
                break;
            }
            if (known == nullptr) {
                fail(ProtocolRule::UnknownTransaction, ProtocolSide::Target, address, "TLM_UPDATED after completion");
                break;
            }
            check_time(*known, ProtocolSide::Target, time);
            if (phase == ProtocolPhase::EndReq || phase == ProtocolPhase::BeginResp) {
                target_phase(*known, look(), phase);
            } else if (phase != ProtocolPhase::Other) {
                fail(ProtocolRule::WrongPath, ProtocolSide::Target, address,
                     std::string(name_of(phase)) + " as a return value of the forward path");
            }
            break;
        case ProtocolSync::Completed:
            if (phase_before != ProtocolPhase::BeginReq) {
                break;  // END_RESP: has ended the transaction already.
            }
            if (known == nullptr) {
                fail(ProtocolRule::UnknownTransaction, ProtocolSide::Target, address, "TLM_COMPLETED after completion");
                break;
            }
            check_time(*known, ProtocolSide::Target, time);
            {
                const PayloadState now = look();
                check_response(*known, now);
                check_unchanged(*known, now, ProtocolSide::Target);
            }
            finish(id);
            break;
    }
}

void ProtocolRules::backward_call(const PayloadState& trans, ProtocolPhase phase, std::uint64_t time) {
    if (phase == ProtocolPhase::Other) {
        return;
    }
    const std::uint64_t address = trans.view.address;
    if (phase != ProtocolPhase::EndReq && phase != ProtocolPhase::BeginResp) {
        fail(ProtocolRule::WrongPath, ProtocolSide::Target, address, std::string(name_of(phase)) + " backward");
        return;
    }
    Transaction* known = find(trans.id);
    if (known == nullptr) {
        fail(ProtocolRule::UnknownTransaction, ProtocolSide::Target, address, std::string(name_of(phase)));
        return;
    }
    check_lifetime(trans);
    if (known->blocking_calls != 0) {
        fail(ProtocolRule::MixedInterfaces, ProtocolSide::Target, address);
        return;
    }
    check_time(*known, ProtocolSide::Target, time);
    target_phase(*known, trans, phase);
}

void ProtocolRules::backward_return(const void* id, const std::function<PayloadState()>& look,
                                    ProtocolPhase phase_before, ProtocolPhase phase, ProtocolSync sync,
                                    std::uint64_t time_before, std::uint64_t time) {
    Transaction* known = find(id);
    if (phase_before == ProtocolPhase::Other || known == nullptr) {
        return;
    }
    const std::uint64_t address = known->start.view.address;
    switch (sync) {
        case ProtocolSync::Accepted:
            if (phase != phase_before || time != time_before) {
                fail(ProtocolRule::AcceptedButChanged, ProtocolSide::Initiator, address);
            }
            check_unchanged(*known, look(), ProtocolSide::Initiator);
            break;
        case ProtocolSync::Updated:
            check_time(*known, ProtocolSide::Initiator, time);
            if (phase == ProtocolPhase::Other) {
                break;
            }
            if (phase != ProtocolPhase::EndResp) {
                fail(ProtocolRule::WrongPath, ProtocolSide::Initiator, address,
                     std::string(name_of(phase)) + " as a return value of the backward path");
            } else if (known->phase != ProtocolPhase::BeginResp) {
                fail(ProtocolRule::OutOfSequence, ProtocolSide::Initiator, address, after(phase, known->phase));
            } else {
                finish(id);
            }
            break;
        case ProtocolSync::Completed:
            if (known->phase != ProtocolPhase::BeginResp) {
                fail(ProtocolRule::WrongReturn, ProtocolSide::Initiator, address,
                     "TLM_COMPLETED to " + std::string(name_of(phase_before)));
                break;
            }
            finish(id);
            break;
    }
}

void ProtocolRules::blocking_call(const PayloadState& trans, bool from_method) {
    const std::uint64_t address = trans.view.address;
    check_start(trans);
    if (trans.has_mm && trans.references == 0) {
        fail(ProtocolRule::ReferenceCountZero, ProtocolSide::Initiator, address);
    }
    if (from_method) {
        fail(ProtocolRule::BlockingFromMethod, ProtocolSide::Initiator, address);
    }
    Transaction* known = find(trans.id);
    if (known != nullptr) {
        fail(ProtocolRule::MixedInterfaces, ProtocolSide::Initiator, address,
             known->blocking_calls != 0 ? "in b_transport already" : "in nb_transport");
    }
    known = &transactions_[trans.id];
    begin(*known, trans);
    ++known->blocking_calls;
}

void ProtocolRules::blocking_return(const PayloadState& trans, std::uint64_t time_before, std::uint64_t time) {
    Transaction* known = find(trans.id);
    if (known == nullptr) {
        return;
    }
    const std::uint64_t address = known->start.view.address;
    known->time = time_before;
    check_time(*known, ProtocolSide::Target, time);
    check_response(*known, trans);
    check_unchanged(*known, trans, ProtocolSide::Target);
    if (!known->start.has_mm) {
        if (trans.has_mm) {
            fail(ProtocolRule::MemoryManagerLeft, ProtocolSide::Target, address);
        }
        if (trans.extensions > known->start.extensions) {
            fail(ProtocolRule::ExtensionLeft, ProtocolSide::Target, address);
        }
    }
    if (--known->blocking_calls == 0) {
        finish(trans.id);
    }
}

void ProtocolRules::debug_call(const PayloadState& trans) {
    if (trans.view.bytes != 0 && trans.view.data == nullptr) {
        fail(ProtocolRule::DebugNoData, ProtocolSide::Initiator, trans.view.address);
    }
}

void ProtocolRules::debug_return(const PayloadState& trans, unsigned count) {
    if (count > trans.view.bytes) {
        fail(ProtocolRule::DebugCount, ProtocolSide::Target, trans.view.address,
             std::to_string(count) + " of " + std::to_string(trans.view.bytes));
    }
}

void ProtocolRules::dmi_call(const PayloadState& trans, const Dmi& dmi) {
    if (dmi.granted_any || dmi.has_pointer || dmi.start != 0 || dmi.end != ~0ULL || dmi.has_latency) {
        fail(ProtocolRule::DmiDescriptorAtStart, ProtocolSide::Initiator, trans.view.address);
    }
}

void ProtocolRules::dmi_return(const PayloadState& trans, const Dmi& dmi, bool granted) {
    const auto wrong = [&](const char* what) {
        fail(ProtocolRule::DmiDescriptor, ProtocolSide::Target, trans.view.address, what);
    };
    if (dmi.end < dmi.start) {
        wrong("the range ends before it starts");
    }
    if (!granted) {
        return;
    }
    if (!dmi.granted_any) {
        wrong("granted, with access none");
    }
    if (!dmi.has_pointer) {
        wrong("granted, without a pointer");
    }
    // The address asked for has been translated on the way, if at all, together with the range.
    if (trans.view.address < dmi.start || trans.view.address > dmi.end) {
        wrong("granted, and the address is outside of the range");
    }
}

void ProtocolRules::dmi_invalidate(std::uint64_t start, std::uint64_t end) {
    if (end < start) {
        fail(ProtocolRule::DmiInvalidate, ProtocolSide::Target, start);
    }
}

}  // namespace dmasim
