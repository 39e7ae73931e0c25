#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# metric_bits.sh SOURCE COMPILER OPTIONS...: fails unless the metrics have the same bits in a unit whose products and
# sums stay apart and in one that may contract them and use all of this machine's instructions, and ask the mathematical
# library for nothing whose bits it is free to choose.
set -euo pipefail
source=$1
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

native=-march=native
"$1" $native -fsyntax-only -x c++ /dev/null 2>/dev/null || native=-mcpu=native
"$@" -O1 -ffp-contract=off -c "$source" -o "$dir/apart.o"
"$@" -O3 -ffp-contract=fast $native -c "$source" -o "$dir/contracted.o"
for unit in apart contracted; do
  "$1" "$dir/$unit.o" -o "$dir/$unit"
  "$dir/$unit" >"$dir/$unit.txt"
  if nm -u "$dir/$unit.o" | grep -wE '(exp|log|sin|cos|tan|atan|pow|erf|fma|tgamma|lgamma)[0-9a-z]{0,3}'; then
    echo "these functions of the mathematical library are used"
    exit 1
  fi
done
[[ $(wc -l <"$dir/apart.txt") -gt 60 ]]
diff "$dir/apart.txt" "$dir/contracted.txt"
