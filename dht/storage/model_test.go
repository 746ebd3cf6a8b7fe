// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"jamibox/dht/wire"
)

// model is the simplest store that follows the rules, with values and listeners
// in lists.
type model struct {
	now       time.Time
	values    []modelValue
	listeners []modelListener // the one heard longest ago first
}

type modelValue struct {
	key     wire.ID
	value   wire.Value
	genuine bool // signature belongs to it
	expires time.Time
}

type modelListener struct {
	key   wire.ID
	l     Listener
	heard time.Time
}

const (
	modelValuesPerKey = 3
	modelListeners    = 4
)

func (m *model) find(key wire.ID, id uint64) int {
	return slices.IndexFunc(m.values, func(v modelValue) bool { return v.key == key && v.value.ID == id })
}

func (m *model) tell(what string, key wire.ID, v *wire.Value) (lines []string) {
	for _, l := range m.listeners {
		if l.key != key {
			continue
		}
		row := v.Row(wire.FieldOwner)
		if what == "value" && l.l.Query != nil && !l.l.Query.Matches(&row) {
			continue
		}
		lines = append(lines, line(what, &l.l, key, v.ID))
	}
	return lines
}

func (m *model) put(key wire.ID, v wire.Value, genuine bool, age time.Duration) (outcome Outcome, told []string) {
	if v.Signed() && !genuine {
		return RefusedSignature, nil
	}
	place := m.find(key, v.ID)
	if place >= 0 && !m.values[place].expires.After(m.now) {
		told = m.tell("expired", key, &v)
		m.values = slices.Delete(m.values, place, place+1)
		place = -1
	}
	outcome = Stored
	if place >= 0 {
		old := &m.values[place].value
		switch {
		case old.SameContent(&v):
			m.values[place].expires = m.now.Add(Life(old.Type))
			return Refreshed, append(told, m.tell("refreshed", key, old)...)
		case !old.Signed():
			return RefusedEdit, told
		case !bytes.Equal(old.Owner, v.Owner):
			return RefusedOwner, told
		case v.Seq <= old.Seq:
			return RefusedSequence, told
		}
		outcome = Edited
	} else if m.at(key) >= modelValuesPerKey {
		return RefusedFullKey, told
	}
	expires := m.now.Add(Life(v.Type) - max(0, age))
	if !expires.After(m.now) {
		return RefusedExpired, told
	}
	if place >= 0 {
		m.values = slices.Delete(m.values, place, place+1)
	}
	m.values = append(m.values, modelValue{key: key, value: v, genuine: genuine, expires: expires})
	return outcome, append(told, m.tell("value", key, &v)...)
}

// at returns the number of values under the key.
func (m *model) at(key wire.ID) (n int) {
	for _, v := range m.values {
		if v.key == key {
			n++
		}
	}
	return n
}

func (m *model) refresh(key wire.ID, id uint64) (found, known bool, told []string) {
	known = m.at(key) > 0 || slices.ContainsFunc(m.listeners, func(l modelListener) bool { return l.key == key })
	place := m.find(key, id)
	if place < 0 || !m.values[place].expires.After(m.now) {
		return false, known, nil
	}
	v := &m.values[place]
	v.expires = m.now.Add(Life(v.value.Type))
	return true, known, m.tell("refreshed", key, &v.value)
}

func (m *model) unlisten(key, node wire.ID, socket uint32) (heard time.Time) {
	m.listeners = slices.DeleteFunc(m.listeners, func(l modelListener) bool {
		same := l.key == key && l.l.Node == node && l.l.Socket == socket
		if same {
			heard = l.heard
		}
		return same
	})
	return heard
}

func (m *model) listen(key wire.ID, l Listener) (first bool) {
	heard := m.unlisten(key, l.Node, l.Socket)
	m.listeners = append(m.listeners, modelListener{key: key, l: l, heard: m.now})
	m.listeners = m.listeners[max(0, len(m.listeners)-modelListeners):]
	return !heard.Add(listenerLife).After(m.now)
}

func (m *model) expire() (told []string, next time.Time) {
	m.listeners = slices.DeleteFunc(m.listeners, func(l modelListener) bool { return !l.heard.Add(listenerLife).After(m.now) })
	var left []modelValue
	for _, v := range m.values {
		if v.expires.After(m.now) {
			left = append(left, v)
		} else {
			told = append(told, m.tell("expired", v.key, &v.value)...)
		}
	}
	m.values = left
	var ends []time.Time
	for _, v := range m.values {
		ends = append(ends, v.expires)
	}
	for _, l := range m.listeners {
		ends = append(ends, l.heard.Add(listenerLife))
	}
	if len(ends) > 0 {
		next = slices.MinFunc(ends, time.Time.Compare)
	}
	return told, next
}

func (m *model) get(key wire.ID, q *wire.Query) (packed [][]byte) {
	for _, v := range m.values {
		row := v.value.Row(wire.FieldOwner)
		if v.key == key && v.expires.After(m.now) && q.Matches(&row) {
			packed = append(packed, v.value.Packed)
		}
	}
	return packed
}

// samples are values of a few ids that get in each other's way, and whether
// their signature is genuine.
func samples(t *testing.T) (values []wire.Value, genuine []bool) {
	first, second := newKey(t), newKey(t)
	add := func(v wire.Value, sound bool) {
		values, genuine = append(values, v), append(genuine, sound)
	}
	for id := range uint64(5) {
		id++
		for _, valueType := range []uint16{0, wire.TypeICE, wire.TypeTrustRequest, 4000} {
			add(pack(t, wire.Value{ID: id, Type: valueType, Data: []byte("a"), UserType: []byte("text")}), false)
		}
		add(plain(t, id, "b"), false)
		add(pack(t, wire.Value{ID: id, Cypher: []byte("a")}), false)
		for seq := range uint16(3) {
			v := wire.Value{ID: id, Type: 3 * (seq % 2), Seq: seq, Data: []byte("s")}
			add(signed(t, first, v), true)
			add(forged(t, signed(t, first, v), "t"), false)
			add(signed(t, second, v), true)
		}
	}
	return values, genuine
}

