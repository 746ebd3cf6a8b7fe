// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/netip"
	"sync"

	"jamibox/dht/wire"
)

// subscriber tells subscriptions apart. What it holds of the client cannot be
// turned back into the secret by which push services know it.
type subscriber struct {
	key    wire.ID
	client [sha256.Size]byte
}

// subscriptions are the listeners that clients with push notifications have. A
// client has one at each key. It is safe for concurrent use.
type subscriptions struct {
	mu     sync.Mutex // guards active
	active map[subscriber]*subscription
}

type subscription struct{ end context.CancelFunc }

func newSubscriptions() *subscriptions {
	return &subscriptions{active: make(map[subscriber]*subscription)}
}

// begin ends the subscription that the client has already, and counts a new one
// until leave is called.
func (s *subscriptions) begin(who subscriber, end context.CancelFunc) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.active[who]; old != nil {
		old.end()
	}
	own := &subscription{end}
	s.active[who] = own
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.active[who] == own {
			delete(s.active, who)
		}
	}
}

// end ends the client's subscription, if there is one.
func (s *subscriptions) end(who subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.active[who]; old != nil {
		old.end()
		delete(s.active, who)
	}
}

func (s *subscriptions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.active)
}

// serveSubscribe tells the client of values as serveListen does, until it
// subscribes again.
func (s *Server) serveSubscribe(l *life, w http.ResponseWriter, r *http.Request, from netip.Addr) {
	who, ok := s.subscriber(w, r)
	if !ok {
		return
	}
	until, end := context.WithCancel(l.streams)
	defer end()
	defer s.subscriptions.begin(who, end)()
	s.follow(l, until, w, r, from)
}

// serveUnsubscribe ends the client's subscription.
func (s *Server) serveUnsubscribe(_ *life, w http.ResponseWriter, r *http.Request, _ netip.Addr) {
	if who, ok := s.subscriber(w, r); ok {
		s.subscriptions.end(who)
		w.WriteHeader(http.StatusOK)
	}
}

// subscriber reads who the client is, or refuses the request.
func (s *Server) subscriber(w http.ResponseWriter, r *http.Request) (subscriber, bool) {
	body, ok := s.readBody(w, r)
	if !ok {
		return subscriber{}, false
	}
	var client sentClient
	if err := json.Unmarshal(body, &client); err != nil {
		s.refuse(w, reasonUnreadable, http.StatusBadRequest, "Incorrect JSON")
		return subscriber{}, false
	}
	if client.Key == "" {
		s.refuse(w, reasonUnreadable, http.StatusBadRequest, "No token")
		return subscriber{}, false
	}
	return subscriber{
		key:    keyOf(r.PathValue("hash")),
		client: sha256.Sum256([]byte(client.Key + "\x00" + client.ClientID)),
	}, true
}
