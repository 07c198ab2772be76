// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/register_target.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dmasim/tlm/payload_view.h"

namespace dmasim {

namespace {

/// Of the widest register.
constexpr std::uint32_t kMostBytes = 4;

/// What is wrong with the shape of an access, not with its address.
Response check_shape(const PayloadView& view, std::uint32_t word) {
    if (view.bytes != word && view.bytes != 2 * word) {
        return Response::BurstError;
    }
    if (view.streaming_width < view.bytes) {
        return Response::BurstError;
    }
    if (const Response response = check(view); response != Response::Ok) {
        return response;
    }
    return view.address % view.bytes == 0 ? Response::Ok : Response::AddressError;
}

}  // namespace

RegisterTarget::RegisterTarget(const sc_core::sc_module_name& name, TargetSocketBase& socket, const ClockDomain& domain,
                               RegisterFile& registers, std::uint32_t latency_cycles)
    : sc_module(name),
      socket_(socket),
      domain_(domain),
      registers_(registers),
      latency_(domain.time_of(Cycles{latency_cycles})),
      request_event_("request_event"),
      response_event_("response_event") {
    socket_.get_base_export()(*this);
    SC_HAS_PROCESS(RegisterTarget);
    SC_METHOD(serve);
    sensitive << request_event_;
    dont_initialize();
    SC_METHOD(respond);
    sensitive << response_event_;
    dont_initialize();
}

RegisterTarget::~RegisterTarget() = default;

Response RegisterTarget::access(tlm::tlm_generic_payload& trans, Cycles at) {
    const PayloadView view = view_of(trans);
    if (view.ignore) {
        return Response::Ok;
    }
    const std::uint32_t word = registers_.register_bytes();
    if (const Response response = check_shape(view, word); response != Response::Ok) {
        return response;
    }
    // Both registers of a pair or none: look before writing.
    for (std::uint32_t offset = 0; offset < view.bytes; offset += word) {
        std::uint32_t ignored = 0;
        if (const Response response = registers_.peek(view.address + offset, ignored); response != Response::Ok) {
            return response;
        }
    }
    for (std::uint32_t offset = 0; offset < view.bytes; offset += word) {
        unsigned enables = 0;
        for (std::uint32_t byte = 0; byte < word; ++byte) {
            enables |= view.enabled(offset + byte) ? 1U << byte : 0U;
        }
        if (enables == 0) {
            continue;
        }
        std::array<std::uint8_t, kMostBytes> bytes{};
        std::uint32_t value = 0;
        Response response = Response::Ok;
        if (view.access == Access::Write) {
            std::memcpy(&value, view.data + offset, word);
            response = registers_.write(view.address + offset, value, static_cast<std::uint8_t>(enables), at);
        } else {
            response = registers_.read(view.address + offset, value, at);
            std::memcpy(bytes.data(), &value, word);
            for (std::uint32_t byte = 0; byte < word; ++byte) {
                if ((enables >> byte & 1U) != 0) {
                    view.data[offset + byte] = bytes[byte];
                }
            }
        }
        if (response != Response::Ok) {
            return response;
        }
    }
    return Response::Ok;
}

void RegisterTarget::b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) {
    if (delay != sc_core::SC_ZERO_TIME) {
        sc_core::wait(delay);
    }
    answer(trans, access(trans, domain_.stamp_of(sc_core::sc_time_stamp())));
    delay = latency_;
}

tlm::tlm_sync_enum RegisterTarget::nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                                   sc_core::sc_time& delay) {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    if (phase == tlm::BEGIN_REQ) {
        if (trans.has_mm()) {
            trans.acquire();
        }
        const sc_core::sc_time time = now + delay;
        const auto later = std::find_if(requests_.begin(), requests_.end(),
                                        [&](const Pending& pending) { return pending.time > time; });
        requests_.insert(later, Pending{&trans, time});
        request_event_.notify(requests_.front().time - now);
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    }
    if (phase == tlm::END_RESP && responding_ && responses_.front().trans == &trans) {
        finish_response(delay);
        return tlm::TLM_COMPLETED;
    }
    // Ignorable phases, and calls that the protocol does not allow: without effect.
    return tlm::TLM_ACCEPTED;
}

void RegisterTarget::serve() {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    while (!requests_.empty() && requests_.front().time <= now) {
        const Pending request = requests_.front();
        requests_.pop_front();
        answer(*request.trans, access(*request.trans, domain_.stamp_of(now)));
        responses_.push_back(Pending{request.trans, now + latency_});
        if (responses_.size() == 1) {
            response_event_.notify(latency_);
        }
    }
    if (!requests_.empty()) {
        request_event_.notify(requests_.front().time - now);
    }
}

void RegisterTarget::respond() {
    if (responding_ || responses_.empty()) {
        return;
    }
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    const sc_core::sc_time earliest = std::max(responses_.front().time, may_respond_at_);
    if (earliest > now) {
        response_event_.notify(earliest - now);
        return;
    }
    responding_ = true;
    tlm::tlm_generic_payload& trans = *responses_.front().trans;
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum status = socket_.get_base_port()->nb_transport_bw(trans, phase, delay);
    // The initiator may have sent END_RESP within the call.
    const bool ended = status == tlm::TLM_COMPLETED || (status == tlm::TLM_UPDATED && phase == tlm::END_RESP);
    if (ended && responding_ && responses_.front().trans == &trans) {
        finish_response(delay);
    }
}

void RegisterTarget::finish_response(const sc_core::sc_time& delay) {
    tlm::tlm_generic_payload& trans = *responses_.front().trans;
    responses_.pop_front();
    responding_ = false;
    may_respond_at_ = sc_core::sc_time_stamp() + delay;
    if (trans.has_mm()) {
        trans.release();
    }
    if (!responses_.empty()) {
        response_event_.notify(delay);
    }
}

unsigned RegisterTarget::transport_dbg(tlm::tlm_generic_payload& trans) {
    const PayloadView view = view_of(trans);
    const std::uint32_t word = registers_.register_bytes();
    if (view.ignore || view.access == Access::Write || view.data == nullptr || view.address % word != 0) {
        return 0;
    }
    unsigned count = 0;
    for (; count + word <= view.bytes; count += word) {
        std::uint32_t value = 0;
        if (registers_.peek(view.address + count, value) != Response::Ok) {
            break;
        }
        std::memcpy(view.data + count, &value, word);
    }
    return count;
}

bool RegisterTarget::get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
    // Refused for all addresses and both directions.
    dmi.allow_read_write();
    dmi.set_start_address(0);
    dmi.set_end_address(~sc_dt::uint64{0});
    return false;
}

}  // namespace dmasim
