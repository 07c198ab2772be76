// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/block_recording.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cli/core/error.h"

#include "test_paths.h"

namespace dmasim::cli {
namespace {

const std::string kSmall =
    "dmasim block i/o 1\n"
    "program a test\n"
    "file 0 a.db 8192 8192 00c0ffee\n"
    "file 1 a.db-journal 512 -\n"
    "write 1 0 3\n"
    "sync 1\n"
    "write 0 4096 2\n"
    "read 0 24 16 1fdbba56\n"
    "truncate 0 100\n"
    "delete 1\n"
    "payload 5\n"
    "abcde";

std::string error_of(const std::string& content) {
    try {
        parse_block_recording(content, "r");
    } catch (const InputError& error) {
        return error.what();
    }
    return "";
}

std::string with(const std::string& old_text, const std::string& new_text) {
    std::string text = kSmall;
    return text.replace(text.find(old_text), old_text.size(), new_text);
}

TEST(BlockRecording, ReadsWhatIsWritten) {
    const BlockRecording recording = parse_block_recording(kSmall, "r");
    EXPECT_EQ(recording.program, "a test");
    ASSERT_EQ(recording.files.size(), 2U);
    EXPECT_EQ(recording.files[0].name, "a.db");
    EXPECT_EQ(recording.files[0].greatest_bytes, 8192U);
    ASSERT_TRUE(recording.files[0].end);
    EXPECT_EQ(recording.files[0].end->bytes, 8192U);
    EXPECT_EQ(recording.files[0].end->crc32, 0xC0FFEEU);
    EXPECT_FALSE(recording.files[1].end);
    ASSERT_EQ(recording.requests.size(), 6U);
    EXPECT_EQ(recording.requests[0].kind, BlockRecording::Kind::Write);
    EXPECT_EQ(recording.requests[2].payload, 3U);
    EXPECT_EQ(recording.requests[2].offset, 4096U);
    EXPECT_EQ(recording.requests[3].kind, BlockRecording::Kind::Read);
    EXPECT_EQ(recording.requests[3].bytes, 16U);
    EXPECT_EQ(recording.requests[3].crc32, 0x1FDBBA56U);
    EXPECT_EQ(recording.requests[4].offset, 100U);
    EXPECT_EQ(recording.requests[5].file, 1U);
    EXPECT_EQ(std::string(recording.payload.begin(), recording.payload.end()), "abcde");
}

TEST(BlockRecording, CrcIsTheUsualOne) {
    const std::string check = "123456789";
    EXPECT_EQ(crc32_of(reinterpret_cast<const std::uint8_t*>(check.data()), check.size()), 0xCBF43926U);
}

TEST(BlockRecording, KeptRecordingIsWhole) {
    const BlockRecording recording =
        load_block_recording(std::string(DMASIM_SOURCE_DIR) + "/examples/disk-io/sqlite.blockio.zst");
    ASSERT_EQ(recording.files.size(), 2U);
    EXPECT_GT(recording.requests.size(), 2000U);
    // The writes alone make the file that was there at the end.
    std::vector<std::uint8_t> content(recording.files[0].end->bytes);
    for (const BlockRecording::Request& request : recording.requests) {
        if (request.kind == BlockRecording::Kind::Write && request.file == 0) {
            std::copy_n(recording.payload.begin() + static_cast<std::ptrdiff_t>(request.payload), request.bytes,
                        content.begin() + static_cast<std::ptrdiff_t>(request.offset));
        }
    }
    EXPECT_EQ(crc32_of(content.data(), content.size()), recording.files[0].end->crc32);
}

TEST(BlockRecording, RefusesWithTheLine) {
    EXPECT_EQ(error_of(kSmall), "");
    EXPECT_THAT(error_of(""), testing::HasSubstr("r:1: the line does not end"));
    EXPECT_THAT(error_of("name: x\n"), testing::HasSubstr("r:1: is not a block I/O recording"));
    EXPECT_THAT(error_of(with("file 1", "file 2")), testing::HasSubstr("r:4: the next file is number 1"));
    EXPECT_THAT(error_of(with("8192 8192", "8192 8193")), testing::HasSubstr("r:3: the size at the end"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 2 0 3")), testing::HasSubstr("r:5: the file must be"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 1 510 3")), testing::HasSubstr("r:5: the length must be"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 1 512 1")), testing::HasSubstr("r:5: the length must be"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 1 0 0")), testing::HasSubstr("r:5: the length must be"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 1 0 -1")), testing::HasSubstr("r:5: the length must be"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 1 0")), testing::HasSubstr("r:5: the length is missing"));
    EXPECT_THAT(error_of(with("write 1 0 3", "write 1 0 3 4")), testing::HasSubstr("r:5: \" 4\" is too much"));
    EXPECT_THAT(error_of(with("sync 1", "sink 1")), testing::HasSubstr("r:6: \"sink\" is none of"));
    EXPECT_THAT(error_of(with("1fdbba56", "1fdbba567")), testing::HasSubstr("r:8: the CRC must be"));
    EXPECT_THAT(error_of(with("payload 5", "payload 6")), testing::HasSubstr("r:11: the writes have 5 bytes"));
    EXPECT_THAT(error_of(kSmall + "f"), testing::HasSubstr("and 6 follow"));
    EXPECT_THAT(error_of(with("file 0 a.db 8192 8192 00c0ffee\nfile 1 a.db-journal 512 -\n", "")),
                testing::HasSubstr("r:3: a request before the first file"));
    EXPECT_THAT(error_of("\x28\xB5\x2F\xFD noise"), testing::StartsWith("r: "));
}

TEST(BlockRecording, EveryCutIsRefused) {
    for (std::size_t length = 0; length < kSmall.size(); ++length) {
        EXPECT_NE(error_of(kSmall.substr(0, length)), "") << "cut to " << length;
    }
}

// Whatever the bytes are: a recording, or an InputError.
TEST(BlockRecording, NoiseIsHarmless) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 20000; ++round) {
        std::string text = kSmall;
        for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        error_of(text);
    }
}

}  // namespace
}  // namespace dmasim::cli
