// SPDX-License-Identifier: Apache-2.0
//
// Every rule of the driver checks: a driver that breaks it, and the same driver done right.
#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/domain.h"
#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachineConfig;
using test::Rig;
using Kind = DriverFact::Kind;

constexpr std::uint64_t kBuffer = 0x1000;

DmaMachineConfig machine_config(MapRegisterKind kind = MapRegisterKind::Hardware, bool coherent = true) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.dma.registers = kind;
    config.dma.register_count = 8;
    return config;
}

DeviceDescription master(std::uint32_t version = 1, bool lists = false) {
    DeviceDescription description;
    description.version = version;
    description.scatter_gather = lists;
    description.maximum_length = 16384;
    return description;
}

DeviceDescription subordinate(std::uint32_t version = 1) {
    DeviceDescription description = master(version);
    description.master = false;
    description.channel = 1;
    return description;
}

AdapterControl keep_registers() {
    return [](RegisterBase) { return AllocationAction::DeallocateObjectKeepRegisters; };
}

/// A plain transfer, with one thing that can be wrong.
struct Transfer {
    explicit Transfer(Rig& used) : rig(used), mdl(make_contiguous_mdl(kBuffer, 4096)) { base = rig.own(2); }
    void map() { rig.adapter.map_transfer(&mdl, base, kBuffer, length, direction); }
    void flush() { rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, length, direction); }
    void free() { rig.adapter.free_map_registers(base, 2); }
    Rig& rig;
    Mdl mdl;
    RegisterBase base = 0;
    std::uint64_t length = 4096;
    Direction direction = Direction::ToDevice;
};

using Case = std::function<void(Rig& rig, bool wrong)>;

void tell(Rig& rig, Kind kind, std::uint64_t address, std::uint64_t start, std::uint64_t length, bool flag = false) {
    DriverFact fact;
    fact.kind = kind;
    fact.device = rig.device;
    fact.address = address;
    fact.start = start;
    fact.length = length;
    fact.flag = flag;
    rig.machine.dma.tell(fact);
}

ScatterGatherList list_of(Rig& rig, const Mdl& mdl, Direction direction = Direction::ToDevice) {
    ScatterGatherList result;
    rig.adapter.get_scatter_gather_list(
        rig.device, &mdl, mdl.virtual_address, mdl.bytes, [&](const ScatterGatherList& list) { result = list; },
        direction);
    return result;
}

void guarded(Rig& rig, std::int64_t where) {
    Transfer transfer(rig);
    transfer.length = 64;
    transfer.direction = Direction::FromDevice;
    const MappedBlock block =
        rig.adapter.map_transfer(&transfer.mdl, transfer.base, kBuffer, 64, Direction::FromDevice);
    rig.machine.device_write(block.logical, bytes_of(0xD0, 64));
    if (where != 0) {
        rig.machine.device_write(block.logical + static_cast<std::uint64_t>(where), bytes_of(0xDD, 1));
    }
    transfer.flush();
}

/// Each with the description and the machine that it needs.
struct Row {
    DeviceDescription description;
    DmaMachineConfig machine;
    Case run;
};

DmaMachineConfig with_guards() {
    DmaMachineConfig config = machine_config(MapRegisterKind::Bounce, false);
    config.dma.guards = true;
    return config;
}

