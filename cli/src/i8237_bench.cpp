// SPDX-License-Identifier: Apache-2.0
#include "dmasim/cli/i8237_bench.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "dmasim/model/errors.h"
#include "dmasim/tlm/clock_domain.h"
#include "dmasim/tlm/i8237_controller.h"
#include "dmasim/tlm/protocol_monitor.h"

namespace dmasim::cli {

namespace {

constexpr std::size_t kMemoryBytes = 1U << 16U;
/// Clocks between two measurements: the last write is answered long before.
constexpr std::uint64_t kPause = 64;
/// Clocks of reset before a measurement.
constexpr std::uint64_t kReset = 4;
/// Clocks that a byte takes at most: every state with the greatest of all parameters.
constexpr std::uint64_t kLongestByte = 2048;

/// A target that answers at once and calls a function for each access.
class Target final : public sc_core::sc_module {
  public:
    tlm_utils::simple_target_socket<Target> socket;
    using Function = std::function<void(bool write, std::uint64_t address, std::uint8_t* data, unsigned bytes)>;

    Target(const sc_core::sc_module_name& name, Function function)
        : sc_module(name), socket("socket"), function_(std::move(function)) {
        socket.register_b_transport(this, &Target::b_transport);
        socket.register_nb_transport_fw(this, &Target::nb_transport_fw);
    }
    ~Target() override = default;

  private:
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& /*delay*/) {
        if (!trans.is_read() && !trans.is_write()) {
            trans.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
            return;
        }
        function_(trans.is_write(), trans.get_address(), trans.get_data_ptr(), trans.get_data_length());
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) {
        if (phase != tlm::BEGIN_REQ) {
            return tlm::TLM_ACCEPTED;
        }
        b_transport(trans, delay);
        return tlm::TLM_COMPLETED;
    }
    Function function_;
};

/// The CPU, the peripheral and the board around one controller.
class Board final : public sc_core::sc_module, private I8237Inputs {
  public:
    Board(const sc_core::sc_module_name& name, const ClockDomain& domain, const I8237ControllerConfig& config,
          bool monitor, std::function<void(Board&)> program)
        : sc_module(name),
          domain_(domain),
          controller_("controller", domain, config),
          cpu_("cpu"),
          memory_("memory",
                  [this](bool write, std::uint64_t address, std::uint8_t* data, unsigned bytes) {
                      for (unsigned i = 0; i < bytes; ++i) {
                          std::uint8_t& byte = bytes_[(address + i) % kMemoryBytes];
                          (write ? byte : data[i]) = write ? data[i] : byte;
                      }
                  }),
          peripheral_("peripheral",
                      [this](bool write, std::uint64_t /*address*/, std::uint8_t* data, unsigned bytes) {
                          for (unsigned i = 0; i < bytes; ++i) {
                              data[i] = write ? data[i] : random_byte();
                              stream_.push_back(data[i]);
                          }
                      }),
          program_(std::move(program)) {
        bind(cpu_, controller_.registers, "register_monitor", monitor);
        bind(controller_.memory, memory_.socket, "memory_monitor", monitor);
        bind(controller_.peripheral[kI8237BenchChannel], peripheral_.socket, "peripheral_monitor", monitor);
        controller_.hrq(hrq_);
        controller_.hlda(hlda_);
        controller_.reset(reset_);
        controller_.tc(tc_);
        controller_.adstb(adstb_);
        controller_.ior(ior_);
        controller_.iow(iow_);
        controller_.memr(memr_);
        controller_.memw(memw_);
        controller_.dreq[kI8237BenchChannel](dreq_);
        controller_.dack[kI8237BenchChannel](dack_);

        SC_HAS_PROCESS(Board);
        SC_METHOD(look);
        sensitive << hrq_ << tc_ << adstb_ << ior_ << iow_ << memr_ << memw_ << dack_;
        dont_initialize();
        SC_METHOD(drive);
        sensitive << drive_event_;
        dont_initialize();
        SC_THREAD(run);
    }
    ~Board() override = default;

