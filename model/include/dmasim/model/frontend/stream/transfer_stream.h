// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dmasim/model/beat/descriptor_mux.h"
#include "dmasim/model/beat/transfer_source.h"

namespace dmasim {

/// Descriptor ports of a controller with a beat-accurate profile.
struct TransferStreamConfig {
    std::uint32_t ports = 0;   ///< 0: none; 1: wired to the pipeline; 2 to 64: through a `DescriptorMux`.
    bool round_robin = false;  ///< Mux: search behind the last grant; else always from the first.
    bool lowest_first = true;  ///< Mux: search from port 0 upwards.
};

/// All problems of `config`, one sentence each.
std::vector<std::string> validate(const TransferStreamConfig& config);

/// Sees what becomes of the transfers.
class TransferStreamObserver {
  public:
    TransferStreamObserver() = default;
    TransferStreamObserver(const TransferStreamObserver&) = delete;
    TransferStreamObserver& operator=(const TransferStreamObserver&) = delete;
    virtual ~TransferStreamObserver() = default;

    /// The port's valid and ready were both high in cycle `at`.
    virtual void accepted(std::uint32_t port, std::uint64_t number, Cycles at) = 0;
    /// The port reports the end in cycle `at`; told in cycle `at`, or before it (mux: one cycle).
    virtual void status(std::uint32_t port, std::uint64_t number, Cycles at, Response response) = 0;
};

/// Front end that takes transfers as measured controllers do, on ports with valid and ready, without registers and mid end
/// (docs/beat-pipelines.md, "Descriptor ports"). Every port keeps what it was offered, in order, and holds its valid until
/// it is accepted.
class TransferStream final : public TransferSource {
  public:
    /// Throws `ConfigError`; `config.ports` is at least 1.
    explicit TransferStream(const TransferStreamConfig& config);

    [[nodiscard]] const TransferStreamConfig& config() const { return config_; }
    /// Null: nobody.
    void observe(TransferStreamObserver* observer) { observer_ = observer; }
    /// `wake(t)`: cycle `t` must be looked at.
    void connect(std::function<void(Cycles)> wake);

    /// Offers a transfer at `port` with stamp `at`: its valid is high from cycle `at` + 1 on. Returns its number, counted
    /// from 0 over all ports. Stamps of a port must not go back. Throws `ConfigError` if there is no such port or `bytes`
    /// is 0.
    std::uint64_t offer(std::uint32_t port, std::uint64_t source, std::uint64_t destination, std::uint64_t bytes,
                        Cycles at);
    /// Nothing offered that was not reported.
    [[nodiscard]] bool idle() const { return under_way_.empty() && waiting_ == 0; }
    /// Withdraws what the pipeline has not taken, and puts the arbiter into the state after construction. What the pipeline
    /// has runs out unseen.
    void reset();

    // TransferSource
    bool cycle(Cycles t, BeatPipeline& pipeline, bool taken) override;
    [[nodiscard]] bool waiting() const override { return waiting_ != 0; }
    std::uint64_t taken(std::uint32_t tag) override;
    void status(std::uint32_t tag, Cycles at, Response response) override;

  private:
    struct Offered {
        BeatTransfer transfer;
        std::uint64_t number = 0;
        Cycles at;
    };
    /// A transfer between the acceptance by its port and its status, in the order of acceptance.
    struct UnderWay {
        std::uint32_t port = 0;
        std::uint32_t tag = 0;
        std::uint64_t number = 0;
        std::uint64_t bytes = 0;
        bool taken = false;   ///< By the pipeline.
        bool orphan = false;  ///< Accepted before a reset.
    };

    void accept(std::uint32_t port, Cycles t);

    TransferStreamConfig config_;
    TransferStreamObserver* observer_ = nullptr;
    std::function<void(Cycles)> wake_;
    std::vector<std::deque<Offered>> ports_;
    std::deque<UnderWay> under_way_;
    std::size_t waiting_ = 0;
    std::uint64_t next_ = 0;
    std::optional<DescriptorMux> mux_;
};

}  // namespace dmasim
