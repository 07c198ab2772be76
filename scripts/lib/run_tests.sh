# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# run_tests <preset>: all tests of a preset on $jobs processors; shows what does not pass, and leaves a line for the summary in
# step_note. Fails if a test does.

run_tests() {
    local log="build/$1.test.log" status
    # What the pipe's last part returns says nothing: the status is ctest's.
    ctest --preset "$1" -j "$jobs" 2>&1 | tee "$log" |
        { grep --line-buffered -vE '^ +Start +[0-9]+: |^ *[0-9]+/[0-9]+ Test .* Passed ' || true; }
    status=${PIPESTATUS[0]}
    # Read by scripts/test.
    # shellcheck disable=SC2034
    step_note=$(grep -E 'tests passed' "$log" || echo "no tests ran")
    return "$status"
}
