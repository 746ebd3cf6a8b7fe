// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestListen(t *testing.T) {
	s, r := newStore()
	key, now := wire.ID{1}, start()
	l := Listener{Node: wire.ID{2}, Socket: 3, Addr: netip.MustParseAddrPort("10.0.0.2:4222"), Version: 1}
	require.True(t, s.Listen(key, l, now))
	require.False(t, s.Listen(key, l, now), "a repeat")
	other := l
	other.Socket = 4
	require.True(t, s.Listen(key, other, now), "another socket")
	other.Node = wire.ID{9}
	require.True(t, s.Listen(key, other, now), "another node")
	require.True(t, s.Listen(wire.ID{7}, l, now), "another key")
	require.Equal(t, 4, s.Stats().Listeners)

	put(s, key, plain(t, 5, "a"), now)
	require.Equal(t, []string{"value 5 to 2/3 at 1", "value 5 to 2/4 at 1", "value 5 to 9/4 at 1"}, r.take())

	s.Unlisten(key, wire.ID{2}, 4)
	s.Unlisten(key, wire.ID{2}, 77)
	s.Unlisten(wire.ID{99}, wire.ID{2}, 4)
	put(s, key, plain(t, 6, "a"), now)
	require.Equal(t, []string{"value 6 to 2/3 at 1", "value 6 to 9/4 at 1"}, r.take())
	s.Unlisten(wire.ID{7}, wire.ID{2}, 3)
	require.Equal(t, 1, s.Stats().Keys, "a key with nothing is forgotten")
}

func TestListenerLife(t *testing.T) {
	s, r := newStore()
	key, now := wire.ID{1}, start()
	s.Listen(key, Listener{Node: wire.ID{2}}, now)
	s.Listen(key, Listener{Node: wire.ID{3}}, now.Add(time.Second))
	require.Equal(t, now.Add(10*time.Minute), s.Expire(now))
	require.False(t, s.Listen(key, Listener{Node: wire.ID{2}}, now.Add(9*time.Minute)))

	require.Equal(t, now.Add(10*time.Minute+time.Second), s.Expire(now.Add(10*time.Minute)))
	require.Equal(t, 2, s.Stats().Listeners)
	require.Equal(t, now.Add(19*time.Minute), s.Expire(now.Add(10*time.Minute+time.Second)))
	put(s, key, plain(t, 5, "a"), now.Add(11*time.Minute))
	require.Equal(t, []string{"value 5 to 2/0 at 1"}, r.take())

	require.True(t, s.Listen(key, Listener{Node: wire.ID{2}}, now.Add(19*time.Minute)),
		"it has expired, though Expire was not called")
}

// TestListenQuery checks whom a value is pushed to, and that a repeat changes
// what is known of a listener.
func TestListenQuery(t *testing.T) {
	key := newKey(t)
	v := signed(t, key, wire.Value{ID: 1, Type: 3, Data: []byte("a"), Seq: 1, UserType: []byte("text")})
	owner := v.Owner.ID()
	matching := map[string]wire.Query{
		"all":       {},
		"select":    {Select: wire.FieldID},
		"id":        {Where: wire.FieldID, Match: wire.Row{ID: 1}},
		"type":      {Where: wire.FieldType, Match: wire.Row{Type: 3}},
		"owner":     {Where: wire.FieldOwner, Match: wire.Row{Owner: owner}},
		"user type": {Where: wire.FieldUserType, Match: wire.Row{UserType: []byte("text")}},
	}
	other := map[string]wire.Query{
		"id":        {Where: wire.FieldID, Match: wire.Row{ID: 2}},
		"type":      {Where: wire.FieldType, Match: wire.Row{Type: 4}},
		"owner":     {Where: wire.FieldOwner, Match: wire.Row{Owner: wire.ID{1}}},
		"user type": {Where: wire.FieldUserType, Match: wire.Row{UserType: []byte("image")}},
		"one of two": {
			Where: wire.FieldID | wire.FieldType, Match: wire.Row{ID: 1, Type: 4},
		},
	}
	check := func(t *testing.T, q wire.Query, want []string) {
		s, r := newStore()
		never := wire.Query{Where: wire.FieldID, Match: wire.Row{ID: 99}}
		s.Listen(wire.ID{1}, Listener{Node: wire.ID{2}, Query: &never}, start())
		text := slices.Clone(q.Match.UserType)
		q.Match.UserType = text
		s.Listen(wire.ID{1}, Listener{Node: wire.ID{2}, Query: &q}, start())
		clear(text) // the datagram is gone
		require.Equal(t, Stored, put(s, wire.ID{1}, v, start()))
		require.Equal(t, want, r.take())
	}
	for name, q := range matching {
		t.Run("matches/"+name, func(t *testing.T) { check(t, q, []string{"value 1 to 2/0 at 1"}) })
	}
	for name, q := range other {
		t.Run("matches not/"+name, func(t *testing.T) { check(t, q, nil) })
	}
}

