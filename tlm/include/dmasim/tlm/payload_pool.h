// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/tlm/burst_extension.h"

namespace dmasim {

/// Generic payloads with memory management, each with a `BurstExtension` of its own. Allocates only while the number in
/// use grows.
///
/// A payload that comes back keeps its contents until it is handed out again: whoever passes the last phase on (a
/// checker, an interconnect) may still look at it after the initiator has let go of it.
/// The pool must outlive its payloads; one that somebody still holds when the pool ends is deleted with the pool.
class PayloadPool final : public tlm::tlm_mm_interface {
  public:
    PayloadPool();
    PayloadPool(const PayloadPool&) = delete;
    PayloadPool& operator=(const PayloadPool&) = delete;
    ~PayloadPool() override;

    /// A payload with reference count 1, all attributes at their initial values, and a fresh extension. Give it back
    /// with `release()`.
    tlm::tlm_generic_payload& acquire();

    /// As `acquire()`, with the attributes of `burst`. A fixed-address burst has streaming width `fixed_bytes`.
    tlm::tlm_generic_payload& acquire(const Burst& burst, unsigned initiator);

    /// Payloads ever made; grows to the greatest number that were in use at once.
    [[nodiscard]] std::size_t size() const { return all_.size(); }
    /// Payloads in use.
    [[nodiscard]] std::size_t in_use() const { return all_.size() - free_.size(); }

    /// Called by the payload when its reference count becomes 0.
    void free(tlm::tlm_generic_payload* trans) override;

  private:
    struct Entry;
    std::vector<std::unique_ptr<Entry>> all_;
    std::vector<Entry*> free_;
};

}  // namespace dmasim
