#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# refused_flags.sh COMPILER OPTIONS...: fails when a unit with the library compiles in spite of a flag that breaks its
# promises and that the compiler lets a header see, or is refused with another message, or without such a flag.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo '#include <wsym/core/version.hpp>' >"$dir/unit.cpp"

check() {  # WANTED FLAG...: WANTED is part of the message, or empty where the unit compiles
  local wanted=$1 said
  shift
  said=$("${compile[@]}" "$@" -fsyntax-only "$dir/unit.cpp" 2>&1) && said=""
  if [[ -z $wanted && -n $said || $said != *"$wanted"* ]]; then
    echo "with '$*' the compiler said '$said'; wanted: '$wanted'"
    exit 1
  fi
}

compile=("$@")
check ""
check "" -ffp-contract=fast
check "wsym: C++20 is needed" -std=c++17
check "wsym: -ffast-math breaks" -ffast-math
check "wsym: -ffast-math breaks" -Ofast
check "wsym: -ffinite-math-only breaks" -ffinite-math-only
if [[ $("$1" -dM -E -x c++ /dev/null) != *__clang__* ]]; then
  check "wsym: -fassociative-math and -freciprocal-math break" -funsafe-math-optimizations
  check "wsym: -fassociative-math and -freciprocal-math break" -freciprocal-math
  check "wsym: -fassociative-math and -freciprocal-math break" -fassociative-math -fno-signed-zeros -fno-trapping-math
fi

echo '#include <wsym/wsym.hpp>' >"$dir/unit.cpp"
lines=$("${compile[@]}" -std=c++17 -fsyntax-only "$dir/unit.cpp" 2>&1 | wc -l) || true  # the compiler fails
if ((lines > 12)); then
  echo "with -std=c++17 the compiler said $lines lines; wanted: at most 12"
  exit 1
fi
