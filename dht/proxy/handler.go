// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// handler serves all paths. Those without /key/ are of older clients.
func (s *Server) handler(l *life) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, k kind, serve func(*life, http.ResponseWriter, *http.Request, netip.Addr)) {
		mux.Handle(pattern, s.limited(l, k, serve))
	}
	handle("GET /{$}", kindInfo, s.serveInfo)
	handle("GET /node/info", kindInfo, s.serveInfo)
	handle("GET /node/stats", kindStats, s.serveStats)
	handle("GET /key/{hash}/listen", kindListen, s.serveListen)
	for _, path := range []string{"/key/{hash}", "/{hash}"} {
		handle("GET "+path, kindGet, s.serveGet)
		handle("POST "+path, kindPut, s.servePut)
		handle("SUBSCRIBE "+path, kindSubscribe, s.serveSubscribe)
		handle("UNSUBSCRIBE "+path, kindUnsubscribe, s.serveUnsubscribe)
	}
	return mux
}

// limited counts requests and refuses those that are too many.
func (s *Server) limited(l *life, k kind, serve func(*life, http.ResponseWriter, *http.Request, netip.Addr)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.requests.Add(1)
		defer l.requests.Done()
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
		serve(l, w, r, from)
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
