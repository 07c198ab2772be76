// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/verifier/finding.h"

#include <array>
#include <cstdio>

namespace dmasim {

namespace {

std::string hex(std::uint64_t value) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
    return text.data();
}

std::string bytes_text(const std::vector<std::uint8_t>& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        std::array<char, 4> digits{};
        std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(byte));
        text += text.empty() ? "" : " ";
        text += digits.data();
    }
    return text;
}

std::string party_text(const FindingParty& party) {
    std::string text{name_of(party.agent)};
    if (party.agent == VerifierAgent::Initial) {
        return text;
    }
    return text + ", " + party.what + " at cycle " + std::to_string(party.at.count());
}

}  // namespace

std::string_view name_of(VerifierAgent agent) {
    switch (agent) {
        case VerifierAgent::Initial:
            return "initial contents";
        case VerifierAgent::Cpu:
            return "CPU";
        case VerifierAgent::Device:
            return "device";
    }
    return "unknown";
}

std::string to_text(const Finding& finding) {
    std::string text = finding.rule + " at cycle " + std::to_string(finding.at.count()) + ": " + finding.message;
    const auto line = [&](const char* head, const std::string& body) {
        text += "\n    ";
        text += head;
        text += body;
    };
    if (finding.bytes != 0) {
        const std::uint64_t end = finding.address + finding.bytes;
        line("bytes    ", "[" + hex(finding.address) + ", " + (end == 0 ? "2^64" : hex(end)) + "), " +
                              std::to_string(finding.bytes) + (finding.bytes == 1 ? " byte" : " bytes"));
    }
    if (finding.has_line) {
        line("line     ", hex(finding.line) + ", set " + std::to_string(finding.set) + ", way " +
                              std::to_string(finding.way) + ": " + finding.line_state);
    }
    if (!finding.writer.what.empty()) {
        line("written  ", party_text(finding.writer));
    }
    if (!finding.reader.what.empty()) {
        line("met by   ", party_text(finding.reader));
    }
    if (!finding.old_bytes.empty()) {
        line("there    ", bytes_text(finding.old_bytes));
    }
    if (!finding.new_bytes.empty()) {
        line("newest   ", bytes_text(finding.new_bytes));
    }
    if (finding.seen_at != finding.at) {
        line("seen     ", "at cycle " + std::to_string(finding.seen_at.count()));
    }
    if (!finding.missing.empty()) {
        line("missing  ", finding.missing);
    }
    if (finding.repeats != 0) {
        line("again    ", std::to_string(finding.repeats) + (finding.repeats == 1 ? " time" : " times"));
    }
    if (finding.foreseen) {
        line("expected ", "by the step that caused it");
    }
    return text;
}

}  // namespace dmasim
