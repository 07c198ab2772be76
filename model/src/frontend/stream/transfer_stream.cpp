// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/stream/transfer_stream.h"

#include <algorithm>
#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

std::vector<std::string> validate(const TransferStreamConfig& config) {
    if (config.ports > 64) {
        return {"stream.ports is " + std::to_string(config.ports) + ", must be 0 to 64"};
    }
    return {};
}

TransferStream::TransferStream(const TransferStreamConfig& config) : config_(config), ports_(config.ports) {
    if (config.ports == 0) {
        throw ConfigError("a stream of transfers has at least one port");
    }
    for (const std::string& problem : validate(config)) {
        throw ConfigError(problem);
    }
    reset();
}

void TransferStream::connect(std::function<void(Cycles)> wake) {
    wake_ = std::move(wake);
    for (const std::deque<Offered>& port : ports_) {
        if (!port.empty() && wake_) {
            wake_(port.front().at + 1);
        }
    }
}

void TransferStream::reset() {
    for (std::deque<Offered>& port : ports_) {
        port.clear();
    }
    waiting_ = 0;
    // What the mux holds is lost with it; what the pipeline has taken still gets a status.
    under_way_.erase(
        std::remove_if(under_way_.begin(), under_way_.end(), [](const UnderWay& transfer) { return !transfer.taken; }),
        under_way_.end());
    for (UnderWay& transfer : under_way_) {
        transfer.orphan = true;
    }
    if (config_.ports > 1) {
        mux_.emplace(config_.ports, config_.round_robin, config_.lowest_first);
    }
}

std::uint64_t TransferStream::offer(std::uint32_t port, std::uint64_t source, std::uint64_t destination,
                                    std::uint64_t bytes, Cycles at) {
    if (port >= ports_.size()) {
        throw ConfigError("a transfer for port " + std::to_string(port) + " of a stream with " +
                          std::to_string(ports_.size()));
    }
    if (bytes == 0) {
        throw ConfigError("a transfer of 0 bytes");
    }
    std::deque<Offered>& queue = ports_[port];
    Offered offered;
    offered.number = next_++;
    offered.transfer.source = source;
    offered.transfer.destination = destination;
    offered.transfer.bytes = bytes;
    offered.transfer.tag = kSourceTag | static_cast<std::uint32_t>(offered.number);
    offered.at = queue.empty() ? at : std::max(at, queue.back().at);
    queue.push_back(offered);
    ++waiting_;
    if (wake_) {
        wake_(offered.at + 1);
    }
    return offered.number;
}

void TransferStream::accept(std::uint32_t port, Cycles t) {
    const Offered offered = ports_[port].front();
    ports_[port].pop_front();
    --waiting_;
    under_way_.push_back({port, offered.transfer.tag, offered.number, offered.transfer.bytes, false, false});
    if (observer_ != nullptr) {
        observer_->accepted(port, offered.number, t);
    }
}

bool TransferStream::cycle(Cycles t, BeatPipeline& pipeline, bool taken) {
    if (!mux_) {
        std::deque<Offered>& port = ports_.front();
        if (port.empty() || port.front().at >= t || taken || !pipeline.ready(t)) {
            return false;
        }
        const BeatTransfer transfer = port.front().transfer;
        accept(0, t);
        pipeline.offer(transfer, t);
        return !port.empty();
    }
    std::uint64_t offering = 0;
    for (std::size_t port = 0; waiting_ != 0 && port < ports_.size(); ++port) {
        if (!ports_[port].empty() && ports_[port].front().at < t) {
            offering |= std::uint64_t{1} << port;
        }
    }
    return mux_->cycle(
        t, offering, [this](std::uint32_t port) { return ports_[port].front().transfer; },
        [this, t](std::uint32_t port) { accept(port, t); }, pipeline, !taken);
}

std::uint64_t TransferStream::taken(std::uint32_t tag) {
    const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                    [tag](const UnderWay& transfer) { return transfer.tag == tag; });
    DMASIM_INVARIANT(found != under_way_.end());
    found->taken = true;
    return found->bytes;
}

void TransferStream::status(std::uint32_t tag, Cycles at, Response response) {
    DMASIM_INVARIANT(!under_way_.empty() && under_way_.front().tag == tag);
    const UnderWay transfer = under_way_.front();
    under_way_.pop_front();
    if (observer_ != nullptr && !transfer.orphan) {
        observer_->status(transfer.port, transfer.number, mux_ ? at + kDescriptorMuxStatus : at, response);
    }
}

}  // namespace dmasim
