// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>

#include "dmasim/model/frontend/native/descriptor.h"
#include "dmasim/model/frontend/native/register_map.h"
#include "dmasim/model/status.h"

namespace dmasim::native {

namespace {

std::string hex(std::uint32_t value, int digits) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0x%0*X", digits, static_cast<unsigned>(value));
    return text.data();
}

std::string name_of(RegisterKind kind) {
    switch (kind) {
        case RegisterKind::ReadOnly:
            return "read only";
        case RegisterKind::ReadWrite:
            return "read/write";
        case RegisterKind::WriteOneToClear:
            return "write 1 to clear";
        case RegisterKind::Command:
            return "command";
    }
    return "";
}

template <std::size_t N>
std::string table_of(const std::array<RegisterSpec, N>& table) {
    std::string text = "| offset | name | access | reset | implemented bits | |\n|---|---|---|---|---|---|\n";
    for (const RegisterSpec& spec : table) {
        const bool capability = spec.name.substr(0, 4) == "CAPS";
        text += "| " + hex(spec.offset, 3) + " | " + std::string(spec.name) + " | " + name_of(spec.kind) + " | " +
                (capability ? "as configured" : hex(spec.reset, 8)) + " | " +
                (spec.kind == RegisterKind::ReadOnly ? "-" : hex(spec.write_mask, 8)) + " | " +
                std::string(spec.description) + " |\n";
    }
    return text;
}

std::string bits_of(const FieldSpec& field) {
    const std::string lowest = std::to_string(field.lsb);
    return field.width == 1 ? lowest : std::to_string(field.lsb + field.width - 1) + ":" + lowest;
}

template <typename Enum>
std::string values_of(unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(i) + " " + std::string(dmasim::name_of(static_cast<Enum>(i)));
    }
    return text;
}

constexpr const char* kIntroduction = R"(# Registers and descriptors of the native controller

This page is made from the tables in `model/include/dmasim/model/frontend/native/register_map.h`; a unit test compares the
two. To write it anew, run the unit tests with `DMASIM_UPDATE_DOCS=1` in the environment.

Registers are 32 bits wide, little-endian, at multiples of 4. Bytes may be written one by one; bytes that are not written
keep their value (storage) or count as 0 (commands, write 1 to clear). When an access takes effect is said in timing.md, C8.

* A write with a 1 in a bit that is not implemented does nothing but latch the error `bad_register`, detail `reserved`.
  Writes to read-only registers are ignored.
* An access to an offset without a register is answered with an address error.
* The global block takes 0x1000 bytes; the block of channel `n` begins at 0x1000 + `n` * 0x100.
)";

constexpr const char* kJobs = R"(
## Jobs

START latches the job registers. It is refused, with the error `bad_register` and a detail, when the job cannot be carried out:

| detail | reason |
|---|---|
| zero_length | LENGTH or ROWS is 0 |
| bad_element | the element is wider than the bus, LENGTH is no multiple of the element, or, in the modes single and demand, UNIT_BYTES is 0 or no multiple of the element |
| misaligned | a side is fixed, and one of the addresses, or the stride of an incrementing side with more than one row, is no multiple of the element; DESC is no multiple of 64 |
| address_overflow | a row begins below 0 or ends beyond 2^64 |
| reserved | CYCLIC together with CHAIN |

The first reason in this order counts. A job without a fixed side may have any alignment. A fixed side has one address for all rows.

* PAUSE, RESUME and ABORT are ignored while the channel is not busy; the end of a job ends a pause.
* APPEND is refused (`bad_register`, `nothing_to_append`) unless a chain is under way or the last job of the channel was a chain that ran to its end.
* ERROR_KIND keeps the first error since the last START that was accepted; every error sets INT_STATUS.ERROR.
* RESIDUE, ERROR_ADDR and CURRENT_DESC are two registers each; software reads both halves.
)";

struct DescriptorRow {
    std::uint32_t offset;
    const char* name;
    const char* type;
    const char* description;
};

