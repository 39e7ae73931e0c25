#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds wsym's benchmarks for this machine and compares training steps, ensembles and prediction with the peers that
# are installed, in one run; peers that are not are skipped with a line that says what to install. Run it on a quiet
# machine. Times and tables go to the folder given (default: build/compare).
#   benchmarks/compare.sh [FOLDER] [compare.py's options, such as: --rounds 3 --cases otto_128]
# Environment: CXX; FLAGS: the machine that wsym is built for (default: -march=native; "-mavx2 -mfma" and -march=x86-64
# show it without AVX-512 and without AVX, beside the same peers); TORCH_PYTHONS, JAX_PYTHON: interpreters with other
# versions of the peers; CORE: the core to use.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/compare}
shift || true
mkdir -p "$out"
cxx=${CXX:-g++}
read -ra machine <<<"${FLAGS:--march=native}"
core=${CORE:-0}
peers=benchmarks/peers

build() {  # build OUTPUT SOURCE FLAGS...
  local target=$1 source=$2
  shift 2
  "$cxx" -std=c++20 -O3 "${machine[@]}" -DNDEBUG -w -fopenmp -Iinclude -Ibenchmarks -isystem /usr/include/eigen3 \
    "$source" -o "$target" "$@"
}
skip() { echo "skipped: $1 (to include it: $2)"; }

build "$out/wsym_worker" $peers/wsym_worker.cpp
contestants=(--peer wsym "$out/wsym_worker")

for python in ${TORCH_PYTHONS:-/usr/bin/python3 python3}; do
  if version=$("$python" -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null); then
    [[ " ${contestants[*]} " == *" torch-$version "* ]] ||
      contestants+=(--peer "torch-$version" "$python $peers/torch_worker.py")
  else
    skip "PyTorch of $python" "apt install python3-torch, or pip install torch"
  fi
done

if flags=$(echo '#include <torch/torch.h>' | "$cxx" -std=c++17 -x c++ -E -I/usr/include/torch/csrc/api/include - >/dev/null 2>&1 &&
  echo "-I/usr/include/torch/csrc/api/include"); then
  # shellcheck disable=SC2086
  "$cxx" -std=c++17 -O2 -w $flags $peers/libtorch_worker.cpp -o "$out/libtorch_worker" -ltorch -ltorch_cpu -lc10
  contestants+=(--peer libtorch "$out/libtorch_worker")
else
  skip LibTorch "apt install libtorch-dev"
fi

if "${JAX_PYTHON:-python3}" -c 'import jax' 2>/dev/null; then
  contestants+=(--peer jax "${JAX_PYTHON:-python3} $peers/jax_worker.py")
else
  skip JAX "pip install jax"
fi

export PYTHONDONTWRITEBYTECODE=1
python3 $peers/compare.py --work "$out" --core "$core" "${contestants[@]}" "$@" | tee "$out/tables.txt"

echo
echo "Members over threads, peak memory, tape and AdamW:"
for bench in ensemble/threads ensemble/predict train/step kernels/gemm ops/op train/moe train/sparse; do
  source=benchmarks/${bench}_bench.cpp
  [[ -e $source ]] || continue
  build "$out/${bench//\//_}_bench" "$source" -lbenchmark -lpthread ||
    { skip "$bench" "apt install libbenchmark-dev"; continue; }
  "$out/${bench//\//_}_bench" --benchmark_out="$out/${bench//\//_}.json" --benchmark_out_format=json 2>/dev/null |
    tee -a "$out/tables.txt"
done
build "$out/memory" benchmarks/ensemble/memory_bench.cpp
"$out/memory" 256 2 2 | tee -a "$out/tables.txt"
