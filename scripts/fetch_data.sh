#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Puts the data sets where the programs look for them: fetch_data.sh [DIR], by default ./data.
# Downloads those with a public address, and says where to put the two that need a Kaggle login. A file that is there
# and right is left alone: right is the sha256 of the unpacked contents, with CRLF line ends read as LF.
# Exit code: 0 if all that can be downloaded is there, 1 if not, 2 for wrong usage.
set -euo pipefail

usage="usage: fetch_data.sh [DIR]    (default: ./data)"
case "${1:-}" in
  -h | --help) echo "$usage" && exit 0 ;;
  -*) echo "$usage" >&2 && exit 2 ;;
esac
[ $# -le 1 ] || { echo "$usage" >&2 && exit 2; }
dir=${1:-data}
here=$(cd "$(dirname "$0")/.." && pwd)
failed=0 # something that can be downloaded is missing, or a file is wrong
online=0 # something came

# contents FILE: unpacked if its name ends in .gz; text with LF line ends.
contents() {
  case "$1" in
    *ubyte.gz) gzip -cd "$1" ;;
    *ubyte) cat "$1" ;;
    *.gz) gzip -cd "$1" | tr -d '\r' ;;
    *) tr -d '\r' <"$1" ;;
  esac
}

# is_right FILE SHA256
is_right() {
  [ -f "$1" ] && [ "$(contents "$1" 2>/dev/null | sha256sum | cut -d ' ' -f 1)" = "$2" ]
}

# download URL FILE: 0 done, 1 nothing came.
download() {
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --connect-timeout 20 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --no-verbose --timeout=20 --tries=1 --output-document="$2" "$1"
  else
    echo "neither curl nor wget is installed" >&2
    return 1
  fi
}

# fetch FILE SHA256 URL...: from the first address that gives the right contents; from an archive the file of that name.
fetch() {
  local file=$dir/$1 sha256=$2 part url
  shift 2
  is_right "$file" "$sha256" && echo "$file: there already" && return
  mkdir -p "$(dirname "$file")"
  part=$(dirname "$file")/.part-$(basename "$file") # keeps the suffix, which says how to unpack it
  for url in "$@"; do
    echo "$file: from $url"
    if download "$url" "$part"; then
      online=1
      if tar -xzOf "$part" --wildcards "*/$(basename "$file")" >"$part.member" 2>/dev/null; then
        mv -f "$part.member" "$part"
      fi
      rm -f "$part.member"
      if is_right "$part" "$sha256"; then
        mv -f "$part" "$file"
        return
      fi
      echo "$file: what $url gives is not the file that is meant (its sha256 is not $sha256)" >&2
    fi
    rm -f "$part"
  done
  echo "$file: not downloaded" >&2
  failed=1
}

# by_hand SHA256 PAGE FILE...: one of the files has to be put there by hand.
by_hand() {
  local sha256=$1 page=$2 file
  shift 2
  for file in "$@"; do
    [ -f "$dir/$file" ] || continue
    if is_right "$dir/$file" "$sha256"; then
      echo "$dir/$file: there already"
    else
      echo "$dir/$file: not the file that is meant (its sha256 is not $sha256); see $page" >&2
      failed=1
    fi
    return
  done
  echo "$dir/$1: needs a Kaggle login: download $(basename "$1") from"
  echo "    $page and put it there"
}

fetch california_housing/cal_housing.data a2b44dcc7e1c9091b43c4f458b25cbd1f7e8068d08edd26bc4703108d3fa6214 \
  https://ndownloader.figshare.com/files/5976036 https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.tgz

uci=https://archive.ics.uci.edu/ml/machine-learning-databases/adult
fetch adult/adult.data 5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d $uci/adult.data
fetch adult/adult.test a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05 $uci/adult.test

mnist() { # NAME SHA256
  fetch "mnist/$1-ubyte.gz" "$2" "https://ossci-datasets.s3.amazonaws.com/mnist/$1-ubyte.gz" \
    "https://storage.googleapis.com/cvdf-datasets/mnist/$1-ubyte.gz"
}
mnist train-images-idx3 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
mnist train-labels-idx1 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
mnist t10k-images-idx3 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
mnist t10k-labels-idx1 ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2

mkdir -p "$dir/digits"
cp "$here/examples/data/digits/digits.csv" "$dir/digits/digits.csv"
echo "$dir/digits/digits.csv: comes with the source"

by_hand ee2a5c9d8daf3aed0d91c4d883a84ebb77d271447bebc0f0c80aafb0f288ceab \
  https://www.kaggle.com/datasets/shrutimechlearn/churn-modelling churn_modelling/Churn_Modelling.csv
by_hand 11d3618a9d2dba32356c7c5f71ea2c790dcf1bd1ac1f0270f5f520b14329a3b4 \
  https://www.kaggle.com/c/otto-group-product-classification-challenge/data otto/train.csv otto/train.csv.gz

if [ "$failed" -ne 0 ]; then
  echo "Files are missing or wrong; see above." >&2
  [ "$online" -ne 0 ] || echo "Nothing could be downloaded: is there a network? The files can also be put there by hand." >&2
fi
exit "$failed"
