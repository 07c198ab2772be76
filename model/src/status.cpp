// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/status.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace dmasim {

namespace {

constexpr std::array<std::string_view, kTransferErrors> kErrorNames{
    "none",           "bus_read",          "bus_write",    "descriptor_fetch",
    "bad_descriptor", "status_write_back", "bad_register", "busy_start"};

constexpr std::array<std::string_view, kJobStatuses> kStatusNames{"done", "done_with_errors", "aborted", "error"};

template <std::size_t N>
std::string_view look_up(const std::array<std::string_view, N>& names, std::size_t number) {
    return number < N ? names[number] : std::string_view("unknown");
}

}  // namespace

std::string_view name_of(TransferError error) {
    return look_up(kErrorNames, static_cast<std::size_t>(error));
}

std::string_view name_of(ErrorDetail detail) {
    switch (detail) {
        case ErrorDetail::None:
            return "none";
        case ErrorDetail::NotValid:
            return "not_valid";
        case ErrorDetail::Reserved:
            return "reserved";
        case ErrorDetail::Misaligned:
            return "misaligned";
        case ErrorDetail::ZeroLength:
            return "zero_length";
        case ErrorDetail::BadElement:
            return "bad_element";
        case ErrorDetail::AddressOverflow:
            return "address_overflow";
        case ErrorDetail::NothingToAppend:
            return "nothing_to_append";
    }
    return "unknown";
}

std::string_view name_of(JobStatus status) {
    return look_up(kStatusNames, static_cast<std::size_t>(status));
}

}  // namespace dmasim
