// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "dmasim/model/trace.h"

#include "reference/transaction.h"

namespace dmasim::reference {

/// Everything that one side reports, in a form in which two sides can be compared.
class Log {
  public:
    /// What an entry is about; events of the trace stand for themselves.
    enum class Kind : std::uint8_t {
        Event,
        Interrupt,         ///< Output of the controller: level.
        ChannelInterrupt,  ///< channel, level.
        Dack,              ///< channel, level.
        Tc,                ///< channel, level.
        Poll,              ///< register offset, response, value.
        Peek,              ///< address, hash of the bytes.
        TrafficAnswer,     ///< port, number of the burst, response, hash of the data.
        FinalRegister,     ///< offset, value.
        FinalMemory,       ///< memory, hash.
        Account,           ///< channel, cause, cycles.
    };

    struct Entry {
        Edge at = 0;
        Kind kind = Kind::Event;
        EventKind event = EventKind::JobAccepted;
        std::array<std::uint64_t, 11> values{};

        friend bool operator<(const Entry& a, const Entry& b);
        friend bool operator==(const Entry& a, const Entry& b);
    };

    void add(Edge at, Kind kind, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0);

    /// An event of the trace. Tags are left out (a name, not a fact), and so is what other entries say already.
    void add(const TraceEvent& event);

    /// The entries by time; those of one time in an order that does not depend on who was asked first.
    [[nodiscard]] std::vector<Entry> sorted() const;

    /// Leaves out events of bursts that lie behind the end of a run at `limit`: a side that computes ahead knows them
    /// already, one that does not has not come to them.
    void cut(Edge limit);

    /// Leaves out what only a trace says: events and accounts.
    void drop_trace();

  private:
    std::vector<Entry> entries_;
};

/// One entry in words.
std::string to_string(const Log::Entry& entry);

/// Empty if the logs agree, else the first difference with what was before it, in words.
std::string first_difference(const Log& product, const Log& reference);

/// FNV-1a, for contents.
std::uint64_t hash_bytes(const std::uint8_t* data, std::size_t size);

}  // namespace dmasim::reference
