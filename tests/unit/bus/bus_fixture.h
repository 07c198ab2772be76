// SPDX-License-Identifier: Apache-2.0
//
// Masters and targets for the tests of the bus cores.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "dmasim/bus/core/bus_core.h"
#include "dmasim/model/burst.h"
#include "dmasim/model/clocked.h"

namespace dmasim::test {

/// What a master has learned about one burst; stamps as plain numbers, so that failures are readable.
struct Outcome {
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};
    std::uint64_t requested = kNone;
    std::uint64_t accepted = kNone;
    std::uint64_t response = kNone;  ///< First stamp of the data, or of the response.
    std::uint32_t interval = 0;
    Response status = Response::Ok;
    int responses = 0;
    std::uint64_t order = 0;  ///< Rank among the responses that this master got.
};

/// Hands over bursts at given stamps (each direction waits for its previous acceptance, as BurstPort demands), and
/// keeps what comes back. Tags count from 0 in the order of `add`.
class ScriptedMaster final : public Clocked, public BurstMaster {
  public:
    struct Item {
        Burst burst;
        Cycles earliest;
        std::vector<std::uint8_t> data;
    };

    void attach(BurstPort& port) { port_ = &port; }

    std::uint32_t add(Access access, std::uint64_t address, std::uint32_t bytes, std::uint64_t earliest,
                      std::uint32_t fixed_bytes = 0) {
        auto item = std::make_unique<Item>();
        item->data.resize(bytes);
        item->burst.access = access;
        item->burst.address = address;
        item->burst.bytes = bytes;
        item->burst.fixed_bytes = fixed_bytes;
        item->burst.tag = static_cast<std::uint32_t>(items_.size());
        item->burst.data = item->data.data();
        item->earliest = Cycles{earliest};
        queue_[access == Access::Read ? 0 : 1].push_back(item->burst.tag);
        items_.push_back(std::move(item));
        outcomes_.emplace_back();
        return items_.back()->burst.tag;
    }
    std::uint32_t read(std::uint64_t address, std::uint32_t bytes, std::uint64_t earliest) {
        return add(Access::Read, address, bytes, earliest);
    }
    std::uint32_t write(std::uint64_t address, std::uint32_t bytes, std::uint64_t earliest) {
        return add(Access::Write, address, bytes, earliest);
    }

    [[nodiscard]] std::vector<std::uint8_t>& data(std::uint32_t tag) { return items_.at(tag)->data; }
    [[nodiscard]] const Burst& burst(std::uint32_t tag) const { return items_.at(tag)->burst; }
    [[nodiscard]] const Outcome& outcome(std::uint32_t tag) const { return outcomes_.at(tag); }
    [[nodiscard]] std::size_t size() const { return items_.size(); }

    [[nodiscard]] Cycles next_edge() const override {
        Cycles next = kNever;
        for (const auto& queue : queue_) {
            if (!queue.items.empty() && !queue.offered) {
                next = std::min(next, std::max({items_[queue.items.front()]->earliest, queue.free_from,
                                                evaluated_ ? last_ + 1 : Cycles{0}}));
            }
        }
        return next;
    }

    void evaluate(Cycles edge) override {
        evaluated_ = true;
        last_ = edge;
        for (auto& queue : queue_) {
            if (queue.items.empty() || queue.offered || queue.free_from > edge ||
                items_[queue.items.front()]->earliest > edge) {
                continue;
            }
            const std::uint32_t tag = queue.items.front();
            queue.offered = true;
            outcomes_[tag].requested = edge.count();
            port_->request(items_[tag]->burst, edge);
        }
    }

    void accepted(std::uint32_t tag, Cycles at) override {
        EXPECT_EQ(outcomes_.at(tag).accepted, Outcome::kNone) << "accepted twice: " << tag;
        outcomes_.at(tag).accepted = at.count();
        auto& queue = queue_[items_[tag]->burst.access == Access::Read ? 0 : 1];
        ASSERT_FALSE(queue.items.empty());
        EXPECT_EQ(queue.items.front(), tag);
        queue.items.pop_front();
        queue.offered = false;
        queue.free_from = at + 1;
    }
    void read_data(std::uint32_t tag, Cycles first, std::uint32_t interval, Response response) override {
        EXPECT_EQ(burst(tag).access, Access::Read);
        respond(tag, first, interval, response);
    }
    void write_response(std::uint32_t tag, Cycles at, Response response) override {
        EXPECT_EQ(burst(tag).access, Access::Write);
        respond(tag, at, 1, response);
    }

    [[nodiscard]] std::size_t answered() const { return answered_; }

  private:
    void respond(std::uint32_t tag, Cycles at, std::uint32_t interval, Response response) {
        Outcome& outcome = outcomes_.at(tag);
        outcome.response = at.count();
        outcome.interval = interval;
        outcome.status = response;
        ++outcome.responses;
        EXPECT_EQ(outcome.responses, 1) << "answered twice: " << tag;
        EXPECT_NE(outcome.accepted, Outcome::kNone) << "answered before it was accepted: " << tag;
        outcome.order = answered_++;
    }

    struct Queue {
        std::deque<std::uint32_t> items;
        bool offered = false;
        Cycles free_from;
        Queue& operator=(const Queue&) = delete;
        Queue() = default;
        Queue(const Queue&) = delete;
        void push_back(std::uint32_t tag) { items.push_back(tag); }
    };
    BurstPort* port_ = nullptr;
    Queue queue_[2];
    std::vector<std::unique_ptr<Item>> items_;
    std::vector<Outcome> outcomes_;
    std::size_t answered_ = 0;
    bool evaluated_ = false;
    Cycles last_;
};

/// A target that keeps the requests it gets and answers when the test says so.
class ManualTarget final : public BurstPort {
  public:
    struct Request {
        Burst burst;
        std::uint64_t at;
    };

    void attach(BurstMaster& bus) { bus_ = &bus; }
    void request(const Burst& burst, Cycles at) override {
        requests.push_back({burst, at.count()});
        if (on_request) {
            on_request(*bus_, burst, at);
        }
    }
    BurstMaster& bus() { return *bus_; }

    std::vector<Request> requests;
    std::function<void(BurstMaster&, const Burst&, Cycles)> on_request;

  private:
    BurstMaster* bus_ = nullptr;
};

}  // namespace dmasim::test