    struct Outcome {
        I8237Measurement measured;
        bool correct = false;
    };

    /// One measurement, from the thread of this module.
    Outcome measure(const I8237Run& run) {
        reset_.write(true);
        wait(domain_.time_of(Cycles{kReset}));
        reset_.write(false);
        wait(domain_.time_of(Cycles{kReset}));
        for (std::uint8_t& byte : bytes_) {
            byte = random_byte();
        }
        const std::vector<std::uint8_t> before = bytes_;
        stream_.clear();
        base_ = domain_.stamp_of(sc_core::sc_time_stamp()).count();
        stimulus_ = std::make_unique<I8237Stimulus>(run, static_cast<I8237Inputs&>(*this));
        stimulus_->start();
        if (!stimulus_->done()) {
            wait(domain_.time_of(Cycles{(run.count + std::uint64_t{1}) * (kLongestByte + run.hlda_delay)}), done_);
        }
        Outcome outcome{stimulus_->measured(), stimulus_->done()};
        wait(domain_.time_of(Cycles{kPause}));
        stimulus_.reset();
        change(dreq_level_, false);
        change(hlda_level_, false);
        outcome.correct = outcome.correct && bytes_ == expected(run, before) && controller_.device().bus_errors() == 0;
        return outcome;
    }

  private:
    struct Change {
        std::uint64_t at = 0;
        bool hlda = false;
        bool level = false;
    };

    template <typename Initiator, typename TargetSocket>
    void bind(Initiator& initiator, TargetSocket& target, const char* name, bool monitor) {
        if (!monitor) {
            initiator.bind(target);
            return;
        }
        monitors_.push_back(std::make_unique<ProtocolMonitor>(name));
        initiator.bind(monitors_.back()->target_socket);
        monitors_.back()->initiator_socket.bind(target);
    }

    /// What memory must hold after `run`; the peripheral's bytes are checked where they are made.
    std::vector<std::uint8_t> expected(const I8237Run& run, std::vector<std::uint8_t> memory) const {
        std::size_t taken = 0;
        for (std::uint32_t i = 0; i < run.count; ++i) {
            std::uint8_t& byte = memory[(run.address + i) % kMemoryBytes];
            if (run.memory_to_memory) {
                memory[(run.address + kI8237BenchDistance + i) % kMemoryBytes] = byte;
            } else if (run.transfer != i8237_mode::kVerify) {
                if (taken == stream_.size() || (run.transfer == i8237_mode::kRead && stream_[taken] != byte)) {
                    return {};
                }
                byte = stream_[taken++];
            }
        }
        return taken == stream_.size() ? memory : std::vector<std::uint8_t>{};
    }

    // I8237Inputs
    void write(unsigned offset, std::uint8_t value) override {
        tlm::tlm_generic_payload trans;
        trans.set_command(tlm::TLM_WRITE_COMMAND);
        trans.set_address(offset);
        trans.set_data_ptr(&value);
        trans.set_data_length(1);
        trans.set_streaming_width(1);
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        cpu_->b_transport(trans, delay);
        DMASIM_INVARIANT(trans.is_response_ok());
    }
    void set_dreq(unsigned /*channel*/, bool level, std::uint64_t clock) override {
        add({base_ + clock, false, level});
    }
    void set_hlda(bool level, std::uint64_t clock) override { add({base_ + clock, true, level}); }

    void add(const Change& change) {
        const auto later =
            std::find_if(changes_.begin(), changes_.end(), [&](const Change& other) { return other.at > change.at; });
        changes_.insert(later, change);
        drive_event_.notify(domain_.time_until(Cycles{changes_.front().at}, sc_core::sc_time_stamp()));
    }
    void change(bool& level, bool to) {
        level = to;
        drive_event_.notify(sc_core::SC_ZERO_TIME);
    }
    void drive() {
        const std::uint64_t now = domain_.stamp_of(sc_core::sc_time_stamp()).count();
        for (; !changes_.empty() && changes_.front().at <= now; changes_.pop_front()) {
            (changes_.front().hlda ? hlda_level_ : dreq_level_) = changes_.front().level;
        }
        hlda_.write(hlda_level_);
        dreq_.write(dreq_level_);
        if (!changes_.empty()) {
            drive_event_.notify(domain_.time_until(Cycles{changes_.front().at}, sc_core::sc_time_stamp()));
        }
    }

