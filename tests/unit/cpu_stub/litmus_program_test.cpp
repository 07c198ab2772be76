// SPDX-License-Identifier: Apache-2.0
//
// Litmus traces under every choice of the hardware: the bugs that depend on evictions, prefetches and the store buffer are
// found from the order of events alone, right programs have no bad schedule, and the reduction loses no outcome.
#include "dmasim/cpu_stub/core/litmus_program.h"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "dmasim/model/errors.h"

namespace dmasim {
namespace {

std::vector<LitmusStep> trace_of(const std::string& text) {
    std::vector<LitmusStep> trace;
    for (std::size_t begin = 0; begin < text.size();) {
        begin = text.find_first_not_of(' ', begin);
        const std::size_t end = std::min(text.find(';', begin), text.size());
        LitmusStep step;
        EXPECT_EQ(parse_litmus_step(text.substr(begin, end - begin), step), "");
        trace.push_back(step);
        begin = end + 1;
    }
    return trace;
}

LitmusConfig line_of(std::uint32_t bytes) {
    LitmusConfig config;
    config.line_bytes = bytes;
    return config;
}

ExploreResult explored(const std::string& trace, std::uint32_t line, LitmusBad bad, std::uint32_t bound = 2) {
    LitmusProgram program(without_choices(trace_of(trace)), line_of(line), bad);
    ExploreConfig config;
    config.bound = bound;
    config.samples = 20;
    return explore(program, config);
}

struct Entry {
    const char* id;
    std::uint32_t line;
    const char* buggy;
    const char* fixed;
    Schedule culprit;  ///< The smallest schedule under which bytes are wrong.
};

Choice evict(std::uint64_t place, std::uint64_t line) {
    return {place, ChoiceKind::Evict, line};
}

Choice prefetch(std::uint64_t place, std::uint64_t line) {
    return {place, ChoiceKind::Prefetch, line};
}

const std::vector<Entry>& entries() {
    static const std::vector<Entry> kEntries{
        {"SR-01",
         32,
         "mem 0 40 p; r 0 40; inv 0 40; map in 0 40; pf 20; dw 0 40 n; done 0 40; r 0 40",
         "mem 0 40 p; r 0 40; inv 0 40; map in 0 40; pf 20; dw 0 40 n; done 0 40; inv 0 40; r 0 40",
         {prefetch(4, 0)}},
        {"SR-03",
         32,
         "mem 0 20 R; inv 0 20; map in 0 1; pf 0; dw 0 1 B; done 0 1; r 0 1",
         "mem 0 20 R; inv 0 20; map in 0 1; pf 0; dw 0 1 B; done 0 1; inv 0 20; r 0 1",
         {prefetch(3, 0)}},
        {"SR-05",
         32,
         "mem 0 40 o; w 0 40 q; inv 0 40; map in 0 40; pf 20; dw 0 40 n; done 0 40; r 0 40",
         "mem 0 40 o; w 0 40 q; flush 0 40; map in 0 40; pf 20; dw 0 40 n; done 0 40; inv 0 40; r 0 40",
         {prefetch(4, 0)}},
        {"RD-01",
         32,
         "mem 0 40 o; w 0 20 s; map in 0 40; dw 0 40 n; evict 0; done 0 40; inv 0 40; r 0 40",
         "mem 0 40 o; w 0 20 s; flush 0 40; map in 0 40; dw 0 40 n; done 0 40; inv 0 40; r 0 40",
         {evict(5, 0)}},
    };
    return kEntries;
}

TEST(LitmusProgram, FindsWhatDependsOnEvictionsAndPrefetchesFromTheOrderAlone) {
    for (const Entry& entry : entries()) {
        const ExploreResult wrong = explored(entry.buggy, entry.line, LitmusBad::WrongBytes);
        EXPECT_EQ(wrong.smallest, entry.culprit) << entry.id;
        EXPECT_FALSE(wrong.why.empty()) << entry.id;
        EXPECT_TRUE(wrong.exhaustive) << entry.id;
        EXPECT_GT(wrong.outcomes, 1U) << entry.id;
        const ExploreResult any = explored(entry.buggy, entry.line, LitmusBad::Anything);
        EXPECT_FALSE(any.why.empty()) << entry.id;
        EXPECT_LE(any.smallest.size(), wrong.smallest.size()) << entry.id;
        const ExploreResult fixed = explored(entry.fixed, entry.line, LitmusBad::Anything, 3);
        EXPECT_TRUE(fixed.why.empty()) << entry.id << ": " << (fixed.why.empty() ? "" : fixed.why[0]);
        EXPECT_TRUE(fixed.exhaustive) << entry.id;
        EXPECT_GT(fixed.schedules, 10U) << entry.id;
        EXPECT_GT(fixed.unreduced, 5 * fixed.schedules) << entry.id;
    }
}

TEST(LitmusProgram, ABadScheduleReplaysToTheSameFinding) {
    for (const Entry& entry : entries()) {
        const std::vector<LitmusStep> trace = without_choices(trace_of(entry.buggy));
        LitmusProgram program(trace, line_of(entry.line));
        const ScheduleOutcome outcome = program.run(entry.culprit);
        ASSERT_FALSE(outcome.bad.empty()) << entry.id;
        // As a trace of its own, without a schedule.
        LitmusProgram replay(with_choices(trace, entry.culprit), line_of(entry.line));
        const ScheduleOutcome again = replay.run({});
        EXPECT_EQ(again.bad, outcome.bad) << entry.id;
        EXPECT_EQ(again.seen, outcome.seen) << entry.id;
    }
}

TEST(LitmusProgram, AnEvictionHidesAMissingCleanButOnlySometimes) {
    const ExploreResult result = explored("mem 0 20 o; w 0 6 n; map out 0 6; dr 0 6", 32, LitmusBad::WrongBytes);
    EXPECT_TRUE(result.smallest.empty()) << "wrong at once";
    EXPECT_GT(result.outcomes, 1U);
    EXPECT_LT(result.bad_schedules, result.schedules) << "the eviction makes it right";
    EXPECT_TRUE(explored("mem 0 20 o; w 0 6 n; clean 0 6; map out 0 6; dr 0 6", 32, LitmusBad::Anything).why.empty());
}

TEST(LitmusProgram, TheStoreBufferDrainsWhenItWants) {
    const std::string buggy = "mem 0 10 o; nc 0 8 D; nc 8 8 E; bell; dr 0 10; dsb";
    const ExploreResult result = explored(buggy, 32, LitmusBad::WrongBytes, 1);
    EXPECT_FALSE(result.why.empty());
    // Nothing, the first store, both: three things that the device can see.
    LitmusConfig blind = line_of(32);
    blind.verify = false;
    LitmusProgram program(trace_of(buggy), blind);
    std::set<std::string> seen;
    for (const Choice& choice : program.run({}).choices) {
        EXPECT_EQ(choice.kind, ChoiceKind::Drain);
        seen.insert(program.run({choice}).seen);
    }
    seen.insert(program.run({}).seen);
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_TRUE(explored("mem 0 10 o; nc 0 8 D; nc 8 8 E; dsb; bell; dr 0 10", 32, LitmusBad::Anything).why.empty());
}

TEST(LitmusProgram, TracesAreTakenApartAndPutTogether) {
    const std::vector<LitmusStep> trace = trace_of("w 0 4 a; evict 0; r 0 4 =a*4; pf 20; drain 4; dsb");
    const std::vector<LitmusStep> plain = without_choices(trace);
    ASSERT_EQ(plain.size(), 3U);
    const std::vector<LitmusStep> full =
        with_choices(plain, {evict(1, 0), prefetch(2, 0x40), {2, ChoiceKind::Prefetch, 0x60}, evict(4, 0x20)});
    std::string text;
    for (const LitmusStep& step : full) {
        text += step.text + "; ";
        EXPECT_FALSE(step.expected.has_value());
        LitmusStep parsed;
        EXPECT_EQ(parse_litmus_step(step.text, parsed), "");
        EXPECT_EQ(parsed.op, step.op);
        EXPECT_EQ(parsed.address, step.address);
        EXPECT_EQ(parsed.bytes, step.bytes);
    }
    EXPECT_EQ(text, "evict 0; w 0 4 a; pf 40; pf 60; r 0 4; dsb; evict 20; ");
}

/// A random trace over two lines; most have bugs.
std::vector<LitmusStep> random_trace(std::mt19937_64& lots) {
    const std::vector<std::string> steps{"w 0 8 a",  "w 24 8 b",   "r 0 10",     "r 20 40",   "inv 0 20",
                                         "inv 0 40", "flush 20 8", "clean 0 40", "dw 0 40 d", "dw 8 20 e",
                                         "dr 0 20",  "dr 10 20",   "r 0 40",     "dr 0 40"};
    std::string text = "mem 0 40 m";
    for (int n = 0; n < 5; ++n) {
        text += ";" + steps[lots() % steps.size()];
    }
    text += ";r 0 40";
    return trace_of(text);
}

/// Every eviction and prefetch at every place, up to two of them, against the reduced search: the same outcomes.
TEST(LitmusProgram, TheReductionLosesNoOutcome) {
    std::uint64_t reduced_runs = 0;
    std::uint64_t naive_runs = 0;
    std::uint64_t many = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        std::mt19937_64 lots(seed);
        const std::vector<LitmusStep> trace = random_trace(lots);
        LitmusConfig config = line_of(32);
        config.verify = false;
        LitmusProgram program(trace, config);
        std::set<std::string> reduced;
        std::vector<Schedule> level{{}};
        for (int depth = 0; depth <= 2; ++depth) {
            std::vector<Schedule> next;
            for (const Schedule& schedule : level) {
                const ScheduleOutcome outcome = program.run(schedule);
                ++reduced_runs;
                reduced.insert(outcome.seen);
                for (const Choice& choice : outcome.choices) {
                    next.push_back(schedule);
                    next.back().push_back(choice);
                }
            }
            level = next;
        }
        std::vector<Choice> all;
        for (std::uint64_t place = 2; place <= trace.size(); ++place) {
            for (const std::uint64_t line : {0x0U, 0x20U}) {
                all.push_back(evict(place, line));
                all.push_back(prefetch(place, line));
            }
        }
        std::sort(all.begin(), all.end());
        std::set<std::string> naive;
        for (std::size_t a = 0; a < all.size(); ++a) {
            naive.insert(program.run({all[a]}).seen);
            ++naive_runs;
            for (std::size_t b = a + 1; b < all.size(); ++b) {
                naive.insert(program.run({all[a], all[b]}).seen);
                ++naive_runs;
            }
        }
        for (const std::string& outcome : naive) {
            EXPECT_EQ(reduced.count(outcome), 1U) << "seed " << seed << ": " << outcome;
        }
        many += reduced.size() > 2 ? 1U : 0U;
    }
    EXPECT_LT(2 * reduced_runs, naive_runs);
    EXPECT_GT(many, 5U) << "the traces must have several outcomes";
}

TEST(LitmusProgram, RefusesTracesOutsideOfTheirLimits) {
    std::vector<LitmusStep> trace = trace_of("dsb");
    trace.resize(kLitmusSteps, trace[0]);
    EXPECT_NO_THROW(LitmusProgram(trace, line_of(32)));
    trace.push_back(trace[0]);
    EXPECT_THROW(LitmusProgram(trace, line_of(32)), ConfigError);
}

}  // namespace
}  // namespace dmasim
