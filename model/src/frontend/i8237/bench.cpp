// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/i8237/bench.h"

#include <charconv>
#include <string_view>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/i8237/core.h"

namespace dmasim {

namespace {

/// Clocks that HRQ is low before DREQ rises again in single mode.
constexpr std::uint64_t kSingleGap = 2;

void note(std::uint64_t& first, std::uint64_t clock) {
    if (first == 0) {
        first = clock;
    }
}

/// A measurement on the core.
class CoreBench final : private I8237Bus, private I8237Inputs {
  public:
    CoreBench(const I8237Timing& timing, const I8237Run& run) : core_(timing, *this), stimulus_(run, *this) {}

    I8237Measurement run() {
        stimulus_.start();
        for (Cycles edge = core_.next_edge(); !stimulus_.done(); edge = core_.next_edge()) {
            DMASIM_INVARIANT(edge != kNever);
            core_.evaluate(edge);
        }
        return stimulus_.measured();
    }

  private:
    void pins(const I8237Pins& now, Cycles at) override { stimulus_.pins(now, at.count()); }
    std::uint8_t data(Cycles) override { return 0; }
    void write(unsigned offset, std::uint8_t value) override { core_.write(offset, value, Cycles{0}); }
    void set_dreq(unsigned channel, bool level, std::uint64_t clock) override {
        core_.set_dreq(channel, level, Cycles{clock});
    }
    void set_hlda(bool level, std::uint64_t clock) override { core_.set_hlda(level, Cycles{clock}); }

