// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/protocol_monitor.h"

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

#include <gmock/gmock.h>

#include "dmasim/tlm/payload_pool.h"

#include "support/sim_test.h"

namespace dmasim {
namespace {

using sc_core::sc_time;
using sc_core::SC_ZERO_TIME;
using tlm::tlm_generic_payload;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

/// An initiator and a target that do what a test tells them to, with a monitor between them.
class Bench final : public sc_core::sc_module, private tlm::tlm_fw_transport_if<>, private tlm::tlm_bw_transport_if<> {
  public:
    using Nb = std::function<tlm_sync_enum(tlm_generic_payload&, tlm_phase&, sc_time&)>;

    Bench(const sc_core::sc_module_name& name, bool strict, bool listen = true)
        : sc_module(name), initiator("initiator"), target("target"), monitor("monitor", options(strict, listen)) {
        initiator.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
        target.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
        initiator.bind(monitor.target_socket);
        monitor.initiator_socket.bind(target);
        SC_HAS_PROCESS(Bench);
        SC_METHOD(method);
        sensitive << run_in_method;
        dont_initialize();
        trans = &fresh();
    }
    ~Bench() override {
        for (tlm_generic_payload* used : used_) {
            if (used->get_ref_count() > 0) {
                used->release();
            }
        }
    }

    tlm::tlm_initiator_socket<> initiator;
    tlm::tlm_target_socket<> target;
    ProtocolMonitor monitor;
    std::vector<ProtocolViolation> seen;
    sc_core::sc_event run_in_method;
    std::function<void()> in_method;

    // What the two sides do; correct at first.
    Nb on_fw = [](tlm_generic_payload&, tlm_phase&, sc_time&) { return tlm::TLM_ACCEPTED; };
    Nb on_bw = [](tlm_generic_payload&, tlm_phase&, sc_time&) { return tlm::TLM_ACCEPTED; };
    std::function<void(tlm_generic_payload&, sc_time&)> on_b = [](tlm_generic_payload& gp, sc_time&) {
        gp.set_response_status(tlm::TLM_OK_RESPONSE);
    };
    std::function<unsigned(tlm_generic_payload&)> on_dbg = [](tlm_generic_payload& gp) { return gp.get_data_length(); };
    std::function<bool(tlm_generic_payload&, tlm::tlm_dmi&)> on_dmi = [](tlm_generic_payload&, tlm::tlm_dmi&) {
        return false;
    };

    tlm_generic_payload* trans;
    std::array<std::uint8_t, 16> data{};
    std::array<std::uint8_t, 16> enables{};

    tlm_generic_payload& fresh() {
        tlm_generic_payload& gp = pool_.acquire();
        used_.push_back(&gp);
        gp.set_command(tlm::TLM_READ_COMMAND);
        gp.set_data_ptr(data.data());
        gp.set_data_length(16);
        gp.set_streaming_width(16);
        return gp;
    }

    tlm_sync_enum fw(tlm_generic_payload& gp, unsigned phase, sc_time delay = SC_ZERO_TIME) {
        tlm_phase value(phase);
        return initiator->nb_transport_fw(gp, value, delay);
    }
    tlm_sync_enum bw(tlm_generic_payload& gp, unsigned phase, sc_time delay = SC_ZERO_TIME) {
        tlm_phase value(phase);
        return target->nb_transport_bw(gp, value, delay);
    }
    tlm_sync_enum begin_resp(tlm_generic_payload& gp, sc_time delay = SC_ZERO_TIME) {
        gp.set_response_status(tlm::TLM_OK_RESPONSE);
        return bw(gp, tlm::BEGIN_RESP, delay);
    }
    void b(tlm_generic_payload& gp, sc_time delay = SC_ZERO_TIME) { initiator->b_transport(gp, delay); }

