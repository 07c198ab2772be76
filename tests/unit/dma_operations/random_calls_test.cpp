// SPDX-License-Identifier: Apache-2.0
//
// Calls in any order, with any arguments: never a crash, never a hang, always a documented status. And what the two
// patterns cost on machines of both kinds.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "support/core/dma_machine.h"

namespace dmasim::dma {
namespace {

using test::bytes_of;
using test::DmaMachine;
using test::DmaMachineConfig;
using test::Rig;

/// Ends operations whenever it likes.
class LotteryController final : public SystemController {
  public:
    explicit LotteryController(std::mt19937& random) : random_(random) {}
    [[nodiscard]] SystemLimits limits(unsigned channel) const override {
        SystemLimits limits;
        limits.exists = channel < 3;
        limits.address_bits = 24;
        limits.boundary = 0x10000;
        return limits;
    }
    void start(CpuContext& /*cpu*/, const SystemTransfer& /*transfer*/) override { left_ = random_() % 4; }
    void stop(CpuContext& /*cpu*/, unsigned /*channel*/) override { left_ = 0; }
    SystemState state(CpuContext& /*cpu*/, unsigned /*channel*/) override {
        left_ -= left_ > 0 ? 1 : 0;
        return left_ > 0 ? SystemState::Running : random_() % 9 == 0 ? SystemState::Error : SystemState::Complete;
    }
    std::uint64_t remaining(CpuContext& /*cpu*/, unsigned /*channel*/) override { return left_; }
    bool drain(CpuContext& /*cpu*/, unsigned /*channel*/) override { return random_() % 9 != 0; }

  private:
    std::mt19937& random_;
    std::uint64_t left_ = 0;
};

void random_calls(unsigned seed, unsigned calls) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    DmaMachineConfig config;
    config.coherent = draw(2) == 0;
    config.dma.registers = static_cast<MapRegisterKind>(draw(3));
    config.dma.register_count = static_cast<std::uint32_t>(1 + draw(12));
    config.dma.guards = draw(4) == 0;
    config.dma.options.clip_to_registers = draw(4) != 0;
    config.dma.options.early_flush = static_cast<DmaOptions::EarlyFlush>(draw(2));
    DmaMachine machine(config);
    LotteryController controller(random);
    machine.dma.set_system_controller(controller);

