# SPDX-License-Identifier: Apache-2.0
#
# dmasim_library(<layer> DIR <folder> PART core|skin|all [DEPENDS <name>...] [PRIVATE_DEPENDS <target>...] [INTERNAL])
#
# Makes one library with its alias, header set and install rule:
#   PART core   dmasim_<layer>_core   from <folder>/src/core/** and <folder>/include/dmasim/<layer>/core/**; no SystemC
#   PART skin   dmasim_<layer>        from what else lies under <folder>/src and <folder>/include
#   PART all    dmasim_<layer>        from everything, for a layer that has no skin
# DEPENDS names dmasim libraries by their short name (tlm_core) or any other target in full. INTERNAL: not installed.
#
# Sources are globbed, so that a new file needs no edit here; CONFIGURE_DEPENDS makes the build notice it. A library
# without a source file is an INTERFACE library until it gets one. <folder>/src/main.cpp belongs to a program.

function(dmasim_library layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERNAL" "DIR;PART" "DEPENDS;PRIVATE_DEPENDS")
  set(folder "${PROJECT_SOURCE_DIR}/${arg_DIR}")

  file(GLOB_RECURSE sources RELATIVE "${folder}" CONFIGURE_DEPENDS "${folder}/src/*.cpp")
  file(GLOB_RECURSE headers RELATIVE "${folder}" CONFIGURE_DEPENDS "${folder}/include/*.h")
  list(REMOVE_ITEM sources src/main.cpp)

  set(core_files "^(src|include/dmasim/${layer})/core/")
  set(name ${layer})
  if(arg_PART STREQUAL "core")
    set(name ${layer}_core)
    list(FILTER sources INCLUDE REGEX "${core_files}")
    list(FILTER headers INCLUDE REGEX "${core_files}")
  elseif(arg_PART STREQUAL "skin")
    list(FILTER sources EXCLUDE REGEX "${core_files}")
    list(FILTER headers EXCLUDE REGEX "${core_files}")
  elseif(NOT arg_PART STREQUAL "all")
    message(FATAL_ERROR "dmasim_library(${layer}): PART must be core, skin or all")
  endif()
  list(TRANSFORM sources PREPEND "${folder}/")
  list(TRANSFORM headers PREPEND "${folder}/")

  set(target dmasim_${name})
  if(sources)
    add_library(${target} ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(dmasim::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})

  target_compile_features(${target} ${scope} cxx_std_17)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${folder}/include" FILES ${headers})

  foreach(dependency IN LISTS arg_DEPENDS)
    if(TARGET dmasim::${dependency})
      string(PREPEND dependency "dmasim::")
    endif()
    target_link_libraries(${target} ${scope} ${dependency})
  endforeach()
  if(sources AND arg_PRIVATE_DEPENDS)
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_DEPENDS})
  endif()

  if(arg_INTERNAL OR NOT DMASIM_INSTALL)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY DMASIM_LIBRARIES ${target})
  install(TARGETS ${target} EXPORT dmasimTargets
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
          INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endfunction()
