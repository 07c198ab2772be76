// SPDX-License-Identifier: Apache-2.0
#include "separate_process.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

namespace dmasim::test {

std::string text_of(const std::function<std::string()>& run) {
    std::cout.flush();
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
        return "";
    }
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        std::string text;
        try {
            text = run();
        } catch (const std::exception& error) {
            text = std::string("exception: ") + error.what() + "\n";
        }
        for (std::size_t done = 0; done < text.size();) {
            const ssize_t count = write(ends[1], text.data() + done, text.size() - done);
            if (count <= 0) {
                break;
            }
            done += static_cast<std::size_t>(count);
        }
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    std::array<char, 65536> piece;
    for (ssize_t count = 0; (count = read(ends[0], piece.data(), piece.size())) > 0;) {
        text.append(piece.data(), static_cast<std::size_t>(count));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "";
}

std::string first_difference_of(const std::string& a, const std::string& b) {
    const auto place =
        static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    if (place == a.size() && a.size() == b.size()) {
        return "";
    }
    const std::size_t from = a.rfind('\n', place > 300 ? place - 300 : 0);
    const std::size_t begin = from == std::string::npos ? 0 : from;
    return "the one:\n" + a.substr(begin, 900) + "\nthe other:\n" + b.substr(begin, 900);
}

}  // namespace dmasim::test
