// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/payload_view.h"

#include "dmasim/tlm/burst_extension.h"
#include "dmasim/tlm/response.h"

namespace dmasim {

PayloadView view_of(const tlm::tlm_generic_payload& trans) {
    PayloadView view;
    view.ignore = !trans.is_read() && !trans.is_write();
    view.access = trans.is_write() ? Access::Write : Access::Read;
    view.address = trans.get_address();
    view.data = trans.get_data_ptr();
    view.bytes = trans.get_data_length();
    view.streaming_width = trans.get_streaming_width();
    view.byte_enables = trans.get_byte_enable_ptr();
    view.byte_enable_length = trans.get_byte_enable_length();
    return view;
}

Burst burst_of(const tlm::tlm_generic_payload& trans) {
    const PayloadView view = view_of(trans);
    Burst burst;
    burst.access = view.access;
    burst.purpose = Purpose::Uncached;
    burst.address = view.address;
    burst.bytes = view.bytes;
    burst.fixed_bytes = view.streaming_width < view.bytes ? view.streaming_width : 0;
    burst.data = view.data;
    burst.enables = view.byte_enables;
    if (const BurstExtension* extension = extension_of(trans)) {
        burst.purpose = extension->purpose;
        burst.snooped = extension->snooped;
        burst.channel = extension->channel;
        burst.tag = extension->tag;
        burst.no_snoop = extension->no_snoop;
    }
    return burst;
}

void answer(tlm::tlm_generic_payload& trans, Response response) {
    trans.set_response_status(status_of(response));
}

}  // namespace dmasim
