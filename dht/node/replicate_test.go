// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// catchingUp is how long a node may take to have what others hold. It takes three
// seconds.
const catchingUp = time.Minute

func boxConfig(t *testing.T, bootstrap ...netip.AddrPort) Config {
	cfg := testConfig()
	cfg.Replicate = true
	cfg.StateFile = filepath.Join(t.TempDir(), "node.state")
	for _, addr := range bootstrap {
		cfg.Bootstrap = append(cfg.Bootstrap, addr.String())
	}
	return cfg
}

// kept returns what a node has stored.
func (r *running) kept() map[wire.ID][]storage.Kept {
	all := make(map[wire.ID][]storage.Kept)
	for piece := range r.running().stock(nil) {
		for _, k := range piece {
			all[k.Key] = append(all[k.Key], k)
		}
	}
	return all
}

// writeSome has a peer put values of many sizes, half of them minutes ago, and
// returns them by key.
func writeSome(t *testing.T, node netip.AddrPort, keys int) map[wire.ID][][]byte {
	t.Helper()
	writer := newPeer(t, node, client)
	token := writer.token()
	values := make(map[wire.ID][][]byte)
	for i := range keys {
		key, packed := randomID(), value(1, 100)
		if i%50 == 0 {
			packed = value(1, 40_000)
		}
		values[key] = [][]byte{packed}
		h, created := writer.header(), int64(0)
		if i%2 == 0 {
			created = time.Now().Add(-5 * time.Minute).Unix()
		}
		writer.send(wire.AppendPut(nil, h, key, token, created, values[key]))
		if wire.InParts(values[key]) {
			for part := range wire.Parts(nil, h, values[key]) {
				writer.send(part)
			}
		}
		require.Equal(t, wire.KindReply, writer.answered().Kind)
	}
	return values
}

// TestCatchUp has a box of two miss what is put while it is down.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fresh, goneLong bool }{
		"back before it was missed": {},
		"back after it was missed":  {goneLong: true},
		"new box":                   {fresh: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := run(t, boxConfig(t))
			cfg := boxConfig(t, up.v4)
			before := writeSome(t, up.v4, 10)
			if !c.fresh {
				down := run(t, cfg)
				require.Eventually(t, func() bool { return len(down.kept()) == len(before) }, catchingUp, 10*time.Millisecond)
				maps.Copy(before, writeSome(t, down.v4, 10))
				require.NoError(t, down.stop())
			}
			if c.goneLong {
				s := up.running()
				s.begin(newOutbox(s))
				for _, other := range s.tables[0].Snapshot(s.now) {
					for i := range 3 {
						s.tables[0].Failed(other.Addr, s.now.Add(time.Duration(i)*time.Second))
					}
				}
				s.end()
				require.Zero(t, up.Stats().IPv4.Good)
			}
			missed := writeSome(t, up.v4, 300)
			start := time.Now()
			back := run(t, cfg)
			require.Eventually(t, func() bool { return len(back.kept()) == len(before)+len(missed) }, catchingUp, 10*time.Millisecond)
			t.Logf("%d values in %s", len(missed), time.Since(start).Round(100*time.Millisecond))
			reader := newPeer(t, back.v4, client)
			for key, values := range missed {
				require.Equal(t, values, reader.get(key))
			}

			// What the box had before, the other one gets in turn.
			require.Eventually(t, func() bool { return len(up.kept()) == len(before)+len(missed) }, catchingUp, 10*time.Millisecond)
			here, there := back.kept(), up.kept()
			for key := range missed {
				require.WithinDuration(t, there[key][0].Created, here[key][0].Created, 2*time.Second, "it lives no longer for that")
			}
		})
	}
}

