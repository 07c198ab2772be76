// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/pc_at/pc_at_dma.h"

#include <algorithm>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

constexpr unsigned kSlave = 0;
constexpr unsigned kMaster = 1;
constexpr unsigned kChannelsOfOne = 4;
constexpr std::uint32_t kPage = 4096;
/// Stands in the queue of accesses for a pulse on RESET.
constexpr std::uint32_t kReset = pc_at_port::kBytes;

std::uint8_t bit_of(unsigned channel) {
    return static_cast<std::uint8_t>(1U << channel);
}

const PcAtConfig& checked(const PcAtConfig& config) {
    const std::vector<std::string> problems = validate(config);
    if (!problems.empty()) {
        std::string all;
        for (const std::string& problem : problems) {
            all += (all.empty() ? "" : "; ") + problem;
        }
        throw ConfigError(all);
    }
    return config;
}

bool strobes(const I8237Pins& pins) {
    return pins.ior || pins.iow || pins.memr || pins.memw;
}

}  // namespace

void FlyByDevice::acknowledge(unsigned /*channel*/, bool /*level*/, Cycles /*at*/) {}
void FlyByDevice::terminal_count(unsigned /*channel*/, bool /*level*/, Cycles /*at*/) {}

std::vector<std::string> validate(const PcAtConfig& config) {
    std::vector<std::string> problems = validate(config.timing);
    const std::uint32_t bytes = config.buffer_bytes;
    if (bytes != 0 && (bytes < 2 || bytes > 64 || (bytes & (bytes - 1)) != 0)) {
        problems.push_back("buffer_bytes is " + std::to_string(bytes) + ", must be 0 or a power of two, 2 to 64");
    }
    return problems;
}

/// One of the two, and what its service waits for.
class PcAtDma::Controller final : public I8237Bus {
  public:
    Controller(PcAtDma& owner, unsigned number) : core(owner.config_.timing, *this), owner_(owner), number_(number) {
        core.set_ready(false, Cycles{0});
    }

    void pins(const I8237Pins& now, Cycles at) override {
        const I8237Pins before = std::exchange(shown_, now);
        owner_.pins(number_, before, now, at);
    }
    std::uint8_t data(Cycles /*at*/) override { return memory_byte; }

    I8237Core core;
    bool waits = false;  ///< For the answer to `tag`.
    std::uint32_t tag = 0;
    bool write_begun = false;      ///< In the present byte.
    std::uint8_t memory_byte = 0;  ///< Read by a memory-to-memory transfer.
    std::uint16_t value = 0;       ///< What goes to the peripheral when the strobes end.
    bool delivers = false;
    unsigned channel = 0;
    unsigned counted = kPcAtChannels;  ///< Whose TC is high; `kPcAtChannels`: nobody's.

  private:
    PcAtDma& owner_;
    unsigned number_;
    I8237Pins shown_;
};

PcAtDma::PcAtDma(const PcAtConfig& config, BurstPort& port, FlyByDevice& device)
    : config_(checked(config)), port_(port), device_(device) {
    controllers_[kSlave] = std::make_unique<Controller>(*this, kSlave);
    controllers_[kMaster] = std::make_unique<Controller>(*this, kMaster);
}

PcAtDma::~PcAtDma() = default;

const I8237Core& PcAtDma::slave() const {
    return controllers_[kSlave]->core;
}
const I8237Core& PcAtDma::master() const {
    return controllers_[kMaster]->core;
}

std::uint32_t PcAtDma::address_of(unsigned channel, std::uint16_t address) const {
    const std::uint8_t page = channels_[channel].page;
    return channel < kPcAtCascadeChannel ? i8237_byte_address(page, address) : i8237_word_address(page, address);
}

// ---------------------------------------------------------------------------------------------------------- registers

bool PcAtDma::write(std::uint32_t offset, std::uint8_t value, Cycles at) {
    at = last_access_ = std::max({at, last_access_, last_edge_});
    if (offset < 0x10) {
        controllers_[kSlave]->core.write(offset, value, at);
    } else if (offset >= pc_at_port::kMaster && offset < pc_at_port::kMaster + 0x20) {
        if (offset % 2 != 0) {
            return false;
        }
        controllers_[kMaster]->core.write((offset - pc_at_port::kMaster) / 2, value, at);
    } else if (!(offset >= pc_at_port::kPages && offset < pc_at_port::kPages + 0x10) && offset != pc_at_port::kDrain &&
               offset != pc_at_port::kFailed && offset != pc_at_port::kEnded &&
               offset != pc_at_port::kInterruptEnable) {
        // What can only be read is there, and ignores it.
        return offset == pc_at_port::kDraining ||
               (offset >= pc_at_port::kHeld && offset < pc_at_port::kHeld + kPcAtChannels);
    }
    accesses_.push_back({at, offset, value});
    return true;
}