constexpr std::array<DescriptorRow, 12> kDescriptorTable{{
    {kDescriptorNext, "next", "u64", "Address of the next descriptor, a multiple of 64; 0: there is none."},
    {kDescriptorSource, "source", "u64", "Source address."},
    {kDescriptorDestination, "destination", "u64", "Destination address."},
    {kDescriptorLength, "length", "u32", "Bytes of a row."},
    {kDescriptorControl, "control", "u32", "See below."},
    {kDescriptorRows, "rows", "u32", "Number of rows."},
    {kDescriptorReserved, "reserved", "u32", "Must be 0."},
    {kDescriptorSourceStride, "source stride", "i32", "As SRC_STRIDE."},
    {kDescriptorDestinationStride, "destination stride", "i32", "As DST_STRIDE."},
    {kDescriptorCookie, "cookie", "u64", "Software's own; never looked at."},
    {kDescriptorStatus, "status", "u32", "Written back: bit 31 is 1, bits 7:0 are the kind of error (0: none)."},
    {kDescriptorTransferred, "transferred", "u32", "Written back: bytes written, 0xFFFFFFFF if there were more."},
}};

constexpr const char* kDescriptorControlTable = R"(
| bits of control | name | |
|---|---|---|
| 0 | VALID | Must be 1. |
| 1 | INTERRUPT | Completion sets INT_STATUS.DESCRIPTOR. |
| 2 | WRITE_BACK | Completion writes `status` and `transferred` back. |
| 3 | END | The chain ends here, whatever `next` says. |
| 4 | SRC_FIXED | As in CONFIG. |
| 5 | DST_FIXED | As in CONFIG. |
| 10:8 | ELEMENT_LOG2 | As in CONFIG. |
| 13:12 | HANDSHAKE | As in CONFIG; the unit is that of UNIT_BYTES at START. |
| 14 | NO_SNOOP | The data bursts of this descriptor are not snooped. Its fetch and its write-back are, as the controller is. |

All other bits are reserved and must be 0. A descriptor that breaks these rules, or describes a job that START would refuse, is the error
`bad_descriptor` with the address of the descriptor; the detail says why: `not_valid`, `reserved`, `misaligned` (also: a `next`
that is used and is no multiple of 64), `zero_length`, `bad_element`, `address_overflow`.

APPEND: software writes a new descriptor, then its address into `next` of the last one, then the command. If the chain has not
reached its end, it finds the link by itself; at the end the controller reads `next` of the last descriptor once more (8
bytes, also when it has END) and goes on there, or ends. See timing.md, C6.
)";

}  // namespace

std::string register_page() {
    std::string text = kIntroduction;
    text += "\n## Global registers\n\n" + table_of(kGlobalRegisters);
    text += "\n## Registers of a channel\n\n" + table_of(kChannelRegisters);
    text += "\n## Fields\n\n| register | bits | field | |\n|---|---|---|---|\n";
    for (const FieldSpec& field : kFields) {
        text += "| " + std::string(field.register_name) + " | " + bits_of(field) + " | " + std::string(field.name) +
                " | " + std::string(field.description) + " |\n";
    }
    text += "\nERROR_KIND.KIND: " + values_of<TransferError>(kTransferErrors) + ".\n\n";
    text += "ERROR_KIND.DETAIL: " + values_of<ErrorDetail>(kErrorDetails) + ".\n";
    text += kJobs;
    text +=
        "\n## Descriptors\n\nA descriptor has 64 bytes at a multiple of 64; all fields are little-endian.\n\n"
        "| offset | field | type | |\n|---|---|---|---|\n";
    for (const DescriptorRow& row : kDescriptorTable) {
        text += "| " + hex(row.offset, 2) + " | " + row.name + " | " + row.type + " | " + row.description + " |\n";
    }
    text += kDescriptorControlTable;
    return text;
}

}  // namespace dmasim::native