    I8237Core core_;
    I8237Stimulus stimulus_;
};

[[noreturn]] void refuse(std::size_t column, const std::string& value, const std::string& expected) {
    throw I8237RowError(i8237_input_columns()[column] + ": must be " + expected + ", not \"" + value + "\"", column);
}

std::uint32_t number_of(std::size_t column, const std::string& text, std::uint32_t least, std::uint32_t most) {
    const std::string expected = "a number from " + std::to_string(least) + " to " + std::to_string(most);
    const bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char* const begin = text.data() + (hexadecimal ? 2 : 0);
    const char* const end = text.data() + text.size();
    std::uint32_t value = 0;
    const auto result = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
    if (result.ec != std::errc{} || result.ptr != end || value < least || value > most) {
        refuse(column, text, expected);
    }
    return value;
}

/// Distance of the first two write strobes that follow each other within a page of 256 bytes, or across its end.
std::string distance(const I8237Measurement& measured, bool across) {
    for (std::size_t i = 1; i < measured.write_strobes.size(); ++i) {
        const bool crosses = measured.write_addresses[i] >> 8 != measured.write_addresses[i - 1] >> 8;
        if (crosses == across) {
            return std::to_string(measured.write_strobes[i] - measured.write_strobes[i - 1]);
        }
    }
    return {};
}

}  // namespace

void validate(const I8237Run& run) {
    if (run.count < 1 || run.count > 65536) {
        throw ConfigError("i8237: a run has 1 to 65536 bytes, not " + std::to_string(run.count));
    }
    const bool known_mode =
        run.mode == i8237_mode::kDemand || run.mode == i8237_mode::kSingle || run.mode == i8237_mode::kBlock;
    if (!known_mode || (run.transfer & ~i8237_mode::kTransferMask) != 0) {
        throw ConfigError("i8237: a run has a mode demand, single or block and a kind of transfer");
    }
}

I8237Stimulus::I8237Stimulus(const I8237Run& run, I8237Inputs& inputs) : run_(run), inputs_(inputs) {
    validate(run);
}

void I8237Stimulus::start() {
    namespace command = i8237_command;
    const unsigned bits = (run_.compressed ? command::kCompressed : 0U) |
                          (run_.extended_write ? command::kExtendedWrite : 0U) |
                          (run_.memory_to_memory ? command::kMemoryToMemory : 0U);
    const unsigned mode = run_.memory_to_memory ? i8237_mode::kBlock : run_.mode | run_.transfer;
    inputs_.write(offset_of(I8237Register::Command), static_cast<std::uint8_t>(bits));
    for (unsigned channel = 0; channel < 2; ++channel) {
        write_word(i8237_address_offset(channel),
                   static_cast<std::uint16_t>(run_.address + channel * kI8237BenchDistance));
        write_word(i8237_count_offset(channel), static_cast<std::uint16_t>(run_.count - 1));
        inputs_.write(offset_of(I8237Register::Mode), static_cast<std::uint8_t>(mode | channel));
    }
    inputs_.write(offset_of(I8237Register::SingleMask), kI8237BenchChannel);
    if (run_.memory_to_memory) {
        inputs_.write(offset_of(I8237Register::Request), 0x04);
    } else {
        inputs_.set_dreq(kI8237BenchChannel, true, 0);
    }
}

void I8237Stimulus::write_word(unsigned offset, std::uint16_t value) {
    inputs_.write(offset, static_cast<std::uint8_t>(value & 0xFF));
    inputs_.write(offset, static_cast<std::uint8_t>(value >> 8));
}

void I8237Stimulus::pins(const I8237Pins& now, std::uint64_t clock) {
    last_byte_ = last_byte_ || now.tc;
    if (now.hrq != before_.hrq) {
        hold_changed(now.hrq, clock);
    }
    if (now.adstb && !before_.adstb) {
        ++measured_.address_strobes;
        note(measured_.first_strobe, clock);
    }
    if (now.dack != 0 && before_.dack == 0) {
        note(measured_.first_dack, clock);
        if (run_.mode == i8237_mode::kSingle) {
            inputs_.set_dreq(kI8237BenchChannel, false, clock);
        }
    }
    if ((now.ior || now.memr) && !(before_.ior || before_.memr)) {
        note(measured_.first_read, clock);
    }
    if ((now.iow || now.memw) && !(before_.iow || before_.memw)) {
        measured_.write_strobes.push_back(clock);
        measured_.write_addresses.push_back(now.address);
    }
    before_ = now;
}

void I8237Stimulus::hold_changed(bool hrq, std::uint64_t clock) {
    // The CPU takes the bus back at once: what it delays is giving it away.
    inputs_.set_hlda(hrq, clock + (hrq ? run_.hlda_delay : 0));
    if (hrq) {
        note(measured_.hrq, clock);
        return;
    }
    measured_.hrq_low = clock;
    done_ = last_byte_;
    if (!done_) {
        inputs_.set_dreq(kI8237BenchChannel, true, clock + kSingleGap - 1);
    }
}

I8237Measurement measure_i8237(const I8237Timing& timing, const I8237Run& run) {
    return CoreBench(timing, run).run();
}

const std::vector<std::string>& i8237_input_columns() {
    static const std::vector<std::string> kColumns{"cmd", "mode", "xfer", "count", "addr"};
    return kColumns;
}

const std::vector<std::string>& i8237_output_columns() {
    static const std::vector<std::string> kColumns{"total_clocks_from_DREQ_to_HRQ_low", "first_write",
                                                   "delta_between_writes_in_page", "delta_at_page_cross", "n_adstb"};
    return kColumns;
}

I8237Run i8237_run(const std::vector<std::string>& inputs) {
    if (inputs.size() != i8237_input_columns().size()) {
        throw I8237RowError("table i8237: " + std::to_string(inputs.size()) + " input columns, not " +
                                std::to_string(i8237_input_columns().size()),
                            0);
    }
    I8237Run run;
    const std::string& command = inputs[0];
    const std::string& mode = inputs[1];
    const std::string& transfer = inputs[2];
    run.compressed = command == "compressed";
    run.extended_write = command == "extended_write";
    if (!run.compressed && !run.extended_write && command != "normal") {
        refuse(0, command, "normal, extended_write or compressed");
    }
    run.memory_to_memory = mode == "memory_to_memory";
    if (mode == "single") {
        run.mode = i8237_mode::kSingle;
    } else if (mode == "block") {
        run.mode = i8237_mode::kBlock;
    } else if (mode != "demand" && !run.memory_to_memory) {
        refuse(1, mode, "demand, single, block or memory_to_memory");
    }
    if (run.memory_to_memory) {
        if (transfer != "copy") {
            refuse(2, transfer, "copy");
        }
    } else if (transfer == "write") {
        run.transfer = i8237_mode::kWrite;
    } else if (transfer == "read") {
        run.transfer = i8237_mode::kRead;
    } else if (transfer != "verify") {
        refuse(2, transfer, "write, read or verify");
    }
    run.count = number_of(3, inputs[3], 1, 65536);
    run.address = static_cast<std::uint16_t>(number_of(4, inputs[4], 0, 65535));
    return run;
}

std::vector<std::string> i8237_columns(const I8237Measurement& measured) {
    return {std::to_string(measured.hrq_low),
            measured.write_strobes.empty() ? std::string{} : std::to_string(measured.write_strobes.front()),
            distance(measured, false), distance(measured, true), std::to_string(measured.address_strobes)};
}

std::vector<std::string> i8237_row(const I8237Timing& timing, const std::vector<std::string>& inputs) {
    return i8237_columns(measure_i8237(timing, i8237_run(inputs)));
}

}  // namespace dmasim
