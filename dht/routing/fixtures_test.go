// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// ownID starts with a one, so that an id below 0x80... shares no bit with it.
var ownID = wire.ID{0: 0x80, 19: 1}

// id returns an id with the given first bytes.
func id(first ...byte) (id wire.ID) {
	copy(id[:], first)
	return id
}

func addr(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// site returns a node behind the one address of a large site.
func site(n int) wire.Node {
	var node wire.Node
	random := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	binary.BigEndian.PutUint64(node.ID[:], random.Uint64())
	binary.BigEndian.PutUint64(node.ID[8:], random.Uint64())
	node.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(n+1))
	return node
}

func newTable() *Table { return New(ownID, DefaultConfig(), start) }

// siteTable returns a table that n nodes have answered to.
func siteTable(n int) *Table {
	t := newTable()
	for i := range n {
		node := site(i)
		t.Answered(node.ID, node.Addr, false, start)
	}
	return t
}

// fail leaves a whole request to the endpoint unanswered, and returns when that
// was known.
func fail(t *Table, addr netip.AddrPort, now time.Time) time.Time {
	for _, wait := range []time.Duration{1250 * time.Millisecond, 2750 * time.Millisecond, 5750 * time.Millisecond} {
		now = now.Add(wait)
		t.Failed(addr, now)
	}
	return now
}

// listed returns the endpoint that is listed for the id, or the zero one.
func listed(t *Table, id wire.ID, now time.Time) netip.AddrPort {
	for _, node := range t.Closest(nil, id, 1, now) {
		if node.ID == id {
			return node.Addr
		}
	}
	return netip.AddrPort{}
}

func requireListed(t *testing.T, table *Table, id wire.ID, at string, now time.Time) {
	t.Helper()
	require.Equal(t, at, listed(table, id, now).String())
}

func requireUnlisted(t *testing.T, table *Table, id wire.ID, now time.Time) {
	t.Helper()
	require.Zero(t, listed(table, id, now))
}
