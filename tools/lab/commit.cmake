# SPDX-License-Identifier: MIT
# cmake -D source=FOLDER -D file=FILE -D git=GIT -P commit.cmake: writes FILE, if its text would be another, with the
# commit that FOLDER is at. A folder that is not the top of a repository, as that of an archive, has none.
set(commit unknown)
if(git)
  execute_process(COMMAND ${git} -C ${source} rev-parse --show-toplevel OUTPUT_VARIABLE top
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  file(REAL_PATH "${source}" source)
  if(top)
    file(REAL_PATH "${top}" top)
  endif()
  if("${top}" STREQUAL "${source}")
    execute_process(COMMAND ${git} -C ${source} describe --always --dirty --abbrev=40 --exclude=* OUTPUT_VARIABLE said
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if("${said}" MATCHES "^[0-9a-f]+(-dirty)?$")
      set(commit ${said})
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT "${file}" CONTENT "#define WSYM_COMMIT \"${commit}\"\n")
