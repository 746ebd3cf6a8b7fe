// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/peer"
	"jamibox/turn/port"
)

// Stream is the control connection of a client.
type Stream interface {
	// Next reads one whole message into p, which holds message.MaxFrame bytes,
	// and returns its length. It fails once Close has been called.
	Next(p []byte) (int, error)
	// Write sends one whole message. Calls never overlap.
	Write(p []byte) (int, error)
	// Client is the address that the client is seen at.
	Client() netip.AddrPort
	// Server is the address that the client reached.
	Server() netip.AddrPort
	Over() ledger.Transport
	// Close ends the connection at once, also while Next or Write blocks, and
	// may be called again.
	Close() error
}

// Addresses chooses relayed addresses. Safe for concurrent use.
type Addresses interface {
	// Relayed returns the address to tell a client that reached the box at
	// server, the one to bind, and the ports for TCP there; not ok if the
	// family is not served.
	Relayed(family message.Family, server netip.Addr) (relayed, bind netip.Addr, ports *port.Pool, ok bool)
}

// Lifetimes bound how long an allocation lives without a Refresh.
type Lifetimes struct {
	Default time.Duration // granted unless the client asks for more; zero for 10 minutes
	Max     time.Duration // granted at most; zero for an hour
}

// Config is what a Relay works with. Everything but Lifetimes must be set.
type Config struct {
	Auth      *auth.Authenticator
	Ledger    *ledger.Ledger
	Peers     *peer.Policy
	Addresses Addresses
	Lifetimes Lifetimes
	Logger    *slog.Logger
}

// limits are the time limits of RFC 6062 and of this box.
type limits struct {
	permission time.Duration // RFC 8656, section 9
	dial       time.Duration // RFC 6062, section 5.2
	bind       time.Duration // RFC 6062, sections 5.2 and 5.3
	write      time.Duration // for a client to take an answer
	request    time.Duration // for a client to send its request again after a refusal
	linger     time.Duration // without a byte once the other direction has ended
}

const (
	defaultLifetime = 10 * time.Minute
	maxLifetime     = time.Hour

	// maxPeers bounds the addresses of one CreatePermission request.
	maxPeers = 64
	// maxPermissions bounds those of one allocation.
	maxPermissions = 512
	// bufferSize is what one direction of a connection takes where the kernel
	// cannot move the bytes by itself.
	bufferSize = 32 << 10
)

// Relay serves TCP allocations. Safe for concurrent use.
type Relay struct {
	Config
	limits  limits
	pending *pending
	buffers sync.Pool
}

// New returns a Relay. It has nothing of its own to close: allocations end
// with their control connections.
func New(cfg Config) *Relay {
	if cfg.Lifetimes.Default == 0 {
		cfg.Lifetimes.Default = defaultLifetime
	}
	if cfg.Lifetimes.Max == 0 {
		cfg.Lifetimes.Max = maxLifetime
	}
	return &Relay{
		Config: cfg,
		limits: limits{
			permission: 5 * time.Minute,
			dial:       30 * time.Second,
			bind:       30 * time.Second,
			write:      10 * time.Second,
			request:    30 * time.Second,
			linger:     time.Minute,
		},
		pending: newPending(),
		buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }},
	}
}

// Unbound returns how many connections with peers wait for the ConnectionBind of
// their client.
func (r *Relay) Unbound() int { return r.pending.len() }
