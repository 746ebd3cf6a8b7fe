#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Proves the unit under a real systemd: a Debian 12 is booted in a container
# with a network of its own, and jamibox is started, asked, hung, killed and
# stopped in it. Prints one line for each proven claim.
#
# The Debian is made anew by each run, unless the folder
# ${XDG_CACHE_HOME:-/var/cache}/jamibox-check exists: then it is kept there.
# DEBIAN_MIRROR replaces the mirror that apt uses on this machine.
# shellcheck disable=SC2016 # it is the shell in the container that expands
set -eu
export LC_ALL=C

suite=bookworm
packages=systemd,systemd-sysv,dbus,iproute2,curl,jq,dhtnode
cache=${XDG_CACHE_HOME:-/var/cache}/jamibox-check
address=10.0.0.1
data=/var/lib/jamibox

die() {
	echo "check-systemd: $*" >&2
	exit 1
}

[ "$(id -u)" -eq 0 ] || die "needs root, to boot a container"
missing=
# need COMMAND PACKAGE
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need debootstrap debootstrap
need systemd-nspawn systemd-container
need nsenter util-linux
need ip iproute2
[ -z "$missing" ] || die "missing; run: apt-get install$missing"
command -v go >/dev/null || die "go is not in the PATH"

cd "$(dirname "$0")/.."
# Not /tmp, which may be small, in memory and without device files.
work=$(mktemp -d "${TMPDIR:-/var/tmp}/jamibox-check.XXXXXX")
root=$work/root
name=jamibox-check-$$
new=
nspawn=
init=

# await SECONDS COMMAND... runs the command until it succeeds.
await() {
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.2
	done
}

ended() { ! kill -0 "$1"; }

