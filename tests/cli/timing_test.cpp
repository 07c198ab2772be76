// SPDX-License-Identifier: Apache-2.0
//
// `dmasim timing` on the sample of the measured tables, through both drivers; what it prints, what it refuses, and that
// every parameter of a profile matters.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dmasim/cli/core/timing/compare.h"

#include "support.h"
#include "test_paths.h"

namespace dmasim::cli {
namespace {

using test::Outcome;
using test::run;
using test::TemporaryFolder;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A table of the sample.
struct Sample {
    const char* name;
    const char* file;
    const char* profile;
    const char* table;
    std::size_t rows;
    std::size_t step;  ///< Every so many rows by day, for the other drivers; all at night.
};

const std::vector<Sample>& samples() {
    static const std::vector<Sample> kSamples{
        {"AxiCdmaSingle", "axi_cdma_single.csv.zst", "axi_cdma", "single", 12177, 29},
        {"AxiCdmaBackToBack", "axi_cdma_back_to_back.csv.zst", "axi_cdma", "back-to-back", 864, 4},
        {"IdmaSingle", "idma_single.csv.zst", "idma", "single", 5850, 13},
        {"IdmaStreams", "idma_streams.csv.zst", "idma", "streams", 192, 5},
        {"AxiCdmaDescMux", "axi_cdma_desc_mux.csv.zst", "axi_cdma_desc_mux", "desc-mux", 261, 3},
        {"AxiFabric", "axi_fabric.csv.zst", "axi_cdma", "fabric", 221, 5},
        {"I8237", "kf8237.csv", "i8237_always_wait", "i8237", 18, 1},
    };
    return kSamples;
}

const Sample& sample(const std::string& name) {
    return *std::find_if(samples().begin(), samples().end(), [&](const Sample& one) { return one.name == name; });
}

std::string data(const Sample& one) {
    return std::string(DMASIM_SOURCE_DIR "/tests/data/timing/") + one.file;
}

bool nightly() {
    return std::getenv("DMASIM_NIGHTLY") != nullptr;
}

/// Every `step`-th row as text, the names first.
std::vector<std::string> rows_of(const Sample& one, std::size_t step) {
    CsvReader reader(data(one));
    const auto join = [](const std::vector<std::string>& fields) {
        std::string text;
        for (const std::string& field : fields) {
            text += text.empty() ? field : "," + field;
        }
        return text;
    };
    std::vector<std::string> rows{join(reader.names())};
    for (std::size_t i = 0; reader.next(); ++i) {
        if (i % step == 0) {
            std::vector<std::string> fields;
            for (std::size_t k = 0; k < reader.row().fields(); ++k) {
                fields.emplace_back(reader.row().field(k));
            }
            rows.push_back(join(fields));
        }
    }
    return rows;
}

std::string text_of(const std::vector<std::string>& rows) {
    std::string text;
    for (const std::string& row : rows) {
        text += row + "\n";
    }
    return text;
}

/// The file to compare with by day: some of the rows; at night the table itself.
std::string slice(const TemporaryFolder& folder, const Sample& one) {
    return nightly() ? data(one) : folder.file("jobs.csv", text_of(rows_of(one, one.step)));
}

std::size_t slice_rows(const Sample& one) {
    return nightly() ? one.rows : (one.rows + one.step - 1) / one.step;
}

class Tables : public testing::TestWithParam<Sample> {};

TEST_P(Tables, EveryRowOnSystemCModules) {
    const Sample& one = GetParam();
    // All of them, by day too: this is what the pages claim.
    const Outcome outcome = run({"timing", "--profile", one.profile, "--jobs", data(one), "--compare"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, fmt::format("rows {0} exact {0} mismatched 0\n", one.rows));
    EXPECT_EQ(outcome.err, "");
}

TEST_P(Tables, EveryRowOnLazyModules) {
    const Sample& one = GetParam();
    const TemporaryFolder folder;
    const Outcome outcome =
        run({"timing", "--profile", one.profile, "--jobs", slice(folder, one), "--compare", "--driver", "lazy"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, fmt::format("rows {0} exact {0} mismatched 0\n", slice_rows(one)));
}

TEST_P(Tables, EveryRowOnTheReference) {
    const Sample& one = GetParam();
    const TemporaryFolder folder;
    const Outcome outcome = run({"timing", "--profile", one.profile, "--jobs", slice(folder, one), "--compare",
                                 "--driver", "reference", "--table", one.table});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, fmt::format("rows {0} exact {0} mismatched 0\n", slice_rows(one)));
}

TEST_P(Tables, TheSampleHasTheRowsItShould) {
    EXPECT_EQ(rows_of(GetParam(), 1).size(), GetParam().rows + 1);
}

// Without its timing columns a table comes out as it was measured, character by character.
TEST_P(Tables, OutputIsTheMeasuredTable) {
    const Sample& one = GetParam();
    const std::vector<std::string> measured = rows_of(one, one.step * 7);
    const ParameterSet parameters(one.profile);
    std::set<std::string> outputs;
    for (const TimingColumn& column : table_kind(one.table, one.profile).outputs(one.profile)) {
        outputs.insert(column.name);
    }
    std::vector<bool> keep;
    std::vector<std::string> bare;
    for (const std::string& row : measured) {
        std::istringstream in(row);
        std::string field;
        std::string out;
        for (std::size_t i = 0; std::getline(in, field, ','); ++i) {
            if (keep.size() == i) {
                keep.push_back(outputs.count(field) == 0);
            }
            if (keep[i]) {
                out += out.empty() ? field : "," + field;
            }
        }
        bare.push_back(out);
    }
    const TemporaryFolder folder;
    const std::string jobs = folder.file("bare.csv", text_of(bare));
    const Outcome to_output = run({"timing", "--profile", one.profile, "--jobs", jobs});
    EXPECT_EQ(to_output.status, 0) << to_output.err;
    EXPECT_EQ(to_output.out, text_of(measured));
    // Columns that are there are replaced, and --output takes it.
    const std::string all = folder.file("all.csv", text_of(measured));
    const Outcome to_file =
        run({"timing", "--profile", one.profile, "--jobs", all, "--output", folder.path("out.csv"), "--compare"});
    EXPECT_EQ(to_file.status, 0) << to_file.err;
    EXPECT_EQ(to_file.out, fmt::format("rows {0} exact {0} mismatched 0\n", measured.size() - 1));
    EXPECT_EQ(test::read_file(folder.path("out.csv")), text_of(measured));
}

INSTANTIATE_TEST_SUITE_P(Timing, Tables, testing::ValuesIn(samples()),
                         [](const testing::TestParamInfo<Sample>& one) { return std::string(one.param.name); });

/// Compares rows of a sample on the reference, after settings.
TimingOutcome compare(const Sample& one, const std::string& file, const std::vector<std::string>& settings) {
    ParameterSet parameters(one.profile);
    for (const std::string& setting : settings) {
        parameters.set(setting);
    }
    std::ostringstream ignored;
    TimingRequest request;
    request.jobs = file;
    request.compare = true;
    request.report = &ignored;
    request.problems = &ignored;
    return run_timing(request, parameters,
                      [&](const TableKind& table) { return make_reference_driver(table, parameters); });
}

// A parameter that could be one more without any row noticing would be a number without a meaning.
void expect_each_matters(const std::string& profile, const std::vector<std::string>& names) {
    // What cannot be one less.
    const std::set<std::string> no_less{
        "axi_cdma accept_to_plan",  "axi_cdma plan_to_request", "axi_cdma request_to_valid",
        "axi_cdma plan_to_command", "axi_cdma burst_gap",       "axi_cdma response_to_status",
        "idma accept_to_plan",      "idma request_to_valid",    "idma read_to_write",
        "idma response_gap",        "idma response_to_status",  "idma pending_extra"};
    const TemporaryFolder folder;
    const ParameterSet parameters(profile);
    for (const std::string& key : parameters.keys()) {
        const std::string name = profile + " " + key;
        for (const std::string change : {"+1", "-1"}) {
            if ((change == "-1" && no_less.count(name) != 0) || name + change == "idma max_burst_beats+1") {
                continue;
            }
            std::size_t mismatched = 0;
            for (const std::string& table : names) {
                const Sample& one = sample(table);
                const std::string file = folder.file(table, text_of(rows_of(one, one.step)));
                mismatched += mismatched == 0 ? compare(one, file, {key + "=" + change}).mismatched : 0;
            }
            EXPECT_GT(mismatched, 0U) << name << change;
        }
    }
}

TEST(TimingParameters, EachOfAxiCdmaMattersBothWays) {
    expect_each_matters("axi_cdma", {"AxiCdmaSingle", "AxiCdmaBackToBack"});
}

TEST(TimingParameters, EachOfIdmaMattersBothWays) {
    expect_each_matters("idma", {"IdmaSingle", "IdmaStreams"});
}

// READY, EOP, verify and memory to memory are not in the table, so their numbers cannot decide its rows.
TEST(TimingParameters, ThoseOfThe8237ThatTheTableKnows) {
    const Sample& one = sample("I8237");
    const ParameterSet parameters(one.profile);
    const std::set<std::string> not_there{"ready_sample", "eop_sample", "ready_in_compressed", "ready_in_verify",
                                          "high_address_skip"};
    for (const std::string& key : parameters.keys()) {
        EXPECT_EQ(compare(one, data(one), {key + "=+0"}).mismatched, 0U) << key;
        const std::size_t mismatched =
            compare(one, data(one), {key + (key == "ready_in_compressed" ? "=-1" : "=+1")}).mismatched;
        EXPECT_EQ(mismatched == 0, not_there.count(key) != 0) << key;
    }
    EXPECT_GT(compare(one, data(one), {"dreq_sample=-1"}).mismatched, 0U);
    EXPECT_GT(compare(one, data(one), {"always_wait=-1"}).mismatched, 0U);
}

TEST(TimingParameters, SetReachesTheModules) {
    const TemporaryFolder folder;
    const Sample& one = sample("AxiCdmaSingle");
    const std::string jobs = folder.file("jobs.csv", text_of(rows_of(one, 500)));
    for (const char* setting : {"response_to_status=2", "response_to_status=+1", "max_burst_beats=+1"}) {
        const Outcome outcome = run({"timing", "--profile", "axi_cdma", "--jobs", jobs, "--compare", "--set", setting});
        EXPECT_EQ(outcome.status, 1) << setting << outcome.err;
        EXPECT_THAT(outcome.out, HasSubstr(std::string(setting)[0] == 'm' ? "n_ar" : "status_valid"));
        EXPECT_EQ(outcome.out.find("exact 25 "), std::string::npos);
    }
    const Outcome same =
        run({"timing", "--profile", "axi_cdma", "--jobs", jobs, "--compare", "--set", "response_to_status=1"});
    EXPECT_EQ(same.out, "rows 25 exact 25 mismatched 0\n");
    const Outcome intel = run({"timing", "--profile", "i8237", "--jobs", data(sample("I8237")), "--compare"});
    EXPECT_EQ(intel.status, 1);
    EXPECT_THAT(intel.out, EndsWith("rows 18 exact 0 mismatched 18\n"));
    EXPECT_THAT(intel.err, HasSubstr("--profile i8237_always_wait"));
    EXPECT_EQ(
        run({"timing", "--profile", "i8237", "--jobs", data(sample("I8237")), "--compare", "--set", "always_wait=1"})
            .out,
        "rows 18 exact 18 mismatched 0\n");
}

constexpr const char* kNames = "slave,dw,burst,len,src,dst,status_valid\n";
constexpr const char* kRow = "ram,32,16,1024,0x0,0x80000,279\n";

Outcome compare_text(const std::string& text, std::vector<std::string> options = {}) {
    const TemporaryFolder folder;
    options.insert(options.begin(), {"timing", "--profile", "axi_cdma", "--jobs", folder.file("t.csv", text)});
    Outcome outcome = run(options);
    // The folder's name is not the same twice.
    for (std::string* stream : {&outcome.out, &outcome.err}) {
        const std::string name = folder.path("t.csv");
        for (std::size_t at = stream->find(name); at != std::string::npos; at = stream->find(name)) {
            stream->replace(at, name.size(), "t.csv");
        }
    }
    return outcome;
}

TEST(TimingCompare, ShowsWhatDiffers) {
    const std::string text = std::string(kNames) + kRow + "ram,32,16,1024,0x0,0x80000,280\n";
    for (const char* driver : {"events", "reference"}) {
        const Outcome outcome = compare_text(text, {"--compare", "--driver", driver});
        EXPECT_EQ(outcome.status, 1);
        EXPECT_EQ(outcome.out,
                  "t.csv:3: slave=ram dw=32 burst=16 len=1024 src=0x0 dst=0x80000\n"
                  "  status_valid                 279 here, 280 in the table\n"
                  "rows 2 exact 1 mismatched 1\n");
    }
}

TEST(TimingCompare, ShowsTheFirstTwenty) {
    std::string text = kNames;
    for (int i = 0; i < 25; ++i) {
        text += "ram,32,16,1024,0x0,0x80000,1\n";
    }
    const Outcome outcome = compare_text(text, {"--compare"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2 * 20 + 1);
    EXPECT_THAT(outcome.out, HasSubstr("t.csv:21: "));
    EXPECT_THAT(outcome.out, EndsWith("\nrows 25 exact 0 mismatched 25\n"));
}

TEST(TimingCompare, Tolerance) {
    // 2 of 281 are 0.71 per cent.
    const std::string text = std::string(kNames) + "ram,32,16,1024,0x0,0x80000,281\n";
    const Outcome inside = compare_text(text, {"--compare", "--tolerance", "0.72"});
    EXPECT_EQ(inside.status, 0);
    EXPECT_EQ(inside.out, "rows 1 exact 0 mismatched 0\n");
    const Outcome outside = compare_text(text, {"--compare", "--tolerance", "0.71"});
    EXPECT_EQ(outside.status, 1);
    EXPECT_THAT(outside.out, EndsWith("rows 1 exact 0 mismatched 1\n"));
    EXPECT_TRUE(within("98", "100", 2, true));
    EXPECT_TRUE(within("102", "100", 2, true));
    EXPECT_FALSE(within("97", "100", 2, true));
    EXPECT_FALSE(within("103", "100", 2, true));
    EXPECT_FALSE(within("100", "1e2", 2, true));
    // An order of grants is no number.
    EXPECT_FALSE(within("0101", "0102", 100, false));
    EXPECT_TRUE(within("0101", "0101", 0, false));
    // The same value with other digits is another text.
    EXPECT_FALSE(within("1.000", "1.0", 0, true));
}

TEST(TimingCompare, CompressedAndWithCarriageReturns) {
    EXPECT_EQ(compare_text(
                  std::string("slave,dw,burst,len,src,dst,status_valid\r\n") + "ram,32,16,1024,0x0,0x80000,279\r\n\r\n",
                  {"--compare"})
                  .out,
              "rows 1 exact 1 mismatched 0\n");
    EXPECT_EQ(compare_text("\xEF\xBB\xBF" + std::string(kNames) + kRow, {"--compare"}).out,
              "rows 1 exact 1 mismatched 0\n");
    EXPECT_EQ(compare_text(std::string(kNames), {"--compare"}).out, "rows 0 exact 0 mismatched 0\n");
}

// Widths and lengths that are not in the sample, by the closed form of the registered memory: n + K + 7.
TEST(TimingCompare, OtherWidths) {
    for (const std::uint64_t bits : {8U, 16U, 32U, 64U, 128U, 256U, 512U, 1024U}) {
        for (const std::uint64_t burst : {1U, 2U, 8U, 32U, 256U}) {
            for (const std::uint64_t bytes : {4096U, 8192U, 65536U}) {
                const std::uint64_t n = bytes * 8 / bits;
                const std::uint64_t beats = std::min(burst, 4096 * 8 / bits);
                const std::uint64_t k = (n + beats - 1) / beats;
                if (k > 1 && beats < 3) {
                    continue;  // The form does not hold for the shortest bursts.
                }
                const std::string text =
                    fmt::format("{}ram,{},{},{},0x0,0x80000,{}\n", kNames, bits, burst, bytes, n + k + 7);
                EXPECT_EQ(compare_text(text, {"--compare", "--driver", "reference"}).out,
                          "rows 1 exact 1 mismatched 0\n")
                    << text;
            }
        }
    }
}

TEST(TimingErrors, EachSaysWhere) {
    const std::string names = kNames;
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"", "t.csv:1:1: the file is empty; its first line names the columns"},
        {"slave,dw,burst,len,src\n", "t.csv:1:1: a table single of axi_cdma needs the column dst"},
        {"slave,dw,dw\n", "t.csv:1:10: column \"dw\" twice"},
        {"slave,,dw\n", "t.csv:1:7: a column without a name"},
        {names + kRow + "rom,32,16,1024,0x0,0x80000,279\n",
         "t.csv:3:1: slave: unknown memory \"rom\"; known: ideal_L1, ideal_L2, ideal_L8, ideal_L32, ideal_L100, "
         "wait_r1w0, wait_r0w1, wait_r3w3, ram, SRAM_3c_8out, RPC_13c_16out, HBM_100c_64out"},
        {names + "ram,33,16,1024,0x0,0x80000,279\n", "t.csv:2:5: dw: must be a power of two from 8 to 1024, not 33"},
        {names + "ram,2048,16,1024,0x0,0x80000,279\n", "t.csv:2:5: dw: must be a number from 8 to 1024, not \"2048\""},
        {names + "ram,32,0,1024,0x0,0x80000,279\n", "t.csv:2:8: burst: must be a number from 1 to 256, not \"0\""},
        {names + "ram,32,257,1024,0x0,0x80000,279\n", "t.csv:2:8: burst: must be a number from 1 to 256, not \"257\""},
        {names + "ram,32,16,0,0x0,0x80000,279\n", "t.csv:2:11: len: must be a number from 1 to 1048576, not \"0\""},
        {names + "ram,32,16,-4,0x0,0x80000,279\n", "t.csv:2:11: len: must be a number from 1 to 1048576, not \"-4\""},
        {names + "ram,32,16,4 ,0x0,0x80000,279\n", "t.csv:2:11: len: must be a number from 1 to 1048576, not \"4 \""},
        {names + "ram,32,16,,0x0,0x80000,279\n", "t.csv:2:11: len: must be a number from 1 to 1048576, not \"\""},
        {names + "ram,32,16,4,0xg,0x80000,279\n", "t.csv:2:13: src: must be a number from 0 to 1048575, not \"0xg\""},
        {names + "ram,32,16,4,0x,0x80000,279\n", "t.csv:2:13: src: must be a number from 0 to 1048575, not \"0x\""},
        {names + "ram,32,16,4,0,99999999999999999999,279\n",
         "t.csv:2:15: dst: must be a number from 0 to 1048575, not \"99999999999999999999\""},
        {names + "ram,32,16,4,0\n", "t.csv:2:14: 5 fields, and the first line names 7"},
        {names + "ram,32,16,4,0,0,0,0\n", "t.csv:2:19: 8 fields, and the first line names 7"},
        {names + "\"ram\",32,16,4,0,0,0\n",
         "t.csv:2:1: quotes and control characters have no place in a table of timings"},
        {"slave,dw,burst,len,src,dst\n" + std::string(kRow).substr(0, 26) + "\n",
         "t.csv:1:1: there is nothing to compare; timing columns of a table single are ar_first_valid, ar_first_hs, "
         "aw_first_valid, aw_first_hs, r_first, r_last, w_first, w_last, b_first, b_last, status_valid, n_ar, n_aw, "
         "n_r, n_w"},
    };
    for (const auto& [text, message] : wrong) {
        for (const char* driver : {"events", "reference"}) {
            const Outcome outcome = compare_text(text, {"--compare", "--driver", driver});
            EXPECT_EQ(outcome.status, 2) << text;
            EXPECT_EQ(outcome.err, message + "\n");
            EXPECT_EQ(outcome.out, "");
        }
    }
}

TEST(TimingErrors, OtherTables) {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"fabric,nm,ns,dw,burst,master,active_mask,len,ndesc,src_slave,dst_slave\nring,1,1,32,16,0,1,4,1,0,0\n",
         "t.csv:2:1: fabric: unknown \"ring\"; known: direct, crossbar, split_interconnect"},
        {"fabric,nm,ns,dw,burst,master,active_mask,len,ndesc,src_slave,dst_slave\ncrossbar,2,1,32,16,1,1,4,1,0,0\n",
         "t.csv:2:20: master: master 1 is not in active_mask"},
        {"ports,round_robin,lsb_high,dw,burst,active_mask,len,ndesc,port\n2,2,1,32,16,1,4,1,0\n",
         "t.csv:2:3: round_robin: must be a number from 0 to 1, not \"2\""},
    };
    for (const char* driver : {"events", "reference"}) {
        const TemporaryFolder folder;
        const std::string jobs =
            folder.file("t.csv", "addr,cmd,mode,xfer,count\n0,normal,block,read,1\n0,normal,fast,read,1\n");
        const Outcome outcome = run({"timing", "--profile", "i8237", "--jobs", jobs, "--driver", driver});
        EXPECT_EQ(outcome.status, 2);
        EXPECT_EQ(outcome.err, jobs + ":3:10: mode: must be demand, single, block or memory_to_memory, not \"fast\"\n");
    }
    for (const auto& [text, message] : wrong) {
        const Outcome outcome = compare_text(text);
        EXPECT_EQ(outcome.status, 2) << text;
        EXPECT_EQ(outcome.err, message + "\n");
    }
    const TemporaryFolder folder;
    const std::string modes =
        folder.file("t.csv", "slave,dw,bufdepth,nax,mode,len,src,dst\nram,32,3,8,decoupled,4,0,0\n");
    const std::string shallow =
        folder.file("s.csv", "slave,dw,bufdepth,nax,mode,len,src,dst\nideal_L1,32,1,8,coupled,4,0,0\n");
    EXPECT_EQ(run({"timing", "--profile", "idma", "--jobs", shallow}).err,
              shallow + ":2:13: bufdepth: must be a number from 2 to 255, not \"1\"\n");
    // The end of the range: a change that goes beyond changes nothing.
    const std::string least =
        folder.file("l.csv", "slave,dw,bufdepth,nax,mode,len,src,dst,status_valid\nideal_L1,32,2,8,coupled,4,0,0,1\n");
    for (const char* driver : {"events", "lazy", "reference"}) {
        const auto timed = [&](const std::vector<std::string>& more) {
            std::vector<std::string> arguments{"timing", "--profile", "idma", "--jobs", least, "--driver", driver};
            arguments.insert(arguments.end(), more.begin(), more.end());
            const Outcome outcome = run(arguments);
            EXPECT_EQ(outcome.status, 0) << outcome.err;
            return outcome.out;
        };
        EXPECT_EQ(timed({"--set", "buffer_beats=-1"}), timed({})) << driver;
    }
    EXPECT_EQ(run({"timing", "--profile", "idma", "--jobs", modes}).err,
              modes + ":2:12: mode: unknown \"decoupled\"; known: coupled, decouple_rw, decouple_rw_aw\n");
}

