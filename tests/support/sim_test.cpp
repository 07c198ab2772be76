// SPDX-License-Identifier: Apache-2.0
#include "support/sim_test.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace dmasim::test {

namespace {

// Innermost ExpectReport; they nest like the scopes they live in.
ExpectReport* expected_reports = nullptr;

}  // namespace

ExpectReport::ExpectReport(std::string id, int count)
    : id_(std::move(id)), expected_(count), outer_(std::exchange(expected_reports, this)) {}

ExpectReport::~ExpectReport() {
    expected_reports = outer_;
    EXPECT_EQ(seen_, expected_) << "reports with the id " << id_;
}

bool note_expected_report(const sc_core::sc_report& report) {
    for (ExpectReport* expected = expected_reports; expected != nullptr; expected = expected->outer_) {
        if (expected->id_ == report.get_msg_type()) {
            ++expected->seen_;
            expected->last_text_ = report.get_msg();
            return true;
        }
    }
    return false;
}

MustReach::~MustReach() {
    EXPECT_TRUE(reached_) << "the test ended without reaching: " << place_;
}

namespace {

void report_handler(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
    if (report.get_severity() < sc_core::SC_WARNING) {
        sc_core::sc_report_handler::default_handler(report, actions);
        return;
    }
    if (!note_expected_report(report)) {
        ADD_FAILURE_AT(report.get_file_name(), report.get_line_number()) << sc_core::sc_report_compose_message(report);
    }
    // The text has been shown, or is expected. What is left to do is to throw, stop or abort.
    sc_core::sc_report_handler::default_handler(report, actions & ~static_cast<unsigned>(sc_core::SC_DISPLAY));
}

void run_body(void (*body)()) {
    sc_core::sc_report_handler::set_handler(&report_handler);
    try {
        body();
    } catch (const sc_core::sc_report& report) {
        ADD_FAILURE() << "a SystemC report left the test's body: " << report.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << "an exception left the test's body: " << error.what();
    } catch (...) {
        ADD_FAILURE() << "an exception of unknown type left the test's body";
    }
}

// What travels through the pipe: one record per test part result, and an empty one when the body has ended.
enum class RecordKind : std::uint8_t { Part, EndOfBody };

struct RecordHeader {
    RecordKind kind;
    ::testing::TestPartResult::Type type;
    int line;
    std::uint32_t file_bytes;
    std::uint32_t message_bytes;
};

void write_all(int fd, const void* data, std::size_t size) {
    const char* next = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t written = ::write(fd, next, size);
        if (written < 0 && errno != EINTR) {
            std::perror("sim_test: pipe");
            std::_Exit(1);
        }
        if (written > 0) {
            next += written;
            size -= static_cast<std::size_t>(written);
        }
    }
}

void write_record(int fd, RecordKind kind, ::testing::TestPartResult::Type type, int line, const std::string& file,
                  const std::string& message) {
    // Memory of padding bytes would go out as well; clear it.
    RecordHeader header;
    std::memset(&header, 0, sizeof header);
    header.kind = kind;
    header.type = type;
    header.line = line;
    header.file_bytes = static_cast<std::uint32_t>(file.size());
    header.message_bytes = static_cast<std::uint32_t>(message.size());
    write_all(fd, &header, sizeof header);
    write_all(fd, file.data(), file.size());
    write_all(fd, message.data(), message.size());
}

// In the child: hands each result on at once, so that those before a crash are not lost.
class PipeListener : public ::testing::EmptyTestEventListener {
  public:
    explicit PipeListener(int fd) : fd_(fd) {}

    void OnTestPartResult(const ::testing::TestPartResult& result) override {
        const char* file = result.file_name();
        write_record(fd_, RecordKind::Part, result.type(), result.line_number(), file != nullptr ? file : "",
                     result.message());
    }

  private:
    int fd_;
};

[[noreturn]] void run_child(void (*body)(), int fd) {
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    // The parent prints, and writes the XML file if one was asked for.
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
    listeners.Append(new PipeListener(fd));

    run_body(body);
    write_record(fd, RecordKind::EndOfBody, ::testing::TestPartResult::kSuccess, 0, "", "");
    std::fflush(nullptr);
    // exit and not _exit: coverage counters do their work in exit handlers.
    std::exit(0);
}

bool read_all(int fd, void* data, std::size_t size) {
    char* next = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t got = ::read(fd, next, size);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        if (got > 0) {
            next += got;
            size -= static_cast<std::size_t>(got);
        }
    }
    return true;
}

// In the parent: repeats the child's results; true if the child said that the body had ended.
bool repeat_results(int fd) {
    RecordHeader header;
    while (read_all(fd, &header, sizeof header)) {
        std::string file(header.file_bytes, '\0');
        std::string message(header.message_bytes, '\0');
        if (!read_all(fd, file.data(), file.size()) || !read_all(fd, message.data(), message.size())) {
            return false;
        }
        if (header.kind == RecordKind::EndOfBody) {
            return true;
        }
        if (header.type != ::testing::TestPartResult::kSuccess) {
            // What GTEST_MESSAGE_AT_ does, with a type that is known at run time only.
            ::testing::internal::AssertHelper(header.type, file.c_str(), header.line, message.c_str()) =
                ::testing::Message();
        }
    }
    return false;
}

}  // namespace

void run_forked(void (*body)()) {
    const char* no_fork = std::getenv("DMASIM_TEST_NO_FORK");
    if (no_fork != nullptr && std::strcmp(no_fork, "1") == 0) {
        run_body(body);
        return;
    }

    int ends[2];
    ASSERT_EQ(::pipe(ends), 0) << std::strerror(errno);
    // Otherwise the child inherits what is buffered here and prints it a second time.
    std::fflush(nullptr);
    const pid_t child = ::fork();
    ASSERT_NE(child, -1) << std::strerror(errno);
    if (child == 0) {
        ::close(ends[0]);
        run_child(body, ends[1]);
    }
    ::close(ends[1]);
    const bool reached_end = repeat_results(ends[0]);
    ::close(ends[0]);

    int status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    if (!reached_end) {
        ADD_FAILURE() << "the test's process ended before the end of the test's body";
    }
    if (WIFSIGNALED(status)) {
        ADD_FAILURE() << "the test's process was ended by signal " << WTERMSIG(status) << " ("
                      << ::strsignal(WTERMSIG(status)) << ")";
    } else if (WEXITSTATUS(status) != 0) {
        ADD_FAILURE() << "the test's process ended with exit status " << WEXITSTATUS(status);
    }
}

}  // namespace dmasim::test
