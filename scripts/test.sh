#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds everything with warnings as errors, and runs the tests labelled quick.
# WSYM_DATA_DIR, where set, names the folder of data sets; tests on real data need it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)} exec cmake --workflow --preset dev