TEST(TimingErrors, CommandLine) {
    const TemporaryFolder folder;
    const std::string jobs = folder.file("t.csv", std::string(kNames) + kRow);
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
        {{"--jobs", jobs}, "dmasim timing: --profile is missing"},
        {{"--profile", "axi_cdma"}, "dmasim timing: --jobs is missing"},
        {{"--profile", "axi_cmda", "--jobs", jobs}, "did you mean \"axi_cdma\"?"},
        {{"--profile", "native", "--jobs", jobs}, "no tables of timings for profile \"native\""},
        {{"--profile", "axi_cdma", "--jobs", folder.path("none")}, "none: cannot open: No such file"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--table", "streams"}, "no table \"streams\" for profile axi_cdma"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--table", "x"},
         "unknown table \"x\"; profile axi_cdma has: single, back-to-back, desc-mux, fabric"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--driver", "x"},
         "unknown driver \"x\"; known: events, lazy, reference"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--tolerance", "x"}, "--tolerance is per cent"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--tolerance", "-1"}, "--tolerance is per cent"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--set", "burst_gap"}, "it must be KEY=VALUE"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--set", "burst_gap=x"}, "the value must be a number, +N or -N"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--set", "burst_gap=-2"}, "it is 1"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--set", "burst_gap=0"}, "burst_gap is 0; it must be 1 to 1024"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--set", "burstgap=1"}, "did you mean \"burst_gap\"?"},
        {{"--profile", "axi_cdma", "--jobs", jobs, "--set", "pending_extra=1"}, "has no parameter \"pending_extra\""},
    };
    for (const auto& [arguments, message] : wrong) {
        std::vector<std::string> all{"timing"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        const Outcome outcome = run(all);
        EXPECT_EQ(outcome.status, 2) << message;
        EXPECT_THAT(outcome.err, HasSubstr(message));
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    }
    EXPECT_EQ(run({"timing", "--profile", "axi_cdma", "--jobs", jobs, "--output", folder.path("no/where")}).status, 4);
    EXPECT_EQ(run({"timing", "--help"}).status, 0);
}

