// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "dmasim/model/config.h"
#include "dmasim/model/job.h"
#include "dmasim/model/trace.h"

#include "reference/arbiter.h"
#include "reference/mutation.h"
#include "reference/transaction.h"

namespace dmasim::reference {

/// What one job moves and how; from registers or from a descriptor.
struct JobSpec {
    std::uint64_t source = 0;
    std::uint64_t destination = 0;
    bool source_fixed = false;
    bool destination_fixed = false;
    std::uint32_t element = 1;  ///< Bytes of an element.
    std::uint64_t length = 0;   ///< Bytes of a row.
    std::uint64_t rows = 1;
    std::uint64_t source_stride = 0;  ///< Distance of two rows, modulo 2^64.
    std::uint64_t destination_stride = 0;
    Handshake handshake = Handshake::None;
    std::uint32_t unit_bytes = 0;
    bool cyclic = false;
    bool continue_on_error = false;
    // Chains.
    bool from_descriptor = false;
    std::uint64_t descriptor = 0;
    std::uint64_t next = 0;
    bool last = true;  ///< No descriptor follows.
    bool write_back = false;
    bool interrupt = false;
};

/// The controller, cycle by cycle (docs/timing.md, C0 to C14 and "Accounting"), with the native registers.
///
/// Everything that happened is kept with its stamps, and every condition is evaluated afresh at every edge.
class ClockedController {
  public:
    ClockedController(const DmaConfig& config, unsigned source, Report report, Mutation mutation);

    /// One edge in two parts: adds the cycle before `edge` to the accounts ...
    void account(Edge edge);
    /// ... and does everything else.
    void act(Edge edge);

    /// Bursts offered at the edge just evaluated.
    std::vector<TransactionPtr> take_offers();

    /// The bus hands an answer over at `edge`.
    void take_answer(const TransactionPtr& transaction);

    /// Inputs stamped `edge`, given after act(edge).
    Response write_register(std::uint32_t offset, std::uint32_t value, Edge edge);
    void set_dreq(unsigned channel, bool level, Edge edge);

    /// An access stamped `edge`, made before account(edge).
    Response read_register(std::uint32_t offset, std::uint32_t& value, Edge edge) const;

    [[nodiscard]] const std::array<std::uint64_t, kCycleCauses>& cycles_of(unsigned channel) const {
        return channels_[channel].cycles;
    }

    /// Levels of the outputs from the edge after the last one evaluated on.
    [[nodiscard]] bool interrupt_level() const { return interrupt_level_; }
    [[nodiscard]] bool interrupt_level(unsigned channel) const { return channels_[channel].interrupt_level; }
    [[nodiscard]] bool dack(unsigned channel) const { return channels_[channel].dack; }
    [[nodiscard]] bool tc(unsigned channel) const { return channels_[channel].tc; }

  private:
    /// One read burst and the write burst that follows it.
    struct Chunk {
        std::uint32_t job = 0;
        bool continue_on_error = false;
        bool single = false;     ///< A unit of the handshake `single`.
        bool handshake = false;  ///< Answered with DACK.
        std::uint64_t source = 0;
        std::uint64_t destination = 0;
        std::uint32_t source_element = 0;       ///< 0: incrementing.
        std::uint32_t destination_element = 0;  ///< 0: incrementing.
        std::uint32_t bytes = 0;
        TransactionPtr read;   ///< Null: not granted.
        TransactionPtr write;  ///< Null: not requested.
    };
    using ChunkPtr = std::shared_ptr<Chunk>;
    /// A piece of a descriptor fetch or of a status write-back.
    struct Part {
        std::uint32_t job = 0;
        std::uint64_t address = 0;
        std::uint32_t first = 0;  ///< Of the bytes of the whole.
        std::uint32_t bytes = 0;
        std::vector<std::uint8_t> data;
        TransactionPtr burst;
        bool dropped = false;  ///< Of a fetch: it runs out unseen (C10).
    };
    using PartPtr = std::shared_ptr<Part>;
    struct Job {
        std::uint32_t number = 0;
        JobSpec spec;
        std::vector<ChunkPtr> chunks;   ///< Those that were granted.
        std::uint64_t row = 0;          ///< Of the next chunk.
        std::uint64_t done_in_row = 0;  ///< Bytes of it that are in chunks already.
        Edge competes_from = 0;
        bool enabled = false;        ///< Block handshake: DREQ has been seen.
        bool failed = false;         ///< Policy stop: a burst of it failed.
        bool has_successor = false;  ///< Cyclic: another round follows.

