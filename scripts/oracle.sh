#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tells whether a change moves networks: trains 24 small cells by the programs of commit b4bdb2d and by those of the
# working tree. Weights and epochs are to be equal, metrics within a relative 1e-12.
#
#   scripts/oracle.sh record [COMMIT or BUILD_DIR]   builds COMMIT (b4bdb2d), trains, writes build/oracle/before.jsonl
#   scripts/oracle.sh compare [BUILD_DIR]            builds build/native, trains, names what moved; 1 if it may not
#     --cells PATTERN  only cells whose names match this regular expression, such as 'digits-.*gumbel'
#     --jobs N         programs that run at once, a thread each (2)
#
# WSYM_ORACLE is another place for the record, which holds for one machine and compiler alone. A BUILD_DIR with a
# CMakeCache.txt is brought up to date, any other is used as it is. Cells of data sets that are not under WSYM_DATA_DIR
# (../shared/data) are left out with a message; digits come with the repository.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=(digits california_housing churn_modelling)
program() { echo "$build/examples/$1"; }  # the one place that knows where they are
data=${WSYM_DATA_DIR:-../shared/data}
record=${WSYM_ORACLE:-build/oracle/before.jsonl}

# name | program | options
# Every kind of network, gate, preset and recipe at least once; two minutes in all.
cells() {
  local one="--repeats 1 --members 2" moe="--experiment moe --repeats 1" eff="--experiment efficient --repeats 1"
  cat <<END
digits-text            | digits | --repeats 2 --members 4 --hidden 64 --mask-scope repetition
digits-code            | digits | $one --hidden 64 --preset code
digits-odd-shapes      | digits | $one --hidden 17,33 --batch-size 100 --average probabilities --groups disjoint
digits-controls        | digits | $one --hidden 32 --experiment controls --epochs 20
digits-moe-softmax     | digits | $moe --hidden 64 --models mlp,wmlp --gates softmax --experts 2,4
digits-moe-gumbel      | digits | $moe --hidden 64 --models mlp,wmlp --gates gumbel --experts 2,4
digits-moie-softmax    | digits | $moe --hidden 64 --models imlp,iwmlp --gates softmax --experts 4
digits-moie-gumbel     | digits | $moe --hidden 64 --models imlp,iwmlp --gates gumbel --experts 4 --moie-average outputs
digits-moe-code        | digits | $moe --hidden 32 --preset code --experts 3 --temperature 1
digits-moe-controls    | digits | --repeats 1 --hidden 32 --experiment controls --controls weight_decay,expert_dropout,balance --epochs 20 --experts 4
digits-moe-e3          | digits | $eff --models mlp,moe,e3 --experts 8 --top-k 1,2 --members 2,4 --width 64
digits-paper-width     | digits | $eff --models moe,e3 --epochs 15
digits-overlap         | digits | $eff --models overlap,tiling,partitioning --experts 8 --shared 2 --width 64
digits-multi-pred      | digits | $eff --models multi_pred --top-k 1,2 --width 64
digits-batch-ensemble  | digits | $eff --models batch_ensemble --members 2,4 --width 64
digits-tabm-mimo       | digits | $eff --models tabm,mimo --batch-repeats 2 --width 64
digits-mc-dropout      | digits | $eff --models mc_dropout --members 4 --width 64 --order priority
digits-deep-sgd        | digits | $eff --models deep_ensemble,e3 --members 2,4 --experts 8 --recipe sgd --epochs 20 --width 64
digits-upstream-seen   | digits | $eff --study table15,table9 --scale smoke --width 32
california-text        | california_housing | $one --hidden 64 --epochs 100
california-code        | california_housing | $one --hidden 64 --epochs 100 --preset code
california-moe         | california_housing | $moe --hidden 32 --experts 4 --epochs 15
churn-text             | churn_modelling | $one --hidden 64
churn-e3               | churn_modelling | $eff --models e3,deep_ensemble --experts 4 --width 32 --start upstream --epochs 10
END
}

train() {  # NAME PROGRAM OPTIONS..; keeps weights files where the program can
  local name=$1 binary from=$data
  binary=$(program "$2") && shift 2
  [[ $* == *"experiment efficient"* ]] || set -- "$@" --keep-weights
  [[ $name == digits-* ]] && from=examples/data
  "$binary" "$@" --data "$from" --threads 1 --quiet --out "$out/$name" || touch "$out/failed-$name"
}

train_all() {
  local name what options
  rm -rf "$out" && mkdir -p "$out"
  while IFS='|' read -r name what options; do
    name=${name// /} what=${what// /}
    [[ $name =~ $pattern ]] || continue
    [[ $what == digits || -d $data/$what ]] || { echo "$name: left out, no $data/$what"; continue; }
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
    # shellcheck disable=SC2086  # options are words
    train "$name" "$what" $options &
  done < <(cells)
  wait
  compgen -G "$out/failed-*" && failed=1
  return 0
}

command=${1:-} pattern=. jobs=2 place='' failed=0
shift || true
while (($#)); do
  case $1 in
    --cells) pattern=$2 && shift 2 ;;
    --jobs) jobs=$2 && shift 2 ;;
    *) place=$1 && shift ;;
  esac
done
case $command in
  record)
    place=${place:-b4bdb2d} out=build/oracle/before
    if [ ! -d "$place" ]; then  # a commit: gets a checkout and a build, which stay
      source=$PWD/build/oracle/source-$(git rev-parse --short "$place^{commit}")
      [ -d "$source" ] || git worktree add --detach "$source" "$place"
      place=$source/build/native
      (cd "$source" && cmake --preset native)
    fi ;;
  compare)
    place=${place:-build/native} out=build/oracle/after
    [ -e "$record" ] || { echo "no $record: first run scripts/oracle.sh record"; exit 2; }
    [ -d "$place" ] || cmake --preset native ;;
  *) sed -n '3,14s/^#//p' "$0"; exit 2 ;;
esac
build=$(cd "$place" && pwd)
[ ! -e "$build/CMakeCache.txt" ] || cmake --build "$build" --target "${programs[@]}"
train_all
if [ "$command" = record ]; then
  [ $failed = 0 ] || exit 1
  mkdir -p "$(dirname "$record")"
  python3 scripts/oracle.py "$out" >"$record"
else
  python3 scripts/oracle.py "$out" >"$out.jsonl"
  python3 scripts/oracle.py "$record" "$out.jsonl" "$pattern" && exit $failed
fi