bool PcAtDma::read(std::uint32_t offset, std::uint8_t& value, Cycles at) {
    at = last_access_ = std::max({at, last_access_, last_edge_});
    value = 0xFF;
    if (offset < 0x10) {
        value = controllers_[kSlave]->core.read(offset, at);
        return true;
    }
    if (offset >= pc_at_port::kMaster && offset < pc_at_port::kMaster + 0x20) {
        if (offset % 2 != 0) {
            return false;
        }
        value = controllers_[kMaster]->core.read((offset - pc_at_port::kMaster) / 2, at);
        return true;
    }
    std::uint8_t state = 0;
    std::uint8_t clears = 0;
    if (!own_register(offset, at, state)) {
        return false;
    }
    if (offset == pc_at_port::kDrain) {
        value = state;
        return true;
    }
    // What was written with an earlier stamp, or the same one, and has not acted yet.
    for (const RegisterWrite& access : accesses_) {
        if (access.offset == offset) {
            if (offset == pc_at_port::kFailed || offset == pc_at_port::kEnded) {
                clears = static_cast<std::uint8_t>(clears | access.value);
            } else {
                state = access.value;
            }
        } else if (access.offset == pc_at_port::kDrain && offset == pc_at_port::kDraining) {
            state = static_cast<std::uint8_t>(state | bit_of(access.value & 7));
        }
    }
    value = static_cast<std::uint8_t>(state & ~clears);
    return true;
}

bool PcAtDma::peek(std::uint32_t offset, std::uint8_t& value) const {
    value = 0xFF;
    if (offset < 0x10) {
        value = slave().peek(offset);
    } else if (offset >= pc_at_port::kMaster && offset < pc_at_port::kMaster + 0x20) {
        if (offset % 2 != 0) {
            return false;
        }
        value = master().peek((offset - pc_at_port::kMaster) / 2);
    } else {
        return own_register(offset, kNever, value);
    }
    return true;
}

bool PcAtDma::own_register(std::uint32_t offset, Cycles at, std::uint8_t& value) const {
    if (offset == pc_at_port::kDrain) {
        value = 0xFF;
        return true;
    }
    std::uint8_t state = 0;
    if (offset >= pc_at_port::kPages && offset < pc_at_port::kPages + 0x10) {
        state = pages_[offset - pc_at_port::kPages];
    } else if (offset == pc_at_port::kDraining) {
        for (const Job& job : jobs_) {
            state = static_cast<std::uint8_t>(state | (job.drains && job.answered >= at ? bit_of(job.channel) : 0));
        }
    } else if (offset == pc_at_port::kFailed) {
        state = failed_;
        for (const Job& job : jobs_) {
            const bool failed = job.answered < at && job.response != Response::Ok;
            state = static_cast<std::uint8_t>(state | (failed ? bit_of(job.channel) : 0));
        }
    } else if (offset == pc_at_port::kEnded) {
        state = ended_;
    } else if (offset == pc_at_port::kInterruptEnable) {
        state = interrupt_enable_;
    } else if (offset >= pc_at_port::kHeld && offset < pc_at_port::kHeld + kPcAtChannels) {
        state = static_cast<std::uint8_t>(channels_[offset - pc_at_port::kHeld].buffer.size());
    } else {
        return false;
    }
    value = state;
    return true;
}