# shellcheck disable=SC2317,SC2329 # called by the trap
clean() {
	status=$?
	trap - EXIT
	if [ -n "$nspawn" ]; then
		[ -z "$init" ] || box systemctl poweroff >/dev/null 2>&1 || true
		# The container outlives a killed keeper, not its own first process.
		await 30 ended "$nspawn" || kill -KILL "${init:-$nspawn}" || true
		wait "$nspawn" 2>/dev/null || true
		cgroups | while read -r at; do
			# Folders of the kernel: only empty ones go, the deepest first.
			[ ! -d "$at/$name" ] || find "$at/$name" -depth -type d -exec rmdir {} +
		done
	fi
	[ ! -e "/run/netns/$name" ] || ip netns delete "$name"
	rmdir "/run/systemd/nspawn/propagate/$name" 2>/dev/null || true
	rm -rf --one-file-system "$work" ${new:+"$new"}
	exit "$status"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# cgroups prints where the hierarchies are mounted that a container can share.
# A new group of cpuset takes no process before it is given processors.
cgroups() {
	awk '($3 == "cgroup" || $3 == "cgroup2") && $4 !~ /(^|,)cpuset(,|$)/ { print $2 }' /proc/mounts
}

# mirror prints where apt gets Debian from.
mirror() {
	[ -z "${DEBIAN_MIRROR-}" ] || { echo "$DEBIAN_MIRROR"; return; }
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1
}

# bootstrap FOLDER makes a Debian there.
bootstrap() {
	from=$(mirror)
	[ -n "$from" ] || die "apt names no Debian mirror here; run apt-get update, or set DEBIAN_MIRROR"
	proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
	[ -z "$proxy" ] || export http_proxy="$proxy"
	echo "making a Debian ($suite)"
	debootstrap --variant=minbase --include="$packages" "$suite" "$1" "$from" >"$work/debootstrap.log" 2>&1 || {
		tail -n 20 "$work/debootstrap.log" >&2
		die "debootstrap failed"
	}
	rm -rf "$1/var/cache/apt/archives" "$1/var/lib/apt/lists"
}

install_root() {
	[ -d "$cache" ] || { bootstrap "$root"; return; }
	# Another list of packages is another Debian.
	kept=$cache/$suite-$(echo "$packages" | cksum | cut -d ' ' -f 1)
	if [ ! -d "$kept" ]; then
		# Under another name until it is whole; another run may be faster.
		new=$kept.$$
		bootstrap "$new"
		mv -T "$new" "$kept" 2>/dev/null || [ -d "$kept" ]
	fi
	cp -a "$kept" "$root"
}

install_jamibox() {
	CGO_ENABLED=0 go build -trimpath -o "$work/jamibox" ./cmd/jamibox
	install -m 755 "$work/jamibox" "$root/usr/bin/jamibox"
	install -D -m 644 systemd/jamibox.service "$root/usr/lib/systemd/system/jamibox.service"
	install -D -m 644 systemd/jamibox.sysusers "$root/usr/lib/sysusers.d/jamibox.conf"
	# The engine that is a child process, for what is claimed of it.
	mkdir -p "$root/etc/jamibox"
	printf '[dht]\nengine = "dhtnode"\n' >"$root/etc/jamibox/jamibox.toml"
	# Debian's own unit takes port 4222 and asks for public names.
	ln -sf /dev/null "$root/etc/systemd/system/dhtnode.service"
	SYSTEMD_LOG_LEVEL=warning systemd-sysusers --root="$root" jamibox.conf
	systemctl --root="$root" --quiet enable jamibox.service
}

# keeper runs the container in the foreground.
keeper() {
	set -- systemd-nspawn --quiet --directory="$root" --machine="$name" --register=no \
		--network-namespace-path="/run/netns/$name" --boot --console=pipe
	if [ ! -d /run/systemd/system ]; then
		# Nobody gives the container a control group of its own here.
		cgroups | while read -r at; do mkdir "$at/$name"; done
		for at in $(cgroups); do echo 0 >"$at/$name/cgroup.procs"; done
		set -- "$@" --keep-unit
	fi
	# Else the container gets the hierarchies of the host, which may be old.
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec "$@"
}

# has_init finds the container's first process, by its number inside.
has_init() {
	for child in $(tr ' ' '\n' <"/proc/$nspawn/task/$nspawn/children"); do
		awk '/^NSpid:/ { exit !(NF > 2 && $NF == 1) }' "/proc/$child/status" || continue
		init=$child
		return
	done
	return 1
}

# box COMMAND... runs the command in the container.
box() {
	nsenter --target "$init" --mount --uts --ipc --net --pid --root --wd -- \
		env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 "$@"
}

# inside SCRIPT runs lines of shell in the container; all of them must succeed.
inside() { box sh -euc "$1"; }

# booted: with all units up, or not; which of the two is for a claim to say.
booted() { inside 'systemctl is-system-running | grep -qxE "running|degraded"'; }

running() { inside 'systemctl is-system-running | grep -qx running'; }

boot() {
	# There before the system is, as on a box; and with no way out.
	ip netns add "$name"
	ip -n "$name" link set lo up
	ip -n "$name" link add eth0 type veth peer name cable
	ip -n "$name" address add "$address/24" dev eth0
	ip -n "$name" link set cable up
	ip -n "$name" link set eth0 up
	keeper </dev/null >"$work/console" 2>&1 &
	nspawn=$!
	if ! await 20 has_init || ! await 120 booted; then
		tail -n 20 "$work/console" >&2
		[ -z "$init" ] || box systemctl --failed --no-pager >&2 || true
		die "the container does not boot"
	fi
}

passed=0
failed=0

# claim TEXT COMMAND... proves the text by the command's success.
claim() {
	what=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		passed=$((passed + 1))
		echo "ok    $what"
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
		sed 's/^/        /' "$work/output"
	fi
}

property() { box systemctl show --property "$1" --value jamibox; }

# all_well: everything runs, and says so itself.
all_well() {
	inside 'jamibox status --json | jq -e ".overall == \"ok\" and .set_up and
		([.services[] | select(.state == \"ready\") | .name] | contains([\"enroll\", \"turn\", \"dht\"]))"'
}

well_again() { await 30 all_well || all_well; }

# replaced OLD: another main process is there, and all is well.
replaced() { [ "$(property MainPID)" != "$1" ] && [ "$(property ActiveState)" = active ] && all_well; }

# private: nothing in the data folder is for others.
private() {
	inside "
		[ \"\$(stat -c '%U:%G %a' $data)\" = 'jamibox:jamibox 700' ]
		[ -s $data/jamibox.db ]
		find $data ! -user jamibox -o ! -group jamibox -o -perm /077 >/run/open
		cat /run/open
		! test -s /run/open"
}

# signal NAME sends one to the main process. By its unit: the number of a dead
# one is 0, which kill takes for all of ours.
signal() { box systemctl kill --kill-who=main --signal="$1" jamibox || true; }

# one_node: a single dhtnode runs, as a child of the main process.
one_node() {
	inside "
		set -- \$(grep -lx dhtnode /proc/[0-9]*/comm)
		[ \$# -eq 1 ]
		grep -x 'PPid:	$(property MainPID)' \"\${1%comm}status\""
}

# confined: each process of the unit runs without rights it could gain or misuse.
confined() {
	inside '
		set -- $(cat /sys/fs/cgroup/system.slice/jamibox.service/cgroup.procs)
		[ $# -eq 2 ]
		for pid in "$@"; do
			grep -E "^(Name|Uid|CapBnd|NoNewPrivs|Seccomp):" /proc/$pid/status
			grep -qE "^Uid:	$(id -u jamibox)	" /proc/$pid/status
			grep -qx "CapBnd:	0000000000000400" /proc/$pid/status # CAP_NET_BIND_SERVICE
			grep -qx "NoNewPrivs:	1" /proc/$pid/status
			grep -qx "Seccomp:	2" /proc/$pid/status
		done'
}

# stays OLD: for ten seconds, the main process remains.
stays() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 1
		[ "$(property MainPID)" = "$1" ] && [ "$(property ActiveState)" = active ] || return 1
	done
	[ "$(property NRestarts)" = 0 ] && all_well
}

took=unknown
stops() {
	# An earlier stop left one.
	box rm -f $data/dht/dhtnode.state
	start=$(date +%s%N)
	box systemctl stop jamibox || return 1
	took=$((($(date +%s%N) - start) / 1000000))
	[ "$(property Result)" = success ] && [ "$took" -lt 10000 ]
}

install_root
install_jamibox
boot

claim "the system boots, no unit failed" running
claim "systemd-analyze verify is clean" \
	inside 'systemd-analyze verify --man=no jamibox.service 2>&1 | { ! grep .; }'
claim "systemd-analyze security stays below 2.0" \
	box systemd-analyze security --no-pager --offline=yes --threshold=20 jamibox.service
exposure=$(sed -n 's/.*exposure level.*: \([0-9.]*\).*/\1/p' "$work/output")
claim "a new box starts with the system and becomes active" box systemctl is-active jamibox
claim "its journal shows URL and set-up code" inside '
	journalctl -u jamibox -o cat --no-pager >/run/journal
	cat /run/journal
	grep -E "^ +URL +https://" /run/journal
	grep -E "^ +set-up code +[A-Z0-9]{4}(-[A-Z0-9]{4}){2,}$" /run/journal'
claim "the URL answers" inside '
	curl -sSf --insecure --max-time 10 "$(sed -n "s/^ *URL *//p" /run/journal)/healthz"'
claim "jamibox status tells that the box is not set up" inside '
	jamibox status && exit 1 || [ $? -eq 3 ]'

box systemctl stop jamibox || true
claim "root sets the stopped box up" inside "
	echo 'correct horse battery' | jamibox setup --organization Example --admin admin \
		--admin-password-file - --public-url https://$address --advertise $address"
claim "set up by root, the data folder still belongs to jamibox alone" private

claim "systemctl start returns, and READY=1 has arrived" inside '
	systemctl start jamibox
	systemctl is-active jamibox
	[ "$(systemctl show --property Type --value jamibox)" = notify ]'
claim "jamibox status is ok: enroll, turn and dht are ready" well_again
claim "dhtnode runs as a child of jamibox" one_node
claim "both are confined: user, capabilities, no new privileges, system calls" confined
claim "HTTPS on 443 answers to those who trust the box's root" inside "
	jamibox tls root >/run/root.pem
	curl -sSf --max-time 10 --cacert /run/root.pem https://$address/readyz"
claim "as many connections may wait on 443 as the kernel allows" inside '
	ss -ltnH "sport = :443"
	[ "$(ss -ltnH "sport = :443" | tr -s " " | cut -d " " -f 3)" -eq "$(cat /proc/sys/net/core/somaxconn)" ]'
claim "HTTP on 80 hands the root out" inside "
	curl -sSf --max-time 10 http://$address/root.pem | cmp - /run/root.pem"
claim "jamibox user add adds a user, who can log in" inside "
	echo 'battery staple horse' | jamibox user add alice --password-file -
	curl -sSf --max-time 10 --cacert /run/root.pem -u 'alice:battery staple horse' \
		-H 'Content-Type: application/json' -d '{}' https://$address/api/login | jq -e .access_token"
claim "the files of the running box belong to jamibox alone" private
claim "systemd has nothing to complain about" inside '
	journalctl -u jamibox -p warning -o cat --no-pager -q 2>&1 | { ! grep .; }'

claim "it is restarted with a watchdog of 6 s" inside '
	mkdir -p /run/systemd/system/jamibox.service.d
	printf "[Service]\nWatchdogSec=6\n" >/run/systemd/system/jamibox.service.d/watchdog.conf
	systemctl daemon-reload
	systemctl restart jamibox
	systemctl show --property WatchdogUSec jamibox | grep -x WatchdogUSec=6s'
well_again >/dev/null || true
main=$(property MainPID)
claim "signs of life keep it going for 10 s under a watchdog of 6 s" stays "$main"
signal STOP
claim "hung, it is replaced" await 40 replaced "$main"
claim "the watchdog found that out" inside 'journalctl -u jamibox --no-pager | grep "Watchdog timeout"'
claim "no dhtnode of the hung one is left over" one_node
main=$(property MainPID)
signal KILL
claim "killed with signal 9, it is started again" await 30 replaced "$main"
claim "no dhtnode of the killed one is left over" one_node
claim "the user is still there" box jamibox user show alice

claim "systemctl stop ends within 10 s, with success" stops
claim "dhtnode has ended as well" inside '! grep -lx dhtnode /proc/[0-9]*/comm'
claim "dhtnode has saved its state while stopping" inside "
	ls -l $data/dht
	test -s $data/dht/dhtnode.state"
claim "the stopped box leaves no unit failed" running

[ "$failed" -eq 0 ] || box journalctl -u jamibox --no-pager -n 100
echo "exposure $exposure, stopped in $took ms"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
