// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/response.h"

namespace dmasim {

tlm::tlm_response_status status_of(Response response) {
    switch (response) {
        case Response::Ok:
            return tlm::TLM_OK_RESPONSE;
        case Response::GenericError:
            return tlm::TLM_GENERIC_ERROR_RESPONSE;
        case Response::AddressError:
            return tlm::TLM_ADDRESS_ERROR_RESPONSE;
        case Response::CommandError:
            return tlm::TLM_COMMAND_ERROR_RESPONSE;
        case Response::BurstError:
            return tlm::TLM_BURST_ERROR_RESPONSE;
        case Response::ByteEnableError:
            return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    }
    return tlm::TLM_GENERIC_ERROR_RESPONSE;
}

Response response_of(tlm::tlm_response_status status) {
    switch (status) {
        case tlm::TLM_OK_RESPONSE:
            return Response::Ok;
        case tlm::TLM_ADDRESS_ERROR_RESPONSE:
            return Response::AddressError;
        case tlm::TLM_COMMAND_ERROR_RESPONSE:
            return Response::CommandError;
        case tlm::TLM_BURST_ERROR_RESPONSE:
            return Response::BurstError;
        case tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE:
            return Response::ByteEnableError;
        case tlm::TLM_GENERIC_ERROR_RESPONSE:
        case tlm::TLM_INCOMPLETE_RESPONSE:
            break;
    }
    return Response::GenericError;
}

}  // namespace dmasim