        bool tc_given = false;
        std::vector<PartPtr> fetch;  ///< That brought its descriptor.
        TransferError first_error = TransferError::None;
        std::vector<PartPtr> write_back;  ///< Empty: has not arisen.
        [[nodiscard]] bool all_granted() const { return row == spec.rows; }
    };
    struct Fetch {
        std::uint32_t number = 0;
        std::uint64_t address = 0;
        std::vector<PartPtr> parts;
        std::size_t granted = 0;
        Edge competes_from = 0;
        bool failed = false;
        bool link = false;  ///< Reads `next` of the last descriptor once more.
    };
    struct Ending {
        Edge from = 0;  ///< E of the page.
        bool error = false;
    };
    struct Channel {
        std::map<std::uint32_t, std::uint32_t> registers;
        bool busy = false;
        bool paused = false;
        bool paused_before = false;  ///< At the edge before; for a mutation.
        bool chain = false;
        bool continue_on_error = false;
        std::uint32_t unit_bytes = 0;
        bool dreq = false;
        bool dreq_before = false;  ///< At the edge before; for a mutation.
        std::deque<Job> jobs;      ///< Not completed, oldest first.
        std::optional<Fetch> fetch;
        std::optional<Ending> ending;
        std::optional<JobSpec> tail;       ///< The descriptor decoded last.
        std::optional<Job> last_job;       ///< For residue and current descriptor after the end.
        bool append = false;               ///< Pending.
        bool append_before_fetch = false;  ///< It was, when the descriptor was asked for.
        // Everything that is under way, whatever became of its job.
        std::vector<ChunkPtr> chunks;
        std::vector<PartPtr> fetches;
        std::vector<PartPtr> write_backs;
        std::uint32_t next_number = 0;
        std::uint64_t current_descriptor = 0;
        // Status.
        bool done = false;
        bool error = false;
        bool aborted = false;
        bool end_of_chain = false;
        std::uint32_t completed = 0;
        TransferError error_kind = TransferError::None;
        ErrorDetail error_detail = ErrorDetail::None;
        Response error_response = Response::Ok;
        std::uint64_t error_address = 0;
        struct RegisterError {
            TransferError kind;
            ErrorDetail detail;
            std::uint64_t address;
        };
        std::vector<RegisterError> register_errors;
        // Interrupts.
        std::uint32_t interrupt_status = 0;
        std::array<Edge, 6> set_at{kNotYet, kNotYet, kNotYet, kNotYet, kNotYet, kNotYet};
        bool gate_open = false;
        std::uint64_t coalesced = 0;
        Edge first_coalesced = 0;
        bool interrupt_level = false;
        // Lines.
        bool dack = false;
        bool tc = false;
        bool tc_now = false;
        // Arbitration and accounts.
        Edge since = kNotYet;
        std::array<std::uint64_t, kCycleCauses> cycles{};
        CycleCause cause = CycleCause::Idle;
    };
    // Plain facts about stamps.
    [[nodiscard]] static bool over_before(const TransactionPtr& burst, Edge edge);
    [[nodiscard]] static bool failed(const TransactionPtr& burst);
    [[nodiscard]] static bool chunk_over_before(const Chunk& chunk, Edge edge);
    [[nodiscard]] static Edge chunk_end(const Chunk& chunk);

