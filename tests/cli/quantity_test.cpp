// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/quantity.h"

#include <gtest/gtest.h>

namespace dmasim::cli {
namespace {

std::string outcome(std::string_view text, Quantity quantity) {
    const auto parsed = parse_integer(text, quantity);
    if (const auto* problem = std::get_if<std::string>(&parsed)) {
        return *problem;
    }
    const Integer integer = std::get<Integer>(parsed);
    return (integer.negative ? "-" : "") + std::to_string(integer.magnitude);
}

TEST(Quantity, PlainNumbers) {
    EXPECT_EQ(outcome("0", Quantity::Plain), "0");
    EXPECT_EQ(outcome("42", Quantity::Plain), "42");
    EXPECT_EQ(outcome("0x2a", Quantity::Plain), "42");
    EXPECT_EQ(outcome("0X2A", Quantity::Plain), "42");
    EXPECT_EQ(outcome("0x4000_0000", Quantity::Plain), "1073741824");
    EXPECT_EQ(outcome("1_000", Quantity::Plain), "1000");
    EXPECT_EQ(outcome("-1", Quantity::Plain), "-1");
    EXPECT_EQ(outcome("+1", Quantity::Plain), "1");
    EXPECT_EQ(outcome("18446744073709551615", Quantity::Plain), "18446744073709551615");
    EXPECT_EQ(outcome("0xffffffffffffffff", Quantity::Plain), "18446744073709551615");
    EXPECT_EQ(outcome("-9223372036854775808", Quantity::Plain), "-9223372036854775808");
}

TEST(Quantity, NothingIsSilentlyWrong) {
    EXPECT_EQ(outcome("18446744073709551616", Quantity::Plain), "\"18446744073709551616\" does not fit in 64 bits");
    EXPECT_EQ(outcome("0x10000000000000000", Quantity::Plain), "\"0x10000000000000000\" does not fit in 64 bits");
    EXPECT_EQ(outcome("-9223372036854775809", Quantity::Plain), "\"-9223372036854775809\" does not fit in 64 bits");
    EXPECT_EQ(outcome("16777216T", Quantity::Bytes), "\"16777216T\" does not fit in 64 bits");
    EXPECT_EQ(outcome("1e3", Quantity::Plain), "\"1e3\" is not a whole number");
    EXPECT_EQ(outcome("1.0", Quantity::Plain), "\"1.0\" is not a whole number");
    EXPECT_EQ(outcome("4K", Quantity::Plain), "\"4K\" is not a whole number");
    EXPECT_EQ(outcome("12abc", Quantity::Plain), "\"12abc\" is not a whole number");
    EXPECT_EQ(outcome("1__0", Quantity::Plain), "\"1__0\" is not a number");
    EXPECT_EQ(outcome("1_", Quantity::Plain), "\"1_\" is not a number");
    EXPECT_EQ(outcome("0x", Quantity::Plain), "\"0x\" is not a whole number");
    EXPECT_EQ(outcome("", Quantity::Plain), "\"\" is not a number");
    EXPECT_EQ(outcome("010", Quantity::Plain),
              "\"010\" begins with 0 and could be meant as octal; write it without, or with 0x");
}

TEST(Quantity, Suffixes) {
    EXPECT_EQ(outcome("4KiB", Quantity::Bytes), "4096");
    EXPECT_EQ(outcome("4K", Quantity::Bytes), "4096");
    EXPECT_EQ(outcome("4 KiB", Quantity::Bytes), "4096");
    EXPECT_EQ(outcome("1.5KiB", Quantity::Bytes), "1536");
    EXPECT_EQ(outcome("64B", Quantity::Bytes), "64");
    EXPECT_EQ(outcome("1GiB", Quantity::Bytes), "1073741824");
    EXPECT_EQ(outcome("10ns", Quantity::Picoseconds), "10000");
    EXPECT_EQ(outcome("2.5ns", Quantity::Picoseconds), "2500");
    EXPECT_EQ(outcome("100MHz", Quantity::Hertz), "100000000");
    EXPECT_EQ(outcome("4KB", Quantity::Bytes), "\"4KB\" has an unknown unit; known: B, K, KiB, M, MiB, G, GiB, T, TiB");
    EXPECT_EQ(outcome("4kib", Quantity::Bytes),
              "\"4kib\" has an unknown unit; known: B, K, KiB, M, MiB, G, GiB, T, TiB");
    EXPECT_EQ(outcome("10ms", Quantity::Hertz), "\"10ms\" has an unknown unit; known: Hz, kHz, MHz, GHz");
    EXPECT_EQ(outcome("1.0001ns", Quantity::Picoseconds), "\"1.0001ns\" is not a whole number of ps");
    EXPECT_EQ(outcome("1.5B", Quantity::Bytes), "\"1.5B\" is not a whole number of B");
}

TEST(Quantity, UnsignedRefusesNegativeNumbers) {
    EXPECT_EQ(std::get<std::string>(parse_unsigned("-1", Quantity::Plain)), "\"-1\" is negative");
    EXPECT_EQ(std::get<std::uint64_t>(parse_unsigned("-0", Quantity::Plain)), 0U);
}

}  // namespace
}  // namespace dmasim::cli
