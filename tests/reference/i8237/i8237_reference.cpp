// SPDX-License-Identifier: Apache-2.0
#include "i8237_reference.h"

#include <iterator>
#include <set>

namespace dmasim::reference {

namespace {

using M = I8237Mutation;

const std::vector<std::pair<M, std::string_view>>& names() {
    static const std::vector<std::pair<M, std::string_view>> kNames{
        {M::DreqOneLater, "DreqOneLater"},
        {M::HldaOneLater, "HldaOneLater"},
        {M::ReadyOneLater, "ReadyOneLater"},
        {M::EopOneLater, "EopOneLater"},
        {M::OneWaitMore, "OneWaitMore"},
        {M::ReadyCountsInCompressed, "ReadyCountsInCompressed"},
        {M::ReadyIgnoredInCompressed, "ReadyIgnoredInCompressed"},
        {M::ReadyCountsInVerify, "ReadyCountsInVerify"},
        {M::WaitsInVerify, "WaitsInVerify"},
        {M::WaitsNotCounted, "WaitsNotCounted"},
        {M::NoS1AtPageChange, "NoS1AtPageChange"},
        {M::S1ForEveryByte, "S1ForEveryByte"},
        {M::CompressedKeepsS3, "CompressedKeepsS3"},
        {M::CompressedInMemoryToMemory, "CompressedInMemoryToMemory"},
        {M::ExtendedWriteIgnored, "ExtendedWriteIgnored"},
        {M::CompressedWritesLate, "CompressedWritesLate"},
        {M::SingleGoesOn, "SingleGoesOn"},
        {M::DemandGoesOn, "DemandGoesOn"},
        {M::BlockNeedsRequest, "BlockNeedsRequest"},
        {M::MaskIgnoredInDemand, "MaskIgnoredInDemand"},
        {M::FixedPriorityReversed, "FixedPriorityReversed"},
        {M::RotatingKeepsOrder, "RotatingKeepsOrder"},
        {M::RotatingSkipsOneMore, "RotatingSkipsOneMore"},
        {M::ChosenAgainInS0, "ChosenAgainInS0"},
        {M::CascadeDrivesAddress, "CascadeDrivesAddress"},
        {M::CascadeIgnoresMask, "CascadeIgnoresMask"},
        {M::CascadeHasS1, "CascadeHasS1"},
        {M::CountOneLess, "CountOneLess"},
        {M::DecrementIgnored, "DecrementIgnored"},
        {M::AutoinitialiseIgnored, "AutoinitialiseIgnored"},
        {M::AutoinitialiseMasks, "AutoinitialiseMasks"},
        {M::EndDoesNotMask, "EndDoesNotMask"},
        {M::EndKeepsRequest, "EndKeepsRequest"},
        {M::EndWithoutStatus, "EndWithoutStatus"},
        {M::ExternalEopIgnored, "ExternalEopIgnored"},
        {M::ExternalEopNotKept, "ExternalEopNotKept"},
        {M::ExternalEopKeptTooLong, "ExternalEopKeptTooLong"},
        {M::TcOnePinLater, "TcOnePinLater"},
        {M::TcWithoutPin, "TcWithoutPin"},
        {M::StatusReadKeepsTc, "StatusReadKeepsTc"},
        {M::StatusReadClearsAll, "StatusReadClearsAll"},
        {M::StatusHidesMaskedRequests, "StatusHidesMaskedRequests"},
        {M::ReadKeepsFlipFlop, "ReadKeepsFlipFlop"},
        {M::WriteKeepsFlipFlop, "WriteKeepsFlipFlop"},
        {M::WriteSetsCurrentOnly, "WriteSetsCurrentOnly"},
        {M::ClearFlipFlopIgnored, "ClearFlipFlopIgnored"},
        {M::ClearMaskIgnored, "ClearMaskIgnored"},
        {M::MasterClearKeepsMask, "MasterClearKeepsMask"},
        {M::MasterClearClearsModes, "MasterClearClearsModes"},
        {M::MasterClearKeepsPriority, "MasterClearKeepsPriority"},
        {M::MasterClearLetsServiceRun, "MasterClearLetsServiceRun"},
        {M::ModeWriteClearsTc, "ModeWriteClearsTc"},
        {M::UndrivenReadsMask, "UndrivenReadsMask"},
        {M::DreqPolarityIgnored, "DreqPolarityIgnored"},
        {M::DackPolarityIgnored, "DackPolarityIgnored"},
        {M::DackOffInS1, "DackOffInS1"},
        {M::DackOneLater, "DackOneLater"},
        {M::DisableIgnored, "DisableIgnored"},
        {M::SoftwareInEveryMode, "SoftwareInEveryMode"},
        {M::MemoryNeedsBlock, "MemoryNeedsBlock"},
        {M::MemoryHoldIgnored, "MemoryHoldIgnored"},
        {M::MemoryHoldsBoth, "MemoryHoldsBoth"},
        {M::MemoryEndsOneChannel, "MemoryEndsOneChannel"},
        {M::MemoryTcOfChannel0, "MemoryTcOfChannel0"},
        {M::MemoryAcknowledges, "MemoryAcknowledges"},
        {M::MemoryTemporaryLost, "MemoryTemporaryLost"},
        {M::SkipFirstToo, "SkipFirstToo"},
        {M::SkipNever, "SkipNever"},
        {M::AddressWithoutLatch, "AddressWithoutLatch"},
        {M::HrqOneLater, "HrqOneLater"},
    };
    return kNames;
}

unsigned high(unsigned word) {
    return word >> 8;
}

}  // namespace

std::string_view name_of(I8237Mutation mutation) {
    for (const auto& [value, name] : names()) {
        if (value == mutation) {
            return name;
        }
    }
    return "None";
}

const std::vector<I8237Mutation>& all_i8237_mutations() {
    static const std::vector<I8237Mutation> kAll = [] {
        std::vector<I8237Mutation> all;
        for (const auto& [value, name] : names()) {
            all.push_back(value);
        }
        return all;
    }();
    return kAll;
}

I8237::I8237(const I8237Timing& timing, I8237Mutation mutation) : timing_(timing), mutation_(mutation) {
    for (const char* name : {"base address", "address", "base count", "count"}) {
        registers_.words[name] = {0, 0, 0, 0};
    }
    for (const char* name : {"command", "request", "tc", "temporary", "ff", "mode0", "mode1", "mode2", "mode3"}) {
        registers_.bytes[name] = 0;
    }
    registers_.bytes["mask"] = 0xF;
    timing_.dreq_sample += broken(M::DreqOneLater) ? 1 : 0;
    timing_.hlda_sample += broken(M::HldaOneLater) ? 1 : 0;
    timing_.ready_sample += broken(M::ReadyOneLater) ? 1 : 0;
    timing_.eop_sample += broken(M::EopOneLater) ? 1 : 0;
    timing_.always_wait += broken(M::OneWaitMore) ? 1 : 0;
}

bool I8237::carry_out(Registers& registers, const Access& access) const {
    auto& bytes = registers.bytes;
    bool clears = access.kind == Access::kReset;
    if (access.offset < 8 && !clears) {
        const bool keeps = broken(access.kind == Access::kRead ? M::ReadKeepsFlipFlop : M::WriteKeepsFlipFlop);
        if (access.kind == Access::kWrite) {
            const std::string what = access.offset % 2 == 0 ? "address" : "count";
            for (const std::string& which : {std::string("base ") + what, what}) {
                if (which != what && broken(M::WriteSetsCurrentOnly)) {
                    continue;
                }
                unsigned& word = registers.words[which][access.offset / 2];
                word = bytes["ff"] == 0 ? (word & 0xFF00) + access.value : (word & 0x00FF) + access.value * 256;
            }
        }
        bytes["ff"] = keeps ? bytes["ff"] : 1 - bytes["ff"];
        return false;
    }
    if (access.kind == Access::kRead) {
        if (access.offset == 8) {
            if (broken(M::StatusReadClearsAll)) {
                bytes["tc"] = 0;
            } else if (!broken(M::StatusReadKeepsTc)) {
                bytes["tc"] &= ~access.value;
            }
        }
        return false;
    }
    if (!clears) {
        const unsigned channel = access.value % 4;
        const auto put = [&](unsigned bits) {
            return access.value / 4 % 2 == 1 ? bits | 1U << channel : bits & ~(1U << channel);
        };
        switch (access.offset) {
            case 0x8:
                bytes["command"] = access.value;
                break;
            case 0x9:
                bytes["request"] = put(bytes["request"]);
                break;
            case 0xA:
                bytes["mask"] = put(bytes["mask"]);
                break;
            case 0xB:
                bytes["mode" + std::to_string(channel)] = access.value & 0xFC;
                if (broken(M::ModeWriteClearsTc)) {
                    bytes["tc"] &= ~(1U << channel);
                }
                break;
            case 0xC:
                bytes["ff"] = broken(M::ClearFlipFlopIgnored) ? bytes["ff"] : 0;
                break;
            case 0xD:
                clears = true;
                break;
            case 0xE:
                bytes["mask"] = broken(M::ClearMaskIgnored) ? bytes["mask"] : 0;
                break;
            default:
                bytes["mask"] = access.value & 0xF;
                break;
        }
    }
    if (clears) {
        for (const char* name : {"command", "tc", "request", "temporary", "ff"}) {
            bytes[name] = 0;
        }
        bytes["mask"] = broken(M::MasterClearKeepsMask) ? bytes["mask"] : 0xF;
        if (broken(M::MasterClearClearsModes)) {
            for (const char* name : {"mode0", "mode1", "mode2", "mode3"}) {
                bytes[name] = 0;
            }
        }
    }
    return clears;
}

void I8237::begin(std::uint64_t edge) {
    edge_ = edge;
    was_reset_ = false;
    for (const Access& access : accesses_) {
        was_reset_ = carry_out(registers_, access) || was_reset_;
    }
    accesses_.clear();
    seen_ = registers_;
}

void I8237::write(unsigned offset, unsigned value) {
    accesses_.push_back({Access::kWrite, offset, value});
    carry_out(seen_, accesses_.back());
}

void I8237::reset() {
    accesses_.push_back({Access::kReset, 0, 0});
    carry_out(seen_, accesses_.back());
}

unsigned I8237::read(unsigned offset) {
    unsigned value = kI8237Undriven;
    if (offset < 8) {
        const unsigned word = seen_.words[offset % 2 == 0 ? "address" : "count"][offset / 2];
        value = seen_.bytes["ff"] == 0 ? word & 0xFF : high(word);
    } else if (offset == 8) {
        value = seen_.bytes["tc"];
        for (unsigned channel = 0; channel < 4; ++channel) {
            const bool hidden = broken(M::StatusHidesMaskedRequests) && (seen_.bytes["mask"] >> channel & 1) != 0;
            if (dreq_active(channel, seen_.bytes["command"]) && !hidden) {
                value |= 0x10U << channel;
            }
        }
    } else if (offset == 0xD) {
        value = seen_.bytes["temporary"];
    } else if (offset == 0xF && broken(M::UndrivenReadsMask)) {
        value = seen_.bytes["mask"];
    }
    accesses_.push_back({Access::kRead, offset, value & 0xF});
    carry_out(seen_, accesses_.back());
    return value;
}

void I8237::set(Signal line, bool level, std::uint64_t stamp) {
    auto& changes = lines_[line];
    changes[changes.empty() ? stamp : std::max(stamp, changes.rbegin()->first)] = level;
}

bool I8237::level(Signal line) const {
    const std::uint64_t delay = line == kHlda    ? timing_.hlda_sample
                                : line == kReady ? timing_.ready_sample
                                : line == kEop   ? timing_.eop_sample
                                                 : timing_.dreq_sample;
    const auto after = edge_ < delay ? lines_[line].begin() : lines_[line].upper_bound(edge_ - delay);
    return after == lines_[line].begin() ? line == kReady : std::prev(after)->second;
}

bool I8237::dreq_active(unsigned channel, unsigned command) const {
    const bool low = (command >> 6 & 1) != 0 && !broken(M::DreqPolarityIgnored);
    return level(static_cast<Signal>(channel)) != low;
}

bool I8237::request(unsigned channel) const {
    return dreq_active(channel, registers_.bytes.at("command")) && (registers_.bytes.at("mask") >> channel & 1) == 0;
}

bool I8237::software(unsigned channel) const {
    if ((registers_.bytes.at("request") >> channel & 1) == 0) {
        return false;
    }
    const unsigned kind = mode(channel) >> 6;
    if (broken(M::SoftwareInEveryMode)) {
        return true;
    }
    return kind == 2 || (channel == 0 && command(0) && kind != 3 && !broken(M::MemoryNeedsBlock));
}

int I8237::best() const {
    std::vector<unsigned> order{0, 1, 2, 3};
    if (command(4) && !broken(M::RotatingKeepsOrder)) {
        const unsigned shift = broken(M::RotatingSkipsOneMore) ? 2 : 1;
        for (unsigned i = 0; i < 4; ++i) {
            order[i] = (last_ + shift + i) % 4;
        }
    } else if (broken(M::FixedPriorityReversed)) {
        order = {3, 2, 1, 0};
    }
    for (const unsigned channel : order) {
        if (request(channel) || software(channel)) {
            return static_cast<int>(channel);
        }
    }
    return -1;
}

bool I8237::compressed() const {
    return command(3) && (!command(0) || broken(M::CompressedInMemoryToMemory));
}

bool I8237::waits() {
    const unsigned kind = mode(channel_) >> 2 & 3;
    const bool verify = !memory_ && (kind == 0 || kind == 3);
    const bool looks_in_compressed = (timing_.ready_in_compressed != 0 || broken(M::ReadyCountsInCompressed)) &&
                                     !broken(M::ReadyIgnoredInCompressed);
    bool low = !level(kReady);
    if (!memory_ && compressed() && !looks_in_compressed) {
        low = false;
    }
    bool wait = low || waited_ < timing_.always_wait;
    if (verify && !broken(M::WaitsInVerify)) {
        wait = low && (timing_.ready_in_verify != 0 || broken(M::ReadyCountsInVerify));
    }
    if (wait && !(broken(M::WaitsNotCounted) && low)) {
        ++waited_;
    }
    return wait;
}

void I8237::go(const std::string& state) {
    state_ = state;
    const auto address = [this](unsigned channel) { return registers_.words.at("address")[channel]; };
    const auto count = [this](unsigned channel) { return registers_.words.at("count")[channel]; };
    const unsigned last_count = broken(M::CountOneLess) ? 1 : 0;
    if (state == "SI") {
        memory_ = false;
        acknowledged_ = false;
        first_byte_ = true;
        ended_ = ended_ && broken(M::ExternalEopKeptTooLong);
    } else if (state == "S1") {
        latch_[0] = high(address(channel_));
    } else if (state == "S11") {
        latch_[0] = high(address(0));
    } else if (state == "S21") {
        latch_[1] = high(address(1));
    } else if (state == "S2" || state == "SC") {
        acknowledged_ = true;
        waited_ = 0;
    } else if (state == "S12" || state == "S22") {
        waited_ = 0;
    } else if (state == "S4") {
        tc_ = count(channel_) == last_count;
    } else if (state == "S24") {
        tc_ = count(broken(M::MemoryTcOfChannel0) ? 0 : 1) == last_count;
    }
}

void I8237::transition(const std::function<std::uint8_t()>& data) {
    const std::string s = state_;
    if (s != "SI" && s != "S0" && s != "SC") {
        if (broken(M::ExternalEopNotKept)) {
            ended_ = false;
        }
        ended_ = ended_ || (level(kEop) && !broken(M::ExternalEopIgnored));
    }
    if (s == "SI") {
        if ((!command(2) || broken(M::DisableIgnored)) && best() >= 0) {
            channel_ = static_cast<unsigned>(best());
            last_ = channel_;
            go("S0");
        }
    } else if (s == "S0") {
        if (!level(kHlda)) {
            return;
        }
        if (broken(M::ChosenAgainInS0) && best() >= 0) {
            channel_ = static_cast<unsigned>(best());
            last_ = channel_;
        }
        if (mode(channel_) >> 6 == 3 && !broken(M::CascadeHasS1)) {
            go("SC");
        } else if (channel_ == 0 && command(0)) {
            memory_ = true;
            go("S11");
        } else {
            go("S1");
        }
    } else if (s == "SC") {
        const bool goes_on =
            broken(M::CascadeIgnoresMask) ? dreq_active(channel_, registers_.bytes.at("command")) : request(channel_);
        if (!goes_on) {
            go("SI");
        }
    } else if (s == "S1") {
        go("S2");
    } else if (s == "S2" && (!compressed() || broken(M::CompressedKeepsS3))) {
        go("S3");
    } else if (s == "S2" || s == "S3" || s == "SW") {
        go(waits() ? "SW" : "S4");
    } else if (s == "S11" || s == "S21") {
        go(s == "S11" ? "S12" : "S22");
    } else if (s == "S12" || s == "S22") {
        go(s == "S12" ? "S13" : "S23");
    } else if (s == "S13" || s == "SW1") {
        go(waits() ? "SW1" : "S14");
    } else if (s == "S23" || s == "SW2") {
        go(waits() ? "SW2" : "S24");
    } else if (s == "S14") {
        const std::uint8_t value = data();
        registers_.bytes["temporary"] = broken(M::MemoryTemporaryLost) ? 0 : value;
        const bool same = latch_[1] == high(registers_.words.at("address")[1]);
        const bool skips = timing_.high_address_skip == 2 && !broken(M::SkipNever);
        go(skips && same && (!first_byte_ || broken(M::SkipFirstToo)) ? "S22" : "S21");
    } else {
        next_byte();
    }
}

void I8237::next_byte() {
    for (unsigned channel = 0; channel < 4; ++channel) {
        if (memory_ ? channel > 1 : channel != channel_) {
            continue;
        }
        unsigned& count = registers_.words["count"][channel];
        unsigned& address = registers_.words["address"][channel];
        count = (count + 0xFFFF) % 0x10000;
        const bool hold =
            memory_ && command(1) && !broken(M::MemoryHoldIgnored) && (channel == 0 || broken(M::MemoryHoldsBoth));
        const bool down = (mode(channel) & 0x20) != 0 && !broken(M::DecrementIgnored);
        address = (address + (hold ? 0 : down ? 0xFFFF : 1)) % 0x10000;
    }
    if (tc_ || ended_) {
        if (memory_) {
            if (!broken(M::MemoryEndsOneChannel)) {
                end(0);
            }
            end(1);
        } else {
            end(channel_);
        }
        go("SI");
        return;
    }
    first_byte_ = false;
    const unsigned c = memory_ ? 0 : channel_;
    const bool same = latch_[0] == high(registers_.words.at("address")[c]);
    if (memory_) {
        go(timing_.high_address_skip >= 1 && same && !broken(M::SkipNever) ? "S12" : "S11");
        return;
    }
    const unsigned kind = mode(c) >> 6;
    bool goes_on = kind == 2 && !(broken(M::BlockNeedsRequest) && !request(c));
    if (kind == 0) {
        goes_on = request(c) || broken(M::DemandGoesOn) ||
                  (broken(M::MaskIgnoredInDemand) && dreq_active(c, registers_.bytes.at("command")));
    } else if (kind == 1) {
        goes_on = broken(M::SingleGoesOn) && request(c);
    }
    if (!goes_on) {
        go("SI");
    } else {
        go((same || broken(M::NoS1AtPageChange)) && !broken(M::S1ForEveryByte) ? "S2" : "S1");
    }
}

void I8237::end(unsigned channel) {
    auto& bytes = registers_.bytes;
    const unsigned bit = 1U << channel;
    if (!broken(M::EndWithoutStatus)) {
        bytes["tc"] |= bit;
    }
    if (!broken(M::EndKeepsRequest)) {
        bytes["request"] &= ~bit;
    }
    const bool again = (mode(channel) & 0x10) != 0 && !broken(M::AutoinitialiseIgnored);
    if (again) {
        registers_.words["address"][channel] = registers_.words["base address"][channel];
        registers_.words["count"][channel] = registers_.words["base count"][channel];
    }
    if ((!again || broken(M::AutoinitialiseMasks)) && !broken(M::EndDoesNotMask)) {
        bytes["mask"] |= bit;
    }
}

void I8237::middle(I8237Pins& pins) const {
    static const std::set<std::string> kReads{"S2", "S3", "SW", "S12", "S13", "SW1"};
    static const std::set<std::string> kWrites{"S3", "SW", "S23", "SW2"};
    static const std::set<std::string> kSecond{"S21", "S22", "S23", "SW2", "S24"};
    static const std::set<std::string> kStrobes{"S1", "S11", "S21"};
    if (state_ == "SI" || state_ == "S0" || (state_ == "SC" && !broken(M::CascadeDrivesAddress))) {
        return;
    }
    const bool second = kSecond.count(state_) != 0;
    const unsigned c = memory_ ? (second ? 1 : 0) : channel_;
    const unsigned kind = mode(c) >> 2 & 3;
    const bool reads = kReads.count(state_) != 0;
    const bool early = (command(5) && !broken(M::ExtendedWriteIgnored)) ||
                       (compressed() && !memory_ && !broken(M::CompressedWritesLate));
    const bool writes = kWrites.count(state_) != 0 || (early && (state_ == "S2" || state_ == "S22"));
    const unsigned address = registers_.words.at("address")[c];
    pins.aen = true;
    pins.adstb = kStrobes.count(state_) != 0;
    pins.memr = reads && (memory_ || kind == 2);
    pins.ior = reads && !memory_ && kind == 1;
    pins.memw = writes && (memory_ || kind == 1);
    pins.iow = writes && !memory_ && kind == 2;
    const unsigned top = broken(M::AddressWithoutLatch) ? high(address) : latch_[second ? 1 : 0];
    pins.address = static_cast<std::uint16_t>(top * 256 + address % 256);
    if (pins.adstb) {
        pins.drives_data = true;
        pins.data = static_cast<std::uint8_t>(latch_[second ? 1 : 0]);
    } else if (second) {
        pins.drives_data = true;
        pins.data = static_cast<std::uint8_t>(registers_.bytes.at("temporary"));
    }
}

I8237Pins I8237::finish(const std::function<std::uint8_t()>& data) {
    if (was_reset_ && !broken(M::MasterClearLetsServiceRun)) {
        go("SI");
        last_ = broken(M::MasterClearKeepsPriority) ? last_ : 3;
        middle_ = I8237Pins{};
    } else {
        transition(data);
    }
    I8237Pins pins = middle_;
    for (unsigned i = 0; i < kI8237States; ++i) {
        if (dmasim::name_of(static_cast<I8237State>(i)) == state_) {
            pins.state = static_cast<I8237State>(i);
        }
    }
    const bool hrq = state_ != "SI";
    const bool tc = tc_ && (state_ == "S4" || state_ == "S24") && !broken(M::TcWithoutPin);
    const bool acknowledged =
        (acknowledged_ || (broken(M::MemoryAcknowledges) && memory_)) && !(broken(M::DackOffInS1) && state_ == "S1");
    pins.channel = static_cast<std::uint8_t>(hrq ? channel_ : 0);
    pins.hrq = broken(M::HrqOneLater) ? hrq_before_ : hrq;
    pins.tc = broken(M::TcOnePinLater) ? tc_before_ : tc;
    const bool dack = broken(M::DackOneLater) ? acknowledged_before_ : acknowledged;
    pins.dack = static_cast<std::uint8_t>(dack ? 1U << channel_ : 0);
    const bool active_high = command(7) && !broken(M::DackPolarityIgnored);
    pins.dack_levels = static_cast<std::uint8_t>(active_high ? pins.dack : 15 - pins.dack);
    hrq_before_ = hrq;
    tc_before_ = tc;
    acknowledged_before_ = acknowledged;
    middle_ = I8237Pins{};
    middle(middle_);
    return pins;
}

}  // namespace dmasim::reference
