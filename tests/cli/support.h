// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/cli/core/error.h"

namespace dmasim::cli::test {

/// A folder that goes away with the test.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "dmasim-test-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    /// Writes a file and returns its path.
    std::string file(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

  private:
    std::string path_;
};

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// How a run of the program ended.
struct Outcome {
    int status = -1;
    std::string out;
    std::string err;
};

/// Runs the program with `arguments`; `environment`: assignments in front of it. A leak check of a simulation would find
/// what is none (tests/CMakeLists.txt).
inline Outcome run(const std::vector<std::string>& arguments, const std::string& environment = "") {
    const TemporaryFolder folder;
    const auto quote = [](const std::string& word) {
        std::string result = "'";
        for (const char c : word) {
            result += c == '\'' ? "'\\''" : std::string(1, c);
        }
        return result + "'";
    };
    const bool simulates = !arguments.empty() && (arguments[0] == "run" || arguments[0] == "timing");
    std::string command = simulates ? "ASAN_OPTIONS=\"detect_leaks=0:$ASAN_OPTIONS\" " : "";
    command += environment + " " + quote(DMASIM_PROGRAM);
    for (const std::string& argument : arguments) {
        command += " " + quote(argument);
    }
    command += " > " + quote(folder.path("out")) + " 2> " + quote(folder.path("err")) + " < /dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder.path("out")), read_file(folder.path("err"))};
}

/// The message of the InputError that `action` throws; empty if it throws none.
template <typename Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const InputError& error) {
        return error.what();
    }
    return "";
}

}  // namespace dmasim::cli::test