TEST(TimingErrors, DamagedCompressedFile) {
    const TemporaryFolder folder;
    const std::string whole = test::read_file(data(sample("AxiFabric")));
    const std::string half = folder.file("half.csv.zst", whole.substr(0, whole.size() / 2));
    const Outcome outcome = run({"timing", "--profile", "axi_cdma", "--jobs", half, "--compare"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, StartsWith(half + ":"));
}

// README.md and docs/accuracy.md state how many rows are exact; Tables.EveryRowOnSystemCModules finds as many.
TEST(TimingAccuracy, ThePagesSayWhatTheProgramPrints) {
    for (const char* file : {"/README.md", "/docs/accuracy.md"}) {
        const std::string page = test::read_file(std::string(DMASIM_SOURCE_DIR) + file);
        for (const Sample& one : samples()) {
            // "| `axi_cdma` | single | ... | 12177 | 12177 | ..."
            const std::size_t at = page.find(fmt::format("| `{}` | {} |", one.profile, one.table));
            ASSERT_NE(at, std::string::npos) << file << one.name;
            const std::string row = page.substr(at, page.find('\n', at) - at);
            EXPECT_THAT(row, HasSubstr(fmt::format("| {} | {} |", one.rows, one.rows))) << file << row;
        }
        for (const std::string& profile : ParameterSet::profiles()) {
            EXPECT_THAT(page, HasSubstr(fmt::format("| `{}` |", profile))) << file;
        }
        EXPECT_THAT(page, HasSubstr("| `native` |")) << file;
    }
}

}  // namespace
}  // namespace dmasim::cli
