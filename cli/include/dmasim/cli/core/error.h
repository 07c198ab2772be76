// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace dmasim::cli {

/// Exit status of the program.
enum class ExitStatus : int {
    AsExpected = 0,        ///< It ran, and every expectation holds.
    Unexpected = 1,        ///< An expectation failed, or there are findings.
    Usage = 2,             ///< The command line or the scenario cannot be used.
    SimulationFailed = 3,  ///< The simulation itself failed.
    InputOutput = 4,       ///< A result could not be written.
};

/// Something is wrong with what the user gave. `what()` is one line, ready to be printed, with file, line and column
/// where there are any.
class InputError : public std::runtime_error {
  public:
    explicit InputError(const std::string& line, ExitStatus status = ExitStatus::Usage)
        : std::runtime_error(line), status_(status) {}

    /// The exit status of the program.
    [[nodiscard]] ExitStatus status() const { return status_; }

  private:
    ExitStatus status_;
};

}  // namespace dmasim::cli
