// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// recorder is a Pusher that writes down what it is told, a line for each value.
type recorder struct{ lines []string }

func (r *recorder) PushValue(l *Listener, key wire.ID, packed []byte) {
	v, err := wire.ParseValue(packed)
	if err != nil {
		panic(err)
	}
	r.lines = append(r.lines, line("value", l, key, v.ID))
}

func (r *recorder) PushRefreshed(l *Listener, key wire.ID, ids []uint64) {
	for _, id := range ids {
		r.lines = append(r.lines, line("refreshed", l, key, id))
	}
}

func (r *recorder) PushExpired(l *Listener, key wire.ID, ids []uint64) {
	if len(ids) > MaxNoteIDs {
		panic("too many ids for a note")
	}
	for _, id := range ids {
		r.lines = append(r.lines, line("expired", l, key, id))
	}
}

// line names nodes and keys by their first byte.
func line(what string, l *Listener, key wire.ID, id uint64) string {
	return fmt.Sprintf("%s %d to %d/%d at %d", what, id, l.Node[0], l.Socket, key[0])
}

// take returns what was told since the last call, sorted.
func (r *recorder) take() []string {
	lines := r.lines
	r.lines = nil
	slices.Sort(lines)
	return lines
}

// start has no monotonic reading, so that tests choose the time.
func start() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

func remote(n byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, n}) }

func newStore() (*Store, *recorder) {
	r := &recorder{}
	return New(DefaultLimits(), r, start()), r
}

// pack returns the value as if it had been received.
func pack(t require.TestingT, v wire.Value) wire.Value {
	v, err := wire.ParseValue(v.Append(nil))
	require.NoError(t, err)
	return v
}

// plain returns a value of user data.
func plain(t require.TestingT, id uint64, data string) wire.Value {
	return pack(t, wire.Value{ID: id, Data: []byte(data)})
}

func newKey(t require.TestingT) *rsa.PrivateKey {
	// As short as it may be: making longer ones takes long.
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return key
}

func signed(t require.TestingT, key *rsa.PrivateKey, v wire.Value) wire.Value {
	require.NoError(t, v.Sign(key))
	return pack(t, v)
}

// forged returns the value with other data under the same signature.
func forged(t require.TestingT, v wire.Value, data string) wire.Value {
	v.Data = []byte(data)
	return pack(t, v)
}

func put(s *Store, key wire.ID, v wire.Value, now time.Time) Outcome {
	c := Check(&v)
	return s.Put(key, &c, time.Time{}, remote(1), now)
}

func valuesAt(s *Store, key wire.ID, now time.Time) [][]byte {
	return slices.Collect(s.Values(key, nil, now))
}

// snapshot returns all values.
func snapshot(s *Store, now time.Time) (kept []Kept) {
	for piece := range s.Snapshot(now, 2, nil) {
		kept = append(kept, piece...)
	}
	return kept
}

// recorded returns the values of the given kind that real peers sent.
func recorded(t testing.TB, kind string) []wire.Value {
	raw, err := os.ReadFile("../wire/testdata/values.txt")
	require.NoError(t, err)
	var values []wire.Value
	for l := range strings.Lines(string(raw)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(l), ": ")
		if name != kind {
			continue
		}
		packed, err := hex.DecodeString(digits)
		require.NoError(t, err)
		v, err := wire.ParseValue(packed)
		require.NoError(t, err)
		values = append(values, v)
	}
	require.NotEmpty(t, values, "recorded values of kind %q", kind)
	return values
}

func certificateKeys(t require.TestingT, v wire.Value) [2]wire.ID {
	key, err := wire.CertificateKey(v.Data)
	require.NoError(t, err)
	return key.CertificateKeys()
}

// service returns the announcement of a port at an address of the sender's
// choice.
func service(t require.TestingT, id uint64, claimed string) wire.Value {
	data := wire.ServiceData(netip.MustParseAddrPort(claimed))
	return pack(t, wire.Value{ID: id, Type: wire.TypeService, Data: data})
}

func large(n int) string { return string(bytes.Repeat([]byte("x"), n)) }
