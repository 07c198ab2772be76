// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "dmasim/model/errors.h"

namespace dmasim {

/// A queue with access by position that keeps its memory: no allocation once it has grown to what is needed.
template <typename T>
class Ring {
  public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Element `index` counted from the front.
    T& operator[](std::size_t index) { return slots_[(head_ + index) & mask_]; }
    const T& operator[](std::size_t index) const { return slots_[(head_ + index) & mask_]; }
    T& front() { return (*this)[0]; }
    [[nodiscard]] const T& front() const { return (*this)[0]; }
    T& back() { return (*this)[size_ - 1]; }
    [[nodiscard]] const T& back() const { return (*this)[size_ - 1]; }

    void push_back(T value) { push_slot() = std::move(value); }
    /// Adds an element that holds what an element that was taken away has left, and returns it to be filled in.
    T& push_slot() {
        if (size_ > mask_ || slots_.empty()) {
            grow();
        }
        return slots_[(head_ + size_++) & mask_];
    }
    void pop_front() {
        DMASIM_INVARIANT(size_ != 0);
        head_ = (head_ + 1) & mask_;
        --size_;
    }
    void pop_back() {
        DMASIM_INVARIANT(size_ != 0);
        --size_;
    }
    void clear() {
        head_ = 0;
        size_ = 0;
    }

    /// Forward, from front to back. Valid until the ring changes.
    template <typename Owner, typename Value>
    class Iterator {
      public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using pointer = Value*;
        using reference = Value&;
        Iterator() = default;
        Iterator(Owner& owner, std::size_t index) : owner_(&owner), index_(index) {}
        reference operator*() const { return (*owner_)[index_]; }
        pointer operator->() const { return &(*owner_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        Iterator operator++(int) {
            Iterator old = *this;
            ++index_;
            return old;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }
        friend bool operator!=(const Iterator& a, const Iterator& b) { return a.index_ != b.index_; }

      private:
        Owner* owner_ = nullptr;
        std::size_t index_ = 0;
    };
    Iterator<Ring, T> begin() { return {*this, 0}; }
    Iterator<Ring, T> end() { return {*this, size_}; }
    [[nodiscard]] Iterator<const Ring, const T> begin() const { return {*this, 0}; }
    [[nodiscard]] Iterator<const Ring, const T> end() const { return {*this, size_}; }

  private:
    void grow() {
        std::vector<T> bigger(slots_.empty() ? 4 : slots_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) {
            bigger[i] = std::move((*this)[i]);
        }
        slots_ = std::move(bigger);
        mask_ = slots_.size() - 1;
        head_ = 0;
    }

    std::vector<T> slots_;  ///< A power of two of them, or none.
    std::size_t mask_ = 0;  ///< Their number less one.
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace dmasim
