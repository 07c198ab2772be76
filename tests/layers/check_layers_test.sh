#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Does check_layers.sh find what it is there for? One small source tree per violation.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# expect <pass|fail> <words of the complaint> then pairs of <file> <its text>
expect() {
    local wanted=$1 words=$2 got=pass output
    shift 2
    rm -rf "${tree:?}"/*
    while [[ $# -gt 0 ]]; do
        mkdir -p "$tree/$(dirname "$1")"
        printf '%b\n' "$2" >"$tree/$1"
        shift 2
    done
    output=$(bash "$here/check_layers.sh" "$tree" 2>&1) || got=fail
    if [[ $got != "$wanted" || $output != *"$words"* ]]; then
        printf 'wanted: %s "%s"\ngot: %s %s\n\n' "$wanted" "$words" "$got" "$output"
        failures=1
    fi
}

expect pass '' tlm/include/dmasim/tlm/socket.h '#include <systemc>\n#include <tlm>\n#include <dmasim/model/a.h>\n#include <dmasim/tlm/core/b.h>' \
    model/include/dmasim/model/a.h '#include <cstdint>' \
    tlm/include/dmasim/tlm/core/b.h '#include "dmasim/model/a.h"' \
    tlm/src/core/b.cpp '#include <dmasim/tlm/core/b.h>' \
    cpu-stub/src/c.cpp '#include <dmasim/bus/bus.h>\n#include <dmasim/cpu_stub/c.h>' \
    cli/src/d.cpp '#include <dmasim/cpu_stub/c.h>'
expect pass '' model/src/a/b/c.cpp '#include "../d.h"'
expect pass '' bus/src/core/a/b.cpp '#include "../d.h"'
expect fail 'SystemC in code' model/src/a.cpp '#include <systemc>'
expect fail 'SystemC in code' model/src/a.cpp '#  include "tlm.h"'
expect fail 'SystemC in code' bus/src/core/a.cpp '#include <tlm_utils/simple_target_socket.h>'
expect fail 'SystemC in code' bus/include/dmasim/bus/core/a.h '#include <sysc/kernel/sc_time.h>'
expect fail 'SystemC in code' tests/unit/bus/a.cpp '#include <systemc.h>'
expect fail 'A core includes' bus/src/core/a.cpp '#include <dmasim/bus/bus.h>'
expect fail 'A core includes' tlm/src/core/a.cpp '#include <dmasim/tlm/socket.h>'
expect fail 'A unit test includes' tests/unit/tlm/a.cpp '#include <dmasim/tlm/socket.h>'
expect fail 'model/ includes a layer above' model/src/a.cpp '#include <dmasim/bus/core/a.h>'
expect fail 'tlm/ includes a layer above' tlm/src/a.cpp '#include "dmasim/cpu_stub/a.h"'
expect fail 'bus/ includes a layer above' bus/src/a.cpp '#include <dmasim/cli/a.h>'
expect fail 'cpu-stub/ includes a layer above' cpu-stub/src/a.cpp '#include <dmasim/cli/a.h>'
expect fail 'relative path' bus/src/a.cpp '#include "../../tlm/src/a.h"'
expect fail 'relative path' bus/src/core/a.cpp '#include "../a.h"'
expect fail 'relative path' model/include/dmasim/model/a.h '#include "../../../src/a.h"'
expect fail 'public header outside' bus/include/dmasim/tlm/a.h ''
expect fail 'hides SystemC' tlm/src/tlm.h ''
expect fail 'in a circle' model/include/dmasim/model/a.h '#include <dmasim/model/b.h>' \
    model/include/dmasim/model/b.h '#include <dmasim/model/c.h>' \
    model/include/dmasim/model/c.h '#include <dmasim/model/a.h>'

exit "$failures"
