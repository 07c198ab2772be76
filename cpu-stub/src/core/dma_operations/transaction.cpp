// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cpu_stub/core/dma_operations/transaction.h"

#include <algorithm>
#include <utility>

namespace dmasim::dma {

Transaction::Transaction(Adapter adapter, const Settings& settings) : adapter_(adapter), settings_(settings) {}

Status Transaction::initialize(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes, Direction direction,
                               Program program) {
    if (state_ != State::Empty || !program) {
        return Status::InvalidDeviceRequest;
    }
    TransferInfo info;
    const Status known = adapter_.get_dma_transfer_info(mdl, offset, bytes, direction == Direction::ToDevice, info);
    if (known != Status::Success) {
        return known;
    }
    if (settings_.single_transfer) {
        if (settings_.element_limit != 0 && info.elements > settings_.element_limit) {
            return Status::TransactionTooFragmented;
        }
        if (info.registers > settings_.registers) {
            return Status::TransactionNotEnoughRegisters;
        }
        if (settings_.maximum_bytes != 0 && bytes > settings_.maximum_bytes) {
            return Status::TransactionTooManyTransfers;
        }
    }
    const Status status = adapter_.initialize_dma_transfer_context(context_);
    if (status != Status::Success) {
        return status;
    }
    mdl_ = mdl;
    offset_ = offset;
    bytes_ = bytes;
    done_ = 0;
    direction_ = direction;
    program_ = std::move(program);
    failure_ = Status::Success;
    state_ = State::Ready;
    return Status::Success;
}

Status Transaction::allocate_resources(std::uint64_t registers) {
    if (reserved_ != 0 || !adapter_.may_reserve()) {
        return Status::InvalidDeviceRequest;
    }
    if (registers > settings_.registers) {
        return Status::InsufficientResources;
    }
    const Status status = adapter_.initialize_dma_transfer_context(reserved_context_);
    return status != Status::Success ? status
                                     : adapter_.allocate_adapter_channel_ex(settings_.device, reserved_context_,
                                                                            registers, {true}, {}, &reserved_);
}

void Transaction::free_resources() {
    if (reserved_ != 0) {
        adapter_.free_adapter_object(settings_.device, AllocationAction::DeallocateObject);
        reserved_ = 0;
    }
}

Status Transaction::execute(bool immediate) {
    if (state_ != State::Ready) {
        return Status::InvalidDeviceRequest;
    }
    if (reserved_ != 0) {
        base_ = reserved_;
        state_ = State::Running;
        return begin_operation() ? Status::Success : failure_;
    }
    TransferInfo info;
    adapter_.get_dma_transfer_info(mdl_, offset_, bytes_, direction_ == Direction::ToDevice, info);
    registers_ = std::min<std::uint64_t>(info.registers, settings_.registers);
    state_ = State::Waiting;
    const auto control = [this](RegisterBase base) {
        base_ = base;
        state_ = State::Running;
        begin_operation();
        return AllocationAction::DeallocateObjectKeepRegisters;
    };
    const Status status =
        adapter_.allocate_adapter_channel_ex(settings_.device, context_, registers_, {immediate}, control, nullptr);
    if (status != Status::Success) {
        state_ = State::Ready;
    } else if (failure_ != Status::Success) {
        return failure_;
    }
    return status;
}

bool Transaction::begin_operation() {
    std::uint64_t bytes = bytes_ - done_;
    if (settings_.maximum_bytes != 0) {
        bytes = std::min(bytes, settings_.maximum_bytes);
    }
    // Version 3 counts registers exactly by itself; the documented formulas cut before it does.
    if (adapter_.split_rule() != SplitRule::RegisterTrue && settings_.registers != 0) {
        bytes = std::min(bytes, adapter_.next_operation(mdl_, offset_ + done_, bytes, settings_.registers));
        if (bytes == 0) {
            failure_ = Status::TransactionNotEnoughRegisters;
            finish();
            return false;
        }
    }
    std::vector<Element> elements;
    const std::uint32_t limit = settings_.element_limit != 0 ? settings_.element_limit : 4096;
    failure_ =
        adapter_.map_transfer_ex(mdl_, base_, offset_ + done_, 0, bytes, direction_, list_bytes(limit), &elements, {});
    if (failure_ != Status::Success) {
        finish();
        return false;
    }
    mapped_ = bytes;
    program_(elements, offset_ + done_, bytes);
    return true;
}

bool Transaction::completed(Status& status) {
    return end_operation(mapped_, false, status);
}

bool Transaction::completed_with_length(std::uint64_t bytes, Status& status) {
    return end_operation(bytes, false, status);
}

bool Transaction::completed_final(std::uint64_t bytes, Status& status) {
    return end_operation(bytes, true, status);
}

bool Transaction::end_operation(std::uint64_t bytes, bool last, Status& status) {
    if (state_ != State::Running || bytes > mapped_) {
        status = Status::InvalidDeviceRequest;
        return state_ != State::Running;
    }
    status = adapter_.flush_adapter_buffers_ex(mdl_, base_, offset_ + done_, mapped_, direction_);
    done_ += bytes;
    if (status != Status::Success || last || done_ == bytes_) {
        finish();
        return true;
    }
    if (settings_.single_transfer) {
        status = Status::TransactionTooManyTransfers;
        finish();
        return true;
    }
    if (!begin_operation()) {
        status = failure_;
        return true;
    }
    return false;
}

void Transaction::finish() {
    state_ = State::Over;
    if (base_ != 0 && base_ != reserved_) {
        adapter_.free_map_registers(std::exchange(base_, 0), registers_);
    }
    base_ = 0;
}

bool Transaction::cancel() {
    if (state_ != State::Waiting || !adapter_.cancel_adapter_channel(settings_.device, context_)) {
        return false;
    }
    state_ = State::Over;
    return true;
}

void Transaction::release() {
    if (state_ == State::Ready || state_ == State::Over) {
        state_ = State::Empty;
    }
}

}  // namespace dmasim::dma
