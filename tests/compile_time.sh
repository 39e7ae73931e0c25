#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# compile_time.sh COMPILER OPTIONS...: fails when a unit with <wsym/wsym.hpp> takes more than 2.5 times the user CPU
# time of one with <Eigen/Core>. Minimum of five alternating rounds each: other processes only ever add time.
set -euo pipefail
budget=2.5
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
TIMEFORMAT=%U
user_seconds() {  # HEADER COMPILER OPTIONS...
  printf '#include <%s>\n' "$1" >"$dir/unit.cpp"
  { time "${@:2}" -c "$dir/unit.cpp" -o "$dir/unit.o" >&3 2>&3; } 2>&1
}
exec 3>&1
least() { printf '%s\n' "$@" | sort -n | head -n 1; }

for round in 1 2 3 4 5; do
  eigen[round]=$(user_seconds Eigen/Core "$@")
  wsym[round]=$(user_seconds wsym/wsym.hpp "$@")
done
awk -v eigen="$(least "${eigen[@]}")" -v wsym="$(least "${wsym[@]}")" -v budget=$budget 'BEGIN {
  printf "Eigen/Core %.2f s, wsym/wsym.hpp %.2f s: ratio %.2f, budget %s\n", eigen, wsym, wsym / eigen, budget
  exit wsym > budget * eigen
}'
