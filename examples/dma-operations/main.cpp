// SPDX-License-Identifier: Apache-2.0
//
// Every pattern of DMA on machines with and without coherent caches, and what drivers do wrong.
#include <iomanip>
#include <iostream>
#include <memory>

#include "patterns.h"

using namespace example;

namespace {

std::unique_ptr<Run> make(std::vector<std::unique_ptr<Run>>& runs, const Pattern& pattern, bool coherent,
                          dma::MapRegisterKind registers, const Habits& habits = {}) {
    MachineConfig config;
    config.coherent = coherent;
    config.registers = registers;
    return std::make_unique<Run>("machine" + std::to_string(runs.size()), pattern, config, habits);
}

const Pattern& find(const std::string& name) {
    for (const Pattern& pattern : patterns()) {
        if (pattern.name == name) {
            return pattern;
        }
    }
    return patterns().front();
}

void print(const char* what, Run& run) {
    std::cout << "  " << std::left << std::setw(34) << what << std::right << std::setw(8) << run.outcome.cycles << "  "
              << (run.outcome.device_error ? "device error"
                  : run.outcome.right      ? "right"
                                           : "WRONG");
    for (const std::string& rule : run.rules()) {
        std::cout << " " << rule;
    }
    std::cout << "\n";
}

}  // namespace

int sc_main(int, char*[]) {
    using Kind = dma::MapRegisterKind;
    std::vector<std::unique_ptr<Run>> runs;
    const auto add = [&](const Pattern& pattern, bool coherent, Kind registers, const Habits& habits = {}) {
        runs.push_back(make(runs, pattern, coherent, registers, habits));
    };
    constexpr Kind kKinds[] = {Kind::Identity, Kind::Bounce, Kind::Hardware};
    for (const Kind kind : kKinds) {
        for (const Pattern& pattern : patterns()) {
            add(pattern, false, kind);
            add(pattern, true, kind);
        }
    }
    const std::size_t habits_from = runs.size();
    Habits superfluous;
    superfluous.superfluous_flush = true;
    add(find("version 3, out"), false, Kind::Identity, superfluous);
    add(find("version 3, out"), true, Kind::Identity, superfluous);
    Habits forgetful;
    forgetful.leave_out_flush = true;
    add(find("packet bus master, out"), false, Kind::Identity, forgetful);
    add(find("version 3, in"), false, Kind::Identity, forgetful);
    Habits lost;
    lost.unmapped = true;
    add(find("scatter/gather, in"), false, Kind::Hardware, lost);
    Habits confused;
    confused.wrong_direction = true;
    add(find("packet bus master, in"), false, Kind::Hardware, confused);

    sc_core::sc_start();

    std::size_t next = 0;
    bool all_right = true;
    const char* const names[] = {"identical addresses", "bounce buffers", "map registers in hardware"};
    for (const char* name : names) {
        std::cout << name << ": cycles, not coherent and coherent\n";
        for (const Pattern& pattern : patterns()) {
            for (const char* suffix : {"", " (coherent)"}) {
                Run& run = *runs[next++];
                print((std::string(pattern.name) + suffix).c_str(), run);
                all_right = all_right && run.outcome.done && run.outcome.right && run.rules().empty();
            }
        }
    }
    next = habits_from;
    std::cout << "habits\n";
    print("version 3, superfluous flush", *runs[next++]);
    print("the same on a coherent machine", *runs[next++]);
    print("version 1, out, no flush", *runs[next++]);
    print("version 3, in, no flush", *runs[next++]);
    print("an address that is not mapped", *runs[next++]);
    print("mapped in the wrong direction", *runs[next++]);
    std::cout << "\nThe first finding of the last one:\n"
              << dmasim::to_text(runs.back()->machine.verifier.findings().front()) << "\n";
    return all_right ? 0 : 1;
}
