// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/beat_link.h"

#include <vector>

namespace dmasim {

tlm::tlm_extension_base* BeatInquiry::clone() const {
    return new BeatInquiry(*this);
}

void BeatInquiry::copy_from(const tlm::tlm_extension_base& other) {
    const auto& from = static_cast<const BeatInquiry&>(other);
    guest = from.guest;
    bus_bytes = from.bus_bytes;
    period = from.period;
    memory = from.memory;
    host = from.host;
    seen_address = from.seen_address;
}

void ask(tlm::tlm_fw_transport_if<>& target, BeatInquiry& inquiry, std::uint64_t address) {
    std::uint8_t nothing = 0;
    tlm::tlm_generic_payload trans;
    trans.set_command(tlm::TLM_IGNORE_COMMAND);
    trans.set_address(address);
    trans.set_data_ptr(&nothing);
    trans.set_data_length(1);
    trans.set_streaming_width(1);
    // The payload would delete it, also when the other side throws.
    struct Lent {
        tlm::tlm_generic_payload& trans;
        BeatInquiry& inquiry;
        Lent(tlm::tlm_generic_payload& to, BeatInquiry& lent) : trans(to), inquiry(lent) {
            trans.set_extension(&inquiry);
        }
        Lent(const Lent&) = delete;
        Lent& operator=(const Lent&) = delete;
        ~Lent() { trans.clear_extension(&inquiry); }
    };
    const Lent lent(trans, inquiry);
    target.transport_dbg(trans);
}

BeatPart find_beat_part(tlm::tlm_fw_transport_if<>& target, const BeatInquiry& question, std::uint64_t first,
                        std::uint64_t last) {
    BeatInquiry inquiry(question);
    ask(target, inquiry, first);
    BeatPart part;
    part.memory = inquiry.memory;
    part.host = inquiry.host;
    if (part.memory != nullptr) {
        ++part.memory->askers;
    }
    if (part.memory == nullptr && part.host == nullptr) {
        return part;
    }
    std::vector<std::uint64_t> places{last};
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t place : {power - 1, power}) {
            if (place > first && place < last) {
                places.push_back(place);
            }
        }
    }
    part.straight = inquiry.seen_address == first;
    for (const std::uint64_t place : places) {
        BeatInquiry again(question);
        ask(target, again, place);
        part.straight =
            part.straight && again.memory == part.memory && again.host == part.host && again.seen_address == place;
    }
    return part;
}

}  // namespace dmasim
