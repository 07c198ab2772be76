// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace dmasim {

/// A register between a source and a sink that takes an item every cycle and holds a second one when the sink stalls.
/// Its `ready` is a register too.
template <typename T>
class SkidRegister {
  public:
    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] bool valid() const { return valid_; }
    [[nodiscard]] const T& item() const { return item_; }

    /// Ends a cycle. Returns true if anything changed.
    bool clock(bool source_valid, const T& source, bool sink_ready) {
        const bool ready_next = sink_ready || (!held_valid_ && (!valid_ || !source_valid));
        bool changed = ready_next != ready_;
        if (ready_) {
            if (sink_ready || !valid_) {
                changed = changed || source_valid || valid_;
                valid_ = source_valid;
                if (source_valid) {
                    item_ = source;
                }
            } else if (source_valid) {
                held_valid_ = true;
                held_ = source;
                changed = true;
            }
        } else if (sink_ready) {
            changed = changed || held_valid_ || valid_;
            valid_ = held_valid_;
            item_ = held_;
            held_valid_ = false;
        }
        ready_ = ready_next;
        return changed;
    }

  private:
    bool ready_ = true;
    bool valid_ = false;
    bool held_valid_ = false;
    T item_{};
    T held_{};
};

/// A register that takes an item only while it is empty, so every second cycle at most.
template <typename T>
class SimpleRegister {
  public:
    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] bool valid() const { return valid_; }
    [[nodiscard]] const T& item() const { return item_; }

    bool clock(bool source_valid, const T& source, bool sink_ready) {
        const bool was_ready = ready_;
        const bool was_valid = valid_;
        if (ready_) {
            valid_ = source_valid;
            if (source_valid) {
                item_ = source;
            }
        } else if (sink_ready) {
            valid_ = false;
        }
        ready_ = !valid_;
        return was_ready != ready_ || was_valid != valid_;
    }

  private:
    bool ready_ = true;
    bool valid_ = false;
    T item_{};
};

/// An arbiter whose grant is a register and stays until it is acknowledged. Requests and acknowledgements are bit sets;
/// a request that is granted must be masked by the caller where it shall not compete again at once.
class RegisteredArbiter {
  public:
    /// `round_robin`: after a grant the search starts behind it; otherwise always at the first. `lowest_first`: the search
    /// runs from low to high numbers.
    RegisteredArbiter(std::uint32_t requesters, bool round_robin, bool lowest_first)
        : all_(requesters >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << requesters) - 1),
          requesters_(requesters),
          round_robin_(round_robin),
          lowest_first_(lowest_first) {}
    explicit RegisteredArbiter(std::uint32_t requesters) : RegisteredArbiter(requesters, true, true) {}

    [[nodiscard]] bool granting() const { return grant_ != 0; }
    [[nodiscard]] std::uint64_t grant() const { return grant_; }
    /// Number of the granted one; 0 without a grant.
    [[nodiscard]] std::uint32_t granted() const { return index_; }
    [[nodiscard]] bool grants(std::uint32_t index) const { return (grant_ >> index & 1) != 0; }

    bool clock(std::uint64_t requests, std::uint64_t acknowledges) {
        if (grant_ != 0 && (grant_ & acknowledges) == 0) {
            return false;
        }
        const std::uint64_t before = grant_;
        grant_ = 0;
        index_ = 0;
        if (requests != 0) {
            const std::uint64_t masked = round_robin_ ? requests & mask_ : 0;
            index_ = first_of(masked != 0 ? masked : requests);
            grant_ = std::uint64_t{1} << index_;
            mask_ = lowest_first_ ? all_ & ~((grant_ << 1) - 1) : grant_ - 1;
        }
        return before != grant_ || requests != 0;
    }

  private:
    [[nodiscard]] std::uint32_t first_of(std::uint64_t set) const {
        if (lowest_first_) {
            std::uint32_t index = 0;
            while ((set >> index & 1) == 0) {
                ++index;
            }
            return index;
        }
        std::uint32_t index = requesters_ - 1;
        while ((set >> index & 1) == 0) {
            --index;
        }
        return index;
    }

    std::uint64_t all_;
    std::uint32_t requesters_;
    bool round_robin_;
    bool lowest_first_;
    std::uint64_t grant_ = 0;
    std::uint64_t mask_ = 0;
    std::uint32_t index_ = 0;
};

}  // namespace dmasim
