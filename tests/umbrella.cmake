# SPDX-License-Identifier: MIT
# Fails unless wsym.hpp includes every public header, each once, and each header but error.hpp has all that it declares
# in the namespace of the instruction set.
set(root ${CMAKE_CURRENT_LIST_DIR}/../include)
file(GLOB_RECURSE headers RELATIVE ${root} ${root}/wsym/*/*.hpp)
if(NOT headers)
  message(FATAL_ERROR "no headers under ${root}/wsym")
endif()
file(READ ${root}/wsym/wsym.hpp umbrella)
foreach(header IN LISTS headers)
  file(STRINGS ${root}/${header} moved REGEX "^// Moved")
  if(moved)  # a path of 0.1
    continue()
  endif()
  string(REGEX MATCHALL "#include \"${header}\"\n" includes "${umbrella}")
  list(LENGTH includes count)
  if(NOT count EQUAL 1)
    message(SEND_ERROR "wsym.hpp includes ${header} ${count} times; it must do so once")
  endif()
  file(STRINGS ${root}/${header} untagged REGEX "^namespace wsym( {|::[a-z]+ {|::[a-z]+::)")
  if(untagged AND NOT header STREQUAL "wsym/core/error.hpp")
    message(SEND_ERROR "${header} opens '${untagged}'; write namespace wsym::inline WSYM_SIMD {")
  endif()
endforeach()
