// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// handler serves all paths. Streams ends the answers that do not end by
// themselves. The paths without /key/ are those of older clients.
func (s *Server) handler(streams context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.limited(kindInfo, s.serveInfo))
	mux.Handle("GET /node/info", s.limited(kindInfo, s.serveInfo))
	mux.Handle("GET /node/stats", s.limited(kindStats, s.serveStats))
	listen := s.limited(kindListen, func(w http.ResponseWriter, r *http.Request, from netip.Addr) {
		s.serveListen(streams, w, r, from)
	})
	subscribe := s.limited(kindSubscribe, func(w http.ResponseWriter, r *http.Request, from netip.Addr) {
		s.serveSubscribe(streams, w, r, from)
	})
	mux.Handle("GET /key/{hash}/listen", listen)
	for _, path := range []string{"/key/{hash}", "/{hash}"} {
		mux.Handle("GET "+path, s.limited(kindGet, s.serveGet))
		mux.Handle("POST "+path, s.limited(kindPut, s.servePut))
		mux.Handle("SUBSCRIBE "+path, subscribe)
		mux.Handle("UNSUBSCRIBE "+path, s.limited(kindUnsubscribe, s.serveUnsubscribe))
	}
	return mux
}

// limited counts requests and refuses those that are too many.
func (s *Server) limited(k kind, serve func(http.ResponseWriter, *http.Request, netip.Addr)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := remoteOf(r.RemoteAddr)
		s.rateMu.Lock()
		allowed := s.rate.Request(sourceOf(from), time.Now())
		s.rateMu.Unlock()
		if !allowed {
			s.refuse(w, reasonRate, http.StatusTooManyRequests, "too many requests")
			return
		}
		s.counters.requests[k].Add(1)
		w.Header().Set("Content-Type", "application/json")
		serve(w, r, from)
	})
}

// refuse answers with an error.
func (s *Server) refuse(w http.ResponseWriter, why reason, status int, text string) {
	s.counters.refused[why].Add(1)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	line, err := encodeLine(map[string]string{"err": text})
	if err == nil {
		_, err = w.Write(line)
	}
	s.unsent(err)
}

// answer sends an answer of one line.
func (s *Server) answer(w http.ResponseWriter, content any) {
	line, err := encodeLine(content)
	if err == nil {
		_, err = w.Write(line)
	}
	s.unsent(err)
}

// unsent notes why an answer did not reach its client, which left as a rule.
func (s *Server) unsent(err error) {
	if err != nil {
		s.logger.Debug("dht proxy could not send an answer", "err", err)
	}
}

// readBody reads a body of at most maxBody, or refuses it.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok && tooLarge != nil {
		s.refuse(w, reasonTooLarge, http.StatusRequestEntityTooLarge, "request too large")
		return nil, false
	}
	if err != nil {
		s.refuse(w, reasonUnreadable, http.StatusBadRequest, "request cannot be read")
		return nil, false
	}
	return body, true
}

// breakOff ends an answer in a way that the client takes for an error: only then
// does it begin anew at once.
func breakOff() { panic(http.ErrAbortHandler) }
