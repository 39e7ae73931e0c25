#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the digits program for this machine, and trains two deep ensembles of 16 networks on
# the 1,797 images of handwritten digits in examples/data. A second run continues the first; without out/demo it starts
# afresh.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
cmake --preset native
cmake --build --preset native --target digits --parallel "$(nproc)"
build/native/examples/digits --members 16 --hidden 64 --out out/demo
