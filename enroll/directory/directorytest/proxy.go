// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Proxy stands between a client and a server and can misbehave. Its methods
// hold for connections that are open as well as for later ones.
type Proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool
	taken int
	limit int
	delay time.Duration
	// left is how many bytes of answers still pass; negative for all.
	left    int
	swallow bool
	closed  bool
	running sync.WaitGroup
}

// StartProxy starts a proxy to host:port on a loopback address; it ends with
// the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]bool{}, left: -1, limit: -1}
	p.running.Go(p.accept)
	t.Cleanup(p.end)
	return p
}

// Address returns host:port of the proxy.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Delay keeps each piece of an answer back for a time.
func (p *Proxy) Delay(d time.Duration) { p.set(func() { p.delay = d }) }

// CutAfter closes connections once so many more bytes of answers have passed.
func (p *Proxy) CutAfter(bytes int) { p.set(func() { p.left = bytes }) }

// Swallow lets answers vanish, or ends that.
func (p *Proxy) Swallow(on bool) { p.set(func() { p.swallow = on }) }

// RefuseAfter closes new connections after so many of all.
func (p *Proxy) RefuseAfter(connections int) { p.set(func() { p.limit = connections }) }

// Restore ends all misbehaviour.
func (p *Proxy) Restore() {
	p.set(func() { p.delay, p.left, p.swallow, p.limit = 0, -1, false, -1 })
}

func (p *Proxy) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if !p.register(client) {
			_ = client.Close() // a refusal
			continue
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			p.forget(client)
			continue
		}
		p.set(func() { p.conns[server] = true })
		p.running.Go(func() {
			_, _ = io.Copy(server, client) // ends with either
			p.forget(client, server)
		})
		p.running.Go(func() {
			p.answer(client, server)
			p.forget(client, server)
		})
	}
}

func (p *Proxy) register(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	if p.closed || p.limit >= 0 && p.taken > p.limit {
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // perhaps closed before
		delete(p.conns, c)
	}
}

func (p *Proxy) answer(client, server net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		delay, pass, swallow := p.allow(n)
		if delay > 0 {
			<-time.After(delay)
		}
		if swallow {
			continue
		}
		if _, err := client.Write(buffer[:pass]); err != nil || pass < n {
			return
		}
	}
}

func (p *Proxy) allow(n int) (delay time.Duration, pass int, swallow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left >= 0 {
		n = min(n, p.left)
		p.left -= n
	}
	return p.delay, n, p.swallow
}

func (p *Proxy) end() {
	if err := p.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		panic(err)
	}
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		_ = c.Close() // ends the copying
	}
	p.mu.Unlock()
	p.running.Wait()
}
