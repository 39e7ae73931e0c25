#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# format.sh ROOT: fails where a file is not as clang-format 14 writes it; 77 where that is not installed. It formats a
# copy: --dry-run takes the end of an inline namespace for an error, though formatting does not change it.
set -euo pipefail
cd "$1"
for name in clang-format-14 clang-format; do
  if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then format=$name && break; fi
done
[ -n "${format:-}" ] || { echo "no clang-format 14: skipped"; exit 77; }
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
folders=(include tools papers examples benchmarks tests)
find "${folders[@]}" \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 cp --parents -t "$copy"
cp .clang-format "$copy"
find "$copy" -name '*.[hc]pp' -print0 | xargs -0 "$format" -i
wrong=0
for folder in "${folders[@]}"; do
  diff -ru "$folder" "$copy/$folder" | grep -v '^Only in' && wrong=1
done
exit $wrong
