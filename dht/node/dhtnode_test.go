// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"io"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// dhtnode is the real program, at its console.
type dhtnode struct {
	t      *testing.T
	addr   netip.AddrPort
	input  io.Writer
	output *lockedBuffer
	kill   func()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startDhtnode runs dhtnode, joined to a node, until the test ends.
func startDhtnode(t *testing.T, node netip.AddrPort, options ...string) *dhtnode {
	t.Helper()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	port := freePort(t)
	d := &dhtnode{
		t:      t,
		addr:   netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port),
		output: &lockedBuffer{},
	}
	program := exec.Command("dhtnode", append([]string{"-p", strconv.Itoa(int(port)), "-b", node.String()}, options...)...)
	program.Stdout, program.Stderr = d.output, d.output
	var err error
	d.input, err = program.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	d.kill = sync.OnceFunc(func() {
		program.Process.Kill()
		program.Wait() // tells that it was killed
	})
	t.Cleanup(func() {
		d.kill()
		if t.Failed() {
			t.Logf("output of dhtnode at %s:\n%s", d.addr, d.output)
		}
	})
	return d
}

// enter types a command and waits until the output has something new.
func (d *dhtnode) enter(command, want string) {
	d.t.Helper()
	seen := len(d.output.String())
	_, err := io.WriteString(d.input, command+"\n")
	require.NoError(d.t, err)
	d.awaitFrom(seen, want)
}

func (d *dhtnode) awaitFrom(seen int, want string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		return strings.Contains(withoutPrompt.Replace(d.output.String()[seen:]), withoutPrompt.Replace(want))
	}, patience, 10*time.Millisecond, "dhtnode did not print %q", want)
}

// withoutPrompt takes away what the prompt consists of: it comes from another
// thread, in the middle of words at times, and not in one piece.
var withoutPrompt = strings.NewReplacer(">", "", " ", "")

// awaitListed waits until the routing table has the other node.
func (d *dhtnode) awaitListed(other netip.AddrPort) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		seen := len(d.output.String())
		d.enter("lr", "IPv6 routing table")
		return strings.Contains(d.output.String()[seen:], other.String()+" ")
	}, patience, 100*time.Millisecond, "dhtnode does not know %s", other)
}

// getFromReal returns the values under the key. It asks again: a real node may
// drop a request, as when the machine is busy.
func (p *peer) getFromReal(key wire.ID) [][]byte {
	p.t.Helper()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	p.send(wire.AppendGet(nil, p.header(), key, &wire.Query{}))
	for {
		select {
		case m := <-p.inbox:
			if m.Kind == wire.KindReply && m.Transaction == p.last {
				return p.values(m)
			}
		case <-again.C:
			p.send(wire.AppendGet(nil, p.header(), key, &wire.Query{}))
		case <-timeout.C:
			require.FailNow(p.t, "the real node did not answer")
		}
	}
}

// TestRealNodes has real nodes meet and share values through ours.
func TestRealNodes(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.StateFile = filepath.Join(t.TempDir(), "node.state")
	n := run(t, cfg)
	asker := newPeer(t, n.v4, client)
	ports := func() (ports []uint16) {
		for node := range asker.ask(wire.AppendFind(nil, asker.header(), randomID())).Nodes.All() {
			ports = append(ports, node.Addr.Port())
		}
		return ports
	}
	a := startDhtnode(t, n.v4)
	require.Eventually(t, func() bool { return len(ports()) == 1 }, patience, 10*time.Millisecond)
	b := startDhtnode(t, n.v4)
	require.Eventually(t, func() bool { return len(ports()) == 2 }, patience, 10*time.Millisecond)
	require.ElementsMatch(t, []uint16{a.addr.Port(), b.addr.Port()}, ports())
	a.awaitListed(n.v4)
	a.awaitListed(b.addr)
	b.awaitListed(n.v4)
	b.awaitListed(a.addr)

	a.enter("p first one-value", "Put: success")
	b.enter("g first", `"one-value"`)
	b.enter("l second", "Listening")
	seen := len(b.output.String())
	a.enter("p second pushed-value", "Put: success")
	b.awaitFrom(seen, `"pushed-value"`)

	// Ours keeps what the others wrote, also over its own restart.
	for _, d := range []*dhtnode{a, b} {
		d.kill()
	}
	cfg.IPv4 = n.v4
	require.NoError(t, n.stop())
	n = run(t, cfg)
	c := startDhtnode(t, n.v4)
	c.enter("g first", `"one-value"`)
	c.enter("g second", `"pushed-value"`)
}

// TestJoinRealNode has ours join a real one.
func TestJoinRealNode(t *testing.T) {
	t.Parallel()
	first := run(t, testConfig())
	d := startDhtnode(t, first.v4)
	d.awaitListed(first.v4)
	cfg := testConfig()
	cfg.Bootstrap = []string{d.addr.String()}
	n := run(t, cfg)
	require.Eventually(t, func() bool { return n.Stats().IPv4.Good == 2 }, patience, 10*time.Millisecond,
		"the real node, and the one that it names")
	key, packed := randomID(), value(1, 30_000)
	stored, err := n.Put(t.Context(), key, packed)
	require.NoError(t, err)
	require.Equal(t, 2, stored)
	require.NoError(t, first.stop())
	got := newPeer(t, d.addr, client).getFromReal(key)
	require.Equal(t, [][]byte{packed}, got)
	d.enter("g "+key.String(), "found 1 value(s)")
}