void PcAtDma::apply(const RegisterWrite& access) {
    const auto programmed = [&](unsigned channel) { channels_[channel].programmed = true; };
    if (access.offset < 8) {
        return programmed(access.offset / 2);
    }
    if (access.offset >= pc_at_port::kMaster && access.offset < pc_at_port::kMaster + 0x10) {
        return programmed(kChannelsOfOne + (access.offset - pc_at_port::kMaster) / 4);
    }
    if (access.offset >= pc_at_port::kPages && access.offset < pc_at_port::kPages + 0x10) {
        pages_[access.offset - pc_at_port::kPages] = access.value;
        for (unsigned channel = 0; channel < kPcAtChannels; ++channel) {
            if (pc_at_page_offset(channel) == access.offset) {
                channels_[channel].page = access.value;
                programmed(channel);
            }
        }
        return;
    }
    switch (access.offset) {
        case pc_at_port::kDrain:
            return empty_buffer(access.value & 7, access.at + 1);
        case pc_at_port::kFailed:
            failed_ = static_cast<std::uint8_t>(failed_ & ~access.value);
            return;
        case pc_at_port::kEnded:
            ended_ = static_cast<std::uint8_t>(ended_ & ~access.value);
            return;
        case pc_at_port::kInterruptEnable:
            interrupt_enable_ = access.value;
            return;
        case kReset:
            for (Channel& channel : channels_) {
                channel = Channel{};
            }
            for (const auto& controller : controllers_) {
                controller->delivers = false;
            }
            pages_.fill(0);
            failed_ = ended_ = interrupt_enable_ = 0;
            return;
        default:
            return;
    }
}

void PcAtDma::set_dreq(unsigned channel, bool level, Cycles at) {
    if (channel < kPcAtChannels && channel != kPcAtCascadeChannel) {
        controllers_[channel / kChannelsOfOne]->core.set_dreq(channel % kChannelsOfOne, level,
                                                              std::max(at, last_edge_));
    }
}

void PcAtDma::set_eop(bool active, Cycles at) {
    for (const auto& controller : controllers_) {
        controller->core.set_eop(active, std::max(at, last_edge_));
    }
}

void PcAtDma::reset(Cycles at) {
    at = last_access_ = std::max({at, last_access_, last_edge_});
    for (const auto& controller : controllers_) {
        controller->core.reset(at);
    }
    accesses_.push_back({at, kReset, 0});
}

// -------------------------------------------------------------------------------------------------------------- edges

Cycles PcAtDma::next_edge() const {
    Cycles next = std::min(controllers_[kSlave]->core.next_edge(), controllers_[kMaster]->core.next_edge());
    if (!accesses_.empty()) {
        next = std::min(next, accesses_.front().at + 1);
    }
    // One burst at a time; the next one is requested at the edge at which its answer is known to be over.
    if (!jobs_.empty() && jobs_.front().answered != kNever) {
        next = std::min(next, std::max(last_edge_, jobs_.front().answered) + 1);
    }
    return next;
}

void PcAtDma::evaluate(Cycles edge) {
    last_edge_ = edge;
    std::size_t done = 0;
    while (done < accesses_.size() && accesses_[done].at < edge) {
        apply(accesses_[done++]);
    }
    accesses_.erase(accesses_.begin(), accesses_.begin() + static_cast<std::ptrdiff_t>(done));
    while (!jobs_.empty() && jobs_.front().answered < edge) {
        failed_ = static_cast<std::uint8_t>(
            failed_ | (jobs_.front().response != Response::Ok ? bit_of(jobs_.front().channel) : 0));
        jobs_.pop_front();
    }
    controllers_[kMaster]->core.evaluate(edge);
    controllers_[kSlave]->core.evaluate(edge);
    issue(edge);
    if (interrupt_wanted() != interrupt_) {
        interrupt_ = !interrupt_;
        if (interrupt_out_) {
            interrupt_out_(interrupt_, edge + 1);
        }
    }
}

void PcAtDma::pins(unsigned controller, const I8237Pins& before, const I8237Pins& now, Cycles at) {
    Controller& own = *controllers_[controller];
    if (before.hrq != now.hrq) {
        if (controller == kMaster) {
            own.core.set_hlda(now.hrq,
                              at);  // The CPU gives the bus at once; memory accesses are arbitrated one by one.
        } else {
            controllers_[kMaster]->core.set_dreq(0, now.hrq, at);
        }
    }
    const auto changed = static_cast<std::uint8_t>(before.dack ^ now.dack);
    if (controller == kMaster && (changed & 1) != 0) {
        controllers_[kSlave]->core.set_hlda((now.dack & 1) != 0, at);
    }
    for (unsigned channel = controller == kMaster ? 1 : 0; channel < kChannelsOfOne; ++channel) {
        if ((changed >> channel & 1) != 0) {
            device_.acknowledge(controller * kChannelsOfOne + channel, (now.dack >> channel & 1) != 0, at);
        }
    }
    if (strobes(before) && !strobes(now)) {
        end_strobes(controller, at);
    }
    if ((now.ior && !before.ior) || (now.memr && !before.memr)) {
        begin_read(controller, now, at);
    }
    if (now.memw && !own.write_begun) {
        begin_write(controller, now, at);
    }
    if (now.tc && !before.tc) {
        const bool memory = now.state == I8237State::S24;
        const unsigned channel = controller * kChannelsOfOne + now.channel;
        ended_ = static_cast<std::uint8_t>(ended_ | (memory ? 3 << (controller * kChannelsOfOne) : bit_of(channel)));
        own.counted = memory ? kPcAtChannels : channel;
        if (!memory) {
            device_.terminal_count(channel, true, at);
        }
    }
    if (!now.tc && before.tc && own.counted != kPcAtChannels) {
        device_.terminal_count(own.counted, false, at);
    }
}

