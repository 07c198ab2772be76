// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "dmasim/model/burst.h"
#include "dmasim/model/job.h"
#include "dmasim/model/status.h"
#include "dmasim/model/types.h"

namespace dmasim {

/// Where the parts of a descriptor lie, for a front end that has descriptors.
struct DescriptorFormat {
    std::uint32_t bytes = 64;         ///< Bytes that are fetched, 1 to 64.
    std::uint32_t link_offset = 0;    ///< What is read again to find a successor (APPEND).
    std::uint32_t link_bytes = 8;     ///< 1 to 64.
    std::uint32_t status_offset = 0;  ///< What is written back.
};

/// A descriptor as the mid end needs it.
struct FetchedJob {
    JobProblem problem;  ///< None: the rest is valid.
    Job job;
    std::uint64_t next = 0;  ///< Address of the successor.
    bool has_next = false;
    bool ends = false;  ///< It says that the chain ends here, so `next` was not looked at.
    bool write_back = false;
    bool interrupt = false;
};

/// A link that was read again.
struct FetchedLink {
    JobProblem problem;
    std::uint64_t next = 0;
    bool has_next = false;
};

/// What a channel is told to do.
struct StartOrder {
    bool chain = false;
    Job job;                       ///< Without `chain`.
    bool cyclic = false;           ///< Without `chain`.
    std::uint64_t descriptor = 0;  ///< With `chain`: the first one.
    bool continue_on_error = false;
};

/// A job that is over.
struct JobEnd {
    std::uint32_t job = 0;
    JobStatus status = JobStatus::Done;
    bool from_descriptor = false;
    bool interrupt = false;  ///< The descriptor asked for one.
    bool cyclic = false;     ///< It was a round of a cyclic job.
    bool last_round = false;
};

/// How a channel became idle.
struct ChannelEnd {
    JobStatus status = JobStatus::Done;  ///< Done, Aborted or Error.
    bool end_of_chain = false;
};

/// An error that is latched.
struct ErrorReport {
    TransferError kind = TransferError::None;
    ErrorDetail detail = ErrorDetail::None;
    Response response = Response::Ok;
    std::uint64_t address = 0;
};

/// A front end as the mid end sees it: it knows what registers and descriptors look like, the mid end does not. A new
/// register-compatible device is another implementation.
class FrontEnd {
  public:
    FrontEnd() = default;
    FrontEnd(const FrontEnd&) = delete;
    FrontEnd& operator=(const FrontEnd&) = delete;
    virtual ~FrontEnd() = default;

    [[nodiscard]] virtual const DescriptorFormat& descriptor_format() const = 0;
    [[nodiscard]] virtual FetchedJob decode(unsigned channel, std::uint64_t address,
                                            const std::uint8_t* bytes) const = 0;
    [[nodiscard]] virtual FetchedLink decode_link(const std::uint8_t* bytes) const = 0;
    /// The 8 bytes to write back.
    [[nodiscard]] virtual std::array<std::uint8_t, 8> encode_status(TransferError error,
                                                                    std::uint64_t written) const = 0;
    /// Whether a cyclic job gets another round; asked when the last chunk of one is granted (timing.md C12).
    [[nodiscard]] virtual bool repeats(unsigned channel) const = 0;

    // Events at `edge`.
    virtual void job_ended(unsigned channel, const JobEnd& end, Cycles edge) = 0;
    virtual void error(unsigned channel, const ErrorReport& report, Cycles edge) = 0;
    virtual void channel_ended(unsigned channel, const ChannelEnd& end, Cycles edge) = 0;
};

}  // namespace dmasim
