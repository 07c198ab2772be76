// SPDX-License-Identifier: Apache-2.0
//
// Tests with a SystemC kernel. A process can elaborate once, so SIM_TEST forks around its body: each test has a fresh
// kernel, a crash is one failed test, and running the whole program by hand is right.
//
//     SIM_TEST(BusSkin, ServesOneRead) {
//         Top top("top");
//         sc_core::sc_start();
//         EXPECT_EQ(top.reads, 1u);
//     }
//
// What the fixture adds:
//   * every SystemC report of severity warning or above fails the test, unless an ExpectReport is there for it;
//   * an exception that leaves the body fails the test;
//   * the process must reach the end of the body: exit(), abort(), a signal or a sanitizer's report fail the test.
// EXPECT_*, ASSERT_* and SCOPED_TRACE work as usual; failures arrive in the parent with file and line.
// SystemC never unwinds the stack of an SC_THREAD that still waits at the end: what has a destructor should be a member.
// DMASIM_TEST_NO_FORK=1 runs the body in the test program itself, for a debugger; then only one test can run.
#pragma once

#include <string>
#include <utility>

#include <systemc>

#include <gtest/gtest.h>

namespace dmasim::test {

/// Runs the body in a child process and repeats in this process what failed there.
void run_forked(void (*body)());

/// While it lives, reports with this message id are expected and do not fail the test. Its destructor checks that
/// exactly `count` came. An error still throws sc_core::sc_report, as SystemC does by default: catch it in the test.
class ExpectReport {
  public:
    explicit ExpectReport(std::string id, int count = 1);
    ExpectReport(const ExpectReport&) = delete;
    ExpectReport& operator=(const ExpectReport&) = delete;
    ~ExpectReport();

    /// How many came so far, and the text of the last one.
    int seen() const noexcept { return seen_; }
    const std::string& last_text() const noexcept { return last_text_; }

  private:
    friend bool note_expected_report(const sc_core::sc_report& report);

    std::string id_;
    int expected_;
    int seen_ = 0;
    std::string last_text_;
    ExpectReport* outer_;
};

/// A place that the test must come by, usually the last line of a process: a simulation that simply ran out of events
/// half-way through an SC_THREAD must not pass.
///
///     MustReach driver_done{"the driver's last step"};   // a member of the test's module, or a local of its body
///     ... driver_done.reached();
class MustReach {
  public:
    explicit MustReach(std::string place) : place_(std::move(place)) {}
    MustReach(const MustReach&) = delete;
    MustReach& operator=(const MustReach&) = delete;
    ~MustReach();

    void reached() noexcept { reached_ = true; }

  private:
    std::string place_;
    bool reached_ = false;
};

}  // namespace dmasim::test

// The only macro of the project: gtest needs one to name and register a test.
#define SIM_TEST(suite, name)                                       \
    static void suite##_##name##_SimBody();                         \
    TEST(suite, name) { /* NOLINT(readability-identifier-naming) */ \
        ::dmasim::test::run_forked(&suite##_##name##_SimBody);      \
    }                                                               \
    static void suite##_##name##_SimBody()
