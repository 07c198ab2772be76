// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>

#include <systemc>
#include <tlm>

#include "dmasim/model/burst.h"
#include "dmasim/model/types.h"
#include "dmasim/tlm/clock_domain.h"

namespace dmasim {

/// Registers of 32 bits, or of `register_bytes()`, as a `RegisterTarget` accesses them. Offsets are multiples of that.
class RegisterFile {
  public:
    RegisterFile() = default;
    RegisterFile(const RegisterFile&) = delete;
    RegisterFile& operator=(const RegisterFile&) = delete;
    virtual ~RegisterFile() = default;

    /// The register at `offset` as an access stamped `at` sees it (docs/timing.md C8). AddressError: there is none.
    virtual Response read(std::uint64_t offset, std::uint32_t& value, Cycles at) = 0;
    /// Writes the bytes whose bit in `enables` is 1 (bit 0: bits 7:0), stamp `at`.
    virtual Response write(std::uint64_t offset, std::uint32_t value, std::uint8_t enables, Cycles at) = 0;
    /// Bytes of a register: 1, 2 or 4. Always the same.
    [[nodiscard]] virtual std::uint32_t register_bytes() const { return 4; }
    /// Reads without any effect and outside of time. AddressError: there is no register.
    virtual Response peek(std::uint64_t offset, std::uint32_t& value) const = 0;
};

/// Any TLM-2.0 target socket of the standard width and protocol.
using TargetSocketBase = tlm::tlm_base_target_socket_b<32, tlm::tlm_fw_transport_if<>, tlm::tlm_bw_transport_if<>>;

/// The target side of a register socket, for both transport styles.
///
/// An access has the bytes of one register (4, if `RegisterFile` says nothing else), or of two at a multiple of that (the
/// lower address in the first bytes; both or none are accessed). Byte enables work. Answers: BurstError for another length or a streaming width shorter than
/// it, AddressError where no register is, ByteEnableError for byte enables of length 0. TLM_IGNORE_COMMAND does nothing
/// and is OK. Debug reads have no effect and take whole words as above; debug writes are refused (0 bytes). No DMI.
///
/// The access happens at the time of the call plus its annotation: b_transport waits for that time (an access must see
/// what happens until then), nb_transport queues. The answer comes `latency` cycles later: b_transport annotates it,
/// nb_transport sends BEGIN_RESP then; END_REQ goes back on the return path.
class RegisterTarget final : public sc_core::sc_module, private tlm::tlm_fw_transport_if<> {
  public:
    /// Binds itself to `socket`. The references must outlive this module.
    RegisterTarget(const sc_core::sc_module_name& name, TargetSocketBase& socket, const ClockDomain& domain,
                   RegisterFile& registers, std::uint32_t latency_cycles);
    ~RegisterTarget() override;

  private:
    struct Pending {
        tlm::tlm_generic_payload* trans = nullptr;
        sc_core::sc_time time;
    };

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& trans, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    void b_transport(tlm::tlm_generic_payload& trans, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& trans) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& trans, tlm::tlm_dmi& dmi) override;

    Response access(tlm::tlm_generic_payload& trans, Cycles at);
    void serve();
    void respond();
    void finish_response(const sc_core::sc_time& delay);

    TargetSocketBase& socket_;
    ClockDomain domain_;
    RegisterFile& registers_;
    sc_core::sc_time latency_;
    std::deque<Pending> requests_;   ///< By time, then in the order of the calls.
    std::deque<Pending> responses_;  ///< The first may be under way.
    bool responding_ = false;
    sc_core::sc_time may_respond_at_;  ///< When the last END_RESP takes effect.
    sc_core::sc_event request_event_;
    sc_core::sc_event response_event_;
};

}  // namespace dmasim
