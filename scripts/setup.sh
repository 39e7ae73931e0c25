# SPDX-License-Identifier: MIT
# Sourced by demo.sh and test.sh: installs the Debian or Ubuntu packages that are missing, as root or through sudo;
# otherwise prints the command that would and stops.
packages="g++ cmake make pkg-config libeigen3-dev doctest-dev libfccp-dev libcli11-dev zlib1g-dev gnuplot-nox"

missing=""
for package in $packages; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" -eq 0 ]; then
    as_root=""
  elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
    as_root=sudo
  else
    echo "Packages are missing, and this user may not install them. Have someone run:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 1
  fi
  echo "Installing$missing"
  $as_root apt-get -q update
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $missing </dev/null
fi
