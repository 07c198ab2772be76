// SPDX-License-Identifier: Apache-2.0
//
// Calls in any order, with any arguments: never a crash, never a hang, always a documented status; what is refused because
// it is wrong is reported, and what is granted is not. And what the two patterns cost on machines of both kinds.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "dmasim/cpu_stub/core/dma_operations/streaming_map.h"

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

/// Whether the documents call a call wrong that is answered so. The other answers are what a driver has to be ready for:
/// no room now, no such thing on this platform, cancelled, not all bytes there.
bool wrong_call(const DriverCall& call, const AdapterState* adapter) {
    switch (call.result) {
        case Status::InvalidParameter:
        case Status::InvalidParameter1:
        case Status::InvalidDeviceRequest:
        case Status::BufferTooSmall:
        case Status::NoneMapped:
        case Status::DeviceBusy:
        case Status::InUse:
            return true;
        case Status::NotSupported:
            return (call.routine != Routine::CreateCommonBufferFromMdl || adapter->version < 3) &&
                   (call.routine != Routine::GetDmaAdapter || call.description->version > 3);
        default:
            return false;
    }
}

/// Which routines were called, and which of them did what they are for.
struct Coverage {
    std::set<Routine> called;
    std::set<Routine> done;
    std::set<Status> answers;
    std::uint64_t refused = 0;
};

/// Listens in front of the checks: nothing wrong goes without a finding.
class Judge final : public CallObserver {
  public:
    explicit Judge(Coverage& coverage) : coverage_(coverage) {}
    void before(const DriverCall& call, const DmaState& state) override {
        EXPECT_TRUE(open_.emplace(call.number, checks.count()).second) << "two calls of one number";
        checks.before(call, state);
    }
    void after(const DriverCall& call, const DmaState& state) override {
        last_.clear();
        checks.on_finding([this](const DriverFinding& finding) { last_ += finding.text() + "\n"; });
        checks.after(call, state);
        const auto entry = open_.find(call.number);
        if (entry == open_.end()) {
            EXPECT_EQ(call.number, 0U) << "a call that was never made has ended";
            return;
        }
        coverage_.called.insert(call.routine);
        coverage_.answers.insert(call.result);
        if (call.result == Status::Success) {
            coverage_.done.insert(call.routine);
        }
        if (wrong_call(call, state.adapter(call.adapter))) {
            ++coverage_.refused;
            EXPECT_GT(checks.count(), entry->second)
                << name_of(call.routine) << " was refused with " << name_of(call.result) << ", and nobody says so";
        } else {
            // Refused by no means, so these two have nothing to say.
            EXPECT_EQ(last_.find("SV-26"), std::string::npos) << last_;
            EXPECT_TRUE(last_.find("SV-25") == std::string::npos) << last_;
        }
        open_.erase(entry);
    }
    void fact(const DriverFact& fact, const DmaState& state) override { checks.fact(fact, state); }
    [[nodiscard]] std::size_t running() const { return open_.size(); }

    DriverChecker checks{10};

  private:
    Coverage& coverage_;
    std::map<std::uint64_t, std::uint64_t> open_;
    std::string last_;
};

