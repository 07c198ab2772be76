// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/native/job_registers.h"

#include <utility>

namespace dmasim::native {

namespace {

class Writer {
  public:
    explicit Writer(std::uint32_t channel) : channel_(channel) {}

    void write(std::uint32_t offset, std::uint32_t value) {
        writes_.push_back({channel_register(channel_, offset), value});
    }
    void write_pair(std::uint32_t low_offset, std::uint64_t value) {
        write(low_offset, static_cast<std::uint32_t>(value));
        write(low_offset + 4, static_cast<std::uint32_t>(value >> 32U));
    }
    std::vector<RegisterWrite> start(std::uint32_t unit_bytes, std::uint32_t config, const StartOptions& options) {
        write(reg::kUnitBytes, unit_bytes);
        write(reg::kConfig, config | (options.continue_on_error ? config::kErrorContinue : 0));
        write(reg::kIntEnable, options.interrupts);
        write(reg::kControl, control::kStart);
        return std::move(writes_);
    }

  private:
    std::uint32_t channel_;
    std::vector<RegisterWrite> writes_;
};

}  // namespace

std::vector<RegisterWrite> start_job(std::uint32_t channel, const Job& job, const StartOptions& options) {
    Writer writer(channel);
    writer.write_pair(reg::kSrcLo, job.source.address);
    writer.write_pair(reg::kDstLo, job.destination.address);
    writer.write(reg::kLength, job.length);
    writer.write(reg::kRows, job.rows);
    writer.write(reg::kSrcStride, static_cast<std::uint32_t>(job.source.stride));
    writer.write(reg::kDstStride, static_cast<std::uint32_t>(job.destination.stride));
    return writer.start(job.unit_bytes,
                        (job.source.fixed ? config::kSrcFixed : 0) | (job.destination.fixed ? config::kDstFixed : 0) |
                            (options.cyclic ? config::kCyclic : 0) | (job.no_snoop ? config::kNoSnoop : 0) |
                            config::ElementLog2::of(job.element_log2) |
                            config::HandshakeMode::of(static_cast<std::uint32_t>(job.handshake)),
                        options);
}

std::vector<RegisterWrite> start_chain(std::uint32_t channel, std::uint64_t address, std::uint32_t unit_bytes,
                                       const StartOptions& options) {
    Writer writer(channel);
    writer.write_pair(reg::kDescLo, address);
    return writer.start(unit_bytes, config::kChain, options);
}

std::vector<RegisterWrite> start_copy(std::uint32_t channel, std::uint64_t destination, std::uint64_t source,
                                      std::uint32_t bytes) {
    Job job;
    job.source.address = source;
    job.destination.address = destination;
    job.length = bytes;
    return start_job(channel, job);
}

}  // namespace dmasim::native
