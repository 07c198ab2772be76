// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include <nlohmann/json.hpp>

#include "reference/scenario.h"

namespace dmasim::reference {

namespace {

using Json = nlohmann::json;

// One list of fields for each struct serves writing and reading.

template <class Visitor>
void fields(Visitor& v, ArbiterConfig& c) {
    v("kind", c.kind);
    v("priorities", c.priorities);
    v("weights", c.weights);
    v("slots", c.slots);
    v("slot_cycles", c.slot_cycles);
    v("reclaim_slots", c.reclaim_slots);
    v("ageing_cycles", c.ageing_cycles);
}

template <class Visitor>
void fields(Visitor& v, TimingProfile& c) {
    v("start_to_request", c.start_to_request);
    v("descriptor_decode", c.descriptor_decode);
    v("request_interval", c.request_interval);
    v("read_to_write", c.read_to_write);
    v("response_to_status", c.response_to_status);
}

template <class Visitor>
void fields(Visitor& v, DmaConfig& c) {
    v("channels", c.channels);
    v("data_width_bits", c.data_width_bits);
    v("max_burst_beats", c.max_burst_beats);
    v("fifo_beats", c.fifo_beats);
    v("max_reads", c.max_reads);
    v("max_writes", c.max_writes);
    v("descriptor_prefetch", c.descriptor_prefetch);
    v("arbiter", c.arbiter);
    v("timing", c.timing);
}

template <class Visitor>
void fields(Visitor& v, AddressRange& c) {
    v("base", c.base);
    v("size", c.size);
    v("target", c.target);
    v("target_offset", c.target_offset);
    v("name", c.name);
}

template <class Visitor>
void fields(Visitor& v, BusConfig& c) {
    v("topology", c.topology);
    v("data_width_bits", c.data_width_bits);
    v("initiators", c.initiators);
    v("targets", c.targets);
    v("request_latency", c.request_latency);
    v("response_latency", c.response_latency);
    v("queue_depth", c.queue_depth);
    v("max_outstanding", c.max_outstanding);
    v("arbiter", c.arbiter);
    v("map", c.map);
}

template <class Visitor>
void fields(Visitor& v, ErrorRange& c) {
    v("base", c.base);
    v("size", c.size);
    v("on_read", c.on_read);
    v("on_write", c.on_write);
    v("response", c.response);
}

template <class Visitor>
void fields(Visitor& v, MemoryConfig& c) {
    v("size", c.size);
    v("data_width_bits", c.data_width_bits);
    v("read_latency", c.read_latency);
    v("write_latency", c.write_latency);
    v("read_wait", c.read_wait);
    v("write_wait", c.write_wait);
    v("fixed_bursts", c.fixed_bursts);
    v("errors", c.errors);
}

template <class Visitor>
void fields(Visitor& v, Action& c) {
    v("at", c.at);
    v("kind", c.kind);
    v("offset", c.offset);
    v("value", c.value);
    v("address", c.address);
}

template <class Visitor>
void fields(Visitor& v, TrafficBurst& c) {
    v("at", c.at);
    v("access", c.access);
    v("address", c.address);
    v("bytes", c.bytes);
    v("fixed_bytes", c.fixed_bytes);
    v("pattern", c.pattern);
}

template <class Visitor>
void fields(Visitor& v, MemoryImage& c) {
    v("address", c.address);
    v("bytes", c.bytes);
}

template <class Visitor>
void fields(Visitor& v, Scenario& c) {
    v("seed", c.seed);
    v("limit", c.limit);
    v("dma", c.dma);
    v("bus", c.bus);
    v("memories", c.memories);
    v("images", c.images);
    v("actions", c.actions);
    v("traffic", c.traffic);
}

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;

template <class T>
Json write(T& value);

class Writer {
  public:
    template <class T>
    void operator()(const char* name, T& value) {
        json_[name] = write(value);
    }
    Json take() { return std::move(json_); }

  private:
    Json json_ = Json::object();
};

template <class T>
Json write(T& value) {
    if constexpr (kIsVector<T>) {
        Json list = Json::array();
        for (auto& element : value) {
            list.push_back(write(element));
        }
        return list;
    } else if constexpr (std::is_enum_v<T>) {
        return static_cast<unsigned>(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
        return value;
    } else {
        Writer writer;
        fields(writer, value);
        return writer.take();
    }
}

template <class T>
void read(const Json& json, T& value);

class Reader {
  public:
    explicit Reader(const Json& json) : json_(json) {}

    template <class T>
    void operator()(const char* name, T& value) {
        if (const auto found = json_.find(name); found != json_.end()) {
            read(*found, value);
        }
    }

  private:
    const Json& json_;
};

template <class T>
void read(const Json& json, T& value) {
    if constexpr (kIsVector<T>) {
        value.clear();
        for (const Json& element : json) {
            read(element, value.emplace_back());
        }
    } else if constexpr (std::is_enum_v<T>) {
        value = static_cast<T>(json.get<unsigned>());
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
        value = json.get<T>();
    } else {
        Reader reader(json);
        fields(reader, value);
    }
}

}  // namespace

std::string scenario_to_json(const Scenario& scenario) {
    Scenario copy = scenario;
    return write(copy).dump();
}

Scenario scenario_from_json(const std::string& text) {
    Scenario scenario;
    read(Json::parse(text), scenario);
    return scenario;
}

}  // namespace dmasim::reference
