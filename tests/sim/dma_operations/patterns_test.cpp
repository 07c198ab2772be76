// SPDX-License-Identifier: Apache-2.0
//
// The drivers of examples/dma-operations on machines of every kind: with and without protocol monitors, verified or not.
#include "../../../examples/dma-operations/patterns.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "support/sim_test.h"

namespace dmasim {
namespace {

using example::Habits;
using example::MachineConfig;
using example::Pattern;
using example::Run;
using Kind = dma::MapRegisterKind;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Kind kKinds[] = {Kind::Identity, Kind::Bounce, Kind::Hardware};

const Pattern& named(const std::string& name) {
    for (const Pattern& pattern : example::patterns()) {
        if (pattern.name == name) {
            return pattern;
        }
    }
    throw std::logic_error("no pattern " + name);
}

/// Machines of one kernel, which all run at the same time.
class Runs {
  public:
    Run& add(const Pattern& pattern, const MachineConfig& config, const Habits& habits = {}) {
        runs_.push_back(std::make_unique<Run>("run" + std::to_string(runs_.size()), pattern, config, habits));
        return *runs_.back();
    }
    Run& add(const char* pattern, Kind kind, bool coherent, const Habits& habits = {}) {
        MachineConfig config;
        config.registers = kind;
        config.coherent = coherent;
        config.monitors = true;
        return add(named(pattern), config, habits);
    }
    void simulate() {
        sc_core::sc_start();
        for (const auto& run : runs_) {
            EXPECT_TRUE(run->outcome.done) << run->pattern.name;
            for (const auto& monitor : run->machine.monitors) {
                EXPECT_EQ(monitor->violations(), 0U) << monitor->name();
                EXPECT_EQ(monitor->in_progress(), 0U) << monitor->name();
            }
        }
    }

