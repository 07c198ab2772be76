// SPDX-License-Identifier: Apache-2.0
//
// Packet DMA done right: bus masters and system channels, versions 1 and 3, on machines of every kind. Nothing is
// reported, and every byte is where it should be.
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachine;
using test::DmaMachineConfig;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kVirtual = 0x7000'0000;
constexpr std::uint32_t kPage = 4096;
constexpr DeviceId kDevice = 1;

std::vector<std::uint8_t> pattern(std::size_t bytes, std::uint8_t seed = 1) {
    std::vector<std::uint8_t> data(bytes);
    for (std::size_t place = 0; place < bytes; ++place) {
        data[place] = static_cast<std::uint8_t>(seed + place * 7 + place / 251);
    }
    return data;
}

/// Writes and reads a buffer through its list, as the CPU.
void store(DmaMachine& machine, const Mdl& mdl, const std::vector<std::uint8_t>& data) {
    std::size_t done = 0;
    for (const MemoryFragment& piece : pages_of(&mdl, 0, mdl.bytes, kPage)) {
        machine.store(piece.address, {data.begin() + static_cast<std::ptrdiff_t>(done),
                                      data.begin() + static_cast<std::ptrdiff_t>(done + piece.bytes)});
        done += piece.bytes;
    }
}
std::vector<std::uint8_t> load(DmaMachine& machine, const Mdl& mdl) {
    std::vector<std::uint8_t> data;
    for (const MemoryFragment& piece : pages_of(&mdl, 0, mdl.bytes, kPage)) {
        const auto part = machine.load(piece.address, piece.bytes);
        data.insert(data.end(), part.begin(), part.end());
    }
    return data;
}

struct Kind {
    MapRegisterKind registers;
    bool coherent;
    bool scattered;
    std::uint64_t base;  ///< Of the buffer's pages.
};

class Packet : public testing::TestWithParam<Kind> {
  protected:
    [[nodiscard]] DmaMachineConfig machine_config() const {
        DmaMachineConfig config;
        config.coherent = GetParam().coherent;
        config.dma.registers = GetParam().registers;
        config.dma.register_count = 16;
        return config;
    }
    [[nodiscard]] Mdl buffer(std::uint64_t bytes, std::uint64_t offset) const {
        std::vector<std::uint64_t> pages;
        for (std::uint64_t page = 0; page < span_pages(offset, bytes, kPage); ++page) {
            pages.push_back(GetParam().base + (GetParam().scattered ? (page * 5 % 13) * 2 : page) * kPage);
        }
        return make_mdl(kVirtual + offset, bytes, pages);
    }
};

