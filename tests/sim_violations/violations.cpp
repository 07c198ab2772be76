// SPDX-License-Identifier: Apache-2.0
//
// Tests that must fail. ctest does not know this program; tests/sim/support/sim_test_test.cpp runs it and looks at how
// each of them failed.
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <systemc>

#include "support/sim_test.h"

namespace {

SIM_TEST(Violation, Expectation) {
    EXPECT_EQ(1 + 1, 3) << "the first message";
    ASSERT_EQ(1 + 1, 4) << "the second message";
}

SIM_TEST(Violation, Warning) {
    SC_REPORT_WARNING("/dmasim/test/warning", "nobody expects this");
}

SIM_TEST(Violation, Error) {
    EXPECT_THROW(SC_REPORT_ERROR("/dmasim/test/error", "nobody expects this"), sc_core::sc_report);
}

SIM_TEST(Violation, MissingReport) {
    const dmasim::test::ExpectReport expected("/dmasim/test/never");
}

SIM_TEST(Violation, Exception) {
    throw std::runtime_error("from the body");
}

SIM_TEST(Violation, ExitsEarly) {
    std::exit(0);
}

SIM_TEST(Violation, Crashes) {
    EXPECT_EQ(1, 2) << "before the crash";
    std::raise(SIGKILL);
}

class Stuck : public sc_core::sc_module {
  public:
    explicit Stuck(const sc_core::sc_module_name& name) : sc_module(name) {
        SC_HAS_PROCESS(Stuck);
        SC_THREAD(run);
    }
    ~Stuck() override;

  private:
    void run() {
        wait(never_);
        end_.reached();
    }

    sc_core::sc_event never_;
    dmasim::test::MustReach end_{"the end of Stuck::run"};
};

Stuck::~Stuck() = default;

SIM_TEST(Violation, StuckThread) {
    const Stuck stuck("stuck");
    sc_core::sc_start();
}

class Thrower : public sc_core::sc_module {
  public:
    explicit Thrower(const sc_core::sc_module_name& name) : sc_module(name) {
        SC_HAS_PROCESS(Thrower);
        SC_METHOD(run);
    }
    ~Thrower() override;

  private:
    void run() { throw std::runtime_error("from a process"); }
};

Thrower::~Thrower() = default;

SIM_TEST(Violation, ExceptionInProcess) {
    const Thrower thrower("thrower");
    sc_core::sc_start();
}

SIM_TEST(Violation, PortOutsideOfModule) {
    const sc_core::sc_in<bool> port("port");
}

}  // namespace
