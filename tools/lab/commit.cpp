// SPDX-License-Identifier: MIT
#include "lab/commit.hpp"

#if __has_include("wsym_commit.inc")
#include "wsym_commit.inc"  // written by commit.cmake
#else
#define WSYM_COMMIT "unknown"
#endif

namespace wsym::lab {

const char* commit() {
  return WSYM_COMMIT;
}

}  // namespace wsym::lab
