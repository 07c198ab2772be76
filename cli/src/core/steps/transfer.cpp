// SPDX-License-Identifier: Apache-2.0
// Steps start and wait_transfer.
#include "dmasim/model/frontend/native/register_map.h"

#include "kinds.h"

namespace dmasim::cli {

Action compile_start(const View& arguments, const StepContext& context) {
    const TransferSpec transfer = transfer_of(arguments, context.platform);
    const std::uint64_t registers = registers_of(arguments, context);
    const std::vector<RegisterWrite> writes = register_writes(transfer);
    const Bytes chain = chain_bytes(transfer);
    const std::string stores = arguments["chain_stores"].string();
    return [=](StepRuntime& runtime) {
        CpuContext& cpu = runtime.cpu();
        if (!chain.empty() && stores != "none") {
            cpu.write(transfer.descriptors, chain.data(), chain.size(),
                      stores == "uncached" ? MemoryType::Uncached : MemoryType::Cached);
            if (stores == "cleaned") {
                cpu.clean(transfer.descriptors, chain.size());
            }
            if (stores != "cached") {
                cpu.dsb();
            }
        }
        for (const RegisterWrite& write : writes) {
            cpu.write_register(registers + write.offset, write.value);
        }
    };
}

Action compile_wait_transfer(const View& arguments, const StepContext& context) {
    using namespace native;
    const std::uint32_t controller = controller_of(arguments, context.platform);
    const std::uint32_t channel = arguments["channel"].number32();
    if (channel >= context.platform.controllers[controller].config.channels) {
        arguments["channel"].fail("the controller does not have this channel");
    }
    const std::uint64_t registers = registers_of(arguments, context);
    return [=](StepRuntime& runtime) {
        CpuContext& cpu = runtime.cpu();
        const auto address = [&](std::uint32_t offset) { return registers + channel_register(channel, offset); };
        while (true) {
            const std::uint32_t status = cpu.read_register(address(reg::kStatus));
            // Cleared after the status was read: what happens in between raises the interrupt again.
            const std::uint32_t events = cpu.read_register(address(reg::kIntStatus));
            if (events != 0) {
                cpu.write_register(address(reg::kIntStatus), events);
            }
            if ((status & status::kBusy) == 0) {
                return;
            }
            if (events == 0) {
                cpu.wait_for_interrupt(controller);
            }
        }
    };
}

}  // namespace dmasim::cli
