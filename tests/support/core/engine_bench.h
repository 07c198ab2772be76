// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dmasim/model/engine.h"
#include "dmasim/model/errors.h"
#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/stats/cycle_accountant.h"

namespace dmasim::test {

/// A memory with fixed latencies behind a BurstPort. Knows the protocol and throws when the engine breaks it. Data moves at
/// the request, so that it does not depend on when the answer is given.
class FakePort final : public BurstPort {
  public:
    std::uint64_t read_latency = 4;   ///< Request to first beat.
    std::uint64_t write_latency = 3;  ///< Request to response, beside the beats.
    std::uint32_t interval = 1;
    std::uint64_t accept_delay = 0;
    bool in_advance = false;  ///< Answers come from within `request`, with stamps in the future.
    std::function<Response(const Burst&)> judge;
    std::uint32_t bus_bytes = 8;
    std::uint32_t max_burst = 16;

    struct Logged {
        Burst burst;
        Cycles at;
        Cycles end = kNever;  ///< Last stamp of the data or stamp of the response.
    };
    std::vector<Logged> log;
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1U << 20);
    std::vector<std::uint8_t> sink;  ///< What was written to fixed addresses.
    std::uint8_t next_source_byte = 1;

    void connect(BurstMaster& master) { master_ = &master; }

    void request(const Burst& burst, Cycles at) override {
        const std::uint32_t beats = beats_of(burst.address, burst.bytes, burst.fixed_bytes, bus_bytes);
        require(burst.bytes >= 1 && beats >= 1 && beats <= max_burst, "length of a burst");
        require(burst.fixed_bytes != 0 || (burst.address & 4095U) + burst.bytes <= 4096U, "4 KiB");
        require(burst.fixed_bytes == 0 || burst.bytes % burst.fixed_bytes == 0, "elements of a fixed burst");
        require(burst.data != nullptr, "buffer");
        const bool write = burst.access == Access::Write;
        Cycles& accept_until = accept_until_[write ? 1 : 0];
        require(accept_until == kNever || accept_until < at, "offered before the acceptance");
        accept_until = at + accept_delay;
        Answer answer;
        answer.burst = burst;
        answer.response = judge ? judge(burst) : in_memory(burst);
        move(answer);
        Cycles& free = free_[write ? 1 : 0];
        if (write) {
            const Cycles last = std::max(at + 1, free) + std::uint64_t{beats - 1} * interval;
            free = last + interval;
            answer.first = last + write_latency;
            answer.end = answer.first;
            last_write_response_ = std::max(answer.first, last_write_response_ + 1);
            answer.first = answer.end = last_write_response_;
        } else {
            answer.first = std::max(at + read_latency, free);
            free = answer.first + std::uint64_t{beats} * interval;
            answer.end = answer.first + std::uint64_t{beats - 1} * interval;
        }
        log.push_back({burst, at, answer.end});
        if (in_advance) {
            master_->accepted(burst.tag, accept_until);
            give(answer);
        } else {
            Answer acceptance = answer;
            acceptance.acceptance = true;
            acceptance.first = accept_until;
            add(acceptance);
            add(answer);
        }
    }

    /// Stamp of the next answer.
    [[nodiscard]] Cycles next() const { return answers_.empty() ? kNever : answers_.begin()->first; }
    void deliver(Cycles at) {
        while (!answers_.empty() && answers_.begin()->first <= at) {
            const Answer answer = answers_.begin()->second;
            answers_.erase(answers_.begin());
            if (answer.acceptance) {
                master_->accepted(answer.burst.tag, answer.first);
            } else {
                give(answer);
            }
        }
    }

    [[nodiscard]] std::vector<Logged> of(Access access, Purpose purpose) const {
        std::vector<Logged> result;
        for (const Logged& entry : log) {
            if (entry.burst.access == access && entry.burst.purpose == purpose) {
                result.push_back(entry);
            }
        }
        return result;
    }

  private:
    struct Answer {
        Burst burst;
        bool acceptance = false;
        Cycles first;
        Cycles end;
        Response response = Response::Ok;
    };

