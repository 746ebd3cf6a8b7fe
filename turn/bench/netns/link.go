// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package netns

import (
	"context"
	"net"
	"net/netip"
	"strconv"
)

// The two ends of the link to a relay. One relay runs at a time.
const (
	nearEnd = "jbbench0"
	farEnd  = "jbbench1"
)

// Relay is the address of the relay.
func Relay() netip.Addr { return netip.MustParseAddr("10.120.0.2") }

// Link joins the namespace of a process, made with CLONE_NEWNET, to that of
// clients and peers, and gives it the address Relay.
func Link(ctx context.Context, pid int) error {
	if err := ip(ctx, "link add %s type veth peer name %s netns %d", nearEnd, farEnd, pid); err != nil {
		return err
	}
	for _, step := range []string{"addr add 10.120.0.1/30 dev " + nearEnd, "link set " + nearEnd + " up"} {
		if err := ip(ctx, "%s", step); err != nil {
			return err
		}
	}
	for _, step := range []string{
		"link set lo up",
		"addr add " + Relay().String() + "/30 dev " + farEnd,
		"link set " + farEnd + " up",
		"route add default via 10.120.0.1",
	} {
		if err := run(ctx, "nsenter", "-t", strconv.Itoa(pid), "-n", "sh", "-c", "ip "+step); err != nil {
			return err
		}
	}
	return nil
}

// Unlink removes the link. The kernel does so too, some time after the end of
// the process; that it did already is no error.
func Unlink(ctx context.Context) error {
	err := ip(ctx, "link del %s", nearEnd)
	if _, gone := net.InterfaceByName(nearEnd); gone != nil {
		return nil
	}
	return err
}