// TestReplicateSparingly gives a node neither what it has nor what would be wrong
// or too late.
func TestReplicateSparingly(t *testing.T) {
	now := time.Now()
	plain := func(valueType uint16, age time.Duration) storage.Kept {
		v := wire.Value{ID: 1, Type: valueType, Data: []byte("data")}
		return storage.Kept{Packed: v.Append(nil), Created: now.Add(-age)}
	}
	owner, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	edition := storage.Kept{Packed: signed(t, owner, 1, 5, "data"), Created: now}
	const userData, almostOver = wire.TypeUserData, 9*time.Minute + 45*time.Second
	for name, c := range map[string]struct {
		given storage.Kept
		rows  []wire.Row
		want  bool
	}{
		"not there":               {plain(userData, 0), nil, true},
		"another there":           {plain(userData, 0), []wire.Row{{ID: 2}}, true},
		"there":                   {plain(userData, 0), []wire.Row{{ID: 2}, {ID: 1}}, false},
		"older edition there":     {edition, []wire.Row{{ID: 1, Seq: 4}}, true},
		"same edition there":      {edition, []wire.Row{{ID: 1, Seq: 5}}, false},
		"newer edition there":     {edition, []wire.Row{{ID: 1, Seq: 6}}, false},
		"almost over":             {plain(userData, almostOver), nil, false},
		"trust request, days old": {plain(wire.TypeTrustRequest, 6*24*time.Hour), nil, true},
		"service announcement":    {plain(wire.TypeService, 0), nil, false},
		"error/unreadable":        {storage.Kept{Packed: []byte{1}, Created: now}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var m wire.Message
			answer := wire.Answer{Select: wire.FieldID | wire.FieldSeq, Rows: c.rows}
			require.NoError(t, m.Decode(wire.AppendAnswer(nil, wire.Header{Transaction: 1, Sender: wire.ID{1}}, &answer)))
			require.Equal(t, c.want, len(lacking([]storage.Kept{c.given}, &m, now)) == 1)
		})
	}
}

// TestReplicateToTheClosest has a node that knows many leave a newcomer alone
// that is far from a key.
func TestReplicateToTheClosest(t *testing.T) {
	s, _ := handling(t)
	crowd(s)
	var stock []storage.Kept
	for range 2000 {
		stock = append(stock, storage.Kept{Key: randomID()})
	}
	for _, other := range s.tables[0].Snapshot(s.now) {
		rest, near := stock, 0
		for len(rest) > 0 {
			var shelves [][]storage.Kept
			shelves, rest = s.near(other, rest)
			require.LessOrEqual(t, len(shelves), giveBatch)
			near += len(shelves)
		}
		want := 0
		for _, g := range stock {
			if slices.Contains(s.tables[0].Closest(nil, g.Key, maxListed, s.now), other) {
				want++
			}
		}
		require.Equal(t, want, near)
		require.Less(t, near, len(stock))
	}
}

// TestReplicateToUnwillingNode gives up one that refuses.
func TestReplicateToUnwillingNode(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	writeSome(t, n.v4, 3*giveBatch)
	p := newPeer(t, n.v4)
	p.send(wire.AppendPing(nil, p.header()))
	require.Eventually(t, func() bool { return n.Stats().IPv4.Good == 1 }, patience, 10*time.Millisecond)
	s, gaveUp := n.running(), make(chan struct{})
	go func() {
		defer close(gaveUp)
		s.give(t.Context(), wire.Node{ID: p.id, Addr: p.addr})
	}()
	asked := p.awaitKind(wire.KindGet)
	require.Equal(t, wire.FieldID|wire.FieldSeq, asked.Query.Select)
	h := wire.Header{Transaction: asked.Transaction, Sender: p.id}
	p.send(wire.AppendError(nil, h, wire.CodeUnauthorized, "not from you"))
	<-gaveUp
	require.LessOrEqual(t, n.Stats().Waiting, giveBatch)
	require.Zero(t, n.Stats().Replicated)
}

// TestRealNodeCatchesUp has the real program come after the values.
func TestRealNodeCatchesUp(t *testing.T) {
	t.Parallel()
	n := run(t, boxConfig(t))
	missed := writeSome(t, n.v4, 300)
	start := time.Now()
	d := startDhtnode(t, n.v4)
	require.Eventually(t, func() bool { return n.Stats().Replicated >= uint64(len(missed)) }, catchingUp, 10*time.Millisecond)
	t.Logf("%d values in %s", len(missed), time.Since(start).Round(100*time.Millisecond))
	require.NoError(t, n.stop())
	reader := newPeer(t, d.addr, client)
	for key, values := range missed {
		require.Equal(t, values, reader.getFromReal(key))
	}
}

// TestCatchUpWithRealNodes has ours come back to real ones, of which one is the
// writer and repeats itself: they do not copy what they store for others.
func TestCatchUpWithRealNodes(t *testing.T) {
	t.Parallel()
	cfg := boxConfig(t)
	n := run(t, cfg)
	writer := startDhtnode(t, n.v4)
	other := startDhtnode(t, n.v4)
	writer.awaitListed(other.addr)
	cfg.IPv4 = n.v4
	require.NoError(t, n.stop())
	writer.enter("pp presence here", "Put: success")
	start := time.Now()
	cfg.Bootstrap = []string{other.addr.String()}
	back := run(t, cfg)
	key := wire.HashOf([]byte("presence"))
	require.Eventually(t, func() bool { return len(back.kept()[key]) == 1 }, catchingUp, 10*time.Millisecond)
	t.Logf("a permanent value in %s", time.Since(start).Round(100*time.Millisecond))
}
