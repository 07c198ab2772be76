// SPDX-License-Identifier: Apache-2.0
// Step note.
#include "dmasim/model/verifier/driver_notes.h"

#include "kinds.h"

namespace dmasim::cli {

namespace {

DmaDirection direction_of(const std::string& kind) {
    const std::string end = kind.substr(kind.find('_') + 1);
    if (end == "in") {
        return DmaDirection::FromDevice;
    }
    return end == "out" ? DmaDirection::ToDevice : DmaDirection::Both;
}

}  // namespace

Action compile_note(const View& arguments, const StepContext& /*context*/) {
    const std::string kind = arguments["kind"].string();
    const std::uint64_t address = arguments["address"].number();
    const std::uint64_t size = arguments["size"].number();
    const std::uint64_t bounce = arguments["bounce"].number();
    if (kind != "doorbell" && kind != "completed" && size == 0) {
        arguments.fail("a note about no bytes says nothing; give it a size");
    }
    return [=](StepRuntime& runtime) {
        DriverNotes* notes = runtime.notes();
        if (notes == nullptr) {
            return;
        }
        const Cycles at = runtime.cpu().now();
        if (kind.rfind("map_", 0) == 0) {
            notes->map(direction_of(kind), address, size, at);
        } else if (kind.rfind("bounce_", 0) == 0) {
            notes->bounce(direction_of(kind), address, size, bounce, at);
        } else if (kind == "completed") {
            notes->completed(address, size, at);
        } else if (kind == "freed") {
            notes->freed(address, size, at);
        } else if (kind == "descriptors") {
            notes->descriptors(address, size, at);
        } else if (kind == "published") {
            notes->published(address, size, at);
        } else {
            notes->doorbell(at);
        }
    };
}

}  // namespace dmasim::cli