// Using packet-based bus-master DMA, version 1: BM-02.
TEST_P(Packet, BusMasterVersion1) {
    for (const bool to_device : {true, false}) {
        DmaMachine machine(machine_config());
        const Mdl mdl = buffer(40960, 0);
        const Direction direction = to_device ? Direction::ToDevice : Direction::FromDevice;
        DeviceDescription description;
        description.maximum_length = 16384;
        description.scatter_gather = GetParam().registers == MapRegisterKind::Identity && GetParam().scattered;
        std::uint32_t granted = 0;
        Adapter adapter = machine.dma.get_dma_adapter(kDevice, description, granted);
        ASSERT_TRUE(adapter);
        EXPECT_EQ(granted, 5U);

        const auto data = pattern(mdl.bytes);
        const auto old = pattern(mdl.bytes, 99);
        store(machine, mdl, to_device ? data : old);
        std::vector<std::uint8_t> seen;
        machine.dma.set_level(Level::Dispatch);
        machine.dma.ke_flush_io_buffers(&mdl, !to_device, true);
        RegisterBase base = 0;
        std::uint64_t done = 0;
        std::vector<std::uint64_t> operations;
        const auto operation = [&] {
            std::uint64_t mapped = 0;
            const std::uint64_t length = std::min<std::uint64_t>(mdl.bytes - done, 5 * kPage);
            while (mapped < length) {
                const MappedBlock block =
                    adapter.map_transfer(&mdl, base, kVirtual + done + mapped, length - mapped, direction);
                ASSERT_GT(block.bytes, 0U);
                if (to_device) {
                    const auto part = machine.device_read(block.logical, block.bytes);
                    seen.insert(seen.end(), part.begin(), part.end());
                } else {
                    const auto from = data.begin() + static_cast<std::ptrdiff_t>(done + mapped);
                    EXPECT_EQ(
                        machine.device_write(block.logical, {from, from + static_cast<std::ptrdiff_t>(block.bytes)}),
                        Response::Ok);
                }
                mapped += block.bytes;
                if (!description.scatter_gather) {
                    break;
                }
            }
            EXPECT_TRUE(adapter.flush_adapter_buffers(&mdl, base, kVirtual + done, mapped, direction));
            operations.push_back(mapped);
            done += mapped;
        };
        ASSERT_EQ(adapter.allocate_adapter_channel(kDevice, granted,
                                                   [&](RegisterBase given) {
                                                       base = given;
                                                       operation();
                                                       return AllocationAction::DeallocateObjectKeepRegisters;
                                                   }),
                  Status::Success);
        while (done < mdl.bytes && !testing::Test::HasFailure()) {
            operation();
        }
        EXPECT_THAT(operations, ElementsAre(20480, 20480));
        EXPECT_EQ(adapter.free_map_registers(base, granted), Status::Success);
        machine.dma.set_level(Level::Passive);
        if (to_device) {
            EXPECT_EQ(seen, data);
        } else {
            EXPECT_EQ(load(machine, mdl), data);
        }
        adapter.put_dma_adapter();
        machine.dma.driver_unload(kDevice);
        EXPECT_EQ(machine.report(), "");
    }
}

// Version 3: the same sequence for everybody, and no flush of the CPU's caches by the driver.
TEST_P(Packet, BusMasterVersion3) {
    for (const bool to_device : {true, false}) {
        DmaMachine machine(machine_config());
        const Mdl mdl = buffer(40960, 0);
        const Direction direction = to_device ? Direction::ToDevice : Direction::FromDevice;
        DeviceDescription description;
        description.version = 3;
        description.maximum_length = 16384;
        description.scatter_gather = true;
        std::uint32_t granted = 0;
        Adapter adapter = machine.dma.get_dma_adapter(kDevice, description, granted);
        const auto data = pattern(mdl.bytes);
        store(machine, mdl, to_device ? data : pattern(mdl.bytes, 99));
        TransferContext context;
        ASSERT_EQ(adapter.initialize_dma_transfer_context(context), Status::Success);
        TransferInfo info;
        ASSERT_EQ(adapter.get_dma_transfer_info(&mdl, 0, mdl.bytes, to_device, info), Status::Success);
        EXPECT_EQ(info.elements, 10U);
        machine.dma.set_level(Level::Dispatch);
        RegisterBase base = 0;
        ASSERT_EQ(adapter.allocate_adapter_channel_ex(
                      kDevice, context, std::min<std::uint64_t>(info.registers, granted), {true}, {}, &base),
                  Status::Success);
        std::vector<std::uint8_t> seen;
        for (std::uint64_t done = 0; done < mdl.bytes;) {
            std::uint64_t bytes = mdl.bytes - done;
            std::vector<Element> list;
            ASSERT_EQ(adapter.map_transfer_ex(&mdl, base, done, 0, bytes, direction, list_bytes(8), &list, {}),
                      Status::Success);
            std::uint64_t place = done;
            for (const Element& element : list) {
                if (to_device) {
                    const auto part = machine.device_read(element.logical, element.bytes);
                    seen.insert(seen.end(), part.begin(), part.end());
                } else {
                    const auto from = data.begin() + static_cast<std::ptrdiff_t>(place);
                    machine.device_write(element.logical, {from, from + static_cast<std::ptrdiff_t>(element.bytes)});
                }
                place += element.bytes;
            }
            EXPECT_EQ(place, done + bytes);
            ASSERT_EQ(adapter.flush_adapter_buffers_ex(&mdl, base, done, bytes, direction), Status::Success);
            done += bytes;
        }
        adapter.free_adapter_object(kDevice, AllocationAction::DeallocateObject);
        machine.dma.set_level(Level::Passive);
        if (to_device) {
            EXPECT_EQ(seen, data);
        } else {
            EXPECT_EQ(load(machine, mdl), data);
        }
        adapter.put_dma_adapter();
        machine.dma.driver_unload(kDevice);
        EXPECT_EQ(machine.report(), "");
    }
}

