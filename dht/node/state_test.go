// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"crypto/sha256"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.StateFile = filepath.Join(t.TempDir(), "node.state")
	n := run(t, cfg)
	id := n.Stats().ID
	p, key := newPeer(t, n.v4), randomID()
	values := [][]byte{value(1, 10), value(2, 50_000)}
	p.put(key, values...)
	require.EqualValues(t, 2, p.answered().ValueID)
	require.Eventually(t, func() bool { return n.Stats().IPv4.Good == 1 }, patience, time.Millisecond)
	cfg.IPv4 = n.v4
	require.NoError(t, n.stop())

	again := run(t, cfg)
	require.Equal(t, id, again.Stats().ID)
	require.Equal(t, n.v4, again.v4)
	require.Eventually(t, func() bool { return again.Stats().IPv4.Good == 1 }, patience, time.Millisecond,
		"the peer that was known is asked")
	require.Equal(t, values, p.get(key))
	require.Equal(t, 1, again.Stats().Storage.Sources)
	left, err := filepath.Glob(cfg.StateFile + "*")
	require.NoError(t, err)
	require.Equal(t, []string{cfg.StateFile}, left)
}

func stateBytes(t *testing.T, st *state) []byte {
	var b bytes.Buffer
	require.NoError(t, st.write(&b))
	return b.Bytes()
}

func sealed(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(b[:len(b):len(b)], sum[:]...)
}

func TestDamagedState(t *testing.T) {
	t.Parallel()
	sound := stateBytes(t, &state{
		id:     randomID(),
		nodes:  []wire.Node{{ID: randomID(), Addr: netip.MustParseAddrPort("192.0.2.1:4222")}},
		values: []storage.Kept{{Key: randomID(), Packed: value(1, 10), Created: time.Now()}},
	})
	body := sound[:len(sound)-sha256.Size]
	flipped := bytes.Clone(sound)
	flipped[40] ^= 1
	otherVersion := bytes.Clone(body)
	otherVersion[1+len(stateName)] = 9
	for name, b := range map[string][]byte{
		"error/empty":            {},
		"error/shorter than sum": []byte("short"),
		"error/cut short":        sound[:len(sound)-5],
		"error/flipped bit":      flipped,
		"error/other version":    sealed(otherVersion),
		"error/nothing inside":   sealed(nil),
		"error/cut, but sealed":  sealed(body[:len(body)-1]),
		"error/other file":       sealed([]byte(strings.Repeat("text", 100))),
		"error/no id":            stateBytes(t, &state{}),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "node.state")
			require.NoError(t, os.WriteFile(path, b, 0o600))
			var log bytes.Buffer
			s, _ := handling(t)
			s.cfg.StateFile = path
			s.logger = slog.New(slog.NewTextHandler(&log, nil))
			require.NoError(t, s.restore())
			require.False(t, s.id.IsZero())
			require.Zero(t, s.store.Stats().Values)
			require.Contains(t, log.String(), path)
			require.Contains(t, log.String(), "WARN")
			aside, err := os.ReadFile(path + damagedSuffix)
			require.NoError(t, err)
			require.True(t, bytes.Equal(b, aside))
			require.NoFileExists(t, path)
		})
	}
}

func TestStateTimes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		created time.Time
		kept    bool
	}{
		"fresh":     {now, true},
		"half over": {now.Add(-5 * time.Minute), true},
		"expired":   {now.Add(-11 * time.Minute), false},
		"future":    {now.Add(time.Hour), false},
		"epoch":     {time.UnixMilli(0), false},
		"very far":  {time.UnixMilli(1 << 62), false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := handling(t)
			s.logger = slog.New(slog.DiscardHandler)
			key := randomID()
			b := stateBytes(t, &state{id: randomID(), values: []storage.Kept{
				{Key: key, Packed: value(1, 10), Created: c.created, Source: netip.MustParseAddr("192.0.2.1")},
			}})
			require.NoError(t, s.takeUp(b))
			require.Equal(t, c.kept, s.store.Stats().Values == 1)
			if c.kept {
				// The life goes on where it was.
				s.now = c.created.Add(10*time.Minute + time.Second)
				s.store.Expire(s.now)
				require.Zero(t, s.store.Stats().Values)
			}
		})
	}
}

func TestStateCannotBeWritten(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.StateFile = filepath.Join(t.TempDir(), "missing", "node.state")
	n := New(cfg, slog.New(slog.DiscardHandler))
	s := newServer(cfg, [2]*socket{}, n.logger)
	s.know(s.id)
	require.ErrorContains(t, s.saveState(), cfg.StateFile)
}

func FuzzState(f *testing.F) {
	f.Add([]byte{})
	st := &state{
		id:     randomID(),
		nodes:  []wire.Node{{ID: randomID(), Addr: netip.MustParseAddrPort("192.0.2.1:4222")}},
		values: []storage.Kept{{Key: randomID(), Packed: value(1, 10), Created: time.Now()}},
	}
	var b bytes.Buffer
	require.NoError(f, st.write(&b))
	f.Add(b.Bytes()[:b.Len()-sha256.Size])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _ := handling(t)
		s.logger = slog.New(slog.DiscardHandler)
		if err := s.takeUp(sealed(b)); err != nil {
			require.Zero(t, s.store.Stats().Values)
		}
	})
}