void random_calls(unsigned seed, unsigned calls, Coverage& coverage) {
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
    config.dma.options.zero_length_map = static_cast<DmaOptions::ZeroLength>(draw(2));
    config.dma.options.base_with_callback = static_cast<DmaOptions::BaseWithCallback>(draw(2));
    config.dma.options.merge_elements = draw(2) == 0;
    config.dma.highest_version = static_cast<std::uint32_t>(draw(4) == 0 ? 1 + draw(2) : 3);
    config.pc_at.buffer_bytes = draw(2) == 0 ? 8 : 0;
    DmaMachine machine(config);
    Judge judge(coverage);
    DmaOperations dma(machine.cpu, machine.config.dma, &judge);
    LotteryController lottery(random);
    // A part of the journeys goes with the two 8237A.
    if (draw(4) == 0) {
        dma.set_system_controller(machine.controller);
    } else {
        dma.set_system_controller(lottery);
    }
    RemappingUnit remapping(dma);
    if (draw(2) == 0) {
        remapping.add_device(1, machine.translator, false);
    }
    TranslationTable own_table(4096);

    std::vector<Adapter> adapters{Adapter(), Adapter(dma, 0), Adapter(dma, 99)};
    std::uint32_t vector = 0;
    Adapter vector_adapter;
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
        Adapter adapter = adapters[draw(adapters.size())];
        auto device = static_cast<DeviceId>(draw(4));
        const Mdl* mdl = draw(12) == 0 ? nullptr : &mdls[draw(mdls.size())];
        RegisterBase base = bases[draw(bases.size())];
        TransferContext context = contexts[draw(contexts.size())];
        // Half of the time what belongs together, so that the right ways are walked too.
        const bool fitting = draw(2) == 0;
        std::vector<const Allocation*> live;
        for (const auto& [number_of, allocation] : dma.state().allocations) {
            if (allocation.live() && !dma.state().adapter(allocation.adapter)->released) {
                live.push_back(&allocation);
            }
        }
        if (fitting) {
            mdl = &mdls[draw(2) * 3];
        }
        if (fitting && !live.empty()) {
            const Allocation& one = draw(2) == 0 ? *live.back() : *live[draw(live.size())];
            adapter = Adapter(dma, one.adapter);
            device = one.device;
            base = one.base;
            context.id = one.context != 0 ? one.context : context.id;
        }
        const std::uint64_t size = mdl == nullptr ? 10 : mdl->bytes;
        const std::uint64_t start = mdl == nullptr ? 0 : mdl->virtual_address;
        const std::uint64_t offset = draw(3) == 0 ? 0 : draw(fitting ? size : size + 10);
        const std::uint64_t bytes = fitting ? 1 + draw(size - offset) : draw(3) == 0 ? size : draw(size + 100);
        const auto direction = static_cast<Direction>(draw(3));
        const auto action = static_cast<AllocationAction>(draw(3));
        const RequestFlags flags{draw(2) == 0};
        const auto control = [&, action](RegisterBase given) {
            bases.push_back(given);
            return action;
        };
        const auto list_control = [&](const ScatterGatherList& list) { lists.push_back(list); };
        RegisterBase given = 0;
        ScatterGatherList list;
        switch (draw(38)) {
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
                description.alignment = draw(8) == 0 ? 1 : description.alignment;
                description.width_bits = draw(8) == 0 ? 24 : 8;
                description.demand_mode = draw(2) == 0;
                description.remapping_supported = draw(4) != 0;
                description.auto_initialize = draw(4) == 0;
                std::uint32_t granted = 0;
                // Mostly one that can be had, so that the right ways are walked too.
                if (draw(3) != 0) {
                    description.version = 1 + description.version % 3;
                    description.maximum_length += 1;
                    description.address_bits = 32;
                    description.channel %= 3;
                    description.width_bits = 8;
                    description.alignment = description.minimum_unit;
                }
                adapters.push_back(draw(20) == 0 ? dma.hal_get_adapter(device, description, granted)
                                                 : dma.get_dma_adapter(device, description, granted));
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
                adapter.map_transfer(mdl, base, start + offset - (fitting ? 0 : draw(2)), bytes, direction);
                break;
            case 4:
                adapter.flush_adapter_buffers(mdl, base, start + offset, bytes, direction);
                break;
            case 5:
                check(adapter.free_adapter_channel());
                break;
            case 6:
                // Often as many as there are.
                if (const Allocation* known = dma.state().allocation(base); known != nullptr && draw(2) == 0) {
                    check(Adapter(dma, known->adapter).free_map_registers(base, known->registers));
                } else {
                    check(adapter.free_map_registers(base, draw(6)));
                }
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
            case 14: {
                const bool control_wanted = fitting ? !flags.synchronous : draw(2) == 0;
                if (fitting) {
                    // The newest adapter of version 3 that is still there, and a context of its own.
                    for (const auto& [id, known] : dma.state().adapters) {
                        if (known.version == 3 && !known.released) {
                            adapter = Adapter(dma, id);
                        }
                    }
                    check(adapter.initialize_dma_transfer_context(context = TransferContext{}));
                    contexts[draw(contexts.size())] = context;
                }
                check(
                    adapter.allocate_adapter_channel_ex(device, context, draw(fitting ? 3 : 8), flags,
                                                        control_wanted ? AdapterControl(control) : AdapterControl(),
                                                        (fitting ? !control_wanted : draw(2) == 0) ? &given : nullptr));
                bases.push_back(given);
                break;
            }
            case 15:
                adapter.cancel_adapter_channel(device, context);
                break;
            case 16:
            case 17:
            case 37: {
                std::uint64_t length = bytes;
                std::vector<Element> elements;
                check(adapter.map_transfer_ex(
                    mdl, base, offset, fitting ? 0 : static_cast<std::uint32_t>(draw(2)), length, direction,
                    !fitting && draw(3) == 0 ? 0 : 100 + draw(200), !fitting && draw(4) == 0 ? nullptr : &elements,
                    draw(3) == 0 ? CompletionRoutine([](CompletionStatus) {}) : CompletionRoutine()));
                EXPECT_LE(length, bytes);
                break;
            }
            case 18: {
                // Often what was mapped, so that the right way is walked too.
                const Allocation* allocation = dma.state().allocation(base);
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
            case 36:
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
                const auto index = static_cast<std::uint32_t>(draw(4));
                if (draw(4) != 0 && vector != 0) {
                    adapter = vector_adapter;
                }
                switch (draw(4)) {
                    case 0:
                        vector = adapter.allocate_common_buffer_vector(static_cast<std::uint32_t>(draw(4)), 100, true);
                        vector_adapter = adapter;
                        break;
                    case 1:
                        adapter.get_common_buffer_from_vector(vector, index);
                        break;
                    case 2:
                        check(adapter.free_common_buffer_from_vector(vector, index));
                        break;
                    default:
                        check(adapter.free_common_buffer_vector(draw(4) != 0 ? vector : 7));
                        break;
                }
                break;
            }
            case 27: {
                TransferInfo info;
                info.version = static_cast<std::uint32_t>(draw(4));
                check(adapter.get_dma_transfer_info(mdl, offset, bytes, draw(2) == 0, info));
                AdapterInfo about;
                about.version = static_cast<std::uint32_t>(draw(3));
                check(adapter.get_dma_adapter_info(about));
                adapter.read_dma_counter();
                adapter.get_dma_alignment();
                check(adapter.configure_adapter_channel(static_cast<std::uint32_t>(draw(3)), draw(2)));
                break;
            }
            case 29:
                switch (draw(4)) {
                    case 0:
                        check(adapter.join_dma_domain(static_cast<std::uint32_t>(draw(3))));
                        break;
                    case 1:
                        check(adapter.leave_dma_domain());
                        break;
                    case 2:
                        check(adapter.join_dma_domain(1));
                        buffers.push_back(adapter.allocate_domain_common_buffer(static_cast<std::uint32_t>(draw(3)), {},
                                                                                draw(9000), draw(2) == 0));
                        break;
                    default:
                        EXPECT_LE(adapter.get_dma_domain(), 2U);
                        break;
                }
                break;
            case 30:
                buffers.push_back(adapter.allocate_common_buffer_ex(draw(2) == 0 ? ~0ULL : draw(0x40'0000), draw(20000),
                                                                    draw(2) == 0));
                break;
            case 31: {
                CommonBuffer made;
                std::vector<std::uint32_t> settings(draw(3), static_cast<std::uint32_t>(draw(2)));
                const Mdl whole = make_contiguous_mdl(0x50000, 0x3000);
                const bool good = draw(2) == 0;
                check(adapter.create_common_buffer_from_mdl(
                    good ? &whole : mdl, good ? 0x1000 : offset, good ? 0x1000 * (1 + draw(2)) : bytes,
                    good && draw(2) == 0 ? std::vector<std::uint32_t>{} : settings, made));
                buffers.push_back(made);
                break;
            }
            case 32:
                check(adapter.flush_dma_buffer(mdl == &mdls[6] ? nullptr : mdl, draw(2) == 0));
                break;
            case 33: {
                const std::uint64_t told = judge.checks.count();
                const auto domain = static_cast<std::uint32_t>(draw(5));
                const std::uint64_t page = draw(4) == 0 ? draw(0x20000) : draw(32) * 0x1000;
                std::uint64_t logical = 0;
                Status status = Status::Success;
                switch (draw(10)) {
                    case 0:
                        EXPECT_GT(remapping.create_domain(static_cast<DomainType>(draw(3))), 0U);
                        break;
                    case 1:
                        status = remapping.configure_domain(domain, own_table);
                        break;
                    case 2:
                        status = remapping.delete_domain(domain);
                        break;
                    case 3:
                        status = remapping.attach(device, domain);
                        break;
                    case 4:
                        status = remapping.detach(device);
                        break;
                    case 5:
                        status = remapping.switch_domain(device, domain);
                        break;
                    case 6:
                        status = remapping.map_range(domain, page, 0x30000, 0x1000 * draw(3),
                                                     static_cast<unsigned>(draw(5)));
                        break;
                    case 7:
                        status = remapping.map_pages(domain, std::vector<std::uint64_t>(draw(3), 0x31000), page,
                                                     page + draw(0x4000), 3, logical);
                        break;
                    case 8:
                        status = remapping.unmap_range(domain, page, 0x1000 * draw(3));
                        break;
                    default:
                        status = remapping.reserve_range(domain, page, 0x1000 * draw(3), draw(2) == 0);
                        break;
                }
                DriverCall like;
                like.routine = Routine::JoinDmaDomain;
                like.result = status;
                check(status);
                if (wrong_call(like, nullptr)) {
                    EXPECT_GT(judge.checks.count(), told) << name_of(status) << ", and nobody says so";
                }
                break;
            }
            case 34:
                dma.driver_unload(device);
                dma.device_requests(device, static_cast<unsigned>(draw(4)), draw(2) == 0);
                dma.query_performance_counter();
                break;
            case 28:
                dma.service();
                dma.set_level(static_cast<Level>(draw(2)));
                break;
            default:
                dma.ke_flush_io_buffers(mdl, draw(2) == 0, draw(2) == 0);
                EXPECT_FALSE(dma.dump(adapter).empty());
                break;
        }
        ASSERT_EQ(judge.running(), 0U) << "a call has never ended";
        // The books balance after every call.
        for (const auto& [id, state] : dma.state().adapters) {
            ASSERT_LE(state.registers_in_use(), state.granted) << id;
            ASSERT_LE(state.channels_freed, state.channels_allocated);
            ASSERT_LE(state.lists_freed, state.lists_allocated);
            ASSERT_LE(state.common_freed, state.common_allocated);
        }
        std::vector<unsigned> owners(config.dma.register_count, 0);
        for (const auto& [id, allocation] : dma.state().allocations) {
            for (std::uint32_t reg = 0; allocation.holds_registers && reg < allocation.registers; ++reg) {
                ASSERT_EQ(++owners.at(allocation.first_register + reg), 1U);
            }
        }
    }
    EXPECT_NE(statuses, 0U);
    EXPECT_LT(statuses, 1U << kStatuses);
    EXPECT_NE(judge.checks.count(), 0U);
}

