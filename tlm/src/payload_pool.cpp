// SPDX-License-Identifier: Apache-2.0
#include "dmasim/tlm/payload_pool.h"

#include "dmasim/model/errors.h"

namespace dmasim {

namespace {

/// Belongs to its payload: whoever frees the payload's extensions does not free this one.
class PooledExtension final : public BurstExtension {
  public:
    void free() override {}
};

/// A base before the payload, so that it is destroyed after the payload, which points to it.
struct ExtensionOfEntry {
    PooledExtension extension;
};

}  // namespace

struct PayloadPool::Entry final : ExtensionOfEntry, tlm::tlm_generic_payload {
    explicit Entry(PayloadPool& pool) : tlm_generic_payload(&pool) {}
    bool used = false;
};

PayloadPool::PayloadPool() = default;
PayloadPool::~PayloadPool() = default;

tlm::tlm_generic_payload& PayloadPool::acquire() {
    if (free_.empty()) {
        all_.push_back(std::make_unique<Entry>(*this));
        free_.reserve(all_.capacity());
        free_.push_back(all_.back().get());
    }
    Entry& entry = *free_.back();
    free_.pop_back();
    entry.used = true;

    tlm::tlm_generic_payload& trans = entry;
    trans.reset();  // What others have attached with set_auto_extension.
    entry.extension.copy_from(BurstExtension{});
    trans.set_extension<BurstExtension>(&entry.extension);
    trans.set_command(tlm::TLM_IGNORE_COMMAND);
    trans.set_address(0);
    trans.set_data_ptr(nullptr);
    trans.set_data_length(0);
    trans.set_streaming_width(0);
    trans.set_byte_enable_ptr(nullptr);
    trans.set_byte_enable_length(0);
    trans.set_dmi_allowed(false);
    trans.set_gp_option(tlm::TLM_MIN_PAYLOAD);
    trans.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    trans.acquire();
    return trans;
}

tlm::tlm_generic_payload& PayloadPool::acquire(const Burst& burst, unsigned initiator) {
    tlm::tlm_generic_payload& trans = acquire();
    trans.set_command(burst.access == Access::Read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
    trans.set_address(burst.address);
    trans.set_data_ptr(burst.data);
    trans.set_data_length(burst.bytes);
    trans.set_streaming_width(burst.fixed_bytes != 0 ? burst.fixed_bytes : burst.bytes);
    if (burst.enables != nullptr) {
        // TLM-2.0 wants a pointer to non-const; nobody may write through it (IEEE 1666-2011, 14.7).
        trans.set_byte_enable_ptr(const_cast<unsigned char*>(burst.enables));
        trans.set_byte_enable_length(burst.bytes);
    }
    BurstExtension& extension = *extension_of(trans);
    extension.purpose = burst.purpose;
    extension.snooped = burst.snooped;
    extension.channel = burst.channel;
    extension.tag = burst.tag;
    extension.no_snoop = burst.no_snoop;
    extension.initiator = static_cast<std::uint16_t>(initiator);
    return trans;
}

void PayloadPool::free(tlm::tlm_generic_payload* trans) {
    // Only entries have this pool for their memory manager; copies of a payload do not take it over.
    auto* entry = static_cast<Entry*>(trans);
    DMASIM_INVARIANT(entry->used);
    entry->used = false;
    free_.push_back(entry);
}

}  // namespace dmasim
