// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "dmasim/cpu_stub/core/dma_operations/operations.h"

namespace dmasim::dma {

/// A request that is split into as many operations as it needs, on version 3 of a bus master's operations: what a driver
/// framework does for its drivers (rules SP-09 to SP-12, SG-11, MR-11).
class Transaction {
  public:
    /// One operation is mapped: program the device.
    using Program =
        std::function<void(const std::vector<Element>& elements, std::uint64_t offset, std::uint64_t bytes)>;

    struct Settings {
        DeviceId device = 0;
        std::uint32_t registers = 0;      ///< Granted to the adapter.
        std::uint64_t maximum_bytes = 0;  ///< Of an operation; 0: no limit.
        std::uint32_t element_limit = 0;  ///< Elements of an operation; 0: no limit.
        bool single_transfer = false;     ///< The device cannot take a request in parts (rule SP-10).
    };

    Transaction(Adapter adapter, const Settings& settings);

    /// Takes the request. `InvalidDeviceRequest`: one is there already. With `single_transfer`:
    /// `TransactionTooFragmented`, `TransactionNotEnoughRegisters`.
    Status initialize(const Mdl* mdl, std::uint64_t offset, std::uint64_t bytes, Direction direction, Program program);
    /// Starts. `InvalidDeviceRequest`: not initialised, or executed already. `immediate`: now, or
    /// `InsufficientResources`.
    Status execute(bool immediate = false);
    /// Keeps `registers` registers over several requests (rule MR-11). `InsufficientResources`: more than granted;
    /// `InvalidDeviceRequest`: they are kept already, or the adapter takes lists or is older than version 3.
    Status allocate_resources(std::uint64_t registers);
    void free_resources();

    /// The device has done an operation: all of it, or `bytes` of it (0: the same is offered again). True: the request is
    /// over, `status` says how. False: the next operation has been given to `Program`.
    bool completed(Status& status);
    bool completed_with_length(std::uint64_t bytes, Status& status);
    /// The device has moved `bytes` bytes and will move no more.
    bool completed_final(std::uint64_t bytes, Status& status);

    /// True: it waited and will not start (rule C01).
    bool cancel();
    /// Forgets the request when it is over or was cancelled.
    void release();

    /// Bytes moved so far.
    [[nodiscard]] std::uint64_t transferred() const { return done_; }

  private:
    enum class State : std::uint8_t { Empty, Ready, Waiting, Running, Over };

    bool begin_operation();
    bool end_operation(std::uint64_t bytes, bool last, Status& status);
    void finish();

    Adapter adapter_;
    Settings settings_;
    State state_ = State::Empty;
    TransferContext context_;
    RegisterBase base_ = 0;
    std::uint64_t registers_ = 0;
    RegisterBase reserved_ = 0;
    TransferContext reserved_context_;
    const Mdl* mdl_ = nullptr;
    std::uint64_t offset_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t mapped_ = 0;
    Direction direction_ = Direction::ToDevice;
    Program program_;
    Status failure_ = Status::Success;
};

}  // namespace dmasim::dma