TEST(RandomCalls, NeverCrashNeverHangAlwaysAStatus) {
    const bool night = std::getenv("DMASIM_NIGHTLY") != nullptr;
    const unsigned first = std::random_device{}();
    Coverage coverage;
    for (unsigned run = 0; run < (night ? 20000U : 1000U); ++run) {
        random_calls(run < 500 ? run : first + run, 300, coverage);
        ASSERT_FALSE(HasFailure()) << "seed " << (run < 500 ? run : first + run);
    }
    // A journey that leaves a routine out, or never gets it to do its work, says little about it.
    for (unsigned number = 0; number < static_cast<unsigned>(Routine::MapSingle); ++number) {
        const auto routine = static_cast<Routine>(number);
        EXPECT_EQ(coverage.called.count(routine), 1U) << name_of(routine);
        EXPECT_EQ(coverage.done.count(routine), routine == Routine::HalGetAdapter ? 0U : 1U) << name_of(routine);
    }
    for (const Status status :
         {Status::Success, Status::InsufficientResources, Status::InvalidParameter, Status::BufferTooSmall,
          Status::NotSupported, Status::NotImplemented, Status::Cancelled, Status::InvalidDeviceRequest,
          Status::NoneMapped, Status::AccessDenied, Status::Unsuccessful}) {
        EXPECT_EQ(coverage.answers.count(status), 1U) << name_of(status);
    }
    EXPECT_GT(coverage.refused, 1000U);
}

