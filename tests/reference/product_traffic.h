// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"

#include "reference/log.h"
#include "reference/scenario.h"

namespace dmasim::reference {

/// The traffic master for the product's side: offers its bursts through a `BurstPort`, each direction for itself.
class ProductTraffic final : public Clocked, public BurstMaster {
  public:
    ProductTraffic(unsigned number, const std::vector<TrafficBurst>& bursts, Log& log) : number_(number), log_(log) {
        for (std::size_t k = 0; k < bursts.size(); ++k) {
            items_.push_back({bursts[k], std::vector<std::uint8_t>(bursts[k].bytes), false});
            lists_[direction(bursts[k].access)].order.push_back(k);
            for (std::uint32_t b = 0; b < bursts[k].bytes && bursts[k].access == Access::Write; ++b) {
                items_[k].data[b] = traffic_byte(bursts[k].pattern, b);
            }
        }
    }

    void bind(BurstPort& port) { port_ = &port; }

    [[nodiscard]] Cycles next_edge() const override {
        Cycles edge = kNever;
        for (const List& list : lists_) {
            edge = std::min(edge, due(list));
        }
        return edge;
    }

    void evaluate(Cycles edge) override {
        for (List& list : lists_) {
            if (due(list) > edge) {
                continue;
            }
            const std::size_t k = list.order[list.next++];
            list.waiting = true;
            Item& item = items_[k];
            Burst burst;
            burst.access = item.burst.access;
            burst.purpose = Purpose::Uncached;
            burst.tag = static_cast<std::uint32_t>(k);
            burst.address = item.burst.address;
            burst.bytes = item.burst.bytes;
            burst.fixed_bytes = item.burst.fixed_bytes;
            burst.data = item.data.data();
            port_->request(burst, edge);
        }
    }

    void accepted(std::uint32_t tag, Cycles at) override {
        List& list = lists_[direction(items_[tag].burst.access)];
        list.waiting = false;
        list.accepted = at;
        list.any = true;
    }
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        static_cast<void>(interval);
        std::vector<std::uint8_t>& data = items_[tag].data;
        log_.add(first.count(), Log::Kind::TrafficAnswer, number_, tag, static_cast<std::uint64_t>(response),
                 response == Response::Ok ? hash_bytes(data.data(), data.size()) : 0);
        use_otherwise(items_[tag]);
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        log_.add(at.count(), Log::Kind::TrafficAnswer, number_, tag, static_cast<std::uint64_t>(response), 0);
        use_otherwise(items_[tag]);
    }

    /// Buffers that somebody has written to after the answer.
    [[nodiscard]] std::size_t spoilt_buffers() const {
        return static_cast<std::size_t>(std::count_if(items_.begin(), items_.end(), [](const Item& item) {
            return item.answered &&
                   std::any_of(item.data.begin(), item.data.end(), [](std::uint8_t byte) { return byte != kOtherUse; });
        }));
    }

  private:
    struct Item {
        TrafficBurst burst;
        std::vector<std::uint8_t> data;
        bool answered = false;
    };
    struct List {
        std::vector<std::size_t> order;
        std::size_t next = 0;
        bool waiting = false;  ///< For the acceptance of the burst before.
        bool any = false;
        Cycles accepted;
    };

    static constexpr std::uint8_t kOtherUse = 0xA5;

    static void use_otherwise(Item& item) {
        item.answered = true;
        std::fill(item.data.begin(), item.data.end(), kOtherUse);
    }
    static std::size_t direction(Access access) { return access == Access::Read ? 0 : 1; }
    [[nodiscard]] Cycles due(const List& list) const {
        if (list.waiting || list.next == list.order.size()) {
            return kNever;
        }
        const Cycles at{items_[list.order[list.next]].burst.at};
        return list.any ? std::max(at, list.accepted + 1) : at;
    }

    unsigned number_;
    Log& log_;
    BurstPort* port_ = nullptr;
    std::vector<Item> items_;
    std::array<List, 2> lists_;
};

}  // namespace dmasim::reference
