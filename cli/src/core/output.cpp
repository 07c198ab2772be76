// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace dmasim::cli {

void make_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error && !std::filesystem::is_directory(folder, error)) {
        error = std::make_error_code(std::errc::not_a_directory);
    }
    if (error) {
        throw InputError(fmt::format("{}: cannot make this folder: {}", folder, error.message()),
                         ExitStatus::InputOutput);
    }
}

void write_file(const std::string& path, const std::string& content) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool good = file != nullptr;
    if (good) {
        good = std::fwrite(content.data(), 1, content.size(), file) == content.size();
        const int error = errno;
        // A full disk may show only here.
        const bool closed = std::fclose(file) == 0;
        if (!good) {
            errno = error;
        }
        good = good && closed;
    }
    if (!good) {
        throw InputError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)), ExitStatus::InputOutput);
    }
}

}  // namespace dmasim::cli
