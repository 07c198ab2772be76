// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/beat/burst_port_slave.h"

#include <algorithm>
#include <cstring>

#include "dmasim/model/errors.h"

namespace dmasim {

BurstPortSlave::BurstPortSlave(BurstPort& port, std::uint32_t bus_bytes, std::uint32_t first_tag)
    : port_(port), bus_bytes_(bus_bytes), first_tag_(first_tag & ~kTagMask) {}

void BurstPortSlave::reset() {
    // Answers to what is under way are still to come: keep it, without anybody to hand it to.
    DMASIM_INVARIANT(idle());
    beat_from_ = Cycles{};
    loaded_ = false;
}

SlaveSignals BurstPortSlave::outputs(Cycles t) {
    SlaveSignals out;
    out.ar_ready = read_waits_ == 0 && t >= read_from_;
    // One write address ahead of the data is enough for a master to go on, and bounds what is held here.
    out.aw_ready =
        std::count_if(writes_.begin(), writes_.end(), [](const auto& write) { return !write->requested; }) < 2;
    out.w_ready = std::any_of(writes_.begin(), writes_.end(), [](const auto& write) { return !write->requested; });
    if (!reads_.empty() && reads_.front()->answered) {
        Under& read = *reads_.front();
        // Beat k is handed over at first + k * interval, and so is here in the next cycle.
        const Cycles here = read.first + std::uint64_t{read.beat} * read.interval + 1;
        if (t >= std::max(here, beat_from_)) {
            const auto offset = static_cast<std::uint32_t>(read.address.address % bus_bytes_);
            if (!loaded_) {
                current_ = 1 - current_;
                BeatData& data = buffers_[current_];
                data.first = read.beat == 0 ? offset : 0;
                const std::uint32_t begin = read.beat == 0 ? 0 : read.beat * bus_bytes_ - offset;
                data.count = std::min<std::uint32_t>(bus_bytes_ - data.first, read.address.bytes - begin);
                std::memcpy(data.bytes.data() + data.first, read.data.data() + begin, data.count);
                loaded_ = true;
            }
            out.r_valid = true;
            out.r_last = read.beat + 1 == read.address.beats;
            out.r_id = read.address.id;
            out.r_response = read.response;
            out.r = &buffers_[current_];
        }
    }
    if (!writes_.empty() && writes_.front()->answered && t >= writes_.front()->first + 1) {
        out.b_valid = true;
        out.b_id = writes_.front()->address.id;
        out.b_response = writes_.front()->response;
    }
    return out;
}

void BurstPortSlave::offer(Under& burst, Access access, Cycles at) {
    Burst request;
    request.access = access;
    request.tag = burst.tag;
    request.address = burst.address.address;
    request.bytes = burst.address.bytes;
    request.data = burst.data.data();
    burst.requested = true;
    ++(access == Access::Read ? read_waits_ : write_waits_);
    port_.request(request, at);
}

void BurstPortSlave::clock(Cycles t, const MasterSignals& in) {
    changed_ = false;
    const SlaveSignals out = outputs(t);
    if (out.r_valid && in.r_ready) {
        Under& read = *reads_.front();
        loaded_ = false;
        beat_from_ = t + 1;
        if (++read.beat == read.address.beats) {
            reads_.pop_front();
        }
        changed_ = true;
    }
    if (out.b_valid && in.b_ready) {
        writes_.pop_front();
        changed_ = true;
    }
    if (in.ar_valid && out.ar_ready) {
        auto read = std::make_unique<Under>();
        read->address = in.ar;
        read->tag = first_tag_ | (next_tag_++ & kTagMask);
        read->data.resize(in.ar.bytes);
        reads_.push_back(std::move(read));
        // A request handed over at the end of this cycle carries the stamp before, as if it had been put on the bus then.
        offer(*reads_.back(), Access::Read, t);
        changed_ = true;
    }
    if (in.aw_valid && out.aw_ready) {
        auto write = std::make_unique<Under>();
        write->address = in.aw;
        write->tag = first_tag_ | (next_tag_++ & kTagMask);
        write->data.reserve(in.aw.bytes);
        writes_.push_back(std::move(write));
        changed_ = true;
    }
    if (in.w_valid && out.w_ready) {
        for (const auto& write : writes_) {
            if (!write->requested && write->beat < write->address.beats) {
                const std::uint8_t* const bytes = in.w->bytes.data() + in.w->first;
                write->data.insert(write->data.end(), bytes, bytes + in.w->count);
                ++write->beat;
                break;
            }
        }
        changed_ = true;
    }
    for (const auto& write : writes_) {
        if (!write->requested) {
            if (write->beat == write->address.beats && write_waits_ == 0 && t >= write_from_) {
                offer(*write, Access::Write, t);
                changed_ = true;
            }
            break;
        }
    }
}

Cycles BurstPortSlave::next_change(Cycles t) const {
    if (changed_) {
        return t + 1;
    }
    Cycles next = kNever;
    const auto consider = [&](Cycles at) {
        if (at > t) {
            next = std::min(next, at);
        }
    };
    consider(read_from_);
    consider(write_from_);
    if (!reads_.empty() && reads_.front()->answered) {
        const Under& read = *reads_.front();
        consider(std::max(read.first + std::uint64_t{read.beat} * read.interval + 1, beat_from_));
    }
    if (!writes_.empty() && writes_.front()->answered) {
        consider(writes_.front()->first + 1);
    }
    return next;
}

BurstPortSlave::Under& BurstPortSlave::find(std::deque<std::unique_ptr<Under>>& bursts, std::uint32_t tag) {
    const auto found = std::find_if(bursts.begin(), bursts.end(), [&](const auto& burst) { return burst->tag == tag; });
    DMASIM_INVARIANT(found != bursts.end());
    return **found;
}

void BurstPortSlave::accepted(std::uint32_t tag, Cycles at) {
    const bool read = std::any_of(reads_.begin(), reads_.end(), [&](const auto& burst) { return burst->tag == tag; });
    std::uint32_t& waits = read ? read_waits_ : write_waits_;
    DMASIM_INVARIANT(waits != 0);
    --waits;
    (read ? read_from_ : write_from_) = at + 1;
    if (on_answer) {
        on_answer(at + 1);
    }
}

void BurstPortSlave::read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) {
    Under& read = find(reads_, tag);
    read.answered = true;
    read.first = first;
    read.interval = interval;
    read.response = response;
    if (on_answer) {
        on_answer(first + 1);
    }
}

void BurstPortSlave::write_response(std::uint32_t tag, Cycles at, Response response) {
    Under& write = find(writes_, tag);
    write.answered = true;
    write.first = at;
    write.response = response;
    if (on_answer) {
        on_answer(at + 1);
    }
}

}  // namespace dmasim
