# SPDX-License-Identifier: MIT
# Fails unless the README's C++ example stands word for word in the example file that it names, which ctest runs.
set(root ${CMAKE_CURRENT_LIST_DIR}/..)
file(READ ${root}/README.md readme)
file(READ ${root}/examples/01_first_steps.cpp example)
if(NOT readme MATCHES "```cpp\n([^`]+)```")
  message(FATAL_ERROR "README.md has no C++ example")
endif()
string(FIND "${example}" "${CMAKE_MATCH_1}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "README.md shows\n${CMAKE_MATCH_1}but examples/01_first_steps.cpp differs")
endif()
