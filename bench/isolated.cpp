// SPDX-License-Identifier: Apache-2.0
#include "isolated.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <sys/wait.h>
#include <unistd.h>

#include <systemc>

namespace dmasim::bench {

namespace {

// In the child only, between isolated() and sc_main, which has no argument that could carry it.
const std::function<Measurement()>* body_of_child = nullptr;
int pipe_of_child = -1;

}  // namespace

void run_isolated_body() {
    const Measurement result = (*body_of_child)();
    if (write(pipe_of_child, &result, sizeof result) != static_cast<ssize_t>(sizeof result)) {
        _exit(1);
    }
    // Without tearing the platform down: the threads of a simulation that was not run to its end have nowhere to go.
    _exit(0);
}

Measurement isolated(const std::function<Measurement()>& body) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
        return {};
    }
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        body_of_child = &body;
        pipe_of_child = ends[1];
        setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 0);
        char name[] = "dmasim_bench";
        std::array<char*, 2> arguments{name, nullptr};
        _exit(sc_core::sc_elab_and_sim(1, arguments.data()) == 0 ? 0 : 1);
    }
    close(ends[1]);
    Measurement result;
    const bool complete = child > 0 && read(ends[0], &result, sizeof result) == static_cast<ssize_t>(sizeof result);
    close(ends[0]);
    int status = 0;
    if (child > 0) {
        waitpid(child, &status, 0);
    }
    result.ok = complete && status == 0;
    return result;
}

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace dmasim::bench