std::multimap<std::string, Row> driver_cases() {
    const DmaMachineConfig plain = machine_config();
    const DmaMachineConfig identity = machine_config(MapRegisterKind::Identity);
    const DmaMachineConfig torn = machine_config(MapRegisterKind::Identity, false);
    const DmaMachineConfig bounce = machine_config(MapRegisterKind::Bounce);
    std::multimap<std::string, Row> rows;
    const auto add = [&](const char* rule, const DmaMachineConfig& machine, const DeviceDescription& description,
                         Case run) {
        rows.emplace(rule, Row{description, machine, std::move(run)});
    };
    const auto passive = [](Rig& rig) { rig.machine.dma.set_level(Level::Passive); };

    add("DV-00a", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        transfer.length += wrong ? 1 : 0;
        transfer.flush();
    });
    add("DV-00b", plain, master(1, true), [](Rig& rig, bool wrong) {
        // Pieces in the way: two runs of three are free, and five are asked for.
        std::uint32_t granted = 0;
        DeviceDescription description = master();
        description.maximum_length = 65536;
        Adapter other = rig.machine.dma.get_dma_adapter(2, description, granted);
        std::array<RegisterBase, 3> bases{};
        for (std::size_t number = 0; number < 3; ++number) {
            other.allocate_adapter_channel(2, number == 1 ? 2 : 3, [&, number](RegisterBase base) {
                bases[number] = base;
                return AllocationAction::DeallocateObjectKeepRegisters;
            });
        }
        other.free_map_registers(bases[0], 3);
        if (!wrong) {
            other.free_map_registers(bases[1], 2);
        } else {
            other.free_map_registers(bases[2], 3);
        }
        rig.adapter.allocate_adapter_channel(1, 5, keep_registers());
    });
    add("DV-01", plain, master(), [](Rig& rig, bool wrong) {
        std::uint64_t value = 5;
        rig.machine.dma.set_performance_counter([&] { return wrong ? value-- : value; });
        rig.machine.dma.query_performance_counter();
        rig.machine.dma.query_performance_counter();
    });
    add("DV-02", plain, master(), [](Rig& rig, bool wrong) {
        rig.machine.dma.query_performance_counter();
        rig.machine.cpu.wait_cycles(10);
        const std::uint64_t now = rig.machine.cpu.now().count();
        rig.machine.dma.set_performance_counter([=] { return now + (wrong ? 1 : 0); });
        rig.machine.dma.query_performance_counter();
    });
    add("DV-03", plain, master(), [=](Rig& rig, bool wrong) {
        passive(rig);
        const CommonBuffer buffer = rig.adapter.allocate_common_buffer(100, true);
        for (int time = 0; time < (wrong ? 2 : 1); ++time) {
            rig.adapter.free_common_buffer(100, buffer.logical, buffer.address, true);
        }
    });
    add("DV-04", plain, master(), [](Rig& rig, bool wrong) {
        rig.own(1, AllocationAction::KeepObject);
        for (int time = 0; time < (wrong ? 2 : 1); ++time) {
            rig.adapter.free_adapter_channel();
        }
    });
    add("DV-05", plain, master(), [](Rig& rig, bool wrong) {
        const RegisterBase base = rig.own(1);
        for (int time = 0; time < (wrong ? 2 : 1); ++time) {
            rig.adapter.free_map_registers(base, 1);
        }
    });
    add("DV-06", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const ScatterGatherList list = list_of(rig, mdl);
        for (int time = 0; time < (wrong ? 2 : 1); ++time) {
            rig.adapter.put_scatter_gather_list(list, Direction::ToDevice);
        }
    });
    add("DV-07", plain, master(), [=](Rig& rig, bool wrong) {
        passive(rig);
        const CommonBuffer buffer = rig.adapter.allocate_common_buffer(100, true);
        if (!wrong) {
            rig.adapter.free_common_buffer(100, buffer.logical, buffer.address, true);
        }
        rig.adapter.put_dma_adapter();
    });
    add("DV-08", plain, master(), [](Rig& rig, bool wrong) {
        rig.own(1, AllocationAction::KeepObject);
        if (!wrong) {
            rig.adapter.free_adapter_channel();
        }
        rig.adapter.put_dma_adapter();
    });
    add("DV-09", plain, master(), [](Rig& rig, bool wrong) {
        const RegisterBase base = rig.own(2);
        if (!wrong) {
            rig.adapter.free_map_registers(base, 2);
        }
        rig.adapter.put_dma_adapter();
    });
    add("DV-0A", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const ScatterGatherList list = list_of(rig, mdl);
        if (!wrong) {
            rig.adapter.put_scatter_gather_list(list, Direction::ToDevice);
        }
        rig.adapter.put_dma_adapter();
    });
    add("DV-0B", plain, master(), [](Rig& rig, bool wrong) {
        rig.own(1, AllocationAction::KeepObject);
        if (!wrong) {
            rig.adapter.free_adapter_channel();
        }
        rig.adapter.allocate_adapter_channel(1, 1, keep_registers());
    });
    add("DV-0C", plain, master(), [](Rig& rig, bool wrong) {
        rig.adapter.allocate_adapter_channel(1, rig.granted + (wrong ? 1 : 0), keep_registers());
    });
    add("DV-0C", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, (rig.granted + (wrong ? 1 : 0)) * 4096ULL);
        list_of(rig, mdl);
    });
    add("DV-0D", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 8192);
        const RegisterBase base = rig.own(2);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 4096, Direction::ToDevice);
        rig.adapter.map_transfer(&mdl, base, kBuffer + 4096, wrong ? 4097 : 4096, Direction::ToDevice);
    });
    add("DV-0E", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.mdl.locked = !wrong;
        transfer.map();
        transfer.flush();
    });
    add("DV-0F1", with_guards(), master(), [](Rig& rig, bool wrong) { guarded(rig, wrong ? -1 : 0); });
    add("DV-0F2", with_guards(), master(), [](Rig& rig, bool wrong) { guarded(rig, wrong ? 64 : 0); });
    add("DV-0F3", with_guards(), master(), [](Rig& rig, bool wrong) {
        if (wrong) {
            rig.machine.device_write(rig.machine.config.dma.register_base + 100, bytes_of(1, 1));
        }
        rig.own(2);
    });
    add("DV-0F4", with_guards(), master(), [](Rig& rig, bool wrong) { guarded(rig, wrong ? -9 : -8); });
    add("DV-0F5", with_guards(), master(), [](Rig& rig, bool wrong) { guarded(rig, wrong ? 72 : 71); });
    add("DV-10", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        if (!wrong) {
            transfer.flush();
        }
        transfer.free();
    });
    add("DV-10", bounce, subordinate(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        rig.adapter.allocate_adapter_channel(1, 1, [&](RegisterBase base) {
            rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
            return wrong ? AllocationAction::DeallocateObject : AllocationAction::KeepObject;
        });
    });
    add("DV-11", plain, master(), [](Rig& rig, bool wrong) {
        if (!wrong) {
            rig.adapter.put_dma_adapter();
        }
        rig.machine.dma.driver_unload(rig.device);
    });
    add("DV-MF", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.mdl.flags = wrong ? 0x8000 : 0;
        transfer.map();
    });
    add("DV-13", plain, master(), [=](Rig& rig, bool wrong) {
        if (wrong) {
            passive(rig);
        }
        rig.adapter.allocate_adapter_channel(1, 1, keep_registers());
    });
    add("DV-14", plain, master(), [=](Rig& rig, bool wrong) {
        if (!wrong) {
            passive(rig);
        }
        rig.adapter.allocate_common_buffer(100, true);
    });
    add("DV-15", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer + 2048, 8192);
        const RegisterBase base = rig.own(2);
        rig.adapter.map_transfer(&mdl, base, kBuffer + 2048, wrong ? 8192 : 6144, Direction::ToDevice);
    });
    add("DV-16", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        const Mdl other = make_contiguous_mdl(0x5000, 4096);
        rig.adapter.flush_adapter_buffers(wrong ? &other : &transfer.mdl, transfer.base, wrong ? 0x5000 : kBuffer, 4096,
                                          Direction::ToDevice);
    });
    add("DV-18", plain, master(), [](Rig& rig, bool wrong) {
        if (wrong) {
            rig.adapter.put_dma_adapter();
        }
        rig.adapter.allocate_adapter_channel(1, 1, keep_registers());
    });
    add("DV-19", plain, master(), [](Rig& rig, bool wrong) {
        Adapter adapter = wrong ? Adapter(rig.machine.dma, 0) : rig.adapter;
        adapter.allocate_adapter_channel(1, 1, keep_registers());
    });
    add("DV-1B", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        rig.adapter.map_transfer(&transfer.mdl, transfer.base, kBuffer + (wrong ? 4096 : 4095), 1, Direction::ToDevice);
    });
    add("DV-1D", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.length = 2048;
        transfer.map();
        rig.adapter.map_transfer(&transfer.mdl, transfer.base, kBuffer + (wrong ? 2047 : 2048), 100,
                                 Direction::FromDevice);
    });
    add("DV-1E", plain, master(), [](Rig& rig, bool wrong) {
        std::uint32_t granted = 0;
        rig.machine.dma.set_level(Level::Passive);
        if (wrong) {
            rig.machine.dma.hal_get_adapter(1, master(), granted);
        } else {
            rig.machine.dma.get_dma_adapter(1, master(), granted);
        }
    });
    const auto list_at = [](std::int64_t offset, std::uint64_t bytes) {
        return [=](Rig& rig, bool) {
            const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
            rig.adapter.get_scatter_gather_list(
                1, &mdl, kBuffer + static_cast<std::uint64_t>(offset), bytes, [](const ScatterGatherList&) {},
                Direction::ToDevice);
        };
    };
    const auto pair = [&](const char* rule, Case bad, Case good) {
        add(rule, plain, master(),
            [bad = std::move(bad), good = std::move(good)](Rig& rig, bool wrong) { (wrong ? bad : good)(rig, wrong); });
    };
    pair("DV-1F1", list_at(-1, 64), list_at(0, 64));
    pair("DV-1F2", list_at(4096, 1), list_at(4095, 1));
    pair("DV-1F3", list_at(0, 4097), list_at(0, 4096));
    pair("DV-21", list_at(0, 0), list_at(0, 1));
    pair("DV-24", list_at(4000, 97), list_at(4000, 96));
    add("DV-1F4", torn, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer + (wrong ? 32 : 0), 64);
        const RegisterBase base = rig.own(1);
        rig.adapter.map_transfer(&mdl, base, mdl.virtual_address, 64, Direction::FromDevice);
    });
    add("DV-1F5", torn, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, wrong ? 63 : 64);
        const RegisterBase base = rig.own(1);
        rig.adapter.map_transfer(&mdl, base, kBuffer, mdl.bytes, Direction::FromDevice);
    });
    add("DV-20", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        if (!wrong) {
            transfer.map();
        }
        transfer.flush();
    });
    add("DV-22", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.mdl.system_mapped = !wrong;
        transfer.map();
    });
    add("DV-23", bounce, subordinate(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
        rig.machine.give(1, bytes_of(1, wrong ? 63 : 64));
        rig.machine.wait_given(1);
        rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, Direction::FromDevice);
    });
    add("DV-25", plain, master(), [](Rig& rig, bool wrong) {
        std::uint32_t granted = 0;
        rig.machine.dma.set_level(Level::Passive);
        EXPECT_EQ(bool(rig.machine.dma.get_dma_adapter(1, master(wrong ? 4 : 3), granted)), !wrong);
    });
    add("DV-26", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        const std::uint64_t window = rig.machine.config.dma.register_base;
        if (wrong) {
            rig.machine.device_write(window, bytes_of(1, 1));  // It may only be read.
        } else {
            rig.machine.device_read(window, 1);
        }
    });
    const auto vector = [=](Case run) {
        add("DV-CBV", plain, master(3), [=](Rig& rig, bool wrong) {
            passive(rig);
            run(rig, wrong);
        });
    };
    vector([](Rig& rig, bool wrong) {
        const std::uint32_t vector_id = rig.adapter.allocate_common_buffer_vector(2, 100, true);
        rig.machine.dma.set_level(wrong ? Level::Dispatch : Level::Passive);
        rig.adapter.free_common_buffer_from_vector(vector_id, 0);
    });
    vector([](Rig& rig, bool wrong) {
        const std::uint32_t vector_id = rig.adapter.allocate_common_buffer_vector(2, 100, true);
        rig.adapter.free_common_buffer_from_vector(vector_id, 0);
        if (!wrong) {
            rig.adapter.free_common_buffer_from_vector(vector_id, 1);
        }
        rig.adapter.free_common_buffer_vector(vector_id);
    });
    vector([](Rig& rig, bool wrong) {
        const std::uint32_t vector_id = rig.adapter.allocate_common_buffer_vector(2, 100, true);
        EXPECT_EQ(bool(rig.adapter.get_common_buffer_from_vector(vector_id, wrong ? 2 : 1)), !wrong);
    });
    vector([](Rig& rig, bool wrong) {
        const std::uint32_t vector_id = rig.adapter.allocate_common_buffer_vector(2, 100, true);
        rig.adapter.free_common_buffer_from_vector(vector_id, 0);
        rig.adapter.get_common_buffer_from_vector(vector_id, wrong ? 0 : 1);
    });
    vector([](Rig& rig, bool wrong) {
        const std::uint32_t vector_id = rig.adapter.allocate_common_buffer_vector(1, 100, true);
        if (!wrong) {
            rig.adapter.free_common_buffer_from_vector(vector_id, 0);
            rig.adapter.free_common_buffer_vector(vector_id);
        }
        rig.adapter.put_dma_adapter();
    });

    // ---- what the pages imply
    add("SV-05", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.direction = Direction::FromDevice;
        transfer.map();
        rig.machine.load(kBuffer + (wrong ? 4095 : 4096), 1);
    });
    add("SV-05", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        rig.machine.load(kBuffer, 1);  // The device only reads it: so may the CPU.
        rig.machine.store(kBuffer + (wrong ? 0 : 4096), {1});
    });
    add("SV-06", bounce, subordinate(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
        rig.machine.give(1, bytes_of(1, 64));
        rig.machine.wait_given(1);
        if (!wrong) {
            rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 64, Direction::FromDevice);
        }
        rig.adapter.free_adapter_channel();
    });
    add("SV-06", plain, master(),
        [](Rig& rig, bool wrong) { tell(rig, wrong ? Kind::RemainderLost : Kind::Unload, 1, 0, 4); });
    for (const bool way : {false, true}) {
        add("SV-07", plain, master(), [=](Rig& rig, bool wrong) {
            Transfer transfer(rig);
            transfer.map();
            if (wrong && way) {
                transfer.direction = Direction::FromDevice;
            } else if (wrong) {
                transfer.length -= 1;
            }
            transfer.flush();
        });
    }
    add("SV-07", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        rig.adapter.put_scatter_gather_list(list_of(rig, mdl), wrong ? Direction::FromDevice : Direction::ToDevice);
    });
    add("SV-08", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        if (!wrong) {
            transfer.flush();
        }
        rig.adapter.free_map_registers(transfer.base, 2);
    });
    add("SV-08", plain, master(), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 8192);
        const RegisterBase base = rig.own(2);
        rig.adapter.map_transfer(&mdl, base, kBuffer, 4096, Direction::ToDevice);
        if (!wrong) {
            rig.adapter.flush_adapter_buffers(&mdl, base, kBuffer, 4096, Direction::ToDevice);
        }
        rig.adapter.map_transfer(&mdl, base, kBuffer + 4096, 4096, Direction::ToDevice);
    });
    for (const bool started : {true, false}) {
        add(started ? "SV-09" : "SV-15", bounce, subordinate(), [=](Rig& rig, bool wrong) {
            const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
            const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
            if (!wrong) {
                rig.adapter.map_transfer(&mdl, base, kBuffer, 64, Direction::FromDevice);
            }
            rig.machine.dma.device_requests(rig.device, 1, started);
        });
    }
    add("SV-10", plain, master(),
        [](Rig& rig, bool wrong) { rig.adapter.free_map_registers(rig.own(2), wrong ? 1 : 2); });
    add("SV-10", plain, master(), [](Rig& rig, bool wrong) {
        rig.own(2, wrong ? AllocationAction::DeallocateObjectKeepRegisters : AllocationAction::KeepObject);
        rig.adapter.free_adapter_channel();
    });
    add("SV-10", bounce, subordinate(), [](Rig& rig, bool wrong) {
        rig.own(1, wrong ? AllocationAction::DeallocateObjectKeepRegisters : AllocationAction::KeepObject);
    });
    add("SV-11", plain, master(), [](Rig& rig, bool wrong) {
        rig.own(1, AllocationAction::KeepObject);
        rig.adapter.allocate_adapter_channel(5, 1, keep_registers());
        rig.adapter.allocate_adapter_channel(wrong ? 5 : 6, 1, keep_registers());
    });
    add("SV-12", identity, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.map();
        rig.machine.device_read(kBuffer + 4000, wrong ? 97 : 96);
    });
    add("SV-13", identity, subordinate(), [](Rig& rig, bool wrong) {
        const std::uint64_t address = wrong ? 0x100'0000 : 0xFF'0000;
        const Mdl mdl = make_contiguous_mdl(address, 64);
        const RegisterBase base = rig.own(1, AllocationAction::KeepObject);
        rig.adapter.map_transfer(&mdl, base, address, 64, Direction::FromDevice);
    });
    DeviceDescription words = master();
    words.minimum_unit = words.alignment = 4;
    add("SV-14", plain, words, [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.length = wrong ? 62 : 64;
        transfer.map();
    });
    add("SV-16", bounce, subordinate(), [](Rig& rig, bool wrong) {
        std::uint32_t granted = 0;
        Adapter other = rig.machine.dma.get_dma_adapter(2, master(), granted);
        (wrong ? other : rig.adapter).read_dma_counter();
    });
    add("SV-17", plain, master(), [=](Rig& rig, bool wrong) {
        passive(rig);
        const CommonBuffer buffer = rig.adapter.allocate_common_buffer(100, true);
        rig.adapter.free_common_buffer(wrong ? 99 : 100, buffer.logical, buffer.address, true);
    });
    add("SV-17", plain, master(), [=](Rig& rig, bool wrong) {
        passive(rig);
        const CommonBuffer buffer = rig.adapter.allocate_common_buffer(100, true);
        rig.machine.store(buffer.address + 99, bytes_of(1, wrong ? 2 : 1));
    });
    const auto fact = [&](const char* rule, Kind kind) {
        add(rule, plain, master(), [=](Rig& rig, bool wrong) { tell(rig, kind, 0, 0, wrong ? 1 : 0); });
    };
    add("SV-18", plain, master(), [](Rig& rig, bool wrong) {
        if (wrong) {
            tell(rig, Kind::FifoNotEmpty, 0, 0, 1);
        }
    });
    fact("SV-19", Kind::DomainSwitched);
    fact("SV-23", Kind::DeviceOverrun);
    fact("SV-24", Kind::ProducerLapped);
    add("SV-20", machine_config(MapRegisterKind::Identity, false), master(3, true), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        rig.machine.dma.ke_flush_io_buffers(&mdl, true, !wrong ? false : true);
    });
    add("SV-21", plain, master(3), [](Rig& rig, bool wrong) {
        rig.own3(1);
        TransferContext other;
        rig.adapter.initialize_dma_transfer_context(other);
        rig.adapter.allocate_adapter_channel_ex(1, wrong ? rig.context : other, 1, {}, keep_registers(), nullptr);
    });
    add("SV-22", plain, master(3, true), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        const RegisterBase base = rig.own3(1);
        std::uint64_t bytes = 64;
        std::vector<Element> list;
        CompletionRoutine completion;
        if (wrong) {
            completion = [](CompletionStatus) {};
        }
        EXPECT_EQ(rig.adapter.map_transfer_ex(&mdl, base, 0, 0, bytes, Direction::ToDevice, 100, &list, completion),
                  wrong ? Status::InvalidParameter : Status::Success);
    });
    add("SV-22", bounce, subordinate(3), [](Rig& rig, bool wrong) {
        const Mdl mdl = make_contiguous_mdl(kBuffer, 64);
        rig.adapter.initialize_dma_transfer_context(rig.context);
        if (wrong) {
            ScatterGatherList list;
            EXPECT_EQ(rig.adapter.get_scatter_gather_list_ex(1, rig.context, &mdl, 0, 64, {true}, {},
                                                             Direction::ToDevice, &list),
                      Status::NotSupported);
        } else {
            list_of(rig, mdl);
        }
    });
    add("SV-25", plain, master(), [](Rig& rig, bool wrong) {
        Transfer transfer(rig);
        transfer.base += wrong ? 1 : 0;
        transfer.map();
    });
    add("SV-25", plain, master(2), [](Rig& rig, bool wrong) {
        // Version 2 has no contexts, all versions have a flush.
        if (wrong) {
            EXPECT_EQ(rig.adapter.initialize_dma_transfer_context(rig.context), Status::NotSupported);
        } else {
            list_of(rig, make_contiguous_mdl(kBuffer, 64));
        }
    });
    add("SV-26", plain, master(), [](Rig& rig, bool wrong) {
        const AdapterControl control = wrong ? AdapterControl() : keep_registers();
        EXPECT_EQ(rig.adapter.allocate_adapter_channel(1, 1, control),
                  wrong ? Status::InvalidParameter : Status::Success);
    });
    add("SV-26", plain, master(3), [](Rig& rig, bool wrong) {
        AdapterInfo info;
        info.version = wrong ? 2 : 1;
        EXPECT_EQ(rig.adapter.get_dma_adapter_info(info), wrong ? Status::NotSupported : Status::Success);
    });
    return rows;
}

