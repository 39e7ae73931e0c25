#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the digits program for this machine, and trains two deep ensembles of 16 networks on
# the 1,797 images of handwritten digits in examples/data.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
cmake --preset native
cmake --build --preset native --target digits --parallel "$(nproc)"
build/native/examples/digits --members 16 --hidden 64 --out out/demo
echo
echo "Tables: out/demo/summary.csv, metrics.csv, summary.json. Figures: out/demo/figures. The same command continues or"
echo "extends this run; delete out/demo to start afresh."
