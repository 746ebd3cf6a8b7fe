#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# check-windows.sh [steady]   proves the Windows program under wine: jamibox.exe, as
# it is built for Windows, is set up, serves and is asked, above all what its DHT
# node has to answer. Prints what came of each test. Takes one minute, or two at
# first. With "steady" it leaves out the floods, which a busy machine may fail.
#
# The Windows that wine makes is kept in ${XDG_CACHE_HOME:-/var/cache}/jamibox-wine,
# 700 MB.
set -eu
export LC_ALL=C

die() {
	echo "check-windows: $*" >&2
	exit 1
}

loader=/usr/lib/wine/wine64
server=/usr/lib/wine/wineserver64
[ -x "$loader" ] || die "wine is missing; run: apt-get install wine64"
command -v x86_64-w64-mingw32-ld >/dev/null || die "the linker is missing; run: apt-get install binutils-mingw-w64-x86-64"
command -v go >/dev/null || die "go is not in the PATH"

cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-/var/cache}/jamibox-wine
mkdir -p "$cache"
# wine has one server for a Windows, which we end.
exec 9>"$cache/lock"
flock -w 600 9 || die "another run, or what is left of one, holds $cache/lock"
# Another wine has another Windows.
windows=$cache/$("$loader" --version | cut -d ' ' -f 1)
system=$windows/drive_c/windows/system32
builtin=$(find /usr/lib -type d -path '*/wine/x86_64-windows' | head -n 1)
[ -n "$builtin" ] || die "wine has no libraries in /usr/lib"
export WINEPREFIX="$windows" WINESERVER="$server" WINEDEBUG=-all

work=$(mktemp -d)
keeper=
# shellcheck disable=SC2317,SC2329 # called by the trap
clean() {
	status=$?
	trap - EXIT
	"$server" -k 2>/dev/null || true
	[ -z "$keeper" ] || wait "$keeper" 2>/dev/null || true
	rm -rf "$work"
	exit "$status"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What follows makes two libraries that wine 8 lacks or has in part. They are for
# these tests alone and never shipped: Windows has them.

# make_random makes bcryptprimitives.dll, of which Go needs ProcessPrng. It passes
# it on to a function of wine with the same arguments.
make_random() {
	printf 'LIBRARY bcryptprimitives.dll\nEXPORTS\n ProcessPrng=advapi32.SystemFunction036\n' >"$work/random.def"
	x86_64-w64-mingw32-ld -shared -e 0 -o "$system/bcryptprimitives.dll" "$work/random.def"
}

# make_sockets makes a ws2_32.dll that passes all on to that of wine, under another
# name, but one request: SIO_UDP_NETRESET, which Go makes of each UDP socket and
# wine refuses, is granted. It switches off what wine does not do in any case.
make_sockets() {
	mkdir -p "$windows/dlls/x86_64-windows" "$windows/dlls/x86_64-unix"
	cp "$builtin/ws2_32.dll" "$windows/dlls/x86_64-windows/ws2_wine.dll"
	cp "$builtin/ws2_32.dll" "$system/ws2_wine.dll"
	ln -sf "$(dirname "$builtin")/x86_64-unix/ws2_32.so" "$windows/dlls/x86_64-unix/ws2_wine.so"
	cat >"$work/ioctl.s" <<-'END'
		.globl ioctl
		ioctl:
			cmp $0x9800000f, %edx
			jne 1f
			xor %eax, %eax
			ret
		1:	jmp *__imp_WSAIoctl(%rip)
	END
	printf 'LIBRARY ws2_wine.dll\nEXPORTS\n WSAIoctl\n' >"$work/import.def"
	{
		printf 'LIBRARY ws2_32.dll\nEXPORTS\n WSAIoctl=ioctl\n'
		x86_64-w64-mingw32-objdump -p "$builtin/ws2_32.dll" |
			awk '/^\[Ordinal\/Name/ { on = 1; next } on && !NF { exit }
				on && $NF != "WSAIoctl" { print " " $NF "=ws2_wine." $NF }'
	} >"$work/sockets.def"
	x86_64-w64-mingw32-as -o "$work/ioctl.o" "$work/ioctl.s"
	x86_64-w64-mingw32-dlltool -d "$work/import.def" -l "$work/import.a"
	x86_64-w64-mingw32-ld -shared -e 0 -o "$system/ws2_32.dll" "$work/ioctl.o" "$work/sockets.def" "$work/import.a"
}

if [ ! -e "$windows/made" ]; then
	echo "making a Windows ($(basename "$windows"))"
	rm -rf "$windows"
	# Its helpers outlive it and must not hold our output.
	WINEDLLOVERRIDES="mscoree,mshtml=" "$loader" wineboot -i </dev/null >"$work/wineboot.log" 2>&1 9>&- ||
		{ cat "$work/wineboot.log" >&2; die "wine cannot make a Windows"; }
	"$server" -w
	make_random
	make_sockets
	: >"$windows/made"
fi

cat >"$work/wine" <<END
#!/bin/sh
WINEPREFIX='$windows' WINEDLLPATH='$windows/dlls' WINEDLLOVERRIDES=ws2_32=n WINESERVER='$server' WINEDEBUG=-all exec '$loader' "\$@"
END
chmod 755 "$work/wine"
# A Windows ends with its last program: this one waits for us.
tail -f --pid=$$ /dev/null 9>&- | "$work/wine" cmd >/dev/null 2>&1 9>&- &
keeper=$!

GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o "$work/jamibox.exe" ./cmd/jamibox
export JAMIBOX_WINE="$work/wine" JAMIBOX_EXE="$work/jamibox.exe"

# try PACKAGE... runs tests and tells of each what came of it.
try() {
	go test -count=1 -v "$@" >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
	grep -E '^(--- |ok  )|^    --- |TestPython/exe/.*s\)$|^ +--- SKIP|: builtin [0-9]' "$work/output"
}

try -run 'TestBox$' ./appliance/appliancetest/exe
try -run 'TestPython/exe$' ./dht/interop
try -run 'TestConformance/exe$' -skip '//limits' ./dht/conformance -args -slow
# Floods of a second, on their own; but for that of all addresses, for which wine is
# too slow.
[ "${1-}" = steady ] || try -run 'TestConformance/exe$/limits' -skip '//limits:_requests_of_all' ./dht/conformance -args -slow
# The node's own tests, but those of real programs; and wine 8 cannot remove
# folders in the way in which Go does it after tests that write files.
GOOS=windows go test -count=1 -exec "$work/wine" -skip 'RealNode|State|Restart|CatchUp' ./dht/node
# The relay's UDP sockets as Windows has them; what is sent from 127.0.0.2 comes from
# 127.0.0.1 in wine, so that a test of denied peers finds none.
GOOS=windows go test -count=1 -exec "$work/wine" -skip TestDropped ./turn/udprelay
