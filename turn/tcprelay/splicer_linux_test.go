// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
)

func TestMovers(t *testing.T) {
	b := newBox(t)
	l, at := listening(t)
	plain := dialPeer(t, at)
	acceptOne(t, l)
	require.IsType(t, &splicer{}, b.mover(plain, plain))
	for name, conns := range map[string][2]net.Conn{
		"tls client": {struct{ *net.TCPConn }{plain}, plain},
		"tls peer":   {plain, struct{ *net.TCPConn }{plain}},
	} {
		m := b.mover(conns[0], conns[1])
		require.IsType(t, &copier{}, m, name)
		m.free()
	}
}

// bytesRead is how many bytes this process has read into its memory.
func bytesRead(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skipf("needs the kernel's accounting of reads: %v", err)
	}
	var n int
	_, err = fmt.Sscanf(string(text), "rchar: %d", &n)
	require.NoError(t, err)
	return n
}

// Relayed bytes must not pass through this process: it reads them once, at the
// test's own end of the connection.
func TestSplices(t *testing.T) {
	const total = 64 << 20
	for _, limit := range []setup{func(*box) {}, limited(ledger.Limits{BytesPerSecond: 16 * total})} {
		b := newBox(t, limit)
		_, data, peer := accepted(t, b)
		before := bytesRead(t)
		go func() {
			// A failure shows at the other end.
			_, _ = peer.Write(make([]byte, total))
			_ = peer.CloseWrite()
		}()
		n, err := io.Copy(io.Discard, struct{ io.Reader }{data})
		require.NoError(t, err)
		require.EqualValues(t, total, n)
		require.InDelta(t, total, bytesRead(t)-before, total/10)
	}
}

// A waiting connection takes no more than its two sockets.
func TestWaitingTakesNoPipe(t *testing.T) {
	b := newBox(t)
	const pairs = 20
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)
	before := descriptors(t)
	for range pairs {
		conn := dialPeer(t, relayed)
		id, _ := c.attempt(t)
		requireEcho(t, c.bind(t, id), conn)
	}
	// Of each pair, this process has the other ends as well.
	require.Eventually(t, func() bool {
		runtime.GC() // closes the pipes that are kept for reuse
		return descriptors(t) <= before+4*pairs
	}, patience, 10*time.Millisecond)
}
