// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	crand "crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"jamibox/dht/limit"
	"jamibox/dht/routing"
	"jamibox/dht/storage"
	"jamibox/dht/token"
	"jamibox/dht/wire"
)

// server is a running node. Whoever has the turn, between begin and end, may
// call what it likes of it; nothing else is to be called at the same time but
// what says so.
type server struct {
	cfg     Config
	logger  *slog.Logger
	sockets [2]*socket // by family; nil if it is not served
	jobs    chan *job
	unsent  atomic.Uint64
	id      wire.ID // not changed any more when the first turn begins
	// abandoned is closed when nothing is asked any more.
	abandoned chan struct{}

	mu  sync.Mutex // guards all below: it is the turn
	now time.Time  // when the turn began
	out *outbox    // of whoever has the turn

	tables     [2]*routing.Table // by family; of one that is not served, too
	store      *storage.Store
	tokens     *token.Issuer
	limits     *limit.Limiter // of proven addresses
	unproven   *limit.Limiter // of all others
	proven     proven
	requests   requests
	messages   assemblies
	listenings map[uint32]*listening // our own, by socket id
	heardBytes int                   // of values that only other nodes hold
	checking   int                   // bytes in jobs
	stopped    bool
	recalled   []wire.Node          // from an earlier run, yet to be told to the tables
	rejoined   map[wire.ID]struct{} // nodes that look for their neighbourhood
	tablesDue  time.Time
	counts     counts

	// Good for the datagram that is handled.
	from    netip.AddrPort
	local   netip.Addr // of ours, to which it came; invalid if it makes no difference
	message wire.Message
	raw     []byte
	value   wire.Value
	answer  wire.Answer
	token   [token.Size]byte
	nodes   []wire.Node
	rows    []wire.Row
	values  [][]byte
}

func newServer(cfg Config, sockets [2]*socket, logger *slog.Logger) *server {
	now := time.Now()
	s := &server{
		cfg:        cfg,
		logger:     logger,
		sockets:    sockets,
		jobs:       make(chan *job, maxJobs),
		now:        now,
		tokens:     token.New(now),
		limits:     limit.New(cfg.Limits, now),
		unproven:   limit.New(cfg.Unproven, now),
		proven:     newProven(now),
		requests:   newRequests(),
		messages:   newAssemblies(),
		abandoned:  make(chan struct{}),
		listenings: make(map[uint32]*listening),
		rejoined:   make(map[wire.ID]struct{}),
	}
	s.store = storage.New(cfg.Storage, s, now)
	crand.Read(s.id[:]) // never fails, see its documentation
	return s
}

// know makes the tables, when the id is known by which they are ordered.
func (s *server) know(id wire.ID) {
	s.id = id
	for family := range s.tables {
		s.tables[family] = routing.New(id, s.cfg.Routing, s.now)
	}
}

// begin waits for the turn. What the turn sends goes to out, to be flushed after
// its end.
func (s *server) begin(out *outbox) {
	s.mu.Lock()
	s.now = time.Now()
	s.out = out
	s.from = netip.AddrPort{}
}

func (s *server) end() {
	s.out = nil
	s.mu.Unlock()
}

// table returns the routing table for an address.
func (s *server) table(addr netip.AddrPort) *routing.Table { return s.tables[familyOf(addr)] }

func (s *server) header(transaction uint32) wire.Header {
	return wire.Header{Transaction: transaction, Network: s.cfg.Network, Sender: s.id}
}

// addrs may be called out of turn.
func (s *server) addrs() (addrs []netip.AddrPort) {
	for _, socket := range s.sockets {
		if socket != nil {
			addrs = append(addrs, socket.local)
		}
	}
	return addrs
}

// close ends the readers. It may be called out of turn.
func (s *server) close() error {
	if err := closeAll(s.sockets); err != nil {
		return fmt.Errorf("closing the udp port of the dht node: %w", err)
	}
	return nil
}
