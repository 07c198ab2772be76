# SPDX-License-Identifier: Apache-2.0
#
# dmasim_check_systemc(<message mode>): links one tiny program against SystemC::systemc with the C++ standard in force.
# SystemC checks its users by the names of symbols, so a wrong standard shows up as a page of undefined references in
# the middle of a build. One sentence at configure time is kinder.

function(dmasim_check_systemc mode)
  set(standard 17)
  if(DEFINED CMAKE_CXX_STANDARD)
    set(standard ${CMAKE_CXX_STANDARD})
  endif()

  # The answer is kept until something changes that it depends on.
  set(question "${CMAKE_CXX_COMPILER}|${CMAKE_CXX_COMPILER_VERSION}|${standard}|${CMAKE_CXX_FLAGS}|${SystemCLanguage_DIR}")
  string(APPEND question "|${DMASIM_SYSTEMC_LINK_LIBRARIES}")
  if(DMASIM_SYSTEMC_CHECKED STREQUAL question)
    return()
  endif()

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/dmasim-check-systemc")
  file(WRITE "${folder}/main.cpp" "#include <systemc>\nint sc_main(int, char**) { return sc_core::sc_max_time().value() == 0; }\n")
  # Not the sanitizers' and other build types' business: only whether compiler, standard and library go together.
  set(CMAKE_TRY_COMPILE_TARGET_TYPE EXECUTABLE)
  try_compile(linked "${folder}/build" "${folder}/main.cpp"
              LINK_LIBRARIES SystemC::systemc
              CXX_STANDARD ${standard} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
              OUTPUT_VARIABLE output)
  if(linked)
    set(DMASIM_SYSTEMC_CHECKED "${question}" CACHE INTERNAL "What the last good SystemC check was about")
    return()
  endif()

  if(output MATCHES "sc_api_version[A-Za-z0-9_]*cxx([0-9]+)")
    set(reason "the SystemC library was built with another C++ standard than C++${standard}, which this build uses \
(Debian's SystemC 2.3.4 admits C++17 only). Set CMAKE_CXX_STANDARD to the standard of your SystemC")
  elseif(output MATCHES "hidden symbol")
    set(reason "SystemC calls sc_main in your program, and -fvisibility=hidden hides it. Remove that flag")
  elseif(output MATCHES "systemc: No such file|'systemc' file not found")
    set(reason "the header <systemc> was not found. On Debian: apt install libsystemc-dev")
  else()
    set(reason "the compiler said:\n${output}")
  endif()
  message(${mode} "A program of one line does not link with SystemC: ${reason}.")
endfunction()