void PcAtDma::hold(Controller& own, Job& job) {
    own.waits = true;
    own.tag = job.burst.tag;
}

void PcAtDma::begin_read(unsigned controller, const I8237Pins& now, Cycles at) {
    Controller& own = *controllers_[controller];
    own.channel = controller * kChannelsOfOne + now.channel;
    if (now.ior) {
        own.value = device_.give(own.channel, at);
        return;
    }
    // The source of a memory-to-memory transfer is channel 0, whatever the service is called.
    const bool memory = now.state == I8237State::S12 || now.state == I8237State::S13 || now.state == I8237State::Sw1;
    const unsigned from = memory ? controller * kChannelsOfOne : own.channel;
    Job job;
    job.channel = from;
    job.burst.access = Access::Read;
    job.burst.address = address_of(from, now.address);
    job.burst.bytes = memory ? 1 : width_of(from);
    job.burst.channel = static_cast<std::uint16_t>(from);
    job.burst.tag = next_tag_++;
    own.delivers = !memory;
    jobs_.push_back(job);
    hold(own, jobs_.back());
}

void PcAtDma::begin_write(unsigned controller, const I8237Pins& now, Cycles at) {
    Controller& own = *controllers_[controller];
    own.write_begun = true;
    if (now.drives_data) {
        const unsigned to = controller * kChannelsOfOne + 1;
        hold(own, queue_write(to, address_of(to, now.address), &now.data, 1));
        return;
    }
    store(own, address_of(own.channel, now.address), at);
}

void PcAtDma::end_strobes(unsigned controller, Cycles at) {
    Controller& own = *controllers_[controller];
    own.core.set_ready(false, at);
    own.waits = false;
    own.write_begun = false;
    if (std::exchange(own.delivers, false)) {
        to_peripheral(own.channel, own.value, at);
    }
}

void PcAtDma::store(Controller& own, std::uint32_t address, Cycles at) {
    Channel& channel = channels_[own.channel];
    const unsigned width = width_of(own.channel);
    std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(own.value), static_cast<std::uint8_t>(own.value >> 8)};
    if (config_.buffer_bytes == 0) {
        hold(own, queue_write(own.channel, address, bytes.data(), width));
        return;
    }
    // A remainder of the other direction waits for nobody any more.
    const bool turned = !channel.to_memory && !channel.buffer.empty();
    if (turned || (channel.programmed && config_.remainder == PcAtRemainder::Discard)) {
        lost_bytes_ += channel.buffer.size();
        channel.buffer.clear();
    }
    const bool follows = channel.next_address == address;
    if (!channel.programmed && !channel.buffer.empty() && !follows) {
        empty_buffer(own.channel, at);  // The address has wrapped, or begun anew by itself.
    }
    // With a kept remainder memory is that much behind the counter.
    if (channel.programmed || !follows) {
        channel.buffer_address = address;
    }
    channel.programmed = false;
    channel.to_memory = true;
    channel.next_address = address + width;
    channel.buffer.insert(channel.buffer.end(), bytes.begin(), bytes.begin() + width);
    if (channel.buffer.size() < config_.buffer_bytes) {
        own.core.set_ready(true, at);
        return;
    }
    std::array<std::uint8_t, 64> chunk{};
    const std::uint32_t size = config_.buffer_bytes;
    std::copy_n(channel.buffer.begin(), size, chunk.begin());
    channel.buffer.erase(channel.buffer.begin(), channel.buffer.begin() + size);
    hold(own, queue_write(own.channel, channel.buffer_address, chunk.data(), size));
    channel.buffer_address += size;
}

