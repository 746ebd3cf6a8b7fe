// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// TestCheckConcurrently is for the race detector: one value is checked by many
// at once.
func TestCheckConcurrently(t *testing.T) {
	values := append(recorded(t, "type 8"), recorded(t, "type 0 signed")...)
	key := certificateKeys(t, values[0])[0]
	checked := make([]Checked, 8*len(values))
	var done sync.WaitGroup
	for i := range checked {
		done.Go(func() { checked[i] = Check(&values[i%len(values)]) })
	}
	done.Wait()
	s, _ := newStore()
	for i := range checked {
		outcome := s.Put(key, &checked[i], time.Time{}, remote(1), start())
		switch i % len(values) {
		case 0:
			require.Contains(t, []Outcome{Stored, Refreshed}, outcome)
		case len(values) - 1:
			require.Contains(t, []Outcome{Stored, Refreshed}, outcome)
		default:
			require.Equal(t, RefusedCertificate, outcome)
		}
	}
}

// FuzzPut puts whatever peers may send, twice, beside a real value.
func FuzzPut(f *testing.F) {
	for _, kind := range []string{"type 0", "type 0 signed", "type 8", "encrypted"} {
		for _, v := range recorded(f, kind) {
			f.Add(v.Packed, int64(0))
		}
	}
	f.Add(service(f, 1, "10.9.9.9:80").Packed, int64(time.Minute))
	f.Add(pack(f, wire.Value{ID: 1, Type: wire.TypeMessage, Data: []byte("\x92\xa3chat\xc4\x01a")}).Packed, int64(-1))
	beside := recorded(f, "type 0 signed")[0]
	f.Fuzz(func(t *testing.T, packed []byte, age int64) {
		v, err := wire.ParseValue(packed)
		if err != nil || v.ID == 0 {
			return
		}
		s, _ := newStore()
		key, now := wire.ID{1}, start()
		if v.Type == wire.TypeCertificate {
			if public, err := wire.CertificateKey(v.Data); err == nil {
				key = public.CertificateKeys()[0]
			}
		}
		require.Equal(t, Stored, put(s, key, beside, now))
		s.Listen(key, Listener{Node: wire.ID{2}}, now)
		c := Check(&v)
		first := s.Put(key, &c, now.Add(-time.Duration(age)), netip.MustParseAddr("fd00::1"), now)
		second := s.Put(key, &c, time.Time{}, netip.MustParseAddr("fd00::1"), now)
		switch first {
		case Stored, Edited, Refreshed:
			require.Equal(t, Refreshed, second)
		case RefusedExpired:
			require.Contains(t, []Outcome{Stored, Edited}, second)
		default:
			require.Equal(t, first, second)
		}
		requireSound(t, s)
		for packed := range s.Values(key, nil, now) {
			kept, err := wire.ParseValue(packed)
			require.NoError(t, err)
			require.True(t, kept.ID == v.ID || kept.ID == beside.ID)
		}
		q := wire.Query{Select: wire.FieldID | wire.FieldSeq | wire.FieldOwner | wire.FieldUserType}
		require.Len(t, slices.Collect(s.Rows(key, &q, now)), s.Stats().Values)
		other := New(DefaultLimits(), &recorder{}, now)
		for _, k := range snapshot(s, now) {
			require.NoError(t, other.Restore(k, now))
		}
		require.Equal(t, s.Stats().Bytes, other.Stats().Bytes)
	})
}
