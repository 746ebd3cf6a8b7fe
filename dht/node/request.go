// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"container/heap"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"jamibox/dht/wire"
)

const (
	maxTries = 3
	// tryLife is the shortest wait for an answer, to the first try, and tryJitter
	// what chance adds to each wait.
	tryLife   = time.Second
	tryJitter = 250 * time.Millisecond
	// maxRequests and maxRequestBytes bound the requests that wait for an answer,
	// with the values they carry. Beyond that they fail.
	maxRequests     = 65536
	maxRequestBytes = 64 << 20
	// Pushes take three quarters of that at most, and maxPushes to one endpoint:
	// listeners that do not answer are not to keep us from pinging others.
	maxPushed      = maxRequests / 4 * 3
	maxPushedBytes = maxRequestBytes / 4 * 3
	maxPushes      = 256
)

// Errors of requests to other nodes.
var (
	ErrNoAnswer = errors.New("dht node did not answer")
	ErrBusy     = errors.New("too many requests to other dht nodes wait for an answer")
)

// reply is the answer to a request, good for as long as one likes.
type reply struct {
	message wire.Message
	values  [][]byte // those of the message
	err     error
}

// request is one of ours that waits for an answer (section 8).
type request struct {
	transaction uint32
	from        netip.Addr // see source
	to          netip.AddrPort
	datagram    []byte
	values      [][]byte    // follow in parts
	done        func(reply) // called in turn; nil if nobody waits
	size        int
	tries       int
	wait        time.Duration
	due         time.Time
	place       int // in the schedule
}

// requests holds what waits for an answer.
type requests struct {
	byTransaction map[uint32]*request
	byEndpoint    map[netip.AddrPort]int // how many
	schedule      schedule
	bytes         int
}

func newRequests() requests {
	return requests{byTransaction: make(map[uint32]*request), byEndpoint: make(map[netip.AddrPort]int)}
}

// add has the request wait. It returns false if there is no room.
func (q *requests) add(r *request) bool {
	if len(q.byTransaction) >= maxRequests || q.bytes+r.size > maxRequestBytes {
		return false
	}
	q.byTransaction[r.transaction] = r
	q.byEndpoint[r.to]++
	q.bytes += r.size
	heap.Push(&q.schedule, r)
	return true
}

// crowded reports whether there is no room for another push to the endpoint.
func (q *requests) crowded(to netip.AddrPort) bool {
	return len(q.byTransaction) >= maxPushed || q.bytes >= maxPushedBytes || q.byEndpoint[to] >= maxPushes
}

// newTransaction returns a number that no waiting request has. It cannot be
// guessed, since an answer with it is taken as proof.
func (s *server) newTransaction() uint32 {
	for {
		t := rand.Uint32()
		if t != 0 && s.requests.byTransaction[t] == nil {
			return t
		}
	}
}

// send sends a request, which was appended to s.out.data, and is b now, and
// repeats it until it is answered. Values are those that follow in parts. Done is
// told what became of it, in turn; it may be nil.
func (s *server) send(b []byte, transaction uint32, to netip.AddrPort, values [][]byte, done func(reply)) {
	if s.stopped {
		if done != nil {
			done(reply{err: ErrNotRunning})
		}
		return
	}
	r := &request{
		transaction: transaction, from: s.source(to), to: to, datagram: bytes.Clone(b[len(s.out.data):]), values: values, done: done,
		wait: tryLife + rand.N(tryJitter),
	}
	r.due = s.now.Add(r.wait)
	r.size = len(r.datagram)
	for _, value := range values {
		r.size += len(value)
	}
	if s.requests.add(r) {
		s.post(b, transaction, r.from, to, values)
		return
	}
	s.counts.unsentRequests++
	if done != nil {
		done(reply{err: ErrBusy})
	}
}

func (s *server) post(b []byte, transaction uint32, from netip.Addr, to netip.AddrPort, values [][]byte) {
	if values == nil {
		s.out.post(b, from, to)
		return
	}
	s.out.postParts(b, from, to, s.header(transaction), values)
}

// ping asks an endpoint for a sign of life.
func (s *server) ping(to netip.AddrPort, done func(reply)) {
	t := s.newTransaction()
	s.send(wire.AppendPing(s.out.data, s.header(t)), t, to, nil, done)
}

// find asks a node for those close to the target, of which the tables are told.
func (s *server) find(to netip.AddrPort, target wire.ID, done func(reply)) {
	t := s.newTransaction()
	s.send(wire.AppendFind(s.out.data, s.header(t), target), t, to, nil, done)
}

// takeAnswer ends the request that the message answers.
func (s *server) takeAnswer(m *wire.Message, from netip.AddrPort) {
	r := s.requests.byTransaction[m.Transaction]
	if r == nil || r.to != from {
		s.counts.refuse(reasonUnasked)
		return
	}
	s.requests.remove(r)
	s.counts.answers++
	s.proven.add(from.Addr().WithZone(""), s.local, s.now)
	if !m.Sender.IsZero() {
		s.table(from).Answered(m.Sender, from, m.Client, s.now)
	}
	for other := range m.Nodes.From(from.Addr()) {
		s.told(other)
	}
	if r.done == nil {
		return
	}
	if m.Kind == wire.KindError {
		refusal := m.Refusal
		r.done(reply{err: &refusal})
		return
	}
	kept := new(reply)
	if kept.err = kept.message.Decode(bytes.Clone(s.raw)); kept.err == nil {
		s.collect(kept, from, r.done)
		return
	}
	r.done(*kept)
}

// told tells the tables of a node that another one named.
func (s *server) told(other wire.Node) {
	if wire.Possible(other.Addr) && s.sockets[familyOf(other.Addr)] != nil && s.table(other.Addr).Told(other, s.now) {
		s.ping(other.Addr, nil)
	}
}

// repeat sends again what was not answered in time, and gives up what was sent
// often enough.
func (s *server) repeat() {
	for len(s.requests.schedule) > 0 {
		r := s.requests.schedule[0]
		if r.due.After(s.now) {
			return
		}
		s.table(r.to).Failed(r.to, s.now)
		if r.tries++; r.tries == maxTries {
			s.requests.remove(r)
			s.counts.unanswered++
			if r.done != nil {
				r.done(reply{err: ErrNoAnswer})
			}
			continue
		}
		r.wait = 2*r.wait + rand.N(tryJitter)
		r.due = s.now.Add(r.wait)
		heap.Fix(&s.requests.schedule, 0)
		s.post(append(s.out.data, r.datagram...), r.transaction, r.from, r.to, r.values)
	}
}

// remove ends the wait for an answer.
func (q *requests) remove(r *request) {
	delete(q.byTransaction, r.transaction)
	if q.byEndpoint[r.to]--; q.byEndpoint[r.to] == 0 {
		delete(q.byEndpoint, r.to)
	}
	q.bytes -= r.size
	heap.Remove(&q.schedule, r.place)
}

// abandon ends all waiting for good.
func (s *server) abandon() {
	s.begin(newOutbox(s))
	defer s.end()
	s.stopped = true
	close(s.abandoned)
	for _, r := range s.requests.byTransaction {
		s.requests.remove(r)
		if r.done != nil {
			r.done(reply{err: ErrNotRunning})
		}
	}
	for _, a := range s.messages.byKey {
		s.lose(a)
	}
}

// schedule is a heap of requests by the time they are due. It implements
// heap.Interface.
type schedule []*request

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}

func (s *schedule) Push(x any) {
	r := x.(*request)
	r.place = len(*s)
	*s = append(*s, r)
}

func (s *schedule) Pop() any {
	last := len(*s) - 1
	r := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return r
}
