// SPDX-License-Identifier: Apache-2.0
//
// What a project of somebody else does with dmasim; each consumer project beside this file builds it in its own way.
#include <iostream>

#include <systemc>

#include <dmasim/model/version.h>

int sc_main(int, char*[]) {
    if (dmasim::version() != dmasim::kVersion) {
        std::cerr << "headers of dmasim " << dmasim::kVersion << ", library of " << dmasim::version() << '\n';
        return 1;
    }
    // Modules of dmasim that a user would instantiate and bind go here.
    sc_core::sc_start();
    std::cout << "consumer of dmasim " << dmasim::version() << ": ok\n";
    return 0;
}