  private:
    ProtocolMonitorOptions options(bool strict, bool listen) {
        ProtocolMonitorOptions result;
        result.strict = strict;
        if (listen) {
            result.on_violation = [this](const ProtocolViolation& violation) { seen.push_back(violation); };
        }
        return result;
    }
    void method() { in_method(); }
    tlm_sync_enum nb_transport_fw(tlm_generic_payload& gp, tlm_phase& phase, sc_time& delay) override {
        return on_fw(gp, phase, delay);
    }
    tlm_sync_enum nb_transport_bw(tlm_generic_payload& gp, tlm_phase& phase, sc_time& delay) override {
        return on_bw(gp, phase, delay);
    }
    void b_transport(tlm_generic_payload& gp, sc_time& delay) override { on_b(gp, delay); }
    unsigned transport_dbg(tlm_generic_payload& gp) override { return on_dbg(gp); }
    bool get_direct_mem_ptr(tlm_generic_payload& gp, tlm::tlm_dmi& dmi) override { return on_dmi(gp, dmi); }
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

    PayloadPool pool_;
    std::vector<tlm_generic_payload*> used_;
};

struct Foreign : tlm::tlm_extension<Foreign> {
    tlm_extension_base* clone() const override { return new Foreign; }
    void copy_from(const tlm_extension_base&) override {}
};

sc_time ns(unsigned value) {
    return sc_time(value, sc_core::SC_NS);
}

struct Case {
    const char* name;
    std::set<ProtocolRule> rules;  ///< Exactly these must be reported.
    std::function<void(Bench&)> run;
    bool strict = false;
};

using Rule = ProtocolRule;

/// A start state that is wrong in one attribute, over both interfaces.
void wrong_start(std::vector<Case>& cases, const char* name, Rule rule, void (*spoil)(Bench&, tlm_generic_payload&)) {
    cases.push_back({name, {rule}, [spoil](Bench& bench) {
                         spoil(bench, *bench.trans);
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({name, {rule}, [spoil](Bench& bench) {
                         bench.on_b = [](tlm_generic_payload& gp, sc_time&) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                         };
                         spoil(bench, *bench.trans);
                         bench.b(*bench.trans);
                     }});
}

/// Something changed by the target between BEGIN_REQ and END_REQ, by the initiator before END_RESP, and in b_transport.
void changed(std::vector<Case>& cases, const char* name, Rule rule, void (*prepare)(Bench&),
             void (*spoil)(Bench&, tlm_generic_payload&)) {
    cases.push_back({name, {rule}, [=](Bench& bench) {
                         prepare(bench);
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         spoil(bench, *bench.trans);
                         bench.bw(*bench.trans, tlm::END_REQ);
                     }});
    cases.push_back({name, {rule}, [=](Bench& bench) {
                         prepare(bench);
                         bench.on_fw = [&bench, spoil](tlm_generic_payload& gp, tlm_phase&, sc_time&) {
                             spoil(bench, gp);
                             return tlm::TLM_ACCEPTED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({name, {rule}, [=](Bench& bench) {
                         prepare(bench);
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         spoil(bench, *bench.trans);
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back({name, {rule}, [=](Bench& bench) {
                         prepare(bench);
                         bench.on_b = [&bench, spoil](tlm_generic_payload& gp, sc_time&) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             spoil(bench, gp);
                         };
                         bench.b(*bench.trans);
                     }});
}

void nothing(Bench&) {}
void make_write(Bench& bench) {
    bench.trans->set_command(tlm::TLM_WRITE_COMMAND);
}
void make_enables(Bench& bench) {
    bench.trans->set_byte_enable_ptr(bench.enables.data());
    bench.trans->set_byte_enable_length(16);
}

std::vector<Case> mutants() {
    std::vector<Case> cases;
    wrong_start(cases, "no data", Rule::NoDataPointer,
                [](Bench&, tlm_generic_payload& gp) { gp.set_data_ptr(nullptr); });
    wrong_start(cases, "length 0", Rule::ZeroLength, [](Bench&, tlm_generic_payload& gp) { gp.set_data_length(0); });
    wrong_start(cases, "streaming width 0", Rule::ZeroStreamingWidth,
                [](Bench&, tlm_generic_payload& gp) { gp.set_streaming_width(0); });
    wrong_start(cases, "byte enable length 0", Rule::ZeroByteEnableLength,
                [](Bench& bench, tlm_generic_payload& gp) { gp.set_byte_enable_ptr(bench.enables.data()); });
    wrong_start(cases, "command 3", Rule::UnknownCommand,
                [](Bench&, tlm_generic_payload& gp) { gp.set_command(static_cast<tlm::tlm_command>(3)); });
    wrong_start(cases, "DMI hint", Rule::DmiHintAtStart,
                [](Bench&, tlm_generic_payload& gp) { gp.set_dmi_allowed(true); });
    wrong_start(cases, "response", Rule::ResponseAtStart,
                [](Bench&, tlm_generic_payload& gp) { gp.set_response_status(tlm::TLM_OK_RESPONSE); });
    wrong_start(cases, "option", Rule::GenericPayloadOption,
                [](Bench&, tlm_generic_payload& gp) { gp.set_gp_option(tlm::TLM_FULL_PAYLOAD); });

    changed(cases, "command changed", Rule::AttributeChanged, nothing,
            [](Bench&, tlm_generic_payload& gp) { gp.set_command(tlm::TLM_IGNORE_COMMAND); });
    changed(cases, "length changed", Rule::AttributeChanged, nothing,
            [](Bench&, tlm_generic_payload& gp) { gp.set_data_length(8); });
    changed(cases, "data pointer changed", Rule::AttributeChanged, nothing,
            [](Bench& bench, tlm_generic_payload& gp) { gp.set_data_ptr(bench.enables.data()); });
    changed(cases, "streaming width changed", Rule::AttributeChanged, nothing,
            [](Bench&, tlm_generic_payload& gp) { gp.set_streaming_width(8); });
    changed(cases, "option changed", Rule::AttributeChanged, nothing,
            [](Bench&, tlm_generic_payload& gp) { gp.set_gp_option(tlm::TLM_FULL_PAYLOAD_ACCEPTED); });
    changed(cases, "byte enable pointer changed", Rule::AttributeChanged, make_enables,
            [](Bench&, tlm_generic_payload& gp) { gp.set_byte_enable_ptr(nullptr); });
    changed(cases, "byte enable length changed", Rule::AttributeChanged, make_enables,
            [](Bench&, tlm_generic_payload& gp) { gp.set_byte_enable_length(8); });
    changed(cases, "write data changed", Rule::WriteDataChanged, make_write,
            [](Bench& bench, tlm_generic_payload&) { bench.data[15] ^= 1; });
    changed(cases, "byte enables changed", Rule::ByteEnablesChanged, make_enables,
            [](Bench& bench, tlm_generic_payload&) { bench.enables[15] ^= 1; });

    // The two rules that only nb_transport has.
    cases.push_back({"no memory manager", {Rule::NoMemoryManager}, [](Bench& bench) {
                         bench.trans->release();
                         bench.trans->set_mm(nullptr);
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"reference count 0", {Rule::ReferenceCountZero}, [](Bench& bench) {
                         bench.trans->release();
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"reference count 0 in b_transport", {Rule::ReferenceCountZero}, [](Bench& bench) {
                         bench.trans->release();
                         bench.b(*bench.trans);
                     }});

    for (const tlm::tlm_phase_enum phase : {tlm::END_REQ, tlm::BEGIN_RESP, tlm::UNINITIALIZED_PHASE}) {
        cases.push_back({"phase forward", {Rule::WrongPath}, [phase](Bench& bench) {
                             bench.fw(*bench.trans, tlm::BEGIN_REQ);
                             bench.fw(*bench.trans, phase);
                         }});
    }
    for (const tlm::tlm_phase_enum phase : {tlm::BEGIN_REQ, tlm::END_RESP, tlm::UNINITIALIZED_PHASE}) {
        cases.push_back({"phase backward", {Rule::WrongPath}, [phase](Bench& bench) {
                             bench.fw(*bench.trans, tlm::BEGIN_REQ);
                             bench.bw(*bench.trans, phase);
                         }});
        cases.push_back({"phase as forward return", {Rule::WrongPath}, [phase](Bench& bench) {
                             bench.on_fw = [phase](tlm_generic_payload&, tlm_phase& value, sc_time&) {
                                 value = phase;
                                 return tlm::TLM_UPDATED;
                             };
                             bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         }});
    }
    for (const tlm::tlm_phase_enum phase : {tlm::BEGIN_REQ, tlm::END_REQ, tlm::BEGIN_RESP}) {
        cases.push_back({"phase as backward return", {Rule::WrongPath}, [phase](Bench& bench) {
                             bench.on_bw = [phase](tlm_generic_payload&, tlm_phase& value, sc_time&) {
                                 value = phase;
                                 return tlm::TLM_UPDATED;
                             };
                             bench.fw(*bench.trans, tlm::BEGIN_REQ);
                             bench.begin_resp(*bench.trans);
                         }});
    }
    cases.push_back({"BEGIN_REQ twice", {Rule::OutOfSequence}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"END_REQ twice", {Rule::OutOfSequence}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                     }});
    cases.push_back({"END_REQ after BEGIN_RESP", {Rule::OutOfSequence}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.bw(*bench.trans, tlm::END_REQ);
                     }});
    cases.push_back({"BEGIN_RESP twice", {Rule::OutOfSequence}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.begin_resp(*bench.trans);
                     }});
    cases.push_back({"END_RESP before BEGIN_RESP", {Rule::OutOfSequence}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back({"END_RESP as an answer to END_REQ", {Rule::OutOfSequence}, [](Bench& bench) {
                         bench.on_bw = [](tlm_generic_payload&, tlm_phase& phase, sc_time&) {
                             phase = tlm::END_RESP;
                             return tlm::TLM_UPDATED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                     }});
    cases.push_back({"END_RESP twice", {Rule::UnknownTransaction}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.fw(*bench.trans, tlm::END_RESP);
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back(
        {"response of nothing", {Rule::UnknownTransaction}, [](Bench& bench) { bench.begin_resp(*bench.trans); }});
    cases.push_back({"response after early completion", {Rule::UnknownTransaction}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload& gp, tlm_phase&, sc_time&) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             return tlm::TLM_COMPLETED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                     }});
    cases.push_back({"completed on both paths", {Rule::UnknownTransaction}, [](Bench& bench) {
                         bench.on_bw = [](tlm_generic_payload&, tlm_phase&, sc_time&) { return tlm::TLM_COMPLETED; };
                         bench.on_fw = [&bench](tlm_generic_payload& gp, tlm_phase&, sc_time&) {
                             bench.begin_resp(gp);
                             return tlm::TLM_COMPLETED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"two requests", {Rule::RequestExclusion}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.fw(bench.fresh(), tlm::BEGIN_REQ);
                     }});
    cases.push_back({"two responses", {Rule::ResponseExclusion}, [](Bench& bench) {
                         tlm_generic_payload& other = bench.fresh();
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                         bench.fw(other, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.begin_resp(other);
                     }});
    cases.push_back({"a response on the return path during another", {Rule::ResponseExclusion}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.on_fw = [](tlm_generic_payload& gp, tlm_phase& phase, sc_time&) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             phase = tlm::BEGIN_RESP;
                             return tlm::TLM_UPDATED;
                         };
                         bench.fw(bench.fresh(), tlm::BEGIN_REQ);
                     }});
    cases.push_back({"TLM_UPDATED to END_RESP", {Rule::WrongReturn}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.on_fw = [](tlm_generic_payload&, tlm_phase&, sc_time&) { return tlm::TLM_UPDATED; };
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back({"TLM_COMPLETED to END_REQ", {Rule::WrongReturn}, [](Bench& bench) {
                         bench.on_bw = [](tlm_generic_payload&, tlm_phase&, sc_time&) { return tlm::TLM_COMPLETED; };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                     }});
    cases.push_back({"phase changed, accepted", {Rule::AcceptedButChanged}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload&, tlm_phase& phase, sc_time&) {
                             phase = tlm::END_REQ;
                             return tlm::TLM_ACCEPTED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"delay changed, accepted", {Rule::AcceptedButChanged}, [](Bench& bench) {
                         bench.on_bw = [](tlm_generic_payload&, tlm_phase&, sc_time& delay) {
                             delay += ns(1);
                             return tlm::TLM_ACCEPTED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                     }});
    cases.push_back({"time goes back on the return path", {Rule::TimeGoesBack}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload&, tlm_phase& phase, sc_time& delay) {
                             phase = tlm::END_REQ;
                             delay = ns(4);
                             return tlm::TLM_UPDATED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ, ns(5));
                     }});
    cases.push_back({"time goes back, backward", {Rule::TimeGoesBack}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ, ns(5));
                         bench.bw(*bench.trans, tlm::END_REQ, ns(4));
                     }});
    cases.push_back({"time goes back, forward", {Rule::TimeGoesBack}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans, ns(5));
                         bench.fw(*bench.trans, tlm::END_RESP, ns(4));
                     }});
    cases.push_back({"time goes back, early completion", {Rule::TimeGoesBack}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload& gp, tlm_phase&, sc_time& delay) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             delay = SC_ZERO_TIME;
                             return tlm::TLM_COMPLETED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ, ns(5));
                     }});
    cases.push_back({"time goes back, b_transport", {Rule::TimeGoesBack}, [](Bench& bench) {
                         bench.on_b = [](tlm_generic_payload& gp, sc_time& delay) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             delay = ns(4);
                         };
                         bench.b(*bench.trans, ns(5));
                     }});
    cases.push_back({"read data changed", {Rule::ReadDataChanged}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.data[3] = 1;
                         bench.begin_resp(*bench.trans);
                         bench.data[3] = 2;
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back({"response changed", {Rule::ResponseChanged}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.trans->set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back({"no response, backward", {Rule::ResponseMissing}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::BEGIN_RESP);
                     }});
    cases.push_back({"no response, return path", {Rule::ResponseMissing}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload&, tlm_phase& phase, sc_time&) {
                             phase = tlm::BEGIN_RESP;
                             return tlm::TLM_UPDATED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"no response, early completion", {Rule::ResponseMissing}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload&, tlm_phase&, sc_time&) { return tlm::TLM_COMPLETED; };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                     }});
    cases.push_back({"no response, b_transport", {Rule::ResponseMissing}, [](Bench& bench) {
                         bench.on_b = [](tlm_generic_payload&, sc_time&) {};
                         bench.b(*bench.trans);
                     }});
    const auto early = [](Bench& bench) {
        bench.fw(*bench.trans, tlm::BEGIN_REQ);
        bench.trans->set_response_status(tlm::TLM_OK_RESPONSE);
        bench.bw(*bench.trans, tlm::END_REQ);
    };
    cases.push_back({"response early, strict", {Rule::ResponseEarly}, early, true});
    cases.push_back({"response early", {}, early});
    cases.push_back({"extension left", {Rule::ExtensionLeft}, [](Bench& bench) {
                         bench.trans->release();
                         bench.trans->set_mm(nullptr);
                         bench.on_b = [](tlm_generic_payload& gp, sc_time&) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             gp.set_extension(new Foreign);
                         };
                         bench.b(*bench.trans);
                         bench.trans->release_extension<Foreign>();
                     }});
    cases.push_back({"memory manager left", {Rule::MemoryManagerLeft}, [](Bench& bench) {
                         static PayloadPool other;
                         bench.trans->release();
                         bench.trans->set_mm(nullptr);
                         bench.on_b = [](tlm_generic_payload& gp, sc_time&) {
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             gp.set_mm(&other);
                         };
                         bench.b(*bench.trans);
                     }});
    cases.push_back({"b_transport from a method", {Rule::BlockingFromMethod}, [](Bench& bench) {
                         bench.in_method = [&bench] { bench.b(*bench.trans); };
                         bench.run_in_method.notify();
                         sc_core::sc_start(SC_ZERO_TIME);
                     }});
    cases.push_back({"b_transport during nb_transport", {Rule::MixedInterfaces}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.b(*bench.trans);
                     }});
    cases.push_back({"nb_transport during b_transport", {Rule::MixedInterfaces}, [](Bench& bench) {
                         bench.on_b = [&bench](tlm_generic_payload& gp, sc_time&) {
                             bench.fw(gp, tlm::BEGIN_REQ);
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                         };
                         bench.b(*bench.trans);
                     }});
    cases.push_back({"END_REQ for b_transport", {Rule::MixedInterfaces}, [](Bench& bench) {
                         bench.on_b = [&bench](tlm_generic_payload& gp, sc_time&) {
                             bench.bw(gp, tlm::END_REQ);
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                         };
                         bench.b(*bench.trans);
                     }});
    cases.push_back({"debug count", {Rule::DebugCount}, [](Bench& bench) {
                         bench.on_dbg = [](tlm_generic_payload& gp) { return gp.get_data_length() + 1; };
                         bench.initiator->transport_dbg(*bench.trans);
                     }});
    cases.push_back({"debug without data", {Rule::DebugNoData}, [](Bench& bench) {
                         bench.trans->set_data_ptr(nullptr);
                         bench.initiator->transport_dbg(*bench.trans);
                     }});
    cases.push_back({"DMI descriptor used before", {Rule::DmiDescriptorAtStart}, [](Bench& bench) {
                         tlm::tlm_dmi dmi;
                         dmi.set_start_address(4);
                         bench.initiator->get_direct_mem_ptr(*bench.trans, dmi);
                     }});
    cases.push_back({"DMI without pointer", {Rule::DmiDescriptor}, [](Bench& bench) {
                         bench.on_dmi = [](tlm_generic_payload&, tlm::tlm_dmi& dmi) {
                             dmi.allow_read();
                             return true;
                         };
                         tlm::tlm_dmi dmi;
                         bench.initiator->get_direct_mem_ptr(*bench.trans, dmi);
                     }});
    cases.push_back({"DMI elsewhere", {Rule::DmiDescriptor}, [](Bench& bench) {
                         bench.on_dmi = [&bench](tlm_generic_payload&, tlm::tlm_dmi& dmi) {
                             dmi.allow_read();
                             dmi.set_dmi_ptr(bench.data.data());
                             dmi.set_start_address(1);
                             dmi.set_end_address(15);
                             return true;
                         };
                         tlm::tlm_dmi dmi;
                         bench.initiator->get_direct_mem_ptr(*bench.trans, dmi);
                     }});
    cases.push_back({"DMI invalidation backwards", {Rule::DmiInvalidate}, [](Bench& bench) {
                         bench.target->invalidate_direct_mem_ptr(8, 7);
                     }});
    return cases;
}

std::vector<Case> correct() {
    std::vector<Case> cases;
    cases.push_back({"four phases", {}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ, ns(1));
                         bench.bw(*bench.trans, tlm::END_REQ, ns(1));
                         bench.begin_resp(*bench.trans, ns(7));
                         bench.fw(*bench.trans, tlm::END_RESP, ns(7));
                         bench.trans->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);  // The payload again.
                         bench.begin_resp(*bench.trans);
                         bench.fw(*bench.trans, tlm::END_RESP);
                     }});
    cases.push_back({"return paths", {}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload&, tlm_phase& phase, sc_time& delay) {
                             phase = tlm::END_REQ;
                             delay += ns(3);
                             return tlm::TLM_UPDATED;
                         };
                         bench.on_bw = [](tlm_generic_payload&, tlm_phase& phase, sc_time& delay) {
                             phase = tlm::END_RESP;
                             delay += ns(3);
                             return tlm::TLM_UPDATED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans, ns(3));
                     }});
    cases.push_back({"response on the return path", {}, [](Bench& bench) {
                         bench.on_fw = [](tlm_generic_payload& gp, tlm_phase& phase, sc_time& delay) {
                             if (phase == tlm::END_RESP) {
                                 return tlm::TLM_COMPLETED;
                             }
                             gp.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
                             phase = tlm::BEGIN_RESP;
                             delay += ns(3);
                             return tlm::TLM_UPDATED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.fw(*bench.trans, tlm::END_RESP, ns(3));
                     }});
    cases.push_back({"completed by the initiator, which frees the payload", {}, [](Bench& bench) {
                         bench.on_bw = [](tlm_generic_payload& gp, tlm_phase&, sc_time&) {
                             gp.set_data_length(1);  // Nobody's business any more.
                             return tlm::TLM_COMPLETED;
                         };
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                     }});
    cases.push_back({"pipelined", {}, [](Bench& bench) {
                         tlm_generic_payload& other = bench.fresh();
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, tlm::END_REQ);
                         bench.fw(other, tlm::BEGIN_REQ);
                         bench.begin_resp(*bench.trans);
                         bench.fw(*bench.trans, tlm::END_RESP);
                         bench.begin_resp(other);
                         bench.fw(other, tlm::END_RESP);
                     }});
    cases.push_back({"blocking", {}, [](Bench& bench) {
                         bench.trans->release();
                         bench.trans->set_mm(nullptr);
                         bench.on_b = [&bench](tlm_generic_payload& gp, sc_time& delay) {
                             bench.data[0] = 1;
                             gp.set_response_status(tlm::TLM_OK_RESPONSE);
                             gp.set_dmi_allowed(true);
                             delay += ns(3);
                         };
                         bench.b(*bench.trans, ns(2));
                     }});
    cases.push_back({"ignorable phases", {}, [](Bench& bench) {
                         bench.fw(*bench.trans, tlm::BEGIN_REQ);
                         bench.bw(*bench.trans, 17);
                         bench.fw(*bench.trans, 17);
                     }});
    cases.push_back({"ignored command without data", {}, [](Bench& bench) {
                         bench.trans->set_command(tlm::TLM_IGNORE_COMMAND);
                         bench.trans->set_data_ptr(nullptr);
                         bench.trans->set_data_length(0);
                         bench.b(*bench.trans);
                     }});
    cases.push_back({"debug and DMI", {}, [](Bench& bench) {
                         bench.initiator->transport_dbg(*bench.trans);
                         tlm::tlm_dmi dmi;
                         bench.initiator->get_direct_mem_ptr(*bench.trans, dmi);
                         dmi.init();
                         bench.on_dmi = [&bench](tlm_generic_payload&, tlm::tlm_dmi& grant) {
                             grant.allow_read();
                             grant.set_dmi_ptr(bench.data.data());
                             grant.set_end_address(15);
                             return true;
                         };
                         bench.initiator->get_direct_mem_ptr(*bench.trans, dmi);
                         bench.target->invalidate_direct_mem_ptr(7, 7);
                     }});
    return cases;
}

