// SPDX-License-Identifier: Apache-2.0
// Steps clean, invalidate, flush, maintain_all, maintain_set_way, evict and prefetch.
#include "kinds.h"

namespace dmasim::cli {

namespace {

template <typename Operation>
Action over_range(const View& arguments, Operation operation) {
    const std::uint64_t address = arguments["address"].number();
    const std::uint64_t size = arguments["size"].number();
    return [=](StepRuntime& runtime) { (runtime.cpu().*operation)(address, size); };
}

}  // namespace

Action compile_clean(const View& arguments, const StepContext& /*context*/) {
    return over_range(arguments, &CpuContext::clean);
}

Action compile_invalidate(const View& arguments, const StepContext& /*context*/) {
    return over_range(arguments, &CpuContext::invalidate);
}

Action compile_flush(const View& arguments, const StepContext& /*context*/) {
    return over_range(arguments, &CpuContext::clean_invalidate);
}

Action compile_maintain_all(const View& arguments, const StepContext& /*context*/) {
    const std::string& kind = arguments.string();
    auto operation = &CpuContext::clean_invalidate_all;
    if (kind == "clean") {
        operation = &CpuContext::clean_all;
    } else if (kind == "invalidate") {
        operation = &CpuContext::invalidate_all;
    }
    return [=](StepRuntime& runtime) { (runtime.cpu().*operation)(); };
}

Action compile_maintain_set_way(const View& arguments, const StepContext& /*context*/) {
    const std::string& kind = arguments["operation"].string();
    auto operation = &CpuContext::clean_invalidate_set_way;
    if (kind == "clean") {
        operation = &CpuContext::clean_set_way;
    } else if (kind == "invalidate") {
        operation = &CpuContext::invalidate_set_way;
    }
    const std::uint32_t set = arguments["set"].number32();
    const std::uint32_t way = arguments["way"].number32();
    return [=](StepRuntime& runtime) { (runtime.cpu().*operation)(set, way); };
}

Action compile_evict(const View& arguments, const StepContext& /*context*/) {
    const std::uint64_t address = arguments["address"].number();
    return [=](StepRuntime& runtime) { runtime.cpu().evict(address); };
}

Action compile_prefetch(const View& arguments, const StepContext& /*context*/) {
    const std::uint64_t address = arguments["address"].number();
    return [=](StepRuntime& runtime) { runtime.cpu().prefetch(address); };
}

}  // namespace dmasim::cli
