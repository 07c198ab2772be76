#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh <install|find_package|add_subdirectory|pkg_config|wrong_standard> <build folder>
# Installs to the stage folder, or configures, builds and runs one consumer project. The environment comes from
# CMakeLists.txt beside this file.
set -euo pipefail
kind=$1
out=$2
cd "$(dirname "${BASH_SOURCE[0]}")"
[[ -d $kind ]] && cd "$kind"

# From scratch each time: old files would hide what the package forgot. Compiling again is ccache's business.
rm -rf "$out"
mkdir -p "$out"
case $kind in
    install)
        rm -rf "$STAGE"
        cmake --install "$BUILD_DIR" --config "$CONFIG" --prefix "$STAGE"
        exit
        ;;
    wrong_standard)
        if output=$(cmake -S "$DMASIM_SOURCE_DIR" -B "$out" -DCMAKE_CXX_STANDARD=20 2>&1); then
            echo "configured, although SystemC does not link with C++20" >&2
            exit 1
        fi
        # CMake breaks lines where it likes.
        [[ ${output//[$'\n ']/} == *builtwithanotherC++standardthanC++20* ]] || { echo "$output" >&2; exit 1; }
        exit
        ;;
    find_package)
        cmake -S . -B "$out" -DCMAKE_BUILD_TYPE="$CONFIG" -DCMAKE_PREFIX_PATH="$STAGE"
        cmake --build "$out"
        ;;
    add_subdirectory)
        cmake -S . -B "$out" -DCMAKE_BUILD_TYPE="$CONFIG" -DDMASIM_SOURCE_DIR="$DMASIM_SOURCE_DIR"
        cmake --build "$out"
        ;;
    pkg_config)
        PKG_CONFIG_PATH="$STAGE/$LIBDIR/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" make OUT="$out"
        ;;
    *)
        echo "run.sh: no consumer called '$kind'" >&2
        exit 2
        ;;
esac
"$out/consumer"