  private:
    std::vector<std::unique_ptr<Run>> runs_;
};

void expect_all_right(bool coherent) {
    Runs runs;
    struct Three {
        Run* plain;
        Run* monitored;
        Run* unverified;
    };
    std::vector<Three> all;
    for (const Kind kind : kKinds) {
        for (const Pattern& pattern : example::patterns()) {
            MachineConfig config;
            config.coherent = coherent;
            config.registers = kind;
            Three three{};
            three.plain = &runs.add(pattern, config);
            config.monitors = true;
            three.monitored = &runs.add(pattern, config);
            config.verify = false;
            three.unverified = &runs.add(pattern, config);
            all.push_back(three);
        }
    }
    runs.simulate();
    for (const Three& three : all) {
        SCOPED_TRACE(three.plain->pattern.name);
        SCOPED_TRACE(static_cast<int>(three.plain->machine.config.registers));
        for (Run* run : {three.plain, three.monitored, three.unverified}) {
            EXPECT_TRUE(run->outcome.right);
            EXPECT_FALSE(run->outcome.device_error);
            EXPECT_EQ(run->outcome.status, dma::Status::Success);
            EXPECT_THAT(run->rules(), IsEmpty());
            EXPECT_EQ(run->outcome.cycles, three.plain->outcome.cycles);
        }
        EXPECT_GT(three.plain->outcome.cycles, 0U);
    }
}

SIM_TEST(DmaPatterns, AllAreRightOnACoherentMachine) {
    expect_all_right(true);
}

SIM_TEST(DmaPatterns, AllAreRightOnAMachineThatIsNot) {
    expect_all_right(false);
}

// CF-10 to CF-12: where caches are coherent both versions cost the same, and a superfluous flush nothing.
SIM_TEST(DmaPatterns, VersionsCostTheSameWhereCachesAreCoherent) {
    Habits superfluous;
    superfluous.superfluous_flush = true;
    Runs runs;
    struct Three {
        Run* version1;
        Run* version3;
        Run* flushed;
    };
    std::vector<Three> all;
    for (const Kind kind : kKinds) {
        for (const char* way : {", out", ", in"}) {
            const std::string one = std::string("packet bus master") + way;
            const std::string three = std::string("version 3") + way;
            all.push_back({&runs.add(one.c_str(), kind, true), &runs.add(three.c_str(), kind, true),
                           &runs.add(three.c_str(), kind, true, superfluous)});
        }
    }
    runs.simulate();
    for (const Three& three : all) {
        EXPECT_EQ(three.version1->outcome.cycles, three.version3->outcome.cycles) << three.version3->pattern.name;
        EXPECT_EQ(three.flushed->outcome.cycles, three.version3->outcome.cycles) << three.version3->pattern.name;
        EXPECT_THAT(three.flushed->rules(), IsEmpty());
    }
}

// On a machine that is not coherent the flush of version 1 costs, and a superfluous one of version 3 is lost time. The
// buffer has 6 pages, 384 lines.
SIM_TEST(DmaPatterns, SuperfluousFlushCostsCyclesElsewhere) {
    Habits superfluous;
    superfluous.superfluous_flush = true;
    Runs runs;
    const Run& out = runs.add("version 3, out", Kind::Identity, false);
    Run& out_flushed = runs.add("version 3, out", Kind::Identity, false, superfluous);
    const Run& in = runs.add("version 3, in", Kind::Identity, false);
    Run& in_flushed = runs.add("version 3, in", Kind::Identity, false, superfluous);
    const Run& version1_out = runs.add("packet bus master, out", Kind::Identity, false);
    const Run& version1_in = runs.add("packet bus master, in", Kind::Identity, false);
    runs.simulate();
    // The first cleaning finds all lines dirty; the one after it looks at every line, for a cycle each, and pays for each
    // page's operation.
    EXPECT_EQ(out_flushed.outcome.cycles - out.outcome.cycles, 384U + 6U);
    EXPECT_EQ(in_flushed.outcome.cycles - in.outcome.cycles, 384U + 6U);
    EXPECT_TRUE(out_flushed.outcome.right && in_flushed.outcome.right);
    EXPECT_THAT(out_flushed.rules(), ElementsAre("SV-20"));
    EXPECT_THAT(in_flushed.rules(), ElementsAre("SV-20"));
    // Version 1 cleans once, as version 3 does; version 3 looks at the lines once more after the device has written.
    EXPECT_EQ(version1_out.outcome.cycles, out.outcome.cycles);
    EXPECT_EQ(in.outcome.cycles - version1_in.outcome.cycles, 384U + 6U);
}

SIM_TEST(DmaPatterns, FlushesThatAreLeftOut) {
    Habits forgetful;
    forgetful.leave_out_flush = true;
    Runs runs;
    Run& version1 = runs.add("packet bus master, out", Kind::Identity, false, forgetful);
    Run& coherent = runs.add("packet bus master, out", Kind::Identity, true, forgetful);
    Run& hardware = runs.add("packet bus master, out", Kind::Hardware, false, forgetful);
    Run& lists = runs.add("scatter/gather, out", Kind::Identity, false, forgetful);
    Run& version3 = runs.add("version 3, in", Kind::Identity, false, forgetful);
    Run& recorder = runs.add("packet system DMA", Kind::Identity, false, forgetful);
    runs.simulate();
    for (Run* run : {&version1, &hardware, &lists}) {
        EXPECT_FALSE(run->outcome.right) << run->pattern.name;
        EXPECT_THAT(run->rules(), ElementsAre("CLEAN_MISSING"));
        // As all findings: the bytes, who stored and who read, and what was missing.
        const Finding& finding = run->machine.verifier.findings().front();
        EXPECT_GT(finding.bytes, 0U);
        EXPECT_FALSE(finding.writer.what.empty());
        EXPECT_FALSE(finding.missing.empty());
    }
    EXPECT_TRUE(coherent.outcome.right);
    EXPECT_THAT(coherent.rules(), IsEmpty());
    EXPECT_FALSE(version3.outcome.right);
    EXPECT_THAT(version3.rules(), Contains("INVAL_MISSING"));
    EXPECT_THAT(version3.rules(), Contains("DV-10"));
    EXPECT_FALSE(recorder.outcome.right);
    EXPECT_THAT(recorder.rules(), Contains(testing::AnyOf("RX_DIRTY", "INVAL_MISSING")));
}

// Map registers in hardware: an access that is not mapped, or the wrong way, ends in the device's error status and among
// the findings, and leaves memory as it is.
SIM_TEST(DmaPatterns, FaultsOfMapRegisters) {
    Habits lost;
    lost.unmapped = true;
    Habits confused;
    confused.wrong_direction = true;
    Runs runs;
    struct Faulty {
        Run* run;
        TranslationFault::Kind kind;
        Access access;
    };
    std::vector<Faulty> all;
    for (const bool coherent : {false, true}) {
        using FaultKind = TranslationFault::Kind;
        all.push_back(
            {&runs.add("scatter/gather, in", Kind::Hardware, coherent, lost), FaultKind::NotMapped, Access::Write});
        all.push_back(
            {&runs.add("scatter/gather, out", Kind::Hardware, coherent, lost), FaultKind::NotMapped, Access::Read});
        all.push_back({&runs.add("packet bus master, in", Kind::Hardware, coherent, confused),
                       FaultKind::WrongDirection, Access::Write});
        all.push_back({&runs.add("packet bus master, out", Kind::Hardware, coherent, confused),
                       FaultKind::WrongDirection, Access::Read});
    }
    runs.simulate();
    for (const Faulty& faulty : all) {
        SCOPED_TRACE(faulty.run->pattern.name);
        EXPECT_TRUE(faulty.run->outcome.device_error);
        EXPECT_FALSE(faulty.run->outcome.right);
        AddressTranslator& translator = faulty.run->machine.card_remapper.translator();
        EXPECT_GT(translator.faults(), 0U);
        EXPECT_EQ(translator.last_fault().kind, faulty.kind);
        EXPECT_EQ(translator.last_fault().access, faulty.access);
        EXPECT_THAT(faulty.run->rules(), Contains("DV-26"));
    }
}

}  // namespace
}  // namespace dmasim