    static void require(bool condition, const char* what) {
        if (!condition) {
            throw std::runtime_error(std::string("the engine breaks the protocol: ") + what);
        }
    }
    [[nodiscard]] Response in_memory(const Burst& burst) const {
        return burst.fixed_bytes != 0 || (burst.address < memory.size() && burst.bytes <= memory.size() - burst.address)
                   ? Response::Ok
                   : Response::AddressError;
    }
    void add(const Answer& answer) { answers_.emplace(answer.first, answer); }
    void move(const Answer& answer) {
        const Burst& burst = answer.burst;
        const bool write = burst.access == Access::Write;
        const bool real = answer.response == Response::Ok && in_memory(burst) == Response::Ok;
        if (real && burst.fixed_bytes != 0) {
            for (std::uint32_t i = 0; i < burst.bytes; ++i) {
                if (write) {
                    sink.push_back(burst.data[i]);
                } else {
                    burst.data[i] = next_source_byte++;
                }
            }
        } else if (real && write) {
            std::memcpy(memory.data() + burst.address, burst.data, burst.bytes);
        } else if (real) {
            std::memcpy(burst.data, memory.data() + burst.address, burst.bytes);
        }
    }
    void give(const Answer& answer) {
        const Burst& burst = answer.burst;
        const bool write = burst.access == Access::Write;
        if (write) {
            master_->write_response(burst.tag, answer.first, answer.response);
        } else {
            master_->read_data(burst.tag, answer.first, interval, answer.response);
        }
    }

    BurstMaster* master_ = nullptr;
    std::multimap<Cycles, Answer> answers_;
    std::array<Cycles, 2> accept_until_{kNever, kNever};
    std::array<Cycles, 2> free_{Cycles{0}, Cycles{0}};
    Cycles last_write_response_{0};
};

/// Records the output levels.
class Outputs final : public DmaOutputs {
  public:
    struct Change {
        char line = 'i';
        unsigned channel = 0;
        bool level = false;
        Cycles at;
        friend bool operator==(const Change& a, const Change& b) {
            return a.line == b.line && a.channel == b.channel && a.level == b.level && a.at == b.at;
        }
    };
    std::vector<Change> changes;

    void interrupt(bool level, Cycles at) override { changes.push_back({'i', 0, level, at}); }
    void dack(unsigned channel, bool level, Cycles at) override { changes.push_back({'d', channel, level, at}); }
    void tc(unsigned channel, bool level, Cycles at) override { changes.push_back({'t', channel, level, at}); }

    /// Stamps of the rising (or falling) changes of a line.
    [[nodiscard]] std::vector<std::uint64_t> edges(char line, bool level) const {
        std::vector<std::uint64_t> result;
        for (const Change& change : changes) {
            if (change.line == line && change.level == level) {
                result.push_back(change.at.count());
            }
        }
        return result;
    }
};

/// Keeps the events, and the accounts.
class Events final : public TraceSink {
  public:
    explicit Events(unsigned channels) : accounts(channels) {}
    void event(const TraceEvent& event) override {
        list.push_back(event);
        accounts.event(event);
    }
    CycleAccountant accounts;
    std::vector<TraceEvent> list;
};

/// An engine, its memory, and a loop that moves both through time as a simulation would.
class EngineBench {
  public:
    explicit EngineBench(const DmaConfig& config = DmaConfig{}, bool with_sink = true)
        : events(config.channels), engine(config, port, outputs, with_sink ? &events : nullptr, 3) {
        port.bus_bytes = config.bus_bytes();
        port.max_burst = config.max_burst_beats;
        port.connect(engine);
    }

    FakePort port;
    Outputs outputs;
    Events events;
    DmaEngine engine;
    std::uint64_t now = 0;      ///< All that is stamped before it has happened; edge `now` is not evaluated.
    bool answers_first = true;  ///< Answers stamped `e` come before `evaluate(e)`.
    bool every_edge = false;    ///< Evaluates edges without work, too.
    std::uint64_t evaluations = 0;

