// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <systemc>

#include <dmasim/cli/commands.h>
#include <dmasim/cli/core/command.h>

int sc_main(int argc, char* argv[]) {
    // SystemC's own handler writes to the standard output, where the results go. Errors are thrown and not written:
    // who catches them tells the user.
    sc_core::sc_report_handler::set_handler([](const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
        // SystemC's flags are plain enumerators, signed for one compiler and unsigned for the other.
        constexpr auto kDisplay = static_cast<sc_core::sc_actions>(sc_core::SC_DISPLAY);
        if ((actions & kDisplay) != 0 && report.get_severity() < sc_core::SC_ERROR) {
            std::cerr << sc_core::sc_report_compose_message(report) << '\n';
        }
        sc_core::sc_report_handler::default_handler(report, actions & ~kDisplay);
    });
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return dmasim::cli::run_program(dmasim::cli::commands(), arguments, {std::cout, std::cerr});
}

int main(int argc, char* argv[]) {
    setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 0);
    std::ios::sync_with_stdio(false);
    return sc_core::sc_elab_and_sim(argc, argv);
}
