#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# newer.sh FOLDER [SUITE]   makes a dhtnode of a newer Debian (default: testing)
# that runs on this one, and prints the path of the program, for the variable
# JAMIBOX_NEWER_DHTNODE. Needs root and debootstrap, and once 300 MB.
# DEBIAN_MIRROR replaces deb.debian.org.
set -eu

die() {
	echo "newer.sh: $*" >&2
	exit 1
}

[ $# -ge 1 ] || die "usage: newer.sh FOLDER [SUITE]"
suite=${2:-testing}
mkdir -p "$1"
root=$(cd "$1" && pwd)/$suite
program=$root/dhtnode

if [ ! -x "$program" ]; then
	[ "$(id -u)" -eq 0 ] || die "needs root, for debootstrap"
	command -v debootstrap >/dev/null || die "run: apt-get install debootstrap"
	rm -rf "$root"
	debootstrap --variant=minbase --include=dhtnode "$suite" "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2 ||
		die "debootstrap failed; it has told why"
	# Its own loader and libraries, but files and network of this Debian.
	loader=$(find "$root/lib64/" "$root/lib/" -maxdepth 1 -name 'ld-linux*.so.*' 2>/dev/null | head -n 1)
	[ -n "$loader" ] || die "$root has no program loader"
	libraries=$(dirname "$(find "$root/usr/lib/" -name 'libopendht*.so.*' | head -n 1)")
	cat >"$program.new" <<-END
		#!/bin/sh
		exec "$loader" --library-path "$libraries" "$root/usr/bin/dhtnode" "\$@"
	END
	chmod 755 "$program.new"
	mv "$program.new" "$program"
fi
echo "$program"
