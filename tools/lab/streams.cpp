// SPDX-License-Identifier: MIT
#include "lab/streams.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace wsym::lab {

void guard_streams() {
  // in ascending order, so that each open() gives the number that is missing; output of which nobody hears cannot be
  // written to, what is said to nobody is lost
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) == -1 && errno == EBADF)
      static_cast<void>(open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY));
  signal(SIGPIPE, SIG_IGN);
}

int after_output(const char* program, int code) {
  const bool failed_before = std::ferror(stdout) != 0;
  if (std::fflush(stdout) == 0 && !failed_before) return code;
  std::fprintf(stderr, "%s: cannot write to standard output: %s; what is in files is whole\n", program,
               std::strerror(errno));
  return code == 0 ? 1 : code;
}

}  // namespace wsym::lab
