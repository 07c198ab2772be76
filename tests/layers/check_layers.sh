#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check_layers.sh <source folder>: what the compiler does not see of the layering. SystemC's headers lie in /usr/include,
# so a stray include compiles in a core, and all layers' headers lie on one include path in the end.
set -euo pipefail
cd "$1"

# folder:name, bottom up. A layer includes itself and what stands before it.
layers=(model:model tlm:tlm bus:bus cpu-stub:cpu_stub cli:cli)
failures=0

# complain <text> <lines of "file:line:content">
complain() {
    if [[ -n $2 ]]; then
        printf '%s:\n%s\n\n' "$1" "$2" >&2
        failures=1
    fi
}

# includes <regex of what is included> <folder>...: the include lines; folders that are not there are passed over.
includes() {
    local regex=$1 folder existing=()
    shift
    for folder in "$@"; do
        [[ -e $folder ]] && existing+=("$folder")
    done
    [[ ${#existing[@]} -eq 0 ]] ||
        grep -rnE --include='*.h' --include='*.cpp' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$regex" "${existing[@]}" || true
}

# leaving: of include lines with a relative path ("file:line:content"), those that leave the core, or the sources, that the
# file belongs to.
leaving() {
    local line file path root
    while IFS= read -r line; do
        [[ -n $line ]] || continue
        file=${line%%:*}
        path=$(sed -E 's/^[^"<]*["<]([^">]*)[">].*$/\1/' <<<"$line")
        root=${file%%/*}/$(cut -d/ -f2 <<<"$file")
        [[ $file == "$root/core/"* ]] && root+=/core
        [[ $(realpath -m --relative-to=. "$(dirname "$file")/$path") == "$root/"* ]] || printf '%s\n' "$line"
    done
}

cores=(model)
for layer in "${layers[@]:1}"; do
    cores+=("${layer%:*}/src/core" "${layer%:*}/include/dmasim/${layer#*:}/core")
done

complain "SystemC in code that is to be plain C++" \
    "$(includes '(systemc|sysc/|tlm|tlm_[a-z0-9_]*/)' "${cores[@]}" tests/unit tests/cli tests/reference tests/support/core)"
complain "A core includes a header that is not of a core" \
    "$(includes 'dmasim/' "${cores[@]}" | grep -vE 'include[[:space:]]*[<"]dmasim/(model|[a-z_]+/core)/' || true)"
complain "A unit test includes a header that is not of a core" \
    "$(includes 'dmasim/' tests/unit tests/reference tests/support/core | grep -vE 'include[[:space:]]*[<"]dmasim/(model|[a-z_]+/core)/' || true)"

allowed=""
for layer in "${layers[@]}"; do
    allowed+="${allowed:+|}${layer#*:}"
    folders=("${layer%:*}/src" "${layer%:*}/include")
    complain "${layer%:*}/ includes a layer above it (allowed: ${allowed//|/, })" \
        "$(includes 'dmasim/' "${folders[@]}" | grep -vE "include[[:space:]]*[<\"]dmasim/($allowed)/" || true)"
    complain "${layer%:*}/ reaches out of its folder by a relative path" \
        "$(includes '([^>"]*/)?\.\./' "${folders[@]}" | leaving)"
    if [[ -d ${layer%:*}/include ]]; then
        complain "${layer%:*}/ has a public header outside of include/dmasim/${layer#*:}/" \
            "$(find "${layer%:*}/include" -name '*.h' ! -path "${layer%:*}/include/dmasim/${layer#*:}/*")"
    fi
done

complain "A file with this name hides SystemC's <tlm> or <systemc>" \
    "$(find model tlm bus cpu-stub cli -type f \( -name tlm -o -name tlm.h -o -name systemc -o -name systemc.h \) 2>/dev/null || true)"

# Headers that include each other in a circle: #pragma once hides it until somebody includes the other one first.
circle=$(
    for layer in "${layers[@]}"; do
        [[ -d ${layer%:*}/include ]] || continue
        (cd "${layer%:*}/include" &&
            grep -rE --include='*.h' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]dmasim/' dmasim || true)
    done | sed -E 's/^([^:]+):[^<"]*[<"]([^>"]+)[>"].*/\1 \2/' | tsort 2>&1 >/dev/null || true
)
complain "Headers include each other in a circle" "$circle"

exit "$failures"
