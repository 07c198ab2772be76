// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dmasim/model/types.h"

namespace dmasim {

/// The fill level of a FIFO that a device fills or drains by one element every `cycles` cycles, and a bus at arbitrary
/// edges. In closed form: nothing is done for a single element.
///
/// Order within an edge: the bus first, then the device. An element that the device produces at edge e can be taken by the
/// bus from edge e+1 on.
class Pacer {
  public:
    /// `capacity` >= 1 elements; `cycles` >= 1.
    Pacer(std::uint64_t capacity, std::uint64_t cycles) : capacity_(capacity), cycles_(cycles) {}

    /// The device begins, empty, to produce `elements` elements, the first one at edge `ready` + cycles.
    void start_source(std::uint64_t elements, Cycles ready);
    /// The device begins, empty, to drain; not before `ready` + cycles.
    void start_sink(Cycles ready);
    /// Empty, and the device does nothing.
    void stop();
    /// More elements to produce, from edge `edge` on.
    void extend(std::uint64_t elements, Cycles edge);

    /// Carries out what the device does at edges <= `edge`.
    void advance(Cycles edge);
    /// The bus takes `elements` <= fill() at `edge`; advance(edge - 1) before.
    void pop(std::uint64_t elements, Cycles edge);
    /// The bus puts in `elements` <= room() at `edge`; advance(edge - 1) before.
    void push(std::uint64_t elements, Cycles edge);

    [[nodiscard]] std::uint64_t fill() const { return fill_; }
    [[nodiscard]] std::uint64_t room() const { return capacity_ - fill_; }
    /// Elements that the device has still to produce.
    [[nodiscard]] std::uint64_t to_produce() const { return to_produce_; }

    /// The edge at which the fill level reaches `level` if the bus does nothing: rising (source) or falling (sink).
    /// kNever if it does not come there, or is there already.
    [[nodiscard]] Cycles when(std::uint64_t level) const;

  private:
    [[nodiscard]] bool active() const { return source_ ? to_produce_ != 0 && fill_ < capacity_ : sink_ && fill_ != 0; }

    std::uint64_t capacity_;
    std::uint64_t cycles_;
    std::uint64_t fill_ = 0;
    std::uint64_t to_produce_ = 0;
    bool source_ = false;
    bool sink_ = false;
    Cycles ready_;
    Cycles next_;  // When active: the edge of the device's next element.
};

}  // namespace dmasim