    // Registers.
    void start(unsigned channel, Edge edge);
    static void become_busy(Channel& channel);
    static void accept_start(Channel& channel);
    [[nodiscard]] JobSpec spec_from_registers(const Channel& channel) const;
    [[nodiscard]] ErrorDetail check(const JobSpec& spec, std::uint64_t& address) const;
    [[nodiscard]] std::uint32_t at(const Channel& channel, std::uint32_t offset) const;
    [[nodiscard]] std::uint64_t wide(const Channel& channel, std::uint32_t low) const;
    [[nodiscard]] std::uint64_t residue(const Channel& channel, Edge edge) const;
    [[nodiscard]] bool quiet_before(const Channel& channel, Edge edge) const;

    // Steps of an edge.
    void take_register_errors(unsigned channel, Edge edge);
    void take_burst_errors(unsigned channel, Edge edge);
    void decode_descriptor(unsigned channel, Edge edge, bool good_ones);
    void follow_link(unsigned channel, std::uint64_t next, Edge edge);
    void drop_what_is_behind(unsigned channel, Edge edge);
    void complete_jobs(unsigned channel, Edge edge);
    [[nodiscard]] bool complete_one(unsigned channel, Edge edge);
    void request_write(Edge edge);
    void request_read(Edge edge);
    void follow_up(unsigned channel, Edge edge);
    void drive_outputs(Edge edge);
    [[nodiscard]] bool raised(const Channel& channel) const;

    [[nodiscard]] std::uint64_t limit(std::uint64_t address, bool fixed, std::uint32_t element) const;
    ChunkPtr next_chunk(Job& job) const;
    [[nodiscard]] std::vector<PartPtr> cut(std::uint64_t address, std::uint32_t bytes, std::uint32_t number) const;
    void add_job(unsigned channel, const JobSpec& spec, std::uint32_t number, Edge competes_from, Edge edge);
    void start_fetch(unsigned channel, std::uint64_t address, Edge competes_from);
    void start_link_read(unsigned channel, Edge competes_from);
    void latch_error(unsigned channel, TransferError kind, ErrorDetail detail, Response response, std::uint64_t address,
                     Edge edge);
    void begin_ending(unsigned channel, bool error, Edge from);
    static void leave(Channel& channel, const Job& job);
    void end_channel(unsigned channel, Edge edge);
    void report_job(unsigned channel, const Job& job, JobStatus status, Edge edge);
    [[nodiscard]] bool bursts_over(const Channel& channel, Edge edge, Edge& last) const;
    void raise(unsigned channel, std::uint32_t bits, Edge edge);
    [[nodiscard]] bool has_candidate(const Channel& channel, Edge edge) const;
    [[nodiscard]] bool dreq_allows(const Channel& channel, Edge edge) const;
    [[nodiscard]] Job* granting_job(Channel& channel) const;
    [[nodiscard]] const Job* granting_job(const Channel& channel) const;
    [[nodiscard]] std::uint64_t fifo_used(Edge edge) const;
    [[nodiscard]] CycleCause cause_of(const Channel& channel, Edge cycle) const;
    TransactionPtr offer(unsigned channel, std::uint32_t job, Access access, Purpose purpose, std::uint64_t address,
                         std::uint32_t bytes, std::uint32_t fixed_bytes, Edge edge);
    void report_burst(EventKind kind, const Transaction& burst, Edge edge, std::uint32_t value);

    DmaConfig config_;
    unsigned source_;
    Report report_;
    Mutation mutation_;
    ClockedArbiter arbiter_;
    std::vector<Channel> channels_;
    bool interrupt_level_ = false;

    TransactionPtr last_read_;
    TransactionPtr last_write_;
    Edge last_read_edge_ = kNotYet;
    Edge last_write_edge_ = kNotYet;
    std::deque<std::pair<unsigned, ChunkPtr>> write_order_;  ///< Chunks whose write is not requested, as granted.
    std::deque<std::pair<unsigned, PartPtr>> write_backs_;   ///< Parts that are not requested, as they arose.
    std::vector<TransactionPtr> reads_in_flight_;
    std::vector<TransactionPtr> writes_in_flight_;
    std::vector<TransactionPtr> offers_;
};

}  // namespace dmasim::reference
