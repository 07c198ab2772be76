// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/findings.h"

namespace dmasim::cli {

namespace {

Json party(const FindingParty& who) {
    Json json = Json::object();
    json["who"] = std::string{name_of(who.agent)};
    if (who.agent != VerifierAgent::Initial) {
        json["what"] = who.what;
        json["cycle"] = who.at.count();
    }
    return json;
}

}  // namespace

Json to_json(const Finding& finding) {
    Json json = Json::object();
    json["rule"] = finding.rule;
    json["cycle"] = finding.at.count();
    json["seen_cycle"] = finding.seen_at.count();
    json["message"] = finding.message;
    json["missing"] = finding.missing;
    if (finding.bytes != 0) {
        json["address"] = finding.address;
        json["bytes"] = finding.bytes;
    }
    if (finding.has_line) {
        json["line"] = {
            {"address", finding.line}, {"set", finding.set}, {"way", finding.way}, {"state", finding.line_state}};
    }
    if (!finding.writer.what.empty()) {
        json["writer"] = party(finding.writer);
    }
    if (!finding.reader.what.empty()) {
        json["reader"] = party(finding.reader);
    }
    if (!finding.old_bytes.empty()) {
        json["old_bytes"] = finding.old_bytes;
    }
    if (!finding.new_bytes.empty()) {
        json["new_bytes"] = finding.new_bytes;
    }
    json["repeats"] = finding.repeats;
    if (finding.foreseen) {
        json["expected"] = true;
    }
    return json;
}

}  // namespace dmasim::cli