func TestAgainstModel(t *testing.T) {
	values, genuine := samples(t)
	var queries []*wire.Query
	for _, v := range values {
		row := v.Row(wire.FieldOwner)
		for where := range wire.FieldUserType << 1 {
			if where&wire.FieldSeq == 0 {
				queries = append(queries, &wire.Query{Where: where, Match: row})
			}
		}
	}
	limits := DefaultLimits()
	limits.ValuesPerKey, limits.Listeners = modelValuesPerKey, modelListeners
	rapid.Check(t, func(t *rapid.T) {
		m := &model{now: start()}
		r := &recorder{}
		s := New(limits, r, m.now)
		keys := rapid.Custom(func(t *rapid.T) wire.ID { return wire.ID{rapid.Byte().Draw(t, "key")%3 + 1} })
		ids := rapid.Uint64Range(1, 5)
		drawn := rapid.SampledFrom(queries)
		told := func(want []string) {
			slices.Sort(want)
			require.Equal(t, want, r.take())
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				key, i := keys.Draw(t, "at"), rapid.IntRange(0, len(values)-1).Draw(t, "value")
				age := rapid.SampledFrom([]time.Duration{0, -time.Minute, time.Minute, 9 * time.Minute}).Draw(t, "age")
				c := Check(&values[i])
				from := netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "from") % 3})
				got := s.Put(key, &c, m.now.Add(-age), from, m.now)
				want, lines := m.put(key, values[i], genuine[i], age)
				require.Equal(t, want, got, "want %v, got %v", want, got)
				told(lines)
			},
			"refresh": func(t *rapid.T) {
				key, id := keys.Draw(t, "at"), ids.Draw(t, "id")
				found, known := s.Refresh(key, id, m.now)
				wantFound, wantKnown, lines := m.refresh(key, id)
				require.Equal(t, [2]bool{wantFound, wantKnown}, [2]bool{found, known})
				told(lines)
			},
			"listen": func(t *rapid.T) {
				key := keys.Draw(t, "at")
				l := Listener{Node: wire.ID{rapid.Byte().Draw(t, "node") % 2}, Socket: rapid.Uint32Range(1, 2).Draw(t, "socket")}
				l.Query = drawn.Draw(t, "query")
				require.Equal(t, m.listen(key, l), s.Listen(key, l, m.now))
			},
			"unlisten": func(t *rapid.T) {
				key := keys.Draw(t, "at")
				m.unlisten(key, wire.ID{1}, 1)
				s.Unlisten(key, wire.ID{1}, 1)
			},
			"wait": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 240).Draw(t, "seconds")) * time.Second)
			},
			"expire": func(t *rapid.T) {
				next := s.Expire(m.now)
				lines, want := m.expire()
				require.Equal(t, want, next)
				told(lines)
			},
			"restart": func(t *rapid.T) {
				other := New(limits, r, m.now)
				for _, k := range snapshot(s, m.now) {
					require.NoError(t, other.Restore(k, m.now))
				}
				s, m.listeners = other, nil
				m.values = slices.DeleteFunc(m.values, func(v modelValue) bool { return !v.expires.After(m.now) })
				told(nil)
			},
			"": func(t *rapid.T) {
				q := drawn.Draw(t, "query")
				for _, key := range []wire.ID{{1}, {2}, {3}} {
					require.ElementsMatch(t, m.get(key, q), slices.Collect(s.Values(key, q, m.now)))
				}
				requireSound(t, s)
				require.Equal(t, len(m.values), s.Stats().Values)
				require.Equal(t, len(m.listeners), s.Stats().Listeners)
			},
		})
	})
}

// requireSound checks that all that the store keeps twice agrees.
func requireSound(t require.TestingT, s *Store) {
	values, listeners, bytes := 0, 0, int64(0)
	bySource := map[*source]int64{}
	for key, h := range s.shelves {
		require.Equal(t, key, h.key)
		require.False(t, len(h.values) == 0 && h.audience == nil, "an empty shelf is left")
		last := uint64(0)
		for _, r := range h.values {
			require.Same(t, h, r.shelf)
			require.Greater(t, r.id, last)
			last = r.id
			require.Same(t, r, r.source.values.elements[r.place])
			require.GreaterOrEqual(t, r.expires, r.source.soonest())
			require.GreaterOrEqual(t, r.expires, s.sources.nextExpiry().expires)
			bySource[r.source] += r.cost()
			values++
			if r.source.addr.IsValid() {
				bytes += r.cost()
			}
		}
		if h.audience != nil {
			require.Empty(t, h.audience.gone, "listeners were not told")
			require.NotEmpty(t, h.audience.listeners)
			listeners += len(h.audience.listeners)
		}
	}
	require.Equal(t, s.listeners.Len(), listeners)
	require.Equal(t, s.Stats().Values, values)
	require.Equal(t, s.sources.bytes, bytes)
	require.Len(t, s.sources.byAddr, len(bySource))
	require.Len(t, s.sources.soonest.elements, len(bySource))
	for from, bytes := range bySource {
		require.Equal(t, from.bytes, bytes)
		require.Same(t, from, s.sources.soonest.elements[from.bySoonest])
		if from.addr.IsValid() {
			require.Same(t, from, s.sources.largest.elements[from.byLargest])
			require.LessOrEqual(t, bytes, s.sources.largest.elements[0].bytes)
		}
	}
}
