// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/i8237/bench.h"

#include <charconv>
#include <string_view>

#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/i8237/core.h"

namespace dmasim {

namespace {

constexpr unsigned kChannel = 0;
/// Clocks that HRQ is low before DREQ rises again in single mode.
constexpr std::uint64_t kSingleGap = 2;
/// Distance of source and destination of a memory-to-memory block.
constexpr std::uint16_t kDestinationOffset = 0x8000;

/// The CPU (HLDA follows HRQ) and the peripheral (DREQ) around one 8237A, and what is seen on its pins.
class Bench final : public I8237Bus {
  public:
    Bench(const I8237Timing& timing, const I8237Run& run) : run_(run), core_(timing, *this) {}

    I8237Measurement run() {
        program();
        if (run_.memory_to_memory) {
            core_.write(offset_of(I8237Register::Request), 0x04, Cycles{0});
        } else {
            core_.set_dreq(kChannel, true, Cycles{0});
        }
        for (Cycles edge = core_.next_edge(); !done_; edge = core_.next_edge()) {
            DMASIM_INVARIANT(edge != kNever);
            core_.evaluate(edge);
        }
        return measured_;
    }

    void pins(const I8237Pins& now, Cycles at) override {
        const std::uint64_t clock = at.count();
        if (now.tc) {
            last_byte_ = true;
        }
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
                core_.set_dreq(kChannel, false, at);
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

    std::uint8_t data(Cycles) override { return 0; }

  private:
    /// Everything is written before clock 0: the first edge finds the part programmed.
    void program() {
        namespace command = i8237_command;
        const Cycles at{0};
        const unsigned bits = (run_.compressed ? command::kCompressed : 0U) |
                              (run_.extended_write ? command::kExtendedWrite : 0U) |
                              (run_.memory_to_memory ? command::kMemoryToMemory : 0U);
        const unsigned mode = run_.memory_to_memory ? i8237_mode::kBlock : run_.mode | run_.transfer;
        core_.write(offset_of(I8237Register::Command), static_cast<std::uint8_t>(bits), at);
        for (unsigned channel = 0; channel < 2; ++channel) {
            const auto address = static_cast<std::uint16_t>(run_.address + channel * kDestinationOffset);
            write_word(i8237_address_offset(channel), address);
            write_word(i8237_count_offset(channel), static_cast<std::uint16_t>(run_.count - 1));
            core_.write(offset_of(I8237Register::Mode), static_cast<std::uint8_t>(mode | channel), at);
        }
        core_.write(offset_of(I8237Register::SingleMask), kChannel, at);
    }

    void write_word(unsigned offset, std::uint16_t value) {
        core_.write(offset, static_cast<std::uint8_t>(value & 0xFF), Cycles{0});
        core_.write(offset, static_cast<std::uint8_t>(value >> 8), Cycles{0});
    }

    void hold_changed(bool hrq, std::uint64_t clock) {
        // The CPU gives the bus back at once: what it delays is giving it away.
        core_.set_hlda(hrq, Cycles{clock + (hrq ? run_.hlda_delay : 0)});
        if (hrq) {
            note(measured_.hrq, clock);
            return;
        }
        measured_.hrq_low = clock;
        done_ = last_byte_;
        if (!done_) {
            core_.set_dreq(kChannel, true, Cycles{clock + kSingleGap - 1});
        }
    }

    static void note(std::uint64_t& first, std::uint64_t clock) {
        if (first == 0) {
            first = clock;
        }
    }

    I8237Run run_;
    I8237Core core_;
    I8237Pins before_;
    I8237Measurement measured_;
    bool last_byte_ = false;
    bool done_ = false;
};

[[noreturn]] void refuse(const std::string& column, const std::string& value, const std::string& expected) {
    throw ConfigError("table i8237: column " + column + " is \"" + value + "\", not " + expected);
}

std::uint32_t number_of(const std::string& column, const std::string& text, std::uint32_t least, std::uint32_t most) {
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

I8237Run run_of(const std::vector<std::string>& inputs) {
    const std::vector<std::string>& columns = i8237_input_columns();
    if (inputs.size() != columns.size()) {
        throw ConfigError("table i8237: " + std::to_string(inputs.size()) + " input columns, not " +
                          std::to_string(columns.size()));
    }
    I8237Run run;
    const std::string& command = inputs[0];
    const std::string& mode = inputs[1];
    const std::string& transfer = inputs[2];
    run.compressed = command == "compressed";
    run.extended_write = command == "extended_write";
    if (!run.compressed && !run.extended_write && command != "normal") {
        refuse(columns[0], command, "normal, extended_write or compressed");
    }
    run.memory_to_memory = mode == "memory_to_memory";
    if (mode == "single") {
        run.mode = i8237_mode::kSingle;
    } else if (mode == "block") {
        run.mode = i8237_mode::kBlock;
    } else if (mode != "demand" && !run.memory_to_memory) {
        refuse(columns[1], mode, "demand, single, block or memory_to_memory");
    }
    if (run.memory_to_memory) {
        if (transfer != "copy") {
            refuse(columns[2], transfer, "copy");
        }
    } else if (transfer == "write") {
        run.transfer = i8237_mode::kWrite;
    } else if (transfer == "read") {
        run.transfer = i8237_mode::kRead;
    } else if (transfer != "verify") {
        refuse(columns[2], transfer, "write, read or verify");
    }
    run.count = number_of(columns[3], inputs[3], 1, 65536);
    run.address = static_cast<std::uint16_t>(number_of(columns[4], inputs[4], 0, 65535));
    return run;
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

I8237Measurement measure_i8237(const I8237Timing& timing, const I8237Run& run) {
    if (run.count < 1 || run.count > 65536) {
        throw ConfigError("i8237: a run has 1 to 65536 bytes, not " + std::to_string(run.count));
    }
    const bool known_mode =
        run.mode == i8237_mode::kDemand || run.mode == i8237_mode::kSingle || run.mode == i8237_mode::kBlock;
    if (!known_mode || (run.transfer & ~i8237_mode::kTransferMask) != 0) {
        throw ConfigError("i8237: a run has a mode demand, single or block and a kind of transfer");
    }
    return Bench(timing, run).run();
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

std::vector<std::string> i8237_row(const I8237Timing& timing, const std::vector<std::string>& inputs) {
    const I8237Measurement measured = measure_i8237(timing, run_of(inputs));
    return {std::to_string(measured.hrq_low),
            measured.write_strobes.empty() ? std::string{} : std::to_string(measured.write_strobes.front()),
            distance(measured, false), distance(measured, true), std::to_string(measured.address_strobes)};
}

}  // namespace dmasim
