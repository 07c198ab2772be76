# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# The Debian packages that dmasim needs, and how the scripts install what is missing.

# To build, test and measure.
dmasim_build_packages=(
    g++ cmake ninja-build make pkgconf ccache
    libsystemc-dev
    libboost-dev libboost-program-options-dev libfmt-dev libyaml-cpp-dev nlohmann-json3-dev rapidjson-dev
    libzstd-dev libxxhash-dev libsqlite3-dev
    libgtest-dev libgmock-dev libbenchmark-dev
)
dmasim_format_packages=(clang-format-14)
dmasim_clang_packages=(clang-14 clang)
dmasim_lint_packages=(clang-tidy-14)

# need_packages <package>...: installs those that are missing, and says so. Fast and silent when none is.
need_packages() {
    local missing=() package have sudo=()
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "Not a Debian system: taking for granted what these packages contain: $*" >&2
        return 0
    fi
    have=$'\n'$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)$'\n'
    for package in "$@"; do
        [[ $have == *$'\n'"installed $package"$'\n'* ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0

    if [[ $(id -u) -ne 0 ]]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing packages, and no sudo to install them. As root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        sudo=(sudo)
    fi
    echo "Installing missing Debian packages: ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}