// ------------------------------------------------------------------------------------------------ in the manner of Linux

struct StreamingRig {
    explicit StreamingRig(std::size_t records = 100) : map(machine.cpu, config(records), &checks) {
        StreamingDevice device;
        device.max_segment = 1024;
        device.boundary_mask = 0xFFFF;
        map.set_device(1, device);
    }
    static StreamingConfig config(std::size_t records) {
        StreamingConfig settings;
        settings.records = records;
        settings.regions = {{{0x1000, 0x10'0000}, RegionKind::Ram},
                            {{0x20'0000, 0x1000}, RegionKind::Stack},
                            {{0x30'0000, 0x1000}, RegionKind::ReadOnly},
                            {{0x40'0000, 0x1000}, RegionKind::VirtuallyContiguous},
                            {{0x50'0000, 0x1000}, RegionKind::Device}};
        settings.pool = {0x100'0000, 0x10'0000};
        settings.coherent_area = {0x200'0000, 0x1'0000};
        return settings;
    }
    std::uint64_t single(std::uint64_t address = 0x2000, std::uint64_t bytes = 256,
                         Direction direction = Direction::FromDevice, bool test = true) {
        const std::uint64_t dma = map.map_single(1, address, bytes, direction);
        if (test) {
            EXPECT_FALSE(map.mapping_error(1, dma));
        }
        return dma;
    }
    std::vector<Segment> list() {
        std::vector<Segment> segments{{0x4000, 256, 0, 0}, {0x8000, 512, 0, 0}};
        EXPECT_EQ(map.map_list(1, segments, Direction::FromDevice), 2U);
        return segments;
    }
    test::DmaMachine machine;
    DriverChecker checks;
    StreamingMap map;
};

std::map<std::string, std::function<void(StreamingRig&, bool)>> streaming_cases() {
    constexpr Direction kIn = Direction::FromDevice;
    constexpr Direction kOut = Direction::ToDevice;
    std::map<std::string, std::function<void(StreamingRig&, bool)>> rows;
    rows["LD-01"] = [](StreamingRig& rig, bool wrong) {
        rig.map.unmap_single(1, wrong ? kMappingError : rig.single(), 256, kIn);
    };
    rows["LD-02"] = [](StreamingRig& rig, bool wrong) {
        const std::uint64_t dma = rig.single();
        rig.map.unmap_single(1, dma, 256, kIn);
        if (wrong) {
            rig.map.unmap_single(1, dma, 256, kIn);
        }
    };
    rows["LD-03"] = [](StreamingRig& rig, bool wrong) {
        rig.map.unmap_single(1, rig.single(), wrong ? 255 : 256, kIn);
    };
    rows["LD-04"] = [](StreamingRig& rig, bool wrong) {
        rig.map.unmap_single(1, rig.single(), 256, kIn, wrong ? MappingKind::Resource : MappingKind::Single);
    };
    rows["LD-05"] = [](StreamingRig& rig, bool wrong) {
        std::uint64_t dma = 0;
        const std::uint64_t address = rig.map.allocate_coherent(1, 100, true, dma);
        rig.map.free_coherent(1, 100, address + (wrong ? 1 : 0), dma, true);
    };
    rows["LD-06"] = [](StreamingRig& rig, bool wrong) { rig.map.unmap_list(1, rig.list(), wrong ? 1 : 2, kIn); };
    rows["LD-07"] = [](StreamingRig& rig, bool wrong) {
        rig.map.unmap_single(1, rig.single(), 256, wrong ? kOut : kIn);
    };
    rows["LD-08"] = [](StreamingRig& rig, bool wrong) {
        rig.map.unmap_single(1, rig.single(0x2000, 256, kIn, !wrong), 256, kIn);
    };
    const auto memory = [](std::uint64_t bad) {
        return [=](StreamingRig& rig, bool wrong) { rig.single(wrong ? bad : 0x2000, 64, kOut); };
    };
    rows["LD-09"] = memory(0x20'0000);
    rows["LD-10"] = memory(0x30'0000);
    rows["LD-11"] = [](StreamingRig& rig, bool wrong) {
        EXPECT_EQ(rig.map.mapping_error(1, rig.map.map_single(1, wrong ? 0xFFF : 0x1000, 1, kOut)), wrong);
    };
    rows["LD-12"] = memory(0x40'0000);
    rows["LD-13"] = [](StreamingRig& rig, bool wrong) { rig.map.map_resource(1, wrong ? 0x2000 : 0x50'0000, 4, kIn); };
    rows["LD-14"] = [](StreamingRig& rig, bool wrong) {
        std::vector<Segment> segments{{0x4000, wrong ? 1025U : 1024U, 0, 0}};
        rig.map.map_list(1, segments, kIn);
    };
    rows["LD-15"] = [](StreamingRig& rig, bool wrong) {
        std::vector<Segment> segments{{0xFF00, wrong ? 257U : 256U, 0, 0}};
        rig.map.map_list(1, segments, kIn);
    };
    rows["LD-16"] = [](StreamingRig& rig, bool wrong) {
        rig.map.sync_for_cpu(1, rig.single() + (wrong ? 256 : 255), 1, kIn);
    };
    rows["LD-17"] = [](StreamingRig& rig, bool wrong) {
        rig.map.sync_for_cpu(1, rig.single() + 200, wrong ? 57 : 56, kIn);
    };
    rows["LD-18"] = [](StreamingRig& rig, bool wrong) {
        rig.map.sync_for_cpu(1, rig.single(), 256, wrong ? kOut : kIn);
    };
    rows["LD-19"] = [](StreamingRig& rig, bool wrong) {
        rig.map.sync_for_cpu(1, rig.single(0x2000, 256, kOut), 256, wrong ? kIn : kOut);
    };
    rows["LD-20"] = [](StreamingRig& rig, bool wrong) {
        rig.map.sync_for_device(1, rig.single(), 256, wrong ? kOut : kIn);
    };
    rows["LD-21"] = [](StreamingRig& rig, bool wrong) { rig.map.sync_list_for_cpu(1, rig.list(), wrong ? 1 : 2, kIn); };
    rows["LD-22"] = [](StreamingRig& rig, bool wrong) {
        rig.single(0x2000, 32);
        rig.single(wrong ? 0x2020 : 0x2040, 32);
        rig.single(0x2020, 32, kOut);  // What the device only reads does not count.
    };
    rows["LD-23"] = [](StreamingRig& rig, bool wrong) {
        for (int number = 0; number < (wrong ? 9 : 8); ++number) {
            rig.single(0x2000, 32);
        }
    };
    rows["LD-24"] = [](StreamingRig& rig, bool wrong) {
        const std::uint64_t dma = rig.single();
        if (!wrong) {
            rig.map.unmap_single(1, dma, 256, kIn);
        }
        rig.map.unbind_driver(1);
    };
    rows["LD-25"] = [](StreamingRig& rig, bool wrong) {
        for (std::uint64_t number = 0; number < (wrong ? 101U : 100U); ++number) {
            rig.single(0x2000 + number * 64, 64);
        }
        EXPECT_EQ(rig.map.state().out_of_records, wrong);
    };
    return rows;
}

TEST(DriverRules, EachFiresAndEachIsSilent) {
    for (const auto& [rule, row] : driver_cases()) {
        for (const bool wrong : {true, false}) {
            Rig rig(row.machine, row.description);
            rig.machine.checks.clear();
            row.run(rig, wrong);
            EXPECT_EQ(rig.machine.broke(rule), wrong) << rule << "\n" << rig.machine.report();
            for (const DriverFinding& finding : rig.machine.checks.findings()) {
                EXPECT_EQ(finding.text().rfind(finding.rule, 0), 0U);
            }
        }
    }
}

TEST(DriverRules, LinuxRulesFireAndAreSilent) {
    for (const auto& [rule, run] : streaming_cases()) {
        for (const bool wrong : {true, false}) {
            StreamingRig rig;
            run(rig, wrong);
            std::string report;
            bool broke = false;
            for (const DriverFinding& finding : rig.checks.findings()) {
                broke = broke || finding.rule == rule;
                report += finding.text() + "\n";
            }
            EXPECT_EQ(broke, wrong) << rule << "\n" << report;
        }
    }
}

// What is done right breaks no other rule either.
TEST(DriverRules, RightDriversOfTheLinuxRulesAreSilent) {
    for (const auto& [rule, run] : streaming_cases()) {
        StreamingRig rig;
        run(rig, false);
        std::set<std::string_view> others;
        for (const DriverFinding& finding : rig.checks.findings()) {
            others.insert(finding.rule);
        }
        // Eight mappings of one line are too many in any case; a resource is not tested; a sync of the other direction.
        const bool overlaps = rule == "LD-23";
        EXPECT_EQ(others.empty(), !overlaps) << rule << " " << (others.empty() ? "" : *others.begin());
    }
}

TEST(DriverRules, AllAreTried) {
    std::set<std::string> known;
    for (const DriverRule* rule : driver_rules()) {
        known.emplace(rule->id);
    }
    std::set<std::string> tried;
    for (const auto& entry : driver_cases()) {
        tried.insert(entry.first);
    }
    for (const auto& entry : streaming_cases()) {
        tried.insert(entry.first);
    }
    EXPECT_EQ(tried, known);
    const auto begin_with = [&](const char* prefix) {
        return std::count_if(known.begin(), known.end(),
                             [&](const std::string& id) { return id.rfind(prefix, 0) == 0; });
    };
    EXPECT_EQ(begin_with("LD-"), 25);
    // 43 documented rows: 13 and 14 stand in one there, 0F1/0F2 and 0F4/0F5 too, each is one here.
    EXPECT_EQ(begin_with("DV-"), 46);
}

// When and how it was mapped stands in a finding, whichever routine it is that names the mapping or its owner.
TEST(DriverChecker, FindingsSayHowItWasMapped) {
    const auto text_of = [](const std::vector<DriverFinding>& findings, std::string_view rule) {
        for (const DriverFinding& finding : findings) {
            if (finding.rule == rule) {
                return finding.text();
            }
        }
        return std::string();
    };
    const Mdl mdl = make_contiguous_mdl(kBuffer, 4096);
    for (const bool channel : {false, true}) {
        Rig rig(machine_config(), master());
        const AllocationAction action =
            channel ? AllocationAction::KeepObject : AllocationAction::DeallocateObjectKeepRegisters;
        const RegisterBase base = rig.own(1, action);
        rig.machine.cpu.wait_cycles(100);
        const std::string at = std::to_string(rig.machine.cpu.now().count());
        rig.adapter.map_transfer(&mdl, base, kBuffer, 4096, Direction::ToDevice);
        if (channel) {
            rig.adapter.free_adapter_channel();
        } else {
            rig.adapter.free_map_registers(base, 1);
        }
        EXPECT_THAT(text_of(rig.machine.checks.findings(), "DV-10"),
                    testing::HasSubstr("mapped by map_transfer in cycle " + at + ", offset 0, 4096 bytes to_device"));
    }
    StreamingRig rig;
    rig.machine.cpu.wait_cycles(50);
    const std::uint64_t dma = rig.single();
    const std::string at = std::to_string(rig.map.state().live.back().at.count());
    rig.map.sync_for_cpu(1, dma + 200, 57, Direction::FromDevice);
    rig.map.unmap_single(1, dma, 255, Direction::FromDevice);
    rig.map.unmap_single(1, dma, 256, Direction::FromDevice);
    for (const char* rule : {"LD-17", "LD-03"}) {
        EXPECT_THAT(text_of(rig.checks.findings(), rule),
                    testing::HasSubstr("mapped as single in cycle " + at + ", 256 bytes from_device"));
    }
    EXPECT_THAT(text_of(rig.checks.findings(), "LD-02"), testing::Not(testing::HasSubstr("mapped as")));
}

TEST(DriverChecker, ListenerLimitSilenceAndDevices) {
    Rig rig(machine_config(), master());
    std::vector<std::string> heard;
    rig.machine.checks.on_finding([&](const DriverFinding& finding) { heard.emplace_back(finding.rule); });
    rig.machine.checks.silence("DV-04");
    rig.adapter.free_adapter_channel();
    EXPECT_TRUE(heard.empty());
    rig.adapter.free_map_registers(77, 1);
    EXPECT_EQ(heard, std::vector<std::string>{"DV-05"});
    rig.machine.checks.only_devices({2});
    rig.adapter.free_map_registers(77, 1);
    EXPECT_EQ(heard.size(), 1U);
    const std::string dump = rig.machine.dma.dump(rig.adapter);
    EXPECT_THAT(dump, testing::HasSubstr("registers: granted 5"));
    EXPECT_THAT(dump, testing::HasSubstr("free_map_registers base 77: invalid_parameter"));
}

}  // namespace
}  // namespace dmasim::dma
