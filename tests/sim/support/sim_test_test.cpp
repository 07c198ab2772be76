// SPDX-License-Identifier: Apache-2.0
#include "support/sim_test.h"

#include <array>
#include <cstdio>
#include <string>
#include <sys/wait.h>

#include <systemc>

#include <gmock/gmock.h>

namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Ticker : public sc_core::sc_module {
  public:
    explicit Ticker(const sc_core::sc_module_name& name) : sc_module(name) {
        SC_HAS_PROCESS(Ticker);
        SC_METHOD(tick);
    }
    ~Ticker() override;

    int ticks = 0;

  private:
    void tick() {
        if (++ticks < 10) {
            next_trigger(10, sc_core::SC_NS);
        }
    }
};

Ticker::~Ticker() = default;

void simulate() {
    const Ticker ticker("ticker");
    sc_core::sc_start();
    EXPECT_EQ(ticker.ticks, 10);
    EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::sc_time(90, sc_core::SC_NS));
}

// Two of them, because the second one needs a kernel of its own.
SIM_TEST(SimTest, RunsASimulation) {
    simulate();
}

SIM_TEST(SimTest, RunsAnotherInTheSameProgram) {
    simulate();
}

SIM_TEST(SimTest, ExpectedReportsDoNotFail) {
    {
        const dmasim::test::ExpectReport warning("/dmasim/test/warning", 2);
        SC_REPORT_WARNING("/dmasim/test/warning", "first");
        SC_REPORT_WARNING("/dmasim/test/warning", "second");
        EXPECT_EQ(warning.last_text(), "second");
    }
    const dmasim::test::ExpectReport error("/dmasim/test/error");
    EXPECT_THROW(SC_REPORT_ERROR("/dmasim/test/error", "text"), sc_core::sc_report);
}

SIM_TEST(SimTest, PlacesThatAreReachedDoNotFail) {
    dmasim::test::MustReach end{"the end"};
    end.reached();
}

// What the fixture promises to catch, seen from outside: one test of the program of violations at a time.
std::string run_violation(const std::string& name) {
    const std::string command = "'" DMASIM_SIM_VIOLATIONS "' --gtest_filter='Violation." + name + "' 2>&1";
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) {
        return "popen failed";
    }
    std::string output;
    std::array<char, 4096> buffer;
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        output.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 1) << output;
    EXPECT_THAT(output, HasSubstr("1 FAILED TEST"));
    return output;
}

constexpr const char* kIncomplete = "ended before the end of the test's body";

TEST(SimTestCatches, FailuresWithFileAndLineInOrderAndOnce) {
    const std::string output = run_violation("Expectation");
    EXPECT_THAT(output, ContainsRegex("violations.cpp:[0-9]+: Failure"));
    const std::size_t first = output.find("the first message");
    const std::size_t second = output.find("the second message");
    EXPECT_LT(first, second) << output;
    EXPECT_NE(second, std::string::npos) << output;
    EXPECT_EQ(output.find("the first message", first + 1), std::string::npos) << output;
    EXPECT_THAT(output, Not(HasSubstr(kIncomplete)));
}

TEST(SimTestCatches, SystemCWarning) {
    EXPECT_THAT(run_violation("Warning"), HasSubstr("/dmasim/test/warning: nobody expects this"));
}

TEST(SimTestCatches, SystemCErrorEvenIfTheTestCatchesIt) {
    EXPECT_THAT(run_violation("Error"), HasSubstr("/dmasim/test/error: nobody expects this"));
}

TEST(SimTestCatches, ReportThatDoesNotCome) {
    EXPECT_THAT(run_violation("MissingReport"), HasSubstr("reports with the id /dmasim/test/never"));
}

TEST(SimTestCatches, ExceptionFromTheBody) {
    EXPECT_THAT(run_violation("Exception"), HasSubstr("an exception left the test's body: from the body"));
}

TEST(SimTestCatches, EarlyExitWithStatusZero) {
    EXPECT_THAT(run_violation("ExitsEarly"), HasSubstr(kIncomplete));
}

TEST(SimTestCatches, CrashAndWhatFailedBeforeIt) {
    EXPECT_THAT(run_violation("Crashes"),
                AllOf(HasSubstr("before the crash"), HasSubstr(kIncomplete), HasSubstr("ended by signal 9")));
}

TEST(SimTestCatches, ThreadThatNeverGetsToItsEnd) {
    EXPECT_THAT(run_violation("StuckThread"), HasSubstr("without reaching: the end of Stuck::run"));
}

TEST(SimTestCatches, ExceptionInAProcess) {
    EXPECT_THAT(run_violation("ExceptionInProcess"), HasSubstr("from a process"));
}

TEST(SimTestCatches, ErrorWhileElaborating) {
    EXPECT_THAT(run_violation("PortOutsideOfModule"), HasSubstr("E100"));
}

}  // namespace