void run_all(const std::vector<Case>& cases) {
    std::vector<std::unique_ptr<Bench>> benches;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        benches.push_back(std::make_unique<Bench>(("bench_" + std::to_string(i)).c_str(), cases[i].strict));
    }
    sc_core::sc_start(SC_ZERO_TIME);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        cases[i].run(*benches[i]);
        std::set<ProtocolRule> found;
        std::string text;
        for (const ProtocolViolation& violation : benches[i]->seen) {
            found.insert(violation.rule);
            text += std::string(info_of(violation.rule).name) + " (" + violation.detail + ") ";
        }
        EXPECT_EQ(found, cases[i].rules) << "case " << i << ": " << cases[i].name << ": " << text;
        EXPECT_EQ(benches[i]->monitor.violations(), benches[i]->seen.size());
    }
}

SIM_TEST(ProtocolMonitor, CatchesEveryMutant) {
    const std::vector<Case> cases = mutants();
    std::set<ProtocolRule> covered;
    for (const Case& one : cases) {
        covered.insert(one.rules.begin(), one.rules.end());
    }
    for (unsigned i = 0; i < kProtocolRules; ++i) {
        EXPECT_TRUE(covered.count(static_cast<ProtocolRule>(i)) == 1) << info_of(static_cast<ProtocolRule>(i)).name;
    }
    run_all(cases);
}

SIM_TEST(ProtocolMonitor, StaysSilentWhenNothingIsWrong) {
    run_all(correct());
}

SIM_TEST(ProtocolMonitor, ReportsAnErrorWhenNobodyListens) {
    Bench bench("bench", false, false);
    sc_core::sc_start(SC_ZERO_TIME);
    bench.trans->set_address(0xABC);
    bench.on_b = [](tlm_generic_payload&, sc_time&) {};
    const test::ExpectReport report("/dmasim/tlm/protocol");
    EXPECT_THROW(bench.b(*bench.trans), sc_core::sc_report);
    EXPECT_THAT(report.last_text(), ::testing::HasSubstr("bench.monitor: the target breaks the base protocol"));
    EXPECT_THAT(report.last_text(), ::testing::HasSubstr("0xabc"));
    EXPECT_THAT(report.last_text(), ::testing::HasSubstr("response_missing, IEEE 1666-2011, 14.17"));
}

}  // namespace
}  // namespace dmasim
