#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# scripts/lib/run_tests.sh fails when a test does, and says how many passed. Argument: the project's folder.
set -euo pipefail

source "$1/scripts/lib/run_tests.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir build bin
PATH="$folder/bin:$PATH"
jobs=1

# pretend <status> <line>...: from now on ctest prints these lines and ends so.
pretend() {
    local status=$1
    shift
    {
        printf '#!/bin/sh\n'
        printf "printf '%%s\\\\n' '%s'\n" "$@"
        printf 'exit %s\n' "$status"
    } >bin/ctest
    chmod +x bin/ctest
}

expect() {
    local verdict=passed
    run_tests dev >shown || verdict=failed
    if [[ $verdict != "$1" || $step_note != "$2" ]]; then
        echo "expected '$1' and '$2', got '$verdict' and '$step_note'"
        exit 1
    fi
}

pretend 0 '1/1 Test #1: a .... Passed 0.1 sec' '100% tests passed, 0 tests failed out of 1'
expect passed '100% tests passed, 0 tests failed out of 1'
# Nothing is worth showing.
! grep -q 'Test #1' shown
pretend 8 '1/2 Test #1: a .... Passed 0.1 sec' '2/2 Test #2: b ....***Failed 0.1 sec' '50% tests passed, 1 tests failed out of 2'
expect failed '50% tests passed, 1 tests failed out of 2'
grep -q 'Test #2' shown
# Every line that is printed is one of those that are left out.
pretend 8 '1/1 Test #1: a .... Passed 0.1 sec'
expect failed 'no tests ran'
echo "run_tests notices what fails"
