// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/quantity.h"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "dmasim/cli/core/document.h"

namespace dmasim::cli {

namespace {

struct Suffix {
    std::string_view text;
    std::uint64_t factor;
};

constexpr std::array<Suffix, 9> kBytes{{{"B", 1},
                                        {"K", 1ULL << 10},
                                        {"KiB", 1ULL << 10},
                                        {"M", 1ULL << 20},
                                        {"MiB", 1ULL << 20},
                                        {"G", 1ULL << 30},
                                        {"GiB", 1ULL << 30},
                                        {"T", 1ULL << 40},
                                        {"TiB", 1ULL << 40}}};
constexpr std::array<Suffix, 5> kTime{
    {{"ps", 1}, {"ns", 1'000}, {"us", 1'000'000}, {"ms", 1'000'000'000}, {"s", 1'000'000'000'000}}};
constexpr std::array<Suffix, 4> kFrequency{{{"Hz", 1}, {"kHz", 1'000}, {"MHz", 1'000'000}, {"GHz", 1'000'000'000}}};

struct Suffixes {
    const Suffix* first;
    std::size_t count;
};

Suffixes suffixes(Quantity quantity) {
    switch (quantity) {
        case Quantity::Bytes:
            return {kBytes.data(), kBytes.size()};
        case Quantity::Picoseconds:
            return {kTime.data(), kTime.size()};
        case Quantity::Hertz:
            return {kFrequency.data(), kFrequency.size()};
        case Quantity::Plain:
            break;
    }
    return {nullptr, 0};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/// a * b + c, or nothing if it needs more than 64 bits.
std::optional<std::uint64_t> multiply_add(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    if (b != 0 && a > (kMax - c) / b) {
        return std::nullopt;
    }
    return a * b + c;
}

}  // namespace

bool looks_like_number(std::string_view text) {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        text.remove_prefix(1);
    }
    return !text.empty() && is_digit(text[0]);
}

std::variant<Integer, std::string> parse_integer(std::string_view text, Quantity quantity) {
    const std::string shown = in_quotes(text);
    const std::string too_big = fmt::format("{} does not fit in 64 bits", shown);
    Integer result;
    std::string_view rest = text;
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
        result.negative = rest[0] == '-';
        rest.remove_prefix(1);
    }

    const bool hex = rest.size() > 2 && rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X');
    if (hex) {
        rest.remove_prefix(2);
    }
    std::size_t digits = 0;
    bool underscore = false;
    const std::string_view number = rest;
    while (!rest.empty()) {
        if (rest[0] == '_' && digits > 0 && !underscore) {
            underscore = true;
            rest.remove_prefix(1);
            continue;
        }
        const int value = hex ? hex_value(rest[0]) : (is_digit(rest[0]) ? rest[0] - '0' : -1);
        if (value < 0) {
            break;
        }
        const auto next = multiply_add(result.magnitude, hex ? 16 : 10, static_cast<std::uint64_t>(value));
        if (!next) {
            return too_big;
        }
        result.magnitude = *next;
        underscore = false;
        ++digits;
        rest.remove_prefix(1);
    }
    if (digits == 0 || underscore) {
        return fmt::format("{} is not a number", shown);
    }
    if (!hex && digits > 1 && number[0] == '0') {
        return fmt::format("{} begins with 0 and could be meant as octal; write it without, or with 0x", shown);
    }

    // The decimals, kept as a fraction until the suffix is known.
    std::uint64_t fraction = 0;
    std::uint64_t fraction_scale = 1;
    if (!hex && rest.size() > 1 && rest[0] == '.' && is_digit(rest[1]) && quantity != Quantity::Plain) {
        rest.remove_prefix(1);
        while (!rest.empty() && is_digit(rest[0])) {
            const auto digit = static_cast<std::uint64_t>(rest[0] - '0');
            const auto next = multiply_add(fraction, 10, digit);
            const auto scale = multiply_add(fraction_scale, 10, 0);
            if (!next || !scale) {
                return fmt::format("{} has too many decimals", shown);
            }
            fraction = *next;
            fraction_scale = *scale;
            rest.remove_prefix(1);
        }
    }

    std::uint64_t factor = 1;
    if (!rest.empty()) {
        if (rest[0] == ' ') {
            rest.remove_prefix(1);
        }
        const Suffixes known = suffixes(quantity);
        const Suffix* found = nullptr;
        std::string list;
        for (std::size_t i = 0; i < known.count; ++i) {
            list += (list.empty() ? "" : ", ") + std::string(known.first[i].text);
            if (known.first[i].text == rest) {
                found = &known.first[i];
            }
        }
        if (found == nullptr) {
            if (known.count == 0) {
                return fmt::format("{} is not a whole number", shown);
            }
            return fmt::format("{} has an unknown unit; known: {}", shown, list);
        }
        factor = found->factor;
    }
    const auto scaled_fraction = multiply_add(fraction, factor, 0);
    const auto whole = multiply_add(result.magnitude, factor, 0);
    if (!scaled_fraction || !whole) {
        return too_big;
    }
    if (*scaled_fraction % fraction_scale != 0) {
        return fmt::format("{} is not a whole number of {}", shown, suffixes(quantity).first[0].text);
    }
    const auto sum = multiply_add(1, *whole, *scaled_fraction / fraction_scale);
    if (!sum || (result.negative && *sum > (1ULL << 63U))) {
        return too_big;
    }
    result.magnitude = *sum;
    return result;
}

std::variant<std::uint64_t, std::string> parse_unsigned(std::string_view text, Quantity quantity) {
    const auto parsed = parse_integer(text, quantity);
    if (const auto* problem = std::get_if<std::string>(&parsed)) {
        return *problem;
    }
    const auto integer = std::get<Integer>(parsed);
    if (integer.negative && integer.magnitude != 0) {
        return fmt::format("{} is negative", in_quotes(text));
    }
    return integer.magnitude;
}

}  // namespace dmasim::cli
