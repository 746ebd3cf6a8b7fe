// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"bytes"
	"cmp"
	"container/list"
	"net/netip"
	"slices"
	"time"

	"jamibox/dht/wire"
)

// Listener wants to hear of the values under a key (section 6). Node and Socket
// tell it apart from others of the key.
type Listener struct {
	Node    wire.ID
	Socket  uint32
	Addr    netip.AddrPort
	Version int
	// Query holds conditions on the values that are pushed; nil means all.
	Query *wire.Query
}

// Pusher sends to a listener what happens under its key. It is called from
// within the methods of a Store, which it must not call. The ids are valid
// during the call only; the packed value is never changed and may be kept.
type Pusher interface {
	// PushValue tells of a value that is new or has changed.
	PushValue(l *Listener, key wire.ID, packed []byte)
	// PushRefreshed tells of values that live on.
	PushRefreshed(l *Listener, key wire.ID, ids []uint64)
	// PushExpired tells of at most MaxNoteIDs values that are gone.
	PushExpired(l *Listener, key wire.ID, ids []uint64)
}

// audience is who listens at a key.
type audience struct {
	listeners []*listening // by node and socket
	gone      []uint64     // values of which they must be told
}

type listening struct {
	Listener
	shelf *shelf
	heard time.Duration
	place *list.Element
}

// Listen keeps the listener, or refreshes what is known of it, and reports
// whether it is new: then the values that match are to be pushed to it. A
// listener with a query of unreasonable size is not kept. The one heard longest
// ago gives way if there are too many.
func (s *Store) Listen(key wire.ID, l Listener, now time.Time) (first bool) {
	if l.Query != nil && len(l.Query.Match.UserType) > maxMatch {
		s.counts.listenersRefused++
		return false
	}
	if l.Query != nil && l.Query.IsZero() {
		l.Query = nil
	}
	if l.Query != nil {
		query := l.Query.Clone()
		l.Query = &query
	}
	h := s.shelf(key)
	if h.audience == nil {
		h.audience = &audience{}
	}
	place, found := h.audience.find(l.Node, l.Socket)
	if found {
		known := h.audience.listeners[place]
		expired := known.heard+listenerLife <= s.at(now)
		known.Listener, known.heard = l, s.at(now)
		s.listeners.MoveToBack(known.place)
		return expired
	}
	added := &listening{Listener: l, shelf: h, heard: s.at(now)}
	added.place = s.listeners.PushBack(added)
	h.audience.listeners = slices.Insert(h.audience.listeners, place, added)
	for s.listeners.Len() > s.limits.Listeners {
		s.dismiss(s.oldestListener())
		s.counts.listenersEvicted++
	}
	return true
}

// Unlisten forgets a listener, if it is there.
func (s *Store) Unlisten(key, node wire.ID, socket uint32) {
	h := s.shelves[key]
	if h == nil || h.audience == nil {
		return
	}
	if place, found := h.audience.find(node, socket); found {
		s.dismiss(h.audience.listeners[place])
	}
}

// oldestListener returns the one heard longest ago; nil if there is none.
func (s *Store) oldestListener() *listening {
	if front := s.listeners.Front(); front != nil {
		return front.Value.(*listening)
	}
	return nil
}

func (s *Store) dismiss(l *listening) {
	h := l.shelf
	place, _ := h.audience.find(l.Node, l.Socket)
	h.audience.listeners = cut(h.audience.listeners, place)
	s.listeners.Remove(l.place)
	if len(h.audience.listeners) == 0 {
		h.audience = nil
		s.tidy(h)
	}
}

func (a *audience) find(node wire.ID, socket uint32) (int, bool) {
	return slices.BinarySearchFunc(a.listeners, node, func(l *listening, node wire.ID) int {
		return cmp.Or(bytes.Compare(l.Node[:], node[:]), cmp.Compare(l.Socket, socket))
	})
}

// pushValue tells of the record, which holds the value v.
func (s *Store) pushValue(r *record, v *wire.Value) {
	if r.shelf.audience == nil {
		return
	}
	var row *wire.Row
	for _, l := range r.shelf.audience.listeners {
		if l.Query != nil {
			if row == nil {
				fields := v.Row(wire.FieldOwner)
				row = &fields
			}
			if !l.Query.Matches(row) {
				continue
			}
		}
		s.pusher.PushValue(&l.Listener, r.shelf.key, r.packed)
	}
}

func (s *Store) pushRefreshed(r *record) {
	if r.shelf.audience == nil {
		return
	}
	ids := []uint64{r.id}
	for _, l := range r.shelf.audience.listeners {
		s.pusher.PushRefreshed(&l.Listener, r.shelf.key, ids)
	}
}
