// SPDX-License-Identifier: Apache-2.0
//
// A platform of your own: your CPU and your memory in plain TLM-2.0, dmasim's bus and DMA controller between them.
#include <cstring>
#include <iostream>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <dmasim/bus/interconnect.h>
#include <dmasim/tlm/blocking_access.h>
#include <dmasim/tlm/dma_controller.h>

constexpr std::uint64_t kRegisters = 0x4000'0000;

struct MyMemory : sc_core::sc_module {
    tlm_utils::simple_target_socket<MyMemory> socket{"socket"};
    unsigned char bytes[0x10000] = {};
    explicit MyMemory(const sc_core::sc_module_name&) { socket.register_b_transport(this, &MyMemory::b_transport); }
    void b_transport(tlm::tlm_generic_payload& access, sc_core::sc_time& delay) {
        unsigned char* const place = bytes + access.get_address();  // The bus lets nothing else through.
        unsigned char* const data = access.get_data_ptr();
        std::memcpy(access.is_read() ? data : place, access.is_read() ? place : data, access.get_data_length());
        delay += sc_core::sc_time(60, sc_core::SC_NS);
        access.set_response_status(tlm::TLM_OK_RESPONSE);
    }
};

struct MyCpu : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<MyCpu> socket{"socket"};
    sc_core::sc_signal<bool> irq{"irq"};
    SC_CTOR(MyCpu) { SC_THREAD(run); }
    void run() {
        char text[] = "moved by somebody else's DMA controller";
        dmasim::blocking_write(socket, 0x1003, text, sizeof text);
        std::cout << sc_core::sc_time_stamp() << ": start\n";
        dmasim::write_registers(socket, kRegisters, dmasim::native::start_copy(0, 0x8FF0, 0x1003, sizeof text));
        wait(irq.posedge_event());
        std::cout << sc_core::sc_time_stamp() << ": interrupt\n";
        std::memset(text, 0, sizeof text);
        dmasim::blocking_read(socket, 0x8FF0, text, sizeof text);
        std::cout << sc_core::sc_time_stamp() << ": \"" << text << "\"\n";
    }
};

int sc_main(int, char*[]) {
    const dmasim::ClockDomain clock(10, sc_core::SC_NS);
    const auto map = dmasim::bus_of(2, {{0, 0x10000, 0, 0, "memory"}, {kRegisters, 0x2000, 1, 0, "dma"}});
    MyCpu cpu("cpu");
    MyMemory memory("memory");
    dmasim::Interconnect bus("bus", clock, map);
    dmasim::DmaController dma("dma", clock, {});
    cpu.socket.bind(bus.target_sockets[0]);
    dma.memory.bind(bus.target_sockets[1]);
    bus.initiator_sockets[0].bind(memory.socket);
    bus.initiator_sockets[1].bind(dma.registers);
    dma.irq.bind(cpu.irq);
    sc_core::sc_start();
    return 0;
}
