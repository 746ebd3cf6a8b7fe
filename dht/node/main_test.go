// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	crand "crypto/rand"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/dht/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

func testConfig() Config {
	cfg := DefaultConfig()
	cfg.IPv4 = netip.MustParseAddrPort("127.0.0.1:0")
	cfg.IPv6 = netip.MustParseAddrPort("[::1]:0")
	return cfg
}

// running is a node that runs until the test ends or stop is called.
type running struct {
	*Node
	v4, v6 netip.AddrPort
	stop   func() error
}

func run(t testing.TB, cfg Config) *running {
	t.Helper()
	for _, at := range []*netip.AddrPort{&cfg.IPv4, &cfg.IPv6} {
		if at.IsValid() && at.Port() == 0 {
			*at = netip.AddrPortFrom(at.Addr(), freePort(t))
		}
	}
	n := New(cfg, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- n.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		require.NoError(t, err)
	}
	r := &running{Node: n, stop: sync.OnceValue(func() error {
		cancel()
		return <-done
	})}
	t.Cleanup(func() { require.NoError(t, r.stop()) })
	for _, addr := range n.Stats().Addrs {
		if addr.Addr().Is4() {
			r.v4 = addr
		} else {
			r.v6 = addr
		}
	}
	return r
}

// peer is another node, at a socket of its own, that answers pings and pushes
// and leaves the rest to the test.
type peer struct {
	t    testing.TB
	conn *net.UDPConn
	node netip.AddrPort
	addr netip.AddrPort
	id   wire.ID
	// client calls itself a client node, deaf answers nothing, faithful hears only
	// what comes from where it sends to.
	client, deaf, faithful bool

	inbox chan *wire.Message // sharing memory with nothing
	last  uint32
}

type option func(*peer)

func client(p *peer)   { p.client = true }
func deaf(p *peer)     { p.deaf = true }
func faithful(p *peer) { p.faithful = true }

// away has the peer at another address than the node.
func away(addr netip.Addr) option {
	return func(p *peer) { p.addr = netip.AddrPortFrom(addr, 0) }
}

func newPeer(t testing.TB, node netip.AddrPort, options ...option) *peer {
	t.Helper()
	p := &peer{t: t, node: node, id: randomID(), inbox: make(chan *wire.Message, 4096)}
	for _, apply := range options {
		apply(p)
	}
	addr := node.Addr()
	if p.addr.Addr().IsValid() {
		addr = p.addr.Addr()
	}
	p.addr = netip.AddrPortFrom(addr, freePort(t))
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(p.addr))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadBuffer(4<<20))
	p.conn = conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.read()
	}()
	t.Cleanup(func() {
		p.conn.Close()
		<-done
	})
	return p
}

func (p *peer) read() {
	for {
		b := make([]byte, wire.MaxDatagram)
		n, from, err := p.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if p.faithful && from != p.node {
			continue
		}
		m := new(wire.Message)
		if err := m.Decode(b[:n]); err != nil {
			p.t.Errorf("node sent what cannot be read: %v: %x", err, b[:n])
			return
		}
		if (m.Kind == wire.KindPing || m.Kind == wire.KindUpdate) && !p.deaf {
			h := wire.Header{Transaction: m.Transaction, Sender: p.id, Client: p.client}
			if _, err := p.conn.WriteToUDPAddrPort(wire.AppendAnswer(nil, h, &wire.Answer{Seen: from.Addr()}), from); err != nil {
				return
			}
		}
		p.inbox <- m
	}
}

func (p *peer) send(datagram []byte) {
	p.t.Helper()
	_, err := p.conn.WriteToUDPAddrPort(datagram, p.node)
	require.NoError(p.t, err)
}

func (p *peer) header() wire.Header {
	p.last++
	return wire.Header{Transaction: p.last, Sender: p.id, Client: p.client}
}

// await returns the next message that is accepted.
func (p *peer) await(accept func(m *wire.Message) bool) *wire.Message {
	p.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case m := <-p.inbox:
			if accept(m) {
				return m
			}
		case <-timeout.C:
			require.FailNow(p.t, "node did not send what was awaited")
		}
	}
}

func (p *peer) awaitKind(kind wire.Kind) *wire.Message {
	p.t.Helper()
	return p.await(func(m *wire.Message) bool { return m.Kind == kind })
}

// answered returns the answer to the last request.
func (p *peer) answered() *wire.Message {
	p.t.Helper()
	return p.await(func(m *wire.Message) bool {
		return m.Transaction == p.last && (m.Kind == wire.KindReply || m.Kind == wire.KindError)
	})
}

func (p *peer) ask(request []byte) *wire.Message {
	p.t.Helper()
	p.send(request)
	return p.answered()
}

// token returns a token for the peer.
func (p *peer) token() []byte {
	p.t.Helper()
	return p.ask(wire.AppendFind(nil, p.header(), p.id)).Token
}

// put stores values, in parts if need be, and returns the answer.
func (p *peer) put(key wire.ID, values ...[]byte) *wire.Message {
	p.t.Helper()
	token := p.token()
	h := p.header()
	p.send(wire.AppendPut(nil, h, key, token, 0, values))
	if wire.InParts(values) {
		for part := range wire.Parts(nil, h, values) {
			p.send(part)
		}
	}
	return p.answered()
}

// get returns the values under the key.
func (p *peer) get(key wire.ID) [][]byte {
	p.t.Helper()
	m := p.ask(wire.AppendGet(nil, p.header(), key, &wire.Query{}))
	require.Equal(p.t, wire.KindReply, m.Kind)
	return p.values(m)
}

// values returns the values of a message, for whose parts it waits.
func (p *peer) values(m *wire.Message) (values [][]byte) {
	p.t.Helper()
	byIndex := make(map[int][]byte)
	missing := 0
	for i, element := range m.Values.All() {
		if byIndex[i] = element.Packed; element.Packed == nil {
			byIndex[i] = make([]byte, element.Length)
			missing += element.Length
		}
	}
	for missing > 0 {
		parts := p.await(func(part *wire.Message) bool {
			return part.Kind == wire.KindPart && part.Transaction == m.Transaction
		})
		for part := range parts.Parts.All() {
			missing -= copy(byIndex[part.Index][part.Offset:], part.Data)
		}
	}
	for i := range m.Values.Len() {
		values = append(values, byIndex[i])
	}
	return values
}

// quiet checks that nothing but pings came before the answer to a new ping.
func (p *peer) quiet() {
	p.t.Helper()
	p.send(wire.AppendPing(nil, p.header()))
	m := p.await(func(m *wire.Message) bool { return m.Kind != wire.KindPing })
	require.Equal(p.t, wire.KindReply, m.Kind)
	require.Equal(p.t, p.last, m.Transaction)
}

func randomID() (id wire.ID) {
	crand.Read(id[:])
	return id
}

// value returns a packed value of user data with so many bytes.
func value(id uint64, size int) []byte {
	v := wire.Value{ID: id, Data: make([]byte, size)}
	crand.Read(v.Data)
	return v.Append(nil)
}
