// SPDX-License-Identifier: Apache-2.0
//
// main and sc_main of the test programs that link SystemC. Linked as an object and not from a library: libsystemc has a
// main of its own, and with two libraries the link order would decide which one runs, if any test runs at all.
#include <cstdlib>

#include <systemc>

#include <gtest/gtest.h>

int sc_main(int, char*[]) {
    return RUN_ALL_TESTS();
}

int main(int argc, char* argv[]) {
    setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 0);
    ::testing::InitGoogleTest(&argc, argv);
    if (GTEST_FLAG_GET(list_tests)) {
        // Discovery needs no kernel.
        return RUN_ALL_TESTS();
    }
    return sc_core::sc_elab_and_sim(argc, argv);
}
