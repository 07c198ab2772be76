// SPDX-License-Identifier: Apache-2.0
#include "dmasim/bus/core/island.h"

#include <algorithm>

#include "dmasim/model/errors.h"

namespace dmasim {

CoreSystem::CoreSystem(const BusConfig& bus, const std::vector<MemoryConfig>& memories)
    : bus_(std::make_unique<BusCore>(bus)) {
    if (memories.size() > bus.targets) {
        throw ConfigError("island: " + std::to_string(memories.size()) + " memories, but the bus has " +
                          std::to_string(bus.targets) + " targets");
    }
    blocks_.push_back(bus_.get());
    for (std::uint32_t target = 0; target < memories.size(); ++target) {
        if (memories[target].data_width_bits != bus.data_width_bits) {
            throw ConfigError("island: memory " + std::to_string(target) + " has data_width_bits " +
                              std::to_string(memories[target].data_width_bits) + ", the bus " +
                              std::to_string(bus.data_width_bits));
        }
        memories_.push_back(std::make_unique<MemoryCore>(memories[target]));
        MemoryCore& memory = *memories_.back();
        bus_->bind_memory(target, memory);
        blocks_.push_back(&memory);
    }
    order_ = blocks_;
}

void CoreSystem::add(Clocked& block) {
    blocks_.push_back(&block);
    order_.push_back(&block);
}

BurstPort& CoreSystem::connect(std::uint32_t initiator, BurstMaster& master) {
    bus_->bind_initiator(initiator, master);
    return bus_->initiator_port(initiator);
}

void CoreSystem::set_order(const std::vector<std::size_t>& order) {
    std::vector<Clocked*> next;
    for (const std::size_t index : order) {
        Clocked* block = blocks_.at(index);
        if (std::find(next.begin(), next.end(), block) == next.end()) {
            next.push_back(block);
        }
    }
    for (Clocked* block : blocks_) {
        if (std::find(next.begin(), next.end(), block) == next.end()) {
            next.push_back(block);
        }
    }
    order_ = std::move(next);
}

Cycles CoreSystem::next_edge() const {
    Cycles next = kNever;
    for (const Clocked* block : blocks_) {
        next = std::min(next, block->next_edge());
    }
    return next;
}

void CoreSystem::evaluate(Cycles edge) {
    for (Clocked* block : order_) {
        if (block->next_edge() <= edge) {
            block->evaluate(edge);
        }
    }
    last_ = edge;
}

void CoreSystem::advance_to(Cycles now) {
    for (Cycles edge = next_edge(); edge < now; edge = next_edge()) {
        evaluate(edge);
    }
}

Cycles CoreSystem::run(Cycles limit) {
    advance_to(limit);
    return last_;
}

}  // namespace dmasim
