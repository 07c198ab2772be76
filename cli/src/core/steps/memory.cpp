// SPDX-License-Identifier: Apache-2.0
// Steps store, load and copy.
#include <fmt/format.h>

#include "kinds.h"

namespace dmasim::cli {

namespace {

Bytes little_endian(const View& value, std::uint64_t bytes) {
    const std::uint64_t number = value.number();
    if (bytes < 8 && (number >> (8 * bytes)) != 0) {
        value.fail(fmt::format("{:#x} does not fit into {} bytes", number, bytes));
    }
    Bytes result(bytes);
    for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return result;
}

}  // namespace

Action compile_store(const View& arguments, const StepContext& /*context*/) {
    if (arguments.has("value") == arguments.has("hex")) {
        arguments.fail("store: exactly one of value and hex belongs here");
    }
    const std::uint64_t address = arguments["address"].number();
    const Bytes bytes = arguments.has("hex") ? parse_hex(arguments["hex"].string())
                                             : little_endian(arguments["value"], arguments["size"].number());
    const MemoryType type = memory_type_of(arguments);
    return [=](StepRuntime& runtime) { runtime.cpu().write(address, bytes.data(), bytes.size(), type); };
}

Action compile_load(const View& arguments, const StepContext& /*context*/) {
    const std::uint64_t address = arguments["address"].number();
    std::uint64_t size = arguments["size"].number();
    const MemoryType type = memory_type_of(arguments);
    if (arguments.has("value") && arguments.has("hex")) {
        arguments.fail("load: at most one of value and hex belongs here");
    }
    std::optional<Bytes> wanted;
    if (arguments.has("hex")) {
        wanted = parse_hex(arguments["hex"].string());
        size = wanted->size();
    } else if (arguments.has("value")) {
        if (size > 8) {
            arguments["size"].fail(fmt::format("value has at most 8 bytes, not {}; use hex", size));
        }
        wanted = little_endian(arguments["value"], size);
    }
    const std::string where = place_of_step(arguments);
    return [=](StepRuntime& runtime) {
        Bytes found(size);
        const CpuResult result = runtime.cpu().read(address, found.data(), size, type);
        if (wanted) {
            const bool good = result.response == Response::Ok && found == *wanted;
            runtime.check({fmt::format("load of {} bytes at {:#x} in cycle {}", size, address, result.at.count()),
                           where, good, to_hex(*wanted),
                           result.response == Response::Ok ? to_hex(found) : "a bus error"});
        }
    };
}

Action compile_copy(const View& arguments, const StepContext& /*context*/) {
    const std::uint64_t source = arguments["source"].number();
    const std::uint64_t destination = arguments["destination"].number();
    const std::uint64_t size = arguments["size"].number();
    const MemoryType type = memory_type_of(arguments);
    return [=](StepRuntime& runtime) {
        // Eight bytes at a time, as a simple loop would do it.
        for (std::uint64_t done = 0; done < size;) {
            std::uint64_t word = 0;
            const std::uint64_t bytes = std::min<std::uint64_t>(8, size - done);
            runtime.cpu().read(source + done, &word, bytes, type);
            runtime.cpu().write(destination + done, &word, bytes, type);
            done += bytes;
        }
    };
}

}  // namespace dmasim::cli
