// SPDX-License-Identifier: Apache-2.0
#include "dmasim/model/cadence_finder.h"

#include <utility>

#include "dmasim/model/errors.h"

namespace dmasim {

const Cadence* CadenceFinder::known() const {
    const Cadence& cadence = known_[place()];
    return cadence.period != 0 && newest_.state.same_state_as(cadence.state) ? &cadence : nullptr;
}

const CadenceFinder::Snapshot* CadenceFinder::repeated() const {
    return has_kept_ && newest_.state.base() > kept_.state.base() && newest_.state.same_as(kept_.state) ? &kept_
                                                                                                        : nullptr;
}

Cadence* CadenceFinder::learn() {
    DMASIM_INVARIANT(repeated() != nullptr && newest_.channels.size() == kept_.channels.size());
    Cadence& cadence = known_[place()];
    cadence.id = ++learned_;
    cadence.state = newest_.state;
    cadence.period = (newest_.state.base() - kept_.state.base()).count();
    cadence.bytes.clear();
    for (std::size_t i = 0; i < newest_.channels.size(); ++i) {
        cadence.bytes.push_back(kept_.channels[i].left - newest_.channels[i].left);
    }
    return &cadence;
}

bool CadenceFinder::keep() {
    if (!newest_.state.possible()) {
        has_kept_ = false;
        return false;
    }
    if (!has_kept_ || ++compared_ >= keep_for_) {
        keep_for_ = has_kept_ ? keep_for_ * 2 : 1;
        compared_ = 0;
        has_kept_ = true;
        std::swap(kept_, newest_);
        return true;
    }
    return false;
}

void CadenceFinder::forget() {
    has_kept_ = false;
}

}  // namespace dmasim
