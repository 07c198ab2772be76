// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/job.h"

namespace dmasim {

namespace {

bool aligned(const Job& job, const JobSide& side) {
    const std::uint64_t mask = job.element_bytes() - 1;
    const bool stride_matters = !side.fixed && job.rows > 1;
    return (side.address & mask) == 0 && (!stride_matters || (static_cast<std::uint32_t>(side.stride) & mask) == 0);
}

// Whether every row of an incrementing side lies in 0 to 2^64. |stride| * rows < 2^63, so 64 bits are enough.
bool fits(const Job& job, const JobSide& side) {
    const std::uint64_t steps = job.rows - 1;
    if (side.fixed) {
        return side.address <= ~std::uint64_t{0} - (job.element_bytes() - 1);
    }
    const bool down = side.stride < 0;
    const auto magnitude = static_cast<std::uint64_t>(down ? -std::int64_t{side.stride} : std::int64_t{side.stride});
    const std::uint64_t distance = steps * magnitude;
    const std::uint64_t room = ~std::uint64_t{0} - (job.length - 1);  // greatest start of a row
    if (side.address > room) {
        return false;
    }
    return down ? distance <= side.address : distance <= room - side.address;
}

}  // namespace

JobProblem check_job(const Job& job, std::uint32_t bus_bytes) {
    const std::uint32_t element = job.element_bytes();
    const bool units = job.handshake == Handshake::Single || job.handshake == Handshake::Demand;
    if (job.length == 0 || job.rows == 0) {
        return {ErrorDetail::ZeroLength, job.source.address};
    }
    if (element > bus_bytes || job.length % element != 0 ||
        (units && (job.unit_bytes == 0 || job.unit_bytes % element != 0))) {
        return {ErrorDetail::BadElement, job.source.address};
    }
    if (job.source.fixed || job.destination.fixed) {
        if (!aligned(job, job.source)) {
            return {ErrorDetail::Misaligned, job.source.address};
        }
        if (!aligned(job, job.destination)) {
            return {ErrorDetail::Misaligned, job.destination.address};
        }
    }
    if (!fits(job, job.source)) {
        return {ErrorDetail::AddressOverflow, job.source.address};
    }
    if (!fits(job, job.destination)) {
        return {ErrorDetail::AddressOverflow, job.destination.address};
    }
    return {};
}

}  // namespace dmasim