// Packet-based system DMA: SD-01, SD-02, with the 8237A's limits.
TEST_P(Packet, SystemVersion1) {
    if (GetParam().registers != MapRegisterKind::Bounce) {
        return;  // The pair has no map registers in hardware, and identical addresses do not reach far.
    }
    for (const unsigned channel : {1U, 6U}) {
        for (const bool to_device : {true, false}) {
            DmaMachineConfig config = machine_config();
            config.pc_at.buffer_bytes = 8;
            DmaMachine machine(config);
            const Mdl mdl = buffer(9024, 0);
            const Direction direction = to_device ? Direction::ToDevice : Direction::FromDevice;
            DeviceDescription description;
            description.master = false;
            description.channel = channel;
            description.maximum_length = 4096;
            std::uint32_t granted = 0;
            Adapter adapter = machine.dma.get_dma_adapter(kDevice, description, granted);
            ASSERT_TRUE(adapter);
            EXPECT_EQ(granted, 2U);
            const auto data = pattern(mdl.bytes);
            store(machine, mdl, to_device ? data : pattern(mdl.bytes, 99));
            machine.dma.set_level(Level::Dispatch);
            machine.dma.ke_flush_io_buffers(&mdl, !to_device, true);
            RegisterBase base = 0;
            std::uint64_t done = 0;
            std::uint64_t length = 0;
            const auto start = [&] {
                length = std::min<std::uint64_t>(mdl.bytes - done, std::uint64_t{granted} * kPage);
                EXPECT_EQ(adapter.map_transfer(&mdl, base, kVirtual + done, length, direction).bytes, length);
                if (to_device) {
                    machine.want(channel, length);
                } else {
                    const auto from = data.begin() + static_cast<std::ptrdiff_t>(done);
                    machine.give(channel, {from, from + static_cast<std::ptrdiff_t>(length)});
                }
            };
            ASSERT_EQ(adapter.allocate_adapter_channel(kDevice, granted,
                                                       [&](RegisterBase given) {
                                                           base = given;
                                                           start();
                                                           return AllocationAction::KeepObject;
                                                       }),
                      Status::Success);
            while (true) {
                machine.wait_until([&] { return adapter.read_dma_counter() == 0; });
                EXPECT_TRUE(adapter.flush_adapter_buffers(&mdl, base, kVirtual + done, length, direction));
                done += length;
                if (done == mdl.bytes || testing::Test::HasFailure()) {
                    break;
                }
                start();
            }
            EXPECT_EQ(adapter.free_adapter_channel(), Status::Success);
            machine.dma.set_level(Level::Passive);
            if (to_device) {
                const auto& seen = machine.peripheral.received[channel];
                const auto differs = std::mismatch(seen.begin(), seen.end(), data.begin(), data.end());
                EXPECT_EQ(differs.first - seen.begin(), 9024) << channel;
            } else {
                EXPECT_EQ(load(machine, mdl), data) << channel;
            }
            adapter.put_dma_adapter();
            machine.dma.driver_unload(kDevice);
            EXPECT_EQ(machine.report(), "");
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Machines, Packet,
                         testing::Values(Kind{MapRegisterKind::Identity, false, false, 0x30'0000},
                                         Kind{MapRegisterKind::Identity, true, false, 0x30'0000},
                                         Kind{MapRegisterKind::Identity, false, true, 0x30'0000},
                                         Kind{MapRegisterKind::Bounce, false, true, 0x30'0000},
                                         Kind{MapRegisterKind::Bounce, true, true, 0x30'0000},
                                         Kind{MapRegisterKind::Bounce, false, false, 0x2'0000'0000},
                                         Kind{MapRegisterKind::Hardware, false, true, 0x30'0000},
                                         Kind{MapRegisterKind::Hardware, true, true, 0x2'0000'0000}));

}  // namespace
}  // namespace dmasim::dma
