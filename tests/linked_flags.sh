#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# linked_flags.sh COMPILER OPTIONS...: fails when two units of one program, built for different machines, share code of
# the library but its errors, or when a unit's network answers with other bits beside the other unit, in either order.
# 77 where the compiler does not build for x86-64-v3.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/unit.cpp" <<'END'
#include <wsym/nn/mlp.hpp>
#include <wsym/nn/predict.hpp>

#include <cstdio>
#include <memory>

extern "C" void UNIT() {
  using namespace wsym;
  Tensor<float> x({64, 48});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>(Key(1).normal(i));
  const Mlp<float> model({.in = 48, .hidden = 64, .out = 3}, Key(2));
  double sum = 0;
  const Tensor<float> y = predict(model, x, 3);
  for (Index i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * static_cast<double>(i + 1);
  std::printf("%.17g\n", sum);
}
extern "C" [[noreturn]] void THROWS() {
  throw wsym::ShapeError("of another unit");
}
END
cat >"$dir/main.cpp" <<'END'
#include <wsym/core/error.hpp>

#include <cstdio>
#ifdef FIRST
extern "C" void FIRST();
#endif
#ifdef SECOND
extern "C" void SECOND();
#endif
extern "C" void THROWS();

int main() {
#ifdef FIRST
  FIRST();
#endif
#ifdef SECOND
  SECOND();
#endif
  try {
    THROWS();
  } catch (const wsym::ShapeError&) {
    return 0;
  }
}
END

compile=("$@" -O2)
"$1" -march=x86-64-v3 -fsyntax-only -x c++ /dev/null 2>/dev/null || exit 77
"${compile[@]}" -DUNIT=plain -DTHROWS=throws_plain -c "$dir/unit.cpp" -o "$dir/plain.o"
"${compile[@]}" -march=x86-64-v3 -DUNIT=vector -DTHROWS=throws_vector -c "$dir/unit.cpp" -o "$dir/vector.o"

for unit in plain vector; do nm --defined-only "$dir/$unit.o" | awk '$2 ~ /[WVu]/ {print $3}' | sort >"$dir/$unit.txt"; done
shared=$(comm -12 "$dir/plain.txt" "$dir/vector.txt" | c++filt | grep wsym | grep -Ev 'wsym::[A-Za-z]*(Error|Diverged)\b' || true)
if [ -n "$shared" ]; then
  echo "units built for different machines share: $shared"
  exit 1
fi

if ! grep -q '\<avx2\>.*\<fma\>\|\<fma\>.*\<avx2\>' /proc/cpuinfo; then exit 0; fi  # the second unit cannot run here
run() {  # DEFINITIONS OBJECTS
  # shellcheck disable=SC2086  # definitions and objects are words
  "${compile[@]}" $1 "$dir/main.cpp" $2 -o "$dir/run" && "$dir/run"
}
plain=$(run "-DFIRST=plain -DTHROWS=throws_plain" "$dir/plain.o")
vector=$(run "-DSECOND=vector -DTHROWS=throws_vector" "$dir/vector.o")
both="-DFIRST=plain -DSECOND=vector"
one=$(run "$both -DTHROWS=throws_plain" "$dir/plain.o $dir/vector.o")
other=$(run "$both -DTHROWS=throws_vector" "$dir/vector.o $dir/plain.o")
if [ "$plain" = "$vector" ]; then
  echo "both units answer $plain: the test cannot tell one from the other"
  exit 1
fi
if [ "$one" != "$plain"$'\n'"$vector" ] || [ "$other" != "$one" ]; then
  echo "alone: $plain, $vector; linked: ${one//$'\n'/, } and ${other//$'\n'/, }"
  exit 1
fi
