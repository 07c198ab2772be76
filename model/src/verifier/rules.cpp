// SPDX-License-Identifier: Apache-2.0
#include "rule.h"

namespace dmasim {

namespace detail {

std::unique_ptr<VerifierRule> make_clean_missing();
std::unique_ptr<VerifierRule> make_inval_missing();
std::unique_ptr<VerifierRule> make_spec_refill();
std::unique_ptr<VerifierRule> make_rx_dirty();
std::unique_ptr<VerifierRule> make_inval_loses_dirty();
std::unique_ptr<VerifierRule> make_sync_dir();
std::unique_ptr<VerifierRule> make_shared_line();
std::unique_ptr<VerifierRule> make_range_wrong();
std::unique_ptr<VerifierRule> make_desc_not_cleaned();
std::unique_ptr<VerifierRule> make_desc_not_invalidated();
std::unique_ptr<VerifierRule> make_desc_line_shared();
std::unique_ptr<VerifierRule> make_publish_order();
std::unique_ptr<VerifierRule> make_consume_order();
std::unique_ptr<VerifierRule> make_lifetime();
std::unique_ptr<VerifierRule> make_abort_in_flight();
std::unique_ptr<VerifierRule> make_early_done();
std::unique_ptr<VerifierRule> make_addr_boundary();
std::unique_ptr<VerifierRule> make_addr_reach();
std::unique_ptr<VerifierRule> make_bounce_sync();
std::unique_ptr<VerifierRule> make_overlap();
std::unique_ptr<VerifierRule> make_busy_reprogram();
std::unique_ptr<VerifierRule> make_ring_wrap();
std::unique_ptr<VerifierRule> make_starvation();
std::unique_ptr<VerifierRule> make_fifo_xrun();
std::unique_ptr<VerifierRule> make_desc_prefetched();

const std::vector<RuleRow>& rule_rows() {
    static const std::vector<RuleRow> rows{
        {{"CLEAN_MISSING", "the device reads bytes that are newer in the cache"}, make_clean_missing},
        {{"INVAL_MISSING", "a load hits a line that is older than the device's write"}, make_inval_missing},
        {{"SPEC_REFILL", "as INVAL_MISSING, by a line that was prefetched after the invalidate"}, make_spec_refill},
        {{"RX_DIRTY", "bytes that the device may write are dirty in the cache"}, make_rx_dirty},
        {{"INVAL_LOSES_DIRTY", "an invalidate drops stores that are needed"}, make_inval_loses_dirty},
        {{"SYNC_DIR", "cache maintenance of the wrong kind for the direction"}, make_sync_dir},
        {{"SHARED_LINE", "a buffer shares a cache line with other data"}, make_shared_line},
        {{"RANGE_WRONG", "cache maintenance of the wrong range"}, make_range_wrong},
        {{"DESC_NOT_CLEANED", "the device fetches a descriptor that is newer in the cache"}, make_desc_not_cleaned},
        {{"DESC_NOT_INVALIDATED", "a load of a descriptor hits a line that is older than the device's write"},
         make_desc_not_invalidated},
        {{"DESC_LINE_SHARED", "CPU and device write descriptors that share a cache line"}, make_desc_line_shared},
        {{"PUBLISH_ORDER", "the device looks before everything that it is to see is in memory"}, make_publish_order},
        {{"CONSUME_ORDER", "fields of an entry are read before its flag is seen valid"}, make_consume_order},
        {{"LIFETIME", "memory is freed or used again while the device may access it"}, make_lifetime},
        {{"ABORT_IN_FLIGHT", "an aborted transfer goes on"}, make_abort_in_flight},
        {{"EARLY_DONE", "completion is reported before the data is where it belongs"}, make_early_done},
        {{"ADDR_BOUNDARY", "the device writes beside its buffer"}, make_addr_boundary},
        {{"ADDR_REACH", "an address has bits that the master does not drive"}, make_addr_reach},
        {{"BOUNCE_SYNC", "a bounce buffer was not copied, or not at that time, size or direction"}, make_bounce_sync},
        {{"OVERLAP", "buffers of live transfers, or source and destination of a copy, overlap"}, make_overlap},
        {{"BUSY_REPROGRAM", "a channel is programmed or started while it is busy"}, make_busy_reprogram},
        {{"RING_WRAP", "a ring is overrun or its indices go astray"}, make_ring_wrap},
        {{"STARVATION", "a requester waits too long for its grant"}, make_starvation},
        {{"FIFO_XRUN", "a FIFO runs over or dry, or more is read than is there"}, make_fifo_xrun},
        {{"DESC_PREFETCHED", "a descriptor is changed after the device has fetched it"}, make_desc_prefetched},
    };
    return rows;
}

}  // namespace detail

const std::vector<VerifierRuleKind>& verifier_rules() {
    static const std::vector<VerifierRuleKind> kinds = [] {
        std::vector<VerifierRuleKind> result;
        for (const detail::RuleRow& row : detail::rule_rows()) {
            result.push_back(row.kind);
        }
        return result;
    }();
    return kinds;
}

}  // namespace dmasim
