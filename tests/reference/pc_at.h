// SPDX-License-Identifier: Apache-2.0
//
// What two 8237A as in a PC/AT move, without time: written from the description of the parts and the machine, and not from
// the product's code.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace dmasim::reference {

/// How a channel is programmed, and what its device wants.
struct PcAtProgram {
    std::uint8_t page = 0;
    std::uint16_t address = 0;
    std::uint16_t count = 0;  ///< Transfers less one.
    bool to_device = false;
    bool auto_initialise = false;
    bool decrement = false;
    bool masked = false;
    bool block = false;       ///< Block mode: one request runs to the terminal count. Otherwise single mode.
    std::uint32_t units = 0;  ///< Bytes or words that the device asks for.
};

struct PcAtCase {
    std::array<std::optional<PcAtProgram>, 8> channels;  ///< Without number 4.
    bool link_open = true;                               ///< Channel 4 cascades and is not masked.
};

/// One access of memory.
struct PcAtAccess {
    std::uint32_t address = 0;
    std::uint32_t bytes = 0;
    bool write = false;
    std::uint16_t data = 0;

    friend bool operator==(const PcAtAccess& a, const PcAtAccess& b) {
        return a.address == b.address && a.bytes == b.bytes && a.write == b.write && a.data == b.data;
    }
};

struct PcAtOutcome {
    std::vector<PcAtAccess> accesses;
    std::uint32_t terminal_counts = 0;
    std::uint16_t address = 0;
    std::uint16_t count = 0;
    bool masked = false;

    friend bool operator==(const PcAtOutcome& a, const PcAtOutcome& b) {
        return a.accesses == b.accesses && a.terminal_counts == b.terminal_counts && a.address == b.address &&
               a.count == b.count && a.masked == b.masked;
    }
};

/// Faults that the comparison has to find.
enum class PcAtMutation : std::uint8_t {
    None,
    PagesOfTheSlaveSwapped,   ///< 0x83 and 0x81 the other way round.
    PagesOfTheMasterSwapped,  ///< 0x8B and 0x89 the other way round.
    SlaveOnTheMaster,         ///< A slave's page goes to the master's channel of the same number.
    LinkAlwaysOpen,
    LinkMovesData,       ///< The link's own unit counts as one of the slave's.
    WordsByBytes,        ///< Addresses of channels 5 to 7 are not shifted.
    WordsCountBytes,     ///< Counts of channels 5 to 7 are bytes.
    PageBitZeroOfWords,  ///< Bit 0 of the page is an address line of channels 5 to 7.
    CarryAt64KiB,        ///< The counter carries into the page.
    CarryAt128KiB,
    BorrowAt64KiB,     ///< The counter borrows from the page, counting down.
    Beyond24Bits,      ///< The top page carries into address bit 24.
    CountIsTransfers,  ///< A count of n makes n transfers.
    NoMaskAtTheEnd,
    NoReload,
    ReloadsAddressOnly,
    ReloadsCountOnly,
    AutoInitialiseMasks,
    DecrementIgnored,
};
inline constexpr unsigned kPcAtMutations = 20;

/// The byte at `address` before the run.
std::uint8_t pc_at_memory(std::uint32_t address);
/// What unit `number` of the device on `channel` is.
std::uint16_t pc_at_device(unsigned channel, std::uint32_t number);

/// What channel `channel` of `program` does.
PcAtOutcome pc_at_outcome(const PcAtCase& program, unsigned channel, PcAtMutation mutation = PcAtMutation::None);

}  // namespace dmasim::reference