func TestUnreasonableQuery(t *testing.T) {
	s, _ := newStore()
	q := wire.Query{Where: wire.FieldUserType, Match: wire.Row{UserType: []byte(large(maxMatch + 1))}}
	require.False(t, s.Listen(wire.ID{1}, Listener{Node: wire.ID{2}, Query: &q}, start()))
	require.EqualValues(t, 1, s.Stats().ListenersRefused)
	require.Zero(t, s.Stats().Keys)
}

func TestTooManyListeners(t *testing.T) {
	limits := DefaultLimits()
	limits.Listeners = 2
	r := &recorder{}
	s := New(limits, r, start())
	key, now := wire.ID{1}, start()
	s.Listen(key, Listener{Node: wire.ID{2}}, now)
	s.Listen(key, Listener{Node: wire.ID{3}}, now)
	s.Listen(key, Listener{Node: wire.ID{2}}, now)
	require.True(t, s.Listen(wire.ID{8}, Listener{Node: wire.ID{4}}, now))
	require.Equal(t, 2, s.Stats().Listeners)
	require.EqualValues(t, 1, s.Stats().ListenersEvicted)
	put(s, key, plain(t, 5, "a"), now)
	require.Equal(t, []string{"value 5 to 2/0 at 1"}, r.take(), "the one heard longest ago is gone")
}

func TestGetQuery(t *testing.T) {
	key := newKey(t)
	now, at := start(), wire.ID{1}
	first := plain(t, 1, "a")
	second := signed(t, key, wire.Value{ID: 2, Type: 3, Data: []byte("b"), Seq: 7, UserType: []byte("text")})
	cypher := pack(t, wire.Value{ID: 3, Cypher: []byte("secret")})
	s, _ := newStore()
	for _, v := range []wire.Value{cypher, second, first} {
		require.Equal(t, Stored, put(s, at, v, now))
	}
	for name, c := range map[string]struct {
		query *wire.Query
		want  [][]byte
	}{
		"none":       {nil, [][]byte{first.Packed, second.Packed, cypher.Packed}},
		"zero":       {&wire.Query{}, [][]byte{first.Packed, second.Packed, cypher.Packed}},
		"id":         {&wire.Query{Where: wire.FieldID, Match: wire.Row{ID: 2}}, [][]byte{second.Packed}},
		"unknown id": {&wire.Query{Where: wire.FieldID, Match: wire.Row{ID: 9}}, nil},
		"id and type": {
			&wire.Query{Where: wire.FieldID | wire.FieldType, Match: wire.Row{ID: 2, Type: 4}}, nil,
		},
		"type":      {&wire.Query{Where: wire.FieldType}, [][]byte{first.Packed, cypher.Packed}},
		"owner":     {&wire.Query{Where: wire.FieldOwner, Match: wire.Row{Owner: second.Owner.ID()}}, [][]byte{second.Packed}},
		"user type": {&wire.Query{Where: wire.FieldUserType, Match: wire.Row{UserType: []byte("text")}}, [][]byte{second.Packed}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, slices.Collect(s.Values(at, c.query, now)))
			require.Empty(t, slices.Collect(s.Values(wire.ID{9}, c.query, now)))
		})
	}
	for range s.Values(at, nil, now) {
		break // must not go on
	}
	ids := wire.Query{Select: wire.FieldID | wire.FieldType}
	require.Equal(t, []wire.Row{{ID: 1}, {ID: 2, Type: 3}, {ID: 3}}, slices.Collect(s.Rows(at, &ids, now)))
	announced := wire.Query{Select: wire.FieldID | wire.FieldSeq | wire.FieldOwner, Where: wire.FieldID, Match: wire.Row{ID: 2}}
	rows := slices.Collect(s.Rows(at, &announced, now))
	require.Len(t, rows, 1)
	require.Equal(t, second.Owner.ID(), rows[0].Owner)
	require.EqualValues(t, 7, rows[0].Seq)
	require.Empty(t, slices.Collect(s.Rows(at, &ids, now.Add(time.Hour))))
}
