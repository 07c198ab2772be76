// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/frontend/native/descriptor.h"

#include <algorithm>

namespace dmasim::native {

namespace {

void put(std::uint8_t* bytes, std::uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

std::uint64_t get64(const std::uint8_t* bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        value |= std::uint64_t{bytes[i]} << (8 * i);
    }
    return value;
}

std::uint32_t get32(const std::uint8_t* bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
        value |= std::uint32_t{bytes[i]} << (8 * i);
    }
    return value;
}

}  // namespace

Job Descriptor::job(std::uint32_t unit_bytes) const {
    Job result;
    result.source = {source, source_stride, source_fixed};
    result.destination = {destination, destination_stride, destination_fixed};
    result.length = length;
    result.rows = rows;
    result.element_log2 = element_log2;
    result.handshake = handshake;
    result.unit_bytes = unit_bytes;
    result.no_snoop = no_snoop;
    return result;
}

DescriptorBytes encode(const Descriptor& descriptor) {
    DescriptorBytes bytes{};
    std::uint32_t control = descriptor_control::kValid;
    control |= descriptor.interrupt ? descriptor_control::kInterrupt : 0;
    control |= descriptor.write_back ? descriptor_control::kWriteBack : 0;
    control |= descriptor.end ? descriptor_control::kEnd : 0;
    control |= descriptor.source_fixed ? descriptor_control::kSourceFixed : 0;
    control |= descriptor.destination_fixed ? descriptor_control::kDestinationFixed : 0;
    control |= (descriptor.element_log2 & 7U) << descriptor_control::kElementShift;
    control |= static_cast<std::uint32_t>(descriptor.handshake) << descriptor_control::kHandshakeShift;
    control |= descriptor.no_snoop ? descriptor_control::kNoSnoop : 0;
    put(bytes.data() + kDescriptorNext, descriptor.next, 8);
    put(bytes.data() + kDescriptorSource, descriptor.source, 8);
    put(bytes.data() + kDescriptorDestination, descriptor.destination, 8);
    put(bytes.data() + kDescriptorLength, descriptor.length, 4);
    put(bytes.data() + kDescriptorControl, control, 4);
    put(bytes.data() + kDescriptorRows, descriptor.rows, 4);
    put(bytes.data() + kDescriptorSourceStride, static_cast<std::uint32_t>(descriptor.source_stride), 4);
    put(bytes.data() + kDescriptorDestinationStride, static_cast<std::uint32_t>(descriptor.destination_stride), 4);
    put(bytes.data() + kDescriptorCookie, descriptor.cookie, 8);
    put(bytes.data() + kDescriptorStatus, descriptor.status, 4);
    put(bytes.data() + kDescriptorTransferred, descriptor.transferred, 4);
    return bytes;
}

DecodeResult decode(const std::uint8_t* bytes, std::uint64_t address, std::uint32_t bus_bytes,
                    std::uint32_t unit_bytes) {
    const std::uint32_t control = get32(bytes + kDescriptorControl);
    DecodeResult result;
    Descriptor& descriptor = result.descriptor;
    descriptor.next = get64(bytes + kDescriptorNext);
    descriptor.source = get64(bytes + kDescriptorSource);
    descriptor.destination = get64(bytes + kDescriptorDestination);
    descriptor.length = get32(bytes + kDescriptorLength);
    descriptor.rows = get32(bytes + kDescriptorRows);
    descriptor.source_stride = static_cast<std::int32_t>(get32(bytes + kDescriptorSourceStride));
    descriptor.destination_stride = static_cast<std::int32_t>(get32(bytes + kDescriptorDestinationStride));
    descriptor.interrupt = (control & descriptor_control::kInterrupt) != 0;
    descriptor.write_back = (control & descriptor_control::kWriteBack) != 0;
    descriptor.end = (control & descriptor_control::kEnd) != 0;
    descriptor.source_fixed = (control & descriptor_control::kSourceFixed) != 0;
    descriptor.destination_fixed = (control & descriptor_control::kDestinationFixed) != 0;
    descriptor.element_log2 = static_cast<std::uint8_t>(control >> descriptor_control::kElementShift & 7U);
    descriptor.handshake = static_cast<Handshake>(control >> descriptor_control::kHandshakeShift & 3U);
    descriptor.no_snoop = (control & descriptor_control::kNoSnoop) != 0;
    descriptor.cookie = get64(bytes + kDescriptorCookie);
    descriptor.status = get32(bytes + kDescriptorStatus);
    descriptor.transferred = get32(bytes + kDescriptorTransferred);

    ErrorDetail detail = ErrorDetail::None;
    if ((control & descriptor_control::kValid) == 0) {
        detail = ErrorDetail::NotValid;
    } else if ((control & ~descriptor_control::kImplemented) != 0 || get32(bytes + kDescriptorReserved) != 0) {
        detail = ErrorDetail::Reserved;
    } else if (!descriptor.end && descriptor.next % kDescriptorBytes != 0) {
        detail = ErrorDetail::Misaligned;
    } else {
        detail = check_job(descriptor.job(unit_bytes), bus_bytes).detail;
    }
    if (detail != ErrorDetail::None) {
        result.problem = {detail, address};
    }
    return result;
}

std::array<std::uint8_t, kDescriptorStatusBytes> encode_status(TransferError error, std::uint64_t transferred) {
    std::array<std::uint8_t, kDescriptorStatusBytes> bytes{};
    put(bytes.data(), kDescriptorComplete | static_cast<std::uint32_t>(error), 4);
    put(bytes.data() + 4, std::min<std::uint64_t>(transferred, 0xFFFF'FFFFU), 4);
    return bytes;
}

}  // namespace dmasim::native
