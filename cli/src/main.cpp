// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <systemc>

#include <dmasim/model/version.h>

int sc_main(int argc, char* argv[]) {
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
        std::cout << "dmasim " << dmasim::version() << '\n';
        return 0;
    }
    std::cerr << "usage: dmasim --version\n";
    return 2;
}

int main(int argc, char* argv[]) {
    setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 0);
    return sc_core::sc_elab_and_sim(argc, argv);
}