/// Mappings in the manner of Linux: their checks name what is wrong, and the books balance.
void random_streaming_calls(unsigned seed, unsigned calls, std::set<std::string_view>& broken) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    DmaMachineConfig config;
    config.coherent = draw(2) == 0;
    DmaMachine machine(config);
    StreamingConfig settings;
    settings.coherent = config.coherent;
    settings.records = draw(2) == 0 ? 5 + draw(40) : 1000;
    settings.bounce_unaligned = draw(2) == 0;
    settings.regions = {{{0x1000, 0x10'0000}, RegionKind::Ram},
                        {{0x20'0000, 0x1000}, RegionKind::Stack},
                        {{0x30'0000, 0x1000}, RegionKind::ReadOnly},
                        {{0x40'0000, 0x1000}, RegionKind::VirtuallyContiguous},
                        {{0x50'0000, 0x1000}, RegionKind::Device}};
    settings.pool = {0x100'0000, draw(2) == 0 ? 0x1'0000U : 0U};
    settings.coherent_area = {0x200'0000, 0x4000};
    DriverChecker checks;
    StreamingMap map(machine.cpu, settings, &checks);
    StreamingDevice description;
    description.address_bits = draw(2) == 0 ? 20 : 64;
    description.max_segment = 1024;
    description.boundary_mask = 0xFFFF;
    description.untrusted = draw(2) == 0;
    map.set_device(1, description);

    std::vector<std::uint64_t> addresses{0, kMappingError, 0x1234};
    std::vector<std::vector<Segment>> lists{{}};
    std::vector<std::uint64_t> coherent{0};
    for (unsigned number = 0; number < calls; ++number) {
        const auto device = static_cast<DeviceId>(draw(8) == 0 ? 2 : 1);
        const std::uint64_t place = draw(6) == 0   ? 0x10'0000 * draw(7)
                                    : draw(2) == 0 ? 0x2000 + draw(64)
                                                   : 0x1000 + draw(0xF'0000);
        const std::uint64_t bytes = draw(5) == 0 ? draw(5000) : 64 * draw(40);
        const std::uint64_t dma = addresses[draw(addresses.size())];
        std::vector<Segment>& list = lists[draw(lists.size())];
        const auto direction = static_cast<Direction>(draw(3));
        const MapAttributes attributes{draw(4) == 0, draw(4) == 0};
        const StreamingMapping* known = map.state().find(device, dma);
        const std::uint64_t told = checks.count();
        switch (draw(11)) {
            case 0:
                addresses.push_back(map.map_single(device, place, bytes, direction, attributes));
                break;
            case 1:
                addresses.push_back(map.map_resource(device, place, bytes, direction));
                break;
            case 2: {
                std::vector<Segment> segments(draw(4));
                for (Segment& segment : segments) {
                    segment.address = 0x1000 + draw(0xF'0000);
                    segment.bytes = draw(1500);
                }
                const std::size_t pieces = map.map_list(device, segments, direction, attributes);
                EXPECT_LE(pieces, segments.size());
                if (pieces > 0) {
                    lists.push_back(segments);
                }
                break;
            }
            case 3: {
                // Half of the time as it was mapped.
                const bool right = known != nullptr && draw(2) == 0;
                map.unmap_single(device, dma, right ? known->bytes : bytes, right ? known->direction : direction);
                if (known == nullptr && !map.state().out_of_records) {
                    EXPECT_GT(checks.count(), told) << "an unmap of nothing, and nobody says so";
                }
                break;
            }
            case 4:
                map.unmap_list(device, list, draw(2) == 0 ? list.size() : draw(5), direction);
                break;
            case 5:
                EXPECT_EQ(map.mapping_error(device, dma), dma == kMappingError);
                break;
            case 6:
                if (draw(2) == 0) {
                    map.sync_for_cpu(device, dma + draw(100), draw(300), direction);
                } else {
                    map.sync_for_device(device, dma + draw(100), draw(300), direction);
                }
                break;
            case 7:
                if (draw(2) == 0) {
                    map.sync_list_for_cpu(device, list, draw(5), direction);
                } else {
                    map.sync_list_for_device(device, list, draw(5), direction);
                }
                break;
            case 8: {
                std::uint64_t given = 0;
                coherent.push_back(map.allocate_coherent(device, draw(9000), draw(2) == 0, given));
                addresses.push_back(given);
                break;
            }
            case 9: {
                const std::uint64_t address = coherent[draw(coherent.size())];
                map.free_coherent(device, bytes, address + draw(2), address, draw(2) == 0);
                break;
            }
            default:
                if (draw(20) == 0) {
                    map.unbind_driver(device);
                }
                EXPECT_EQ(map.dump().empty(), map.state().live.empty());
                break;
        }
        for (const StreamingMapping& mapping : map.state().live) {
            ASSERT_EQ(mapping.segments.size(), mapping.bounce.size());
        }
    }
    for (const DriverFinding& finding : checks.findings()) {
        broken.insert(finding.rule);
    }
}

TEST(RandomCalls, MappingsInTheMannerOfLinux) {
    const bool night = std::getenv("DMASIM_NIGHTLY") != nullptr;
    const unsigned first = std::random_device{}();
    std::set<std::string_view> broken;
    for (unsigned run = 0; run < (night ? 5000U : 200U); ++run) {
        random_streaming_calls(run < 100 ? run : first + run, 400, broken);
        ASSERT_FALSE(HasFailure()) << "seed " << (run < 100 ? run : first + run);
    }
    std::string unbroken;
    for (const DriverRule* rule : driver_rules()) {
        unbroken += rule->moment == RuleMoment::Streaming && broken.count(rule->id) == 0 ? std::string(rule->id) : "";
    }
    EXPECT_EQ(unbroken, "") << "a journey that never breaks a rule says little about it";
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
    // 256 lines are looked at once more, for a cycle each, and each of 4 pages is an operation.
    EXPECT_EQ(cycles_of(3, false, true, Direction::ToDevice), out + 256 + 4);
    EXPECT_EQ(cycles_of(3, false, true, Direction::FromDevice),
              cycles_of(3, false, false, Direction::FromDevice) + 256 + 4);
    EXPECT_GT(out, cycles_of(3, true, false, Direction::ToDevice));
}

}  // namespace
}  // namespace dmasim::dma
