// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"time"

	"jamibox/dht/node"
	"jamibox/dht/wire"
)

// serveGet answers with the values under a key as they are found, one in a line.
func (s *Server) serveGet(_ *life, w http.ResponseWriter, r *http.Request, _ netip.Addr) {
	ctx, cancel := context.WithTimeout(r.Context(), searchTimeout)
	defer cancel()
	out := newStream(w)
	var failure error
	err := s.node.GetEach(ctx, keyOf(r.PathValue("hash")), func(packed []byte) {
		if failure == nil {
			failure = s.send(out, event{packed: packed})
		}
	})
	switch {
	case failure != nil:
		s.unsent(failure)
		breakOff()
	case err == nil, errors.Is(err, context.DeadlineExceeded):
		// Nodes that do not answer in time count as nodes without values.
		s.unsent(out.flush())
	case !out.begun:
		s.refuse(w, reasonNode, http.StatusServiceUnavailable, "dht node does not answer")
	default:
		breakOff()
	}
}

// send sends a value as a line.
func (s *Server) send(out *stream, e event) error {
	v, err := wire.ParseValue(e.packed)
	if err != nil {
		// Another node sent it, and is to blame.
		s.logger.Debug("dht proxy passed over an unreadable value", "err", err)
		return nil
	}
	line, err := encodeValue(&v, e.expired)
	if err != nil {
		return err
	}
	s.counters.sent.Add(1)
	return out.write(line)
}

// servePut stores a value, and keeps it alive if that is asked for. Clients wait
// for the answer, which is the value with its id.
func (s *Server) servePut(l *life, w http.ResponseWriter, r *http.Request, from netip.Addr) {
	body, ok := s.readBody(w, r)
	if !ok {
		return
	}
	if len(body) == 0 {
		s.refuse(w, reasonUnreadable, http.StatusBadRequest, "Missing parameters")
		return
	}
	v, keep, err := decodeValue(body)
	if err != nil {
		s.logger.Debug("dht proxy refused a value", "remote", from, "err", err)
		s.refuse(w, reasonUnreadable, http.StatusBadRequest, "Incorrect JSON")
		return
	}
	key := keyOf(r.PathValue("hash"))
	s.name(key, v, keep)
	packed := v.Append(nil)
	var kept *permanent
	if keep {
		if kept, err = s.keeper.keep(key, v.ID, packed, sourceOf(from), time.Now()); err != nil {
			s.refuse(w, reasonPermanent, http.StatusServiceUnavailable, "too many permanent values")
			return
		}
	}
	// A phone may lose its connection at any time; the value is on its way.
	ctx, cancel := context.WithTimeout(l.puts, searchTimeout)
	defer cancel()
	switch _, err := s.node.Put(ctx, key, packed); {
	case errors.Is(err, node.ErrRefused), errors.Is(err, wire.ErrValue):
		if kept != nil {
			s.keeper.drop(key, v.ID, kept)
		}
		s.logger.Debug("dht proxy refused a value", "remote", from, "err", err)
		s.refuse(w, reasonValue, http.StatusBadGateway, "Put failed")
	case errors.Is(err, node.ErrNotRunning):
		s.refuse(w, reasonNode, http.StatusServiceUnavailable, "dht node does not answer")
	default:
		// It is stored here, whatever became of it elsewhere.
		s.unsent(s.send(newStream(w), event{packed: packed}))
	}
}

// name gives a value without an id one: that of the same value that is kept alive
// already, or a new one.
func (s *Server) name(key wire.ID, v *wire.Value, keep bool) {
	if v.ID != 0 {
		return
	}
	if keep {
		if id, ok := s.keeper.same(key, v); ok {
			v.ID = id
			return
		}
	}
	for v.ID == 0 {
		v.ID = rand.Uint64()
	}
}
