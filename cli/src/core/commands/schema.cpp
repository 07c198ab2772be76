// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/core/schema.h"

#include <fmt/format.h>

#include "dmasim/cli/core/command.h"

namespace dmasim::cli {

ExitStatus run_schema(const std::vector<std::string>& arguments, const Streams& streams) {
    namespace po = boost::program_options;
    CommandLine line("dmasim schema", "[options]",
                     "Prints the JSON schema (draft 7) of scenario files, for editors and other programs.");
    line.options.add_options()("format", po::value<std::string>()->default_value("json")->value_name("json|markdown"),
                               "json: the schema; markdown: the reference page docs/scenario.md");
    const Parsed parsed = parse(line, arguments, streams);
    if (parsed.answered) {
        return ExitStatus::AsExpected;
    }
    const std::string format = parsed.text("format");
    if (format == "json") {
        streams.out << Schema::scenario().json().dump(2) << '\n';
    } else if (format == "markdown") {
        streams.out << reference_page(Schema::scenario());
    } else {
        throw InputError(fmt::format("dmasim schema: --format {}: known formats: json, markdown", format));
    }
    return ExitStatus::AsExpected;
}

}  // namespace dmasim::cli