    /// Evaluates everything before edge `end`.
    void run_until(std::uint64_t end) {
        while (now < end) {
            std::uint64_t next = std::min(engine.next_edge().count(), port.next().count());
            if (every_edge) {
                next = now;
            }
            if (next >= end) {
                now = end;
                return;
            }
            step(std::max(next, now));
        }
    }
    /// Edge `edge` and all answers stamped `edge`.
    void step(std::uint64_t edge) {
        now = edge;
        if (answers_first) {
            port.deliver(Cycles{edge});
        }
        if (engine.next_edge().count() == edge || every_edge) {
            engine.evaluate(Cycles{edge});
            ++evaluations;
        }
        port.deliver(Cycles{edge});
        now = edge + 1;
    }
    /// Until nothing is left to do; throws after `limit` edges.
    void run(std::uint64_t limit = 1'000'000) {
        const std::uint64_t end = now + limit;
        for (;;) {
            const std::uint64_t next = std::min(engine.next_edge().count(), port.next().count());
            if (next == kNever.count()) {
                return;
            }
            if (next > end) {
                throw std::runtime_error("the engine does not come to rest");
            }
            step(std::max(next, now));
        }
    }

    /// Accesses stamped `now`.
    void write(std::uint32_t offset, std::uint32_t value) { engine.write_register(offset, value, Cycles{now}); }
    void write64(std::uint32_t offset, std::uint64_t value) {
        write(offset, static_cast<std::uint32_t>(value));
        write(offset + 4, static_cast<std::uint32_t>(value >> 32));
    }
    [[nodiscard]] std::uint32_t read(std::uint32_t offset) {
        std::uint32_t value = 0;
        engine.read_register(offset, value, Cycles{now});
        return value;
    }
    [[nodiscard]] std::uint32_t reg(unsigned channel, std::uint32_t offset) {
        return read(native::channel_register(channel, offset));
    }
    void set(unsigned channel, std::uint32_t offset, std::uint32_t value) {
        write(native::channel_register(channel, offset), value);
    }
    void command(unsigned channel, std::uint32_t bits) { set(channel, native::reg::kControl, bits); }

    /// Programs a register job without starting it.
    void program(unsigned channel, std::uint64_t source, std::uint64_t destination, std::uint32_t length,
                 std::uint32_t settings = 0) {
        write64(native::channel_register(channel, native::reg::kSrcLo), source);
        write64(native::channel_register(channel, native::reg::kDstLo), destination);
        set(channel, native::reg::kLength, length);
        set(channel, native::reg::kConfig, settings);
    }
    void start_chain(unsigned channel, std::uint64_t descriptor, std::uint32_t settings = 0) {
        write64(native::channel_register(channel, native::reg::kDescLo), descriptor);
        set(channel, native::reg::kConfig, native::config::kChain | settings);
        command(channel, native::control::kStart);
    }
    void place(std::uint64_t address, const native::Descriptor& descriptor) {
        const native::DescriptorBytes bytes = native::encode(descriptor);
        std::memcpy(port.memory.data() + address, bytes.data(), bytes.size());
    }
    [[nodiscard]] native::Descriptor descriptor_at(std::uint64_t address) const {
        return native::decode(port.memory.data() + address, address, 128, 0).descriptor;
    }
    /// Fills memory with a pattern without period.
    void fill(std::uint32_t seed = 1) {
        std::uint32_t x = seed * 2654435761U + 1;
        for (std::uint8_t& byte : port.memory) {
            x = x * 1664525U + 1013904223U;
            byte = static_cast<std::uint8_t>(x >> 24);
        }
    }
    /// Stamps of events of a kind.
    [[nodiscard]] std::vector<TraceEvent> all(EventKind kind) const {
        std::vector<TraceEvent> result;
        for (const TraceEvent& event : events.list) {
            if (event.kind == kind) {
                result.push_back(event);
            }
        }
        return result;
    }
};

}  // namespace dmasim::test
