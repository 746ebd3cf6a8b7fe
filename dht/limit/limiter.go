// SPDX-License-Identifier: GPL-3.0-or-later

package limit

import (
	"net/netip"
	"time"
)

// Config bounds the traffic of a second. Zero is no limit.
type Config struct {
	// Requests bounds the requests taken from all addresses in any second,
	// RequestsPerAddress those from one IP address. The memory of a Limiter
	// follows the requests taken in a second, so Requests bounds that as well.
	Requests, RequestsPerAddress int
	// BytesPerAddress bounds the bytes of answers to one IP address in one
	// second after the other; twice that can go out around the turn of a second.
	BytesPerAddress int
}

// DefaultConfig returns the numbers of OpenDHT for requests, and 4 MiB of answers:
// four kilobytes for each of the requests that one address may make.
func DefaultConfig() Config {
	return Config{Requests: 8192, RequestsPerAddress: 1024, BytesPerAddress: 4 << 20}
}

// Dropped counts what was refused, by reason.
type Dropped struct {
	// Requests were over the limit of all addresses, RequestsPerAddress over
	// that of their own, and Answers over that of bytes to their address.
	Requests, RequestsPerAddress, Answers uint64
}

// Limiter applies a Config. It is not safe for concurrent use. Addresses are
// given to it without IPv4-mapped form or zone, and times from one clock.
type Limiter struct {
	cfg      Config
	epoch    time.Time
	requests window
	answers  volume
	dropped  Dropped
}

// New returns a limiter that has seen no traffic.
func New(cfg Config, now time.Time) *Limiter {
	return &Limiter{
		cfg:      cfg,
		epoch:    now,
		requests: window{sources: make(map[netip.Addr]*source)},
		answers:  volume{sent: make(map[netip.Addr]int)},
	}
}

// Request reports whether to take a request from the address. One that is refused
// does not count against the limits.
func (l *Limiter) Request(addr netip.Addr, now time.Time) bool {
	if l.cfg.Requests == 0 && l.cfg.RequestsPerAddress == 0 {
		return true
	}
	at := now.Sub(l.epoch)
	l.requests.advance(at)
	from := l.requests.sources[addr]
	switch {
	case from != nil && reached(from.count, l.cfg.RequestsPerAddress):
		l.dropped.RequestsPerAddress++
		return false
	case reached(l.requests.count, l.cfg.Requests):
		l.dropped.Requests++
		return false
	}
	l.requests.add(addr, from, at)
	return true
}

// Answer reports whether to send an answer of the given size in bytes, its parts
// included, to the address.
func (l *Limiter) Answer(addr netip.Addr, size int, now time.Time) bool {
	if l.cfg.BytesPerAddress == 0 {
		return true
	}
	if !l.answers.add(addr, size, l.cfg.BytesPerAddress, now.Sub(l.epoch)) {
		l.dropped.Answers++
		return false
	}
	return true
}

// Dropped returns what was refused since New.
func (l *Limiter) Dropped() Dropped { return l.dropped }

func reached(count, limit int) bool { return limit > 0 && count >= limit }
