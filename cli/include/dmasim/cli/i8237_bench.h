// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "dmasim/model/frontend/i8237/bench.h"
#include "dmasim/tlm/master_socket_adapter.h"

namespace dmasim::cli {

/// Runs measurements on an `I8237Controller` among SystemC modules: a CPU that programs it through its register socket and
/// answers HRQ, a peripheral with DREQ and a data port, a memory that answers at once.
///
/// All measurements are collected first, since a program elaborates once; they run one after another on one controller,
/// which is reset in between. To be used once a process, from sc_main, before any sc_start.
class I8237Bench {
  public:
    /// Throws `ConfigError`.
    explicit I8237Bench(const I8237Timing& timing);
    ~I8237Bench();
    I8237Bench(const I8237Bench&) = delete;
    I8237Bench& operator=(const I8237Bench&) = delete;

    /// Accesses to registers, memory and peripheral go through protocol monitors. Must not change a result. Before `run`.
    void monitor(bool on);
    /// How the controller accesses memory and peripheral. Must not change a result. Before `run`.
    void style(TransportStyle style);
    /// Adds a measurement; returns its number, from 0. Throws `ConfigError`.
    std::size_t add(const I8237Run& run);
    /// Builds the modules and runs all measurements. Once.
    void run();

    [[nodiscard]] const I8237Measurement& result(std::size_t number) const;
    /// Whether it ended and moved the right bytes.
    [[nodiscard]] bool correct(std::size_t number) const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dmasim::cli
