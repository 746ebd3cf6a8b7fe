#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what Debian has to give, or names it to those who may not install.
#   deps.sh test   what the tests need; a running box needs nothing
set -eu

case "${1-}" in
test)
	packages="dhtnode jami-daemon dbus iproute2 nftables pulseaudio pulseaudio-utils procps coturn nginx-light openssl"
	packages="$packages gnutls-bin curl gcc libc6-dev python3-opendht libopendht-c-dev slapd ldap-utils"
	packages="$packages wine64 binutils-mingw-w64-x86-64"
	packages="$packages samba samba-dsdb-modules samba-vfs-modules samba-ad-provision ldb-tools"
	;;
*)
	echo "usage: $0 test" >&2
	exit 2
	;;
esac

missing=
for p in $packages; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "These Debian packages are missing:$missing" >&2
	echo "Install them with: sudo $0 $1" >&2
	exit 1
fi

# These packages start services of their own, which would take the ports and, of
# dhtnode, ask for public names. Mask them before they come.
for unit in dhtnode coturn nginx nftables slapd samba-ad-dc smbd nmbd winbind; do
	if [ ! -e "/etc/systemd/system/$unit.service" ] && [ ! -L "/etc/systemd/system/$unit.service" ]; then
		mkdir -p /etc/systemd/system
		ln -s /dev/null "/etc/systemd/system/$unit.service"
	fi
done
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Run level 1 keeps init scripts from starting anything where there is no systemd.
# shellcheck disable=SC2086 # a list of words
RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing
