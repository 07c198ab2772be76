// SPDX-License-Identifier: Apache-2.0
//
// A platform of your own: your CPU and your memory in plain TLM-2.0, dmasim's bus and DMA controller between them.
#include <cstdint>
#include <cstring>
#include <iostream>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <dmasim/bus/interconnect.h>
#include <dmasim/model/frontend/native/register_map.h>
#include <dmasim/tlm/dma_controller.h>

constexpr std::uint64_t kRegisters = 0x4000'0000;

struct MyMemory : sc_core::sc_module {
    tlm_utils::simple_target_socket<MyMemory> socket{"socket"};
    std::vector<unsigned char> bytes = std::vector<unsigned char>(1U << 20);

    explicit MyMemory(const sc_core::sc_module_name& name) : sc_module(name) {
        socket.register_b_transport(this, &MyMemory::b_transport);
    }
    void b_transport(tlm::tlm_generic_payload& access, sc_core::sc_time& delay) {
        unsigned char* const place = &bytes.at(access.get_address());  // The bus lets nothing else through.
        unsigned char* const data = access.get_data_ptr();
        std::memcpy(access.is_read() ? data : place, access.is_read() ? place : data, access.get_data_length());
        delay += sc_core::sc_time(60, sc_core::SC_NS);
        access.set_response_status(tlm::TLM_OK_RESPONSE);
    }
};

struct MyCpu : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<MyCpu> socket{"socket"};
    sc_core::sc_in<bool> irq{"irq"};

    SC_HAS_PROCESS(MyCpu);
    explicit MyCpu(const sc_core::sc_module_name& name) : sc_module(name) { SC_THREAD(run); }

    void access(tlm::tlm_command command, std::uint64_t address, void* data, unsigned bytes) {
        tlm::tlm_generic_payload trans;
        trans.set_command(command);
        trans.set_address(address);
        trans.set_data_ptr(static_cast<unsigned char*>(data));
        trans.set_data_length(bytes);
        trans.set_streaming_width(bytes);
        sc_core::sc_time delay;
        socket->b_transport(trans, delay);
        wait(delay);
        if (trans.is_response_error()) {
            SC_REPORT_ERROR("/my/cpu", trans.get_response_string().c_str());
        }
    }
    void set_register(std::uint32_t offset, std::uint32_t value) {
        access(tlm::TLM_WRITE_COMMAND, kRegisters + dmasim::native::channel_register(0, offset), &value, 4);
    }

    void run() {
        namespace reg = dmasim::native::reg;
        char text[] = "moved by somebody else's DMA controller";
        access(tlm::TLM_WRITE_COMMAND, 0x1003, text, sizeof text);
        set_register(reg::kSrcLo, 0x1003);
        set_register(reg::kDstLo, 0x8FF0);  // Unaligned, and across a 4 KiB boundary: two bursts.
        set_register(reg::kLength, sizeof text);
        set_register(reg::kIntEnable, dmasim::native::interrupt::kAll);
        std::cout << sc_core::sc_time_stamp() << ": start\n";
        set_register(reg::kControl, dmasim::native::control::kStart);
        while (!irq.read()) {
            wait(irq.posedge_event());
        }
        std::cout << sc_core::sc_time_stamp() << ": interrupt\n";
        set_register(reg::kIntStatus, dmasim::native::interrupt::kAll);
        std::memset(text, 0, sizeof text);
        access(tlm::TLM_READ_COMMAND, 0x8FF0, text, sizeof text);
        std::cout << sc_core::sc_time_stamp() << ": \"" << text << "\"\n";
    }
};

int sc_main(int, char*[]) {
    const dmasim::ClockDomain clock(10, sc_core::SC_NS);
    dmasim::BusConfig map;
    map.initiators = 2;
    map.targets = 2;
    map.map = {{0, 1U << 20, 0, 0, "memory"}, {kRegisters, dmasim::native::register_space_bytes(4), 1, 0, "dma"}};

    MyCpu cpu("cpu");
    MyMemory memory("memory");
    dmasim::Interconnect bus("bus", clock, map);
    dmasim::DmaController dma("dma", clock, {});
    sc_core::sc_signal<bool> irq("irq");

    cpu.socket.bind(bus.target_sockets[0]);
    dma.memory.bind(bus.target_sockets[1]);
    bus.initiator_sockets[0].bind(memory.socket);
    bus.initiator_sockets[1].bind(dma.registers);
    dma.irq.bind(irq);
    cpu.irq.bind(irq);
    sc_core::sc_start();
    return 0;
}
