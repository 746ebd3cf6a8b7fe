// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"
)

// errBroken tells that a listener was broken off, or the node stopped.
var errBroken = errors.New("listener broken off")

// stream is an answer that is sent line by line.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func newStream(w http.ResponseWriter) *stream {
	return &stream{w: w, control: http.NewResponseController(w)}
}

// write takes a line, which flush sends.
func (s *stream) write(line []byte) error {
	s.begun = true
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("setting the time limit of an answer: %w", err)
	}
	if _, err := s.w.Write(line); err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	return nil
}

// flush sends what was written, at least the head of the answer.
func (s *stream) flush() error {
	s.begun = true
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("setting the time limit of an answer: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	return nil
}

// hurry ends a write that is under way. It may be called at any time.
func (s *stream) hurry() {
	// A connection that is closed already is as good.
	_ = s.control.SetWriteDeadline(time.Now())
}

// serveListen answers with the values under a key, now and as they come and go.
func (s *Server) serveListen(l *life, w http.ResponseWriter, r *http.Request, from netip.Addr) {
	s.follow(l, l.streams, w, r, from)
}

// follow tells of the values under the key of the request until the client leaves
// or until is done, which is when l.streams is done at the latest.
func (s *Server) follow(l *life, until context.Context, w http.ResponseWriter, r *http.Request, from netip.Addr) {
	if !s.node.Running() {
		// A client that is answered with an error asks again after 15 minutes, one
		// whose connection breaks asks how the node is, and then every minute.
		s.counters.refused[reasonNode].Add(1)
		breakOff()
	}
	if source := sourceOf(from); s.listeners.enter(source) {
		defer s.listeners.leave(source)
	} else {
		s.refuse(w, reasonListeners, http.StatusServiceUnavailable, "too many listeners")
		return
	}
	out := newStream(w)
	if err := out.control.SetReadDeadline(time.Time{}); err != nil {
		s.unsent(err)
		breakOff()
	}
	q := newQueue(func() {
		s.counters.refused[reasonSlow].Add(1)
		out.hurry()
	})
	leave := s.hub.follow(l.streams, keyOf(r.PathValue("hash")), q)
	defer leave()
	for err := out.flush(); err == nil; err = s.sendAll(out, q) {
		select {
		case <-until.Done():
			breakOff()
		case <-r.Context().Done():
			breakOff()
		case <-q.wake:
		}
	}
	breakOff()
}

// sendAll sends what waits in the queue.
func (s *Server) sendAll(out *stream, q *queue) error {
	events, ok := q.take()
	for _, e := range events {
		if err := s.send(out, e); err != nil {
			return err
		}
	}
	if !ok {
		return errBroken
	}
	return out.flush()
}
