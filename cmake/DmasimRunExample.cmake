# SPDX-License-Identifier: Apache-2.0
#
# cmake -DEXPECTED=<file> -DSTATUS=<n> -P DmasimRunExample.cmake -- <command>...
# Runs the command; compares its exit status, and its output if the file exists.

set(command)
set(seen_dashes FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(seen_dashes)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(seen_dashes TRUE)
  endif()
endforeach()

execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE diagnostics)
list(JOIN command " " command_line)
if(NOT status EQUAL STATUS)
  message(FATAL_ERROR "${command_line}\nended with ${status}, wanted ${STATUS}\n${output}\n${diagnostics}")
endif()

if("$ENV{DMASIM_UPDATE_EXPECTED}" STREQUAL "1" AND output)
  file(WRITE "${EXPECTED}" "${output}")
elseif(EXISTS "${EXPECTED}")
  file(READ "${EXPECTED}" expected)
  if(NOT output STREQUAL expected)
    message("${command_line}\nprinted something else than ${EXPECTED} says:\n${diagnostics}")
    message(FATAL_ERROR "--- wanted\n${expected}\n--- printed\n${output}")
  endif()
endif()
