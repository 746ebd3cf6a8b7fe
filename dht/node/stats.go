// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"

	"jamibox/dht/limit"
	"jamibox/dht/routing"
	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// Stats is what can be seen of a node from outside. Counts run from the start of
// the node.
type Stats struct {
	ID    wire.ID
	Addrs []netip.AddrPort
	// IPv4 and IPv6 are the other nodes, by address family.
	IPv4, IPv6 routing.Counts
	// Storage has the values, listeners, evictions, and puts by outcome.
	Storage storage.Stats
	// Requests counts those that were served, by method.
	Requests map[string]uint64
	// Rejected counts what was not heeded, by reason.
	Rejected map[string]uint64
	// Dropped counts what went beyond Config.Limits, DroppedUnproven what went
	// beyond Config.Unproven.
	Dropped, DroppedUnproven limit.Dropped
	// Puts that came as far as to storage are in Storage. UnreadablePuts could
	// not be read, UncheckedPuts were dropped because too many waited for a check
	// of their signature.
	UnreadablePuts, UncheckedPuts uint64
	// CutAnswers left values out, of which there were too many for one.
	CutAnswers uint64
	// Pushes counts messages to listeners, Unrepeated those of them that were not
	// repeated since too many waited for an answer.
	Pushes, Unrepeated uint64
	// Listening is how many listeners of our own there are. Unheard counts values
	// that they were not told of, since there were too many.
	Listening int
	Unheard   uint64
	// Replicated counts values that other nodes were given because they lacked
	// them.
	Replicated uint64
	// Answers counts those to our requests, Unanswered the requests without one
	// after all tries, and UnsentRequests those for which there was no room.
	Answers, Unanswered, UnsentRequests uint64
	// Waiting is how many of our requests wait for an answer.
	Waiting int
	// Parts counts those received. LostParts had no place or no room;
	// LostMessages were not complete in time or had no room.
	Parts, LostParts, LostMessages uint64
	// Assemblies is how many messages are not complete, and AssemblyBytes the
	// memory that they take.
	Assemblies, AssemblyBytes int
	// Unsent counts datagrams that the system did not take, ReadErrors reads
	// that went wrong.
	Unsent, ReadErrors uint64
}

// counts is what a server counts.
type counts struct {
	requests [wire.KindUpdate + 1]uint64
	rejected [reasons]uint64

	unreadable, unchecked                           uint64
	cutAnswers, pushes                              uint64
	answers, unanswered, unrepeated, unsentRequests uint64
	parts, lostParts, lostMessages                  uint64
	readErrors                                      uint64
	unheard, replicated                             uint64
}

// refuse counts a message that is not heeded.
func (c *counts) refuse(r reason) { c.rejected[r]++ }

// Stats returns the figures of now, all zero if the node is not running.
func (n *Node) Stats() Stats {
	s := n.running()
	if s == nil {
		return Stats{}
	}
	s.begin(nil)
	defer s.end()
	c := &s.counts
	stats := Stats{
		ID:      s.id,
		Addrs:   s.addrs(),
		IPv4:    s.tables[0].Counts(s.now),
		IPv6:    s.tables[1].Counts(s.now),
		Storage: s.store.Stats(),

		Requests: make(map[string]uint64),
		Rejected: make(map[string]uint64, reasons),

		Dropped:         s.limits.Dropped(),
		DroppedUnproven: s.unproven.Dropped(),
		UnreadablePuts:  c.unreadable,
		UncheckedPuts:   c.unchecked,
		CutAnswers:      c.cutAnswers,
		Pushes:          c.pushes,
		Answers:         c.answers,
		Unanswered:      c.unanswered,
		Unrepeated:      c.unrepeated,
		Waiting:         len(s.requests.byTransaction),
		Parts:           c.parts,
		LostParts:       c.lostParts,
		LostMessages:    c.lostMessages,
		Assemblies:      len(s.messages.byKey),
		AssemblyBytes:   s.messages.bytes,
		Unsent:          s.unsent.Load(),
		ReadErrors:      c.readErrors,
		Listening:       len(s.listenings),
		Unheard:         c.unheard,
		Replicated:      c.replicated,
	}
	for kind := wire.KindPing; kind <= wire.KindUpdate; kind++ {
		stats.Requests[kind.String()] = c.requests[kind]
	}
	for r := range reason(reasons) {
		stats.Rejected[r.String()] = c.rejected[r]
	}
	return stats
}
