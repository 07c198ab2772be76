// SPDX-License-Identifier: Apache-2.0
//
// The verifier in a platform that has nothing else of ours: a CPU with a cache of its own and a device, both on foreign
// sockets, on a foreign memory.
#include "dmasim/tlm/verifier_tap.h"

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <gmock/gmock.h>

#include "dmasim/model/verifier/monitor.h"

#include "support/sim_test.h"

namespace dmasim {
namespace {

using sc_core::SC_NS;
using sc_core::sc_time;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint16_t kCpuTap = 1;
constexpr std::uint16_t kDeviceTap = 2;
constexpr std::uint32_t kLineBytes = 32;

/// A memory with two ports.
struct TwoPortMemory final : sc_core::sc_module {
    explicit TwoPortMemory(const sc_core::sc_module_name& name) : sc_module(name), cpu("cpu"), device("device") {
        cpu.register_b_transport(this, &TwoPortMemory::access);
        device.register_b_transport(this, &TwoPortMemory::access);
    }
    void access(tlm::tlm_generic_payload& trans, sc_time& delay) {
        std::uint8_t* place = bytes.data() + trans.get_address();
        if (trans.is_read()) {
            std::memcpy(trans.get_data_ptr(), place, trans.get_data_length());
        } else {
            std::memcpy(place, trans.get_data_ptr(), trans.get_data_length());
        }
        trans.set_address(0);  // An interconnect may do so: the tap must not depend on it.
        delay += sc_time(30, SC_NS);
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm_utils::simple_target_socket<TwoPortMemory> cpu;
    tlm_utils::simple_target_socket<TwoPortMemory> device;
    std::array<std::uint8_t, 4096> bytes{};
};

/// A CPU with one cache line, and a device, as a virtual platform might have them.
class Host final : public sc_core::sc_module {
  public:
    Host(const sc_core::sc_module_name& name, bool clean_before_start)
        : sc_module(name),
          cpu("cpu"),
          device("device"),
          monitor(config()),
          domain(10, SC_NS),
          memory("memory"),
          cpu_tap("cpu_tap", domain, monitor, cpu_options()),
          device_tap("device_tap", domain, monitor, device_options()),
          clean_(clean_before_start) {
        monitor.add_memory(kCpuTap, 0, 4096, 8);
        monitor.add_memory(kDeviceTap, 0, 4096, 8);
        cpu.bind(cpu_tap.target_socket);
        cpu_tap.initiator_socket.bind(memory.cpu);
        device.bind(device_tap.target_socket);
        device_tap.initiator_socket.bind(memory.device);
        SC_HAS_PROCESS(Host);
        SC_THREAD(program);
    }

    static VerifierConfig config() {
        VerifierConfig config;
        config.line_bytes = kLineBytes;
        return config;
    }
    static VerifierTapOptions cpu_options() {
        VerifierTapOptions options;
        options.source = kCpuTap;
        options.purpose = [](const tlm::tlm_generic_payload& trans) {
            return trans.is_read() ? Purpose::CacheFill : Purpose::CacheWriteBack;
        };
        return options;
    }
    static VerifierTapOptions device_options() {
        VerifierTapOptions options;
        options.source = kDeviceTap;
        return options;
    }

    tlm_utils::simple_initiator_socket<Host> cpu;
    tlm_utils::simple_initiator_socket<Host> device;
    VerifierMonitor monitor;
    ClockDomain domain;
    TwoPortMemory memory;
    VerifierTap cpu_tap;
    VerifierTap device_tap;
    std::vector<std::uint8_t> sent;
    bool dmi = true;

  private:
    void transport(tlm_utils::simple_initiator_socket<Host>& socket, tlm::tlm_command command, std::uint64_t address,
                   std::vector<std::uint8_t>& data) {
        tlm::tlm_generic_payload trans;
        trans.set_command(command);
        trans.set_address(address);
        trans.set_data_ptr(data.data());
        trans.set_data_length(static_cast<unsigned>(data.size()));
        trans.set_streaming_width(static_cast<unsigned>(data.size()));
        trans.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        sc_time delay = sc_core::SC_ZERO_TIME;
        socket->b_transport(trans, delay);
        wait(delay + sc_time(10, SC_NS));
    }

    [[nodiscard]] Cycles now() const { return domain.stamp_of(sc_core::sc_time_stamp()); }

    /// The cache tells the verifier what happens to its line.
    void cache_event(CacheLineEvent what) {
        TraceEvent event;
        event.kind = EventKind::CacheLineChanged;
        event.at = now();
        event.value = static_cast<std::uint32_t>(what);
        event.address = 0x100;
        event.bytes = kLineBytes;
        monitor.event(event);
    }

    void program() {
        std::vector<std::uint8_t> line(kLineBytes);
        transport(cpu, tlm::TLM_READ_COMMAND, 0x100, line);
        cache_event(CacheLineEvent::Filled);
        wait(sc_time(10, SC_NS));
        std::fill_n(line.begin(), 8, std::uint8_t{0x5A});
        TraceEvent store;
        store.kind = EventKind::CpuPiece;
        store.at = now();
        store.value = kCpuAccessStore | kCpuAccessHit;
        store.address = 0x100;
        store.bytes = 8;
        store.data = line.data();
        monitor.event(store);
        wait(sc_time(10, SC_NS));
        if (clean_) {
            cache_event(CacheLineEvent::Cleaned);
            transport(cpu, tlm::TLM_WRITE_COMMAND, 0x100, line);
        }
        sent.resize(16);
        transport(device, tlm::TLM_READ_COMMAND, 0x100, sent);
        tlm::tlm_generic_payload trans;
        tlm::tlm_dmi pointer;
        dmi = device->get_direct_mem_ptr(trans, pointer);
    }

    bool clean_;
};

void run_host(bool clean) {
    Host host("host", clean);
    sc_core::sc_start(sc_time(1, sc_core::SC_US));
    host.monitor.finish();
    EXPECT_FALSE(host.dmi);
    if (clean) {
        EXPECT_THAT(host.monitor.findings(), IsEmpty());
        EXPECT_EQ(host.sent[0], 0x5A);
    } else {
        ASSERT_EQ(host.monitor.findings().size(), 1U);
        EXPECT_EQ(host.monitor.findings()[0].rule, "CLEAN_MISSING");
        EXPECT_EQ(host.monitor.findings()[0].address, 0x100U);
        EXPECT_EQ(host.monitor.findings()[0].bytes, 8U);
        EXPECT_EQ(host.sent[0], 0);
    }
}

SIM_TEST(VerifierTap, FindsWhatAForeignPlatformForgets) {
    run_host(false);
}

SIM_TEST(VerifierTap, IsSilentAboutARightForeignPlatform) {
    run_host(true);
}

}  // namespace
}  // namespace dmasim