    void look() {
        if (stimulus_ == nullptr || stimulus_->done()) {
            return;
        }
        stimulus_->pins(controller_.pins(), domain_.stamp_of(sc_core::sc_time_stamp()).count() - base_);
        if (stimulus_->done()) {
            done_.notify();
        }
    }

    void run() { program_(*this); }

    std::uint8_t random_byte() {
        // xorshift64: any bytes do, as long as neighbours differ.
        random_ ^= random_ << 13U;
        random_ ^= random_ >> 7U;
        random_ ^= random_ << 17U;
        return static_cast<std::uint8_t>(random_);
    }

    ClockDomain domain_;
    I8237Controller controller_;
    tlm_utils::simple_initiator_socket<Board> cpu_;
    Target memory_;
    Target peripheral_;
    std::vector<std::unique_ptr<ProtocolMonitor>> monitors_;
    sc_core::sc_signal<bool> hrq_{"hrq"}, hlda_{"hlda"}, reset_{"reset"}, tc_{"tc"}, adstb_{"adstb"}, ior_{"ior"},
        iow_{"iow"}, memr_{"memr"}, memw_{"memw"}, dreq_{"dreq"}, dack_{"dack"};
    std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(kMemoryBytes);
    std::vector<std::uint8_t> stream_;  ///< What the peripheral gave or got.
    std::unique_ptr<I8237Stimulus> stimulus_;
    std::uint64_t base_ = 0;
    std::deque<Change> changes_;
    bool dreq_level_ = false;
    bool hlda_level_ = false;
    sc_core::sc_event drive_event_{"drive_event"};
    sc_core::sc_event done_{"done"};
    std::uint64_t random_ = 0x9E3779B97F4A7C15;
    std::function<void(Board&)> program_;
};

}  // namespace

class I8237Bench::Impl {
  public:
    I8237ControllerConfig config_;
    bool monitor_ = false;
    std::vector<I8237Run> runs_;
    std::vector<Board::Outcome> outcomes_;
    std::unique_ptr<Board> board_;
};

I8237Bench::I8237Bench(const I8237Timing& timing) : impl_(std::make_unique<Impl>()) {
    impl_->config_.device.timing = timing;
    if (const std::vector<std::string> problems = validate(impl_->config_); !problems.empty()) {
        throw ConfigError(problems.front());
    }
}

I8237Bench::~I8237Bench() = default;

void I8237Bench::monitor(bool on) {
    impl_->monitor_ = on;
}

void I8237Bench::style(TransportStyle style) {
    impl_->config_.style = style;
}

std::size_t I8237Bench::add(const I8237Run& run) {
    validate(run);
    impl_->runs_.push_back(run);
    return impl_->runs_.size() - 1;
}

void I8237Bench::run() {
    const ClockDomain domain(1.0, sc_core::SC_NS);
    impl_->board_ = std::make_unique<Board>("board", domain, impl_->config_, impl_->monitor_, [this](Board& board) {
        for (const I8237Run& run : impl_->runs_) {
            impl_->outcomes_.push_back(board.measure(run));
        }
    });
    sc_core::sc_start();
    DMASIM_INVARIANT(impl_->outcomes_.size() == impl_->runs_.size());
}

const I8237Measurement& I8237Bench::result(std::size_t number) const {
    return impl_->outcomes_.at(number).measured;
}

bool I8237Bench::correct(std::size_t number) const {
    return impl_->outcomes_.at(number).correct;
}

}  // namespace dmasim::cli
