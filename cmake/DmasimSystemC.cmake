# SPDX-License-Identifier: Apache-2.0
#
# Gives the target SystemC::systemc, under the name that SystemC's own CMake package uses. Looks, in this order, for
#   1. the target, which a host project may have made already,
#   2. the CMake package SystemCLanguage (SystemC built with CMake),
#   3. pkg-config (Debian's libsystemc-dev ships no CMake package).
# Does not fail: whoever includes it decides what a missing SystemC means. DMASIM_SYSTEMC_NOT_FOUND then says why.
# Installed next to dmasimConfig.cmake, so that a build of dmasim and its users find SystemC alike.

if(NOT TARGET SystemC::systemc)
  find_package(SystemCLanguage CONFIG QUIET)
endif()

if(NOT TARGET SystemC::systemc)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(DMASIM_SYSTEMC QUIET IMPORTED_TARGET GLOBAL systemc)
    if(TARGET PkgConfig::DMASIM_SYSTEMC)
      add_library(SystemC::systemc INTERFACE IMPORTED GLOBAL)
      target_link_libraries(SystemC::systemc INTERFACE PkgConfig::DMASIM_SYSTEMC)
    endif()
  endif()
endif()

set(DMASIM_SYSTEMC_NOT_FOUND
    "dmasim needs SystemC 2.3.4 or newer and found none: no target SystemC::systemc, no CMake package SystemCLanguage, \
no pkg-config module systemc. On Debian: apt install libsystemc-dev pkg-config. For a SystemC of your own, add its \
prefix to CMAKE_PREFIX_PATH or its pkgconfig folder to PKG_CONFIG_PATH.")
