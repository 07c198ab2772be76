// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/peripheral/fly_by_core.h"

#include <algorithm>
#include <cstring>

#include "dmasim/bus/core/text.h"

namespace dmasim {

namespace {

constexpr std::uint32_t kWord = 4;

const FlyByConfig& checked(const FlyByConfig& config) {
    detail::refuse("fly-by peripheral", validate(config));
    return config;
}

}  // namespace

std::vector<std::string> validate(const FlyByConfig& config) {
    std::vector<std::string> problems;
    detail::check_width(problems, config.data_width_bits);
    detail::check_range(problems, "cycles_per_unit", config.cycles_per_unit, 0, 1U << 20);
    return problems;
}

FlyByCore::FlyByCore(const FlyByConfig& config)
    : DevicePort(checked(config).timing, config.data_width_bits), config_(config) {}

void FlyByCore::add(const Event& event) {
    const auto place = std::upper_bound(events_.begin(), events_.end(), event,
                                        [](const Event& a, const Event& b) { return a.at < b.at; });
    events_.insert(place, event);
}

// What was stamped before `edge` holds at `edge`.
void FlyByCore::settle(Cycles edge) {
    while (!events_.empty() && events_.front().at < edge) {
        const Event event = events_.front();
        events_.pop_front();
        apply(event);
    }
}

void FlyByCore::end_command() {
    left_ = 0;
    granted_ = false;
    if ((status_ & fly_by_status::kBusy) != 0) {
        status_ = (status_ & ~fly_by_status::kBusy) | fly_by_status::kDone;
    }
}

void FlyByCore::apply(const Event& event) {
    switch (event.kind) {
        case Kind::Control:
            control_ = event.value & (fly_by_control::kInterrupt | fly_by_control::kUntilTerminal);
            if ((event.value & fly_by_control::kStop) != 0) {
                end_command();
            } else if ((event.value & fly_by_control::kStart) != 0 && (status_ & fly_by_status::kBusy) == 0) {
                left_ = count_;
                moved_ = 0;
                ready_at_ = event.at + config_.cycles_per_unit;
                status_ =
                    (status_ & ~fly_by_status::kDone) | (count_ != 0 ? fly_by_status::kBusy : fly_by_status::kDone);
            }
            return;
        case Kind::Count:
            count_ = event.value;
            return;
        case Kind::Status:
            status_ &= ~(event.value & (fly_by_status::kDone | fly_by_status::kTerminal | fly_by_status::kUnderrun));
            return;
        case Kind::Moved:
            moved_ += event.value;
            if (left_ == 0 && (control_ & fly_by_control::kUntilTerminal) == 0) {
                end_command();
            }
            return;
        case Kind::Terminal:
            status_ |= fly_by_status::kTerminal;
            if ((control_ & fly_by_control::kUntilTerminal) != 0) {
                end_command();
            }
            return;
        case Kind::Underrun:
            status_ |= fly_by_status::kUnderrun;
            return;
    }
}

void FlyByCore::moved(unsigned bytes, Cycles at) {
    left_ -= std::min<std::uint64_t>(left_, bytes);
    ready_at_ = at + config_.cycles_per_unit;
    granted_ = false;
    add({at, Kind::Moved, bytes});
    lower(at);
}

void FlyByCore::lower(Cycles at) {
    if (dreq_ && !wanted(at)) {
        dreq_ = false;
        if (dreq_out_) {
            dreq_out_(false, at);
        }
    }
}

void FlyByCore::acknowledged(unsigned bytes, Cycles at) {
    settle(at);
    granted_ = left_ <= bytes;
    lower(at);
}

std::uint16_t FlyByCore::give(unsigned bytes, Cycles at) {
    settle(at);
    std::uint16_t value = 0;
    for (unsigned place = 0; place < bytes; ++place) {
        const bool has = given_ < payload_.size();
        const unsigned byte = has ? payload_[given_++] : 0xFFU;
        value = static_cast<std::uint16_t>(value | byte << 8 * place);
        if (!has) {
            add({at, Kind::Underrun, 0});
        }
    }
    moved(bytes, at);
    return value;
}

void FlyByCore::take(std::uint16_t value, unsigned bytes, Cycles at) {
    settle(at);
    for (unsigned place = 0; place < bytes; ++place) {
        received_.push_back(static_cast<std::uint8_t>(value >> 8 * place));
    }
    moved(bytes, at);
}

void FlyByCore::terminal_count(Cycles at) {
    settle(at);
    add({at, Kind::Terminal, 0});
}

Response FlyByCore::transfer(const Burst& burst, Cycles edge) {
    settle(edge);
    if (burst.address % kWord != 0 || burst.address > fly_by_reg::kMoved) {
        return Response::AddressError;
    }
    if (burst.bytes != kWord || burst.fixed_bytes != 0) {
        return Response::BurstError;
    }
    if (burst.enables != nullptr &&
        std::any_of(burst.enables, burst.enables + kWord, [](std::uint8_t enable) { return enable == 0; })) {
        return Response::ByteEnableError;
    }
    const auto offset = static_cast<std::uint32_t>(burst.address);
    std::uint32_t value = 0;
    if (burst.access == Access::Write) {
        for (unsigned place = 0; place < kWord; ++place) {
            value |= std::uint32_t{burst.data[place]} << 8 * place;
        }
        constexpr Kind kKinds[] = {Kind::Control, Kind::Count, Kind::Status};
        if (offset != fly_by_reg::kMoved) {
            add({edge, kKinds[offset / kWord], value});
        }
        return Response::Ok;
    }
    switch (offset) {
        case fly_by_reg::kControl:
            value = control_;
            break;
        case fly_by_reg::kCount:
            value = count_;
            break;
        case fly_by_reg::kStatus:
            value = status_ | (dreq_ ? fly_by_status::kRequest : 0U);
            break;
        default:
            value = moved_;
            break;
    }
    for (unsigned place = 0; place < kWord; ++place) {
        burst.data[place] = static_cast<std::uint8_t>(value >> 8 * place);
    }
    return Response::Ok;
}

void FlyByCore::advance_device(Cycles edge) {
    settle(edge);
}

void FlyByCore::drive(Cycles edge) {
    const bool request = wanted(edge);
    if (request != dreq_) {
        dreq_ = request;
        if (dreq_out_) {
            dreq_out_(request, edge + 1);
        }
    }
    const bool interrupt = (control_ & fly_by_control::kInterrupt) != 0 && (status_ & fly_by_status::kDone) != 0;
    if (interrupt != irq_) {
        irq_ = interrupt;
        if (irq_out_) {
            irq_out_(interrupt, edge + 1);
        }
    }
}

Cycles FlyByCore::next_device_edge() const {
    Cycles next = events_.empty() ? kNever : events_.front().at + 1;
    if (!dreq_ && left_ > 0 && !granted_) {
        next = std::min(next, ready_at_);
    }
    return next;
}

}  // namespace dmasim