void PcAtDma::to_peripheral(unsigned number, std::uint16_t value, Cycles at) {
    if (config_.buffer_bytes == 0) {
        device_.take(number, value, at);
        return;
    }
    Channel& channel = channels_[number];
    const bool turned = channel.to_memory && !channel.buffer.empty();
    if (turned || (channel.programmed && config_.remainder == PcAtRemainder::Discard)) {
        lost_bytes_ += channel.buffer.size();
        channel.buffer.clear();
    }
    channel.programmed = false;
    channel.to_memory = false;
    channel.buffer.push_back(static_cast<std::uint8_t>(value));
    if (width_of(number) == 2) {
        channel.buffer.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    if (channel.buffer.size() >= config_.buffer_bytes) {
        empty_buffer(number, at);
    }
}

void PcAtDma::empty_buffer(unsigned number, Cycles at) {
    Channel& channel = channels_[number];
    if (channel.buffer.empty()) {
        return;
    }
    std::array<std::uint8_t, 64> bytes{};
    const auto size = static_cast<std::uint32_t>(channel.buffer.size());
    std::copy(channel.buffer.begin(), channel.buffer.end(), bytes.begin());
    channel.buffer.clear();
    if (channel.to_memory) {
        const std::size_t before = jobs_.size();
        queue_write(number, channel.buffer_address, bytes.data(), size);
        std::for_each(jobs_.begin() + static_cast<std::ptrdiff_t>(before), jobs_.end(),
                      [](Job& job) { job.drains = true; });
        channel.buffer_address += size;
        return;
    }
    const unsigned width = width_of(number);
    for (std::uint32_t byte = 0; byte < size; byte += width) {
        const unsigned high = width == 2 ? bytes[byte + 1] : 0U;
        device_.take(number, static_cast<std::uint16_t>(high << 8 | bytes[byte]), at);
    }
}

PcAtDma::Job& PcAtDma::queue_write(unsigned channel, std::uint32_t address, const std::uint8_t* data,
                                   std::uint32_t bytes) {
    while (true) {
        const std::uint32_t part = std::min(bytes, kPage - address % kPage);
        jobs_.emplace_back();
        Job& job = jobs_.back();
        job.channel = channel;
        job.burst.access = Access::Write;
        job.burst.address = address;
        job.burst.bytes = part;
        job.burst.channel = static_cast<std::uint16_t>(channel);
        job.burst.tag = next_tag_++;
        std::copy_n(data, part, job.data.begin());
        if (part == bytes) {
            return job;
        }
        address += part;
        data += part;
        bytes -= part;
    }
}

void PcAtDma::issue(Cycles edge) {
    if (jobs_.empty() || jobs_.front().requested) {
        return;
    }
    Job& job = jobs_.front();
    job.requested = true;
    job.burst.data = job.data.data();
    port_.request(job.burst, edge);
}

void PcAtDma::accepted(std::uint32_t /*tag*/, Cycles /*at*/) {}

void PcAtDma::read_data(std::uint32_t tag, Cycles first, std::uint32_t /*interval*/, Response response) {
    answered(tag, first, response);
}

void PcAtDma::write_response(std::uint32_t tag, Cycles at, Response response) {
    answered(tag, at, response);
}

void PcAtDma::answered(std::uint32_t tag, Cycles at, Response response) {
    DMASIM_INVARIANT(!jobs_.empty() && jobs_.front().requested && jobs_.front().burst.tag == tag);
    Job& job = jobs_.front();
    job.answered = at;
    job.response = response;
    for (const auto& controller : controllers_) {
        if (!controller->waits || controller->tag != tag) {
            continue;
        }
        if (job.burst.access == Access::Read) {
            // The data lines of a read that failed are not driven.
            const bool ok = response == Response::Ok;
            controller->memory_byte = ok ? job.data[0] : std::uint8_t{0xFF};
            const unsigned high = job.burst.bytes == 2 ? job.data[1] : 0U;
            controller->value = ok ? static_cast<std::uint16_t>(high << 8 | job.data[0]) : std::uint16_t{0xFFFF};
        }
        controller->core.set_ready(true, std::max(at, last_edge_));
    }
}

}  // namespace dmasim