    std::vector<Adapter> adapters{Adapter(), Adapter(machine.dma, 0), Adapter(machine.dma, 99)};
    std::vector<TransferContext> contexts(4);
    std::vector<RegisterBase> bases{0, 12345};
    std::vector<ScatterGatherList> lists(1);
    std::vector<CommonBuffer> buffers(1);
    std::vector<Mdl> mdls{make_contiguous_mdl(0x1000, 5000), make_contiguous_mdl(0x10FFF, 2),
                          make_contiguous_mdl(0x2'0000'0000, 9000),
                          make_mdl(0x777, 20000, {0x30000, 0x38000, 0x36000, 0x3A000, 0x39000, 0x40000}), Mdl{}};
    mdls.push_back(make_contiguous_mdl(0x60000, 64));
    mdls.push_back(make_mdl(0xFFFF'FFFF'FFFF'F000, ~0ULL, {0x70000}));
    mdls[5].next = &mdls[5];  // A chain without an end.
    mdls[3].next = &mdls[0];
    mdls[1].next = &mdls[4];

    unsigned statuses = 0;
    const auto check = [&](Status status) { statuses |= 1U << static_cast<unsigned>(status); };
    for (unsigned number = 0; number < calls; ++number) {
        Adapter& adapter = adapters[draw(adapters.size())];
        const auto device = static_cast<DeviceId>(draw(4));
        const Mdl* mdl = draw(12) == 0 ? nullptr : &mdls[draw(mdls.size())];
        const std::uint64_t size = mdl == nullptr ? 10 : mdl->bytes;
        const std::uint64_t start = mdl == nullptr ? 0 : mdl->virtual_address;
        const std::uint64_t offset = draw(3) == 0 ? 0 : draw(size + 10);
        const std::uint64_t bytes = draw(3) == 0 ? size : draw(size + 100);
        const RegisterBase base = bases[draw(bases.size())];
        const auto direction = static_cast<Direction>(draw(3));
        const TransferContext& context = contexts[draw(contexts.size())];
        const auto action = static_cast<AllocationAction>(draw(3));
        const RequestFlags flags{draw(2) == 0};
        const auto control = [&, action](RegisterBase given) {
            bases.push_back(given);
            return action;
        };
        const auto list_control = [&](const ScatterGatherList& list) { lists.push_back(list); };
        RegisterBase given = 0;
        ScatterGatherList list;
        switch (draw(30)) {
            case 0: {
                DeviceDescription description;
                description.version = static_cast<std::uint32_t>(draw(5));
                description.master = draw(2) == 0;
                description.scatter_gather = draw(2) == 0;
                description.maximum_length = draw(40000);
                description.channel = static_cast<unsigned>(draw(4));
                description.address_bits = static_cast<std::uint32_t>(draw(66));
                description.element_limit = static_cast<std::uint32_t>(draw(4));
                description.element_bytes = draw(3) == 0 ? 1 + draw(5000) : 0;
                description.boundary = draw(3) == 0 ? 0x1000ULL << draw(4) : 0;
                description.minimum_unit = description.alignment = 1U << draw(3);
                description.auto_initialize = draw(4) == 0;
                std::uint32_t granted = 0;
                adapters.push_back(machine.dma.get_dma_adapter(device, description, granted));
                break;
            }
            case 1:
                if (draw(8) == 0) {
                    adapter.put_dma_adapter();
                }
                break;
            case 2:
                check(adapter.allocate_adapter_channel(device, draw(8), control));
                break;
            case 3:
                adapter.map_transfer(mdl, base, start + offset - draw(2), bytes, direction);
                break;
            case 4:
                adapter.flush_adapter_buffers(mdl, base, start + offset, bytes, direction);
                break;
            case 5:
                check(adapter.free_adapter_channel());
                break;
            case 6:
                check(adapter.free_map_registers(base, draw(6)));
                break;
            case 7:
                check(adapter.get_scatter_gather_list(device, mdl, start + offset, bytes, list_control, direction));
                break;
            case 8:
                check(adapter.put_scatter_gather_list(lists[draw(lists.size())], direction));
                break;
            case 9:
                check(adapter.build_scatter_gather_list(device, mdl, start + offset, bytes, list_control, direction,
                                                        draw(200)));
                break;
            case 10: {
                Mdl made;
                check(adapter.build_mdl_from_scatter_gather_list(lists[draw(lists.size())], made));
                break;
            }
            case 11: {
                std::uint64_t list_size = 0;
                std::uint64_t registers = 0;
                check(adapter.calculate_scatter_gather_list_size(mdl, start + offset, bytes, list_size, registers));
                break;
            }
            case 12:
                check(adapter.initialize_dma_transfer_context(contexts[draw(contexts.size())]));
                break;
            case 13:
            case 14:
                check(adapter.allocate_adapter_channel_ex(device, context, draw(8), flags,
                                                          draw(2) == 0 ? AdapterControl(control) : AdapterControl(),
                                                          draw(2) == 0 ? &given : nullptr));
                bases.push_back(given);
                break;
            case 15:
                adapter.cancel_adapter_channel(device, context);
                break;
            case 16:
            case 17: {
                std::uint64_t length = bytes;
                std::vector<Element> elements;
                check(adapter.map_transfer_ex(
                    mdl, base, offset, static_cast<std::uint32_t>(draw(2)), length, direction,
                    draw(3) == 0 ? 0 : draw(200), draw(4) == 0 ? nullptr : &elements,
                    draw(3) == 0 ? CompletionRoutine([](CompletionStatus) {}) : CompletionRoutine()));
                EXPECT_LE(length, bytes);
                break;
            }
            case 18: {
                // Often what was mapped, so that the right way is walked too.
                const Allocation* allocation = machine.dma.state().allocation(base);
                if (allocation != nullptr && !allocation->mappings.empty()) {
                    const Mapping& mapping = allocation->mappings.front();
                    check(adapter.flush_adapter_buffers_ex(mapping.mdl, base, mapping.offset, mapping.bytes,
                                                           mapping.direction));
                } else {
                    check(adapter.flush_adapter_buffers_ex(mdl, base, offset, bytes, direction));
                }
                break;
            }
            case 19:
                adapter.free_adapter_object(device, action);
                break;
            case 20:
                check(adapter.cancel_mapped_transfer(context));
                break;
            case 21:
                check(adapter.get_scatter_gather_list_ex(device, context, mdl, offset, bytes, flags,
                                                         draw(2) == 0 ? ListControl(list_control) : ListControl(),
                                                         direction, draw(2) == 0 ? &list : nullptr));
                lists.push_back(list);
                break;
            case 22:
                check(adapter.build_scatter_gather_list_ex(device, context, mdl, offset, bytes, flags, list_control,
                                                           direction, draw(300), nullptr));
                break;
            case 23:
                buffers.push_back(adapter.allocate_common_buffer(draw(20000), draw(2) == 0));
                break;
            case 24: {
                const CommonBuffer& buffer = buffers[draw(buffers.size())];
                check(adapter.free_common_buffer(buffer.asked, buffer.logical, buffer.address, draw(4) != 0));
                break;
            }
            case 25: {
                CommonBufferBounds bounds;
                bounds.lowest = draw(2) == 0 ? 0 : draw(0x40'0000);
                bounds.highest = draw(2) == 0 ? ~0ULL : draw(0x40'0000);
                bounds.large_pages = draw(4) == 0;
                buffers.push_back(adapter.allocate_common_buffer_with_bounds(bounds, draw(20000), draw(2) == 0));
                break;
            }
            case 26: {
                const std::uint32_t vector =
                    adapter.allocate_common_buffer_vector(static_cast<std::uint32_t>(draw(4)), 100, true);
                check(adapter.free_common_buffer_from_vector(vector, static_cast<std::uint32_t>(draw(4))));
                check(adapter.free_common_buffer_vector(draw(2) == 0 ? vector : 7));
                break;
            }
            case 27: {
                TransferInfo info;
                info.version = static_cast<std::uint32_t>(draw(4));
                check(adapter.get_dma_transfer_info(mdl, offset, bytes, draw(2) == 0, info));
                AdapterInfo about;
                check(adapter.get_dma_adapter_info(about));
                adapter.read_dma_counter();
                adapter.get_dma_alignment();
                check(adapter.configure_adapter_channel(static_cast<std::uint32_t>(draw(3)), draw(3)));
                check(adapter.join_dma_domain(static_cast<std::uint32_t>(draw(3))));
                check(adapter.leave_dma_domain());
                break;
            }
            case 28:
                machine.dma.service();
                machine.dma.set_level(static_cast<Level>(draw(2)));
                break;
            default:
                machine.dma.ke_flush_io_buffers(mdl, draw(2) == 0, draw(2) == 0);
                EXPECT_FALSE(machine.dma.dump(adapter).empty());
                break;
        }
        // The books balance after every call.
        for (const auto& [id, state] : machine.dma.state().adapters) {
            ASSERT_LE(state.registers_in_use(), state.granted) << id;
            ASSERT_LE(state.channels_freed, state.channels_allocated);
            ASSERT_LE(state.lists_freed, state.lists_allocated);
            ASSERT_LE(state.common_freed, state.common_allocated);
        }
        std::vector<unsigned> owners(config.dma.register_count, 0);
        for (const auto& [id, allocation] : machine.dma.state().allocations) {
            for (std::uint32_t reg = 0; allocation.holds_registers && reg < allocation.registers; ++reg) {
                ASSERT_EQ(++owners.at(allocation.first_register + reg), 1U);
            }
        }
    }
    EXPECT_NE(statuses, 0U);
    EXPECT_LT(statuses, 1U << kStatuses);
}

TEST(RandomCalls, NeverCrashNeverHangAlwaysAStatus) {
    const bool night = std::getenv("DMASIM_NIGHTLY") != nullptr;
    const unsigned first = std::random_device{}();
    for (unsigned run = 0; run < (night ? 2000U : 60U); ++run) {
        random_calls(run < 30 ? run : first + run, 600);
        ASSERT_FALSE(HasFailure()) << "seed " << (run < 30 ? run : first + run);
    }
}

std::uint64_t cycles_of(std::uint32_t version, bool coherent, bool extra_flush, Direction direction) {
    DmaMachineConfig config;
    config.coherent = coherent;
    config.dma.registers = MapRegisterKind::Identity;
    DeviceDescription description;
    description.version = version;
    description.scatter_gather = true;
    description.maximum_length = 16384;
    Rig rig(config, description);
    const Mdl mdl = make_contiguous_mdl(0x1000, 16384);
    rig.machine.store(0x1000, bytes_of(0xC0, 16384));
    const Cycles begun = rig.machine.cpu.now();
    if (version == 1 || extra_flush) {
        rig.machine.dma.ke_flush_io_buffers(&mdl, direction == Direction::FromDevice, true);
    }
    const auto move = [&](std::uint64_t logical) {
        if (direction == Direction::ToDevice) {
            EXPECT_EQ(rig.machine.device_read(logical, 16384), bytes_of(0xC0, 16384));
        } else {
            rig.machine.device_write(logical, bytes_of(0xD0, 16384));
        }
    };
    if (version == 1) {
        const RegisterBase base = rig.own(4);
        move(rig.adapter.map_transfer(&mdl, base, 0x1000, 16384, direction).logical);
        rig.adapter.flush_adapter_buffers(&mdl, base, 0x1000, 16384, direction);
        rig.adapter.free_map_registers(base, 4);
    } else {
        const RegisterBase base = rig.own3(0);
        move(rig.map3(mdl, base, direction));
        rig.adapter.flush_adapter_buffers_ex(&mdl, base, 0, 16384, direction);
        rig.adapter.free_adapter_object(rig.device, AllocationAction::DeallocateObject);
    }
    const std::uint64_t cycles = rig.machine.cpu.now().count() - begun.count();
    EXPECT_EQ(rig.machine.load(0x1000, 16384), bytes_of(direction == Direction::ToDevice ? 0xC0 : 0xD0, 16384));
    return cycles;
}

TEST(PatternCost, SameOnACoherentMachine) {
    for (const Direction direction : {Direction::ToDevice, Direction::FromDevice}) {
        const std::uint64_t version1 = cycles_of(1, true, false, direction);
        EXPECT_EQ(cycles_of(3, true, false, direction), version1);
        EXPECT_EQ(cycles_of(3, true, true, direction), version1);
    }
}

TEST(PatternCost, SuperfluousFlushCostsWhereCachesAreNotSeen) {
    const std::uint64_t out = cycles_of(3, false, false, Direction::ToDevice);
    EXPECT_EQ(cycles_of(1, false, false, Direction::ToDevice), out);
    // 256 lines are looked at once more.
    EXPECT_GE(cycles_of(3, false, true, Direction::ToDevice), out + 256);
    EXPECT_GT(cycles_of(3, false, true, Direction::FromDevice),
              cycles_of(3, false, false, Direction::FromDevice) + 200);
    EXPECT_GT(out, cycles_of(3, true, false, Direction::ToDevice));
}

}  // namespace
}  // namespace dmasim::dma
