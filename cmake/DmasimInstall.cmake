# SPDX-License-Identifier: Apache-2.0
#
# What others need to link the installed libraries: the CMake package dmasim and two pkg-config modules, dmasim (all)
# and dmasim-core (the parts without SystemC). The libraries themselves are installed by dmasim_library().
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/dmasim")
install(EXPORT dmasimTargets NAMESPACE dmasim:: DESTINATION "${package_folder}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/dmasimConfig.cmake.in" "${PROJECT_BINARY_DIR}/dmasimConfig.cmake"
                              INSTALL_DESTINATION "${package_folder}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 every minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/dmasimConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/dmasimConfig.cmake" "${PROJECT_BINARY_DIR}/dmasimConfigVersion.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/DmasimSystemC.cmake" "${CMAKE_CURRENT_LIST_DIR}/DmasimCheckSystemC.cmake"
        DESTINATION "${package_folder}")

# Top layer first, each before what it needs: the order that a linker wants static libraries in.
get_property(libraries GLOBAL PROPERTY DMASIM_LIBRARIES)
list(REVERSE libraries)
set(DMASIM_PC_LIBS "")
set(DMASIM_PC_CORE_LIBS "")
foreach(library IN LISTS libraries)
  get_target_property(type ${library} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    continue()
  endif()
  string(APPEND DMASIM_PC_LIBS " -l${library}")
  if(library MATCHES "_core$|_model$")
    string(APPEND DMASIM_PC_CORE_LIBS " -l${library}")
  endif()
endforeach()
# Relative to the .pc file, so that the installed tree can be moved.
file(RELATIVE_PATH DMASIM_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" DMASIM_PC_PREFIX "${DMASIM_PC_PREFIX}")
foreach(module dmasim dmasim-core)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${module}.pc.in" "${PROJECT_BINARY_DIR}/${module}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${module}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
