// SPDX-License-Identifier: Apache-2.0
#include "pc_at.h"

namespace dmasim::reference {

namespace {

/// Whose page the channel's addresses have.
unsigned page_owner(unsigned channel, PcAtMutation mutation) {
    const auto swapped = [&](unsigned a, unsigned b) { return channel == a ? b : channel == b ? a : channel; };
    switch (mutation) {
        case PcAtMutation::PagesOfTheSlaveSwapped:
            return swapped(1, 2);
        case PcAtMutation::PagesOfTheMasterSwapped:
            return swapped(5, 6);
        case PcAtMutation::SlaveOnTheMaster:
            return channel >= 1 && channel <= 3 ? channel + 4 : channel;
        default:
            return channel;
    }
}

}  // namespace

std::uint8_t pc_at_memory(std::uint32_t address) {
    return static_cast<std::uint8_t>(address * 167 + (address >> 8) * 13 + (address >> 16) * 59 + 7);
}

std::uint16_t pc_at_device(unsigned channel, std::uint32_t number) {
    const std::uint32_t value = (number + 1) * 40503U + channel * 977U;
    return static_cast<std::uint16_t>(channel < 4 ? value & 0xFF : value & 0xFFFF);
}

PcAtOutcome pc_at_outcome(const PcAtCase& program, unsigned channel, PcAtMutation mutation) {
    const PcAtProgram& own = *program.channels[channel];
    const bool words = channel >= 4;
    PcAtOutcome outcome;
    outcome.address = own.address;
    outcome.count = own.count;
    outcome.masked = own.masked;
    const auto& page_of = program.channels[page_owner(channel, mutation)];
    const std::uint8_t page_register = page_of ? page_of->page : std::uint8_t{0};
    std::uint32_t high = words && mutation != PcAtMutation::PageBitZeroOfWords ? page_register & 0xFEU : page_register;
    const bool link = words || program.link_open || mutation == PcAtMutation::LinkAlwaysOpen;
    const bool reloads = own.auto_initialise && mutation != PcAtMutation::NoReload;
    std::uint32_t wanted = own.units;
    if (!words && mutation == PcAtMutation::LinkMovesData && wanted > 0) {
        --wanted;
    }
    std::uint32_t done = 0;
    std::uint32_t left_of_count = outcome.count + 1U;
    if (mutation == PcAtMutation::CountIsTransfers) {
        left_of_count = outcome.count == 0 ? 0x10000U : outcome.count;
    }
    if (words && mutation == PcAtMutation::WordsCountBytes) {
        left_of_count = (left_of_count + 1) / 2;
    }
    const std::uint32_t whole = left_of_count;
    bool running_block = false;
    while (link && !outcome.masked && (done < wanted || running_block)) {
        running_block = own.block;
        const bool shifted = words && mutation != PcAtMutation::WordsByBytes;
        std::uint32_t address =
            shifted ? (high << 16) + (std::uint32_t{outcome.address} << 1) : (high << 16) + outcome.address;
        if (mutation != PcAtMutation::Beyond24Bits) {
            address &= 0xFFFFFF;
        }
        PcAtAccess access;
        access.address = address;
        access.bytes = words ? 2 : 1;
        access.write = !own.to_device;
        access.data =
            own.to_device
                ? static_cast<std::uint16_t>(pc_at_memory(address) | (words ? pc_at_memory(address + 1) << 8 : 0))
                : pc_at_device(channel, done);
        outcome.accesses.push_back(access);
        ++done;
        const bool down = own.decrement && mutation != PcAtMutation::DecrementIgnored;
        const std::uint16_t before = outcome.address;
        outcome.address = static_cast<std::uint16_t>(down ? before - 1 : before + 1);
        if (!down && outcome.address == 0) {
            const bool top = page_register >= (words ? 0xFEU : 0xFFU);
            if ((mutation == PcAtMutation::CarryAt64KiB && !words) || (mutation == PcAtMutation::Beyond24Bits && top)) {
                high += words ? 2 : 1;
            } else if (mutation == PcAtMutation::CarryAt128KiB && words) {
                high += 2;
            }
        } else if (down && before == 0 && mutation == PcAtMutation::BorrowAt64KiB) {
            high -= words ? 2 : 1;
        }
        outcome.count = static_cast<std::uint16_t>(outcome.count - 1);
        if (--left_of_count == 0) {
            ++outcome.terminal_counts;
            running_block = false;
            left_of_count = whole;
            if (reloads) {
                outcome.address = mutation == PcAtMutation::ReloadsCountOnly ? outcome.address : own.address;
                outcome.count = mutation == PcAtMutation::ReloadsAddressOnly ? outcome.count : own.count;
                if (mutation == PcAtMutation::ReloadsAddressOnly) {
                    left_of_count = 0x10000;
                }
                outcome.masked = mutation == PcAtMutation::AutoInitialiseMasks;
            } else if (mutation != PcAtMutation::NoMaskAtTheEnd) {
                outcome.masked = true;
            }
        }
    }
    return outcome;
}

}  // namespace dmasim::reference
