// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

// servesBenchmark makes the test binary a relay, so that its processor time is
// apart from that of the load.
const servesBenchmark = "JAMIBOX_UDPRELAY_SERVES"

func TestServeBenchmark(t *testing.T) {
	if os.Getenv(servesBenchmark) == "" {
		t.Skip("serves BenchmarkRelay only")
	}
	r := startRig(t, nil)
	fmt.Println(r.socket.LocalAddr())
	_, err := io.Copy(io.Discard, os.Stdin) // until the benchmark ends
	require.NoError(t, err)
}

// process is a relay in a process of its own.
type process struct {
	pid  int
	addr string
}

func startProcess(b *testing.B) process {
	b.Helper()
	server := exec.Command(os.Args[0], "-test.run=^TestServeBenchmark$", "-test.timeout=0")
	server.Env = append(os.Environ(), servesBenchmark+"=1")
	stdin, err := server.StdinPipe()
	require.NoError(b, err)
	stdout, err := server.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, server.Start())
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait()
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	return process{server.Process.Pid, strings.TrimSpace(addr)}
}

// spent returns the processor time of all threads.
func (p process) spent(b *testing.B) time.Duration {
	b.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.pid))
	require.NoError(b, err)
	var sum time.Duration
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		require.NoError(b, err)
		onCPU, err := strconv.ParseInt(strings.Fields(string(stat))[0], 10, 64)
		require.NoError(b, err)
		sum += time.Duration(onCPU)
	}
	return sum
}

// BenchmarkRelay relays b.N packets each way, as fast as they are taken or
// evenly spaced, and tells the relay's processor time for each that arrived.
func BenchmarkRelay(b *testing.B) {
	for _, size := range []int{160, 1200} {
		for _, rate := range []int{0, 20000} {
			for _, up := range []bool{true, false} {
				name := fmt.Sprintf("%dB/saturated", size)
				if rate > 0 {
					name = fmt.Sprintf("%dB/%dpps", size, rate)
				}
				if up {
					name += "/up"
				} else {
					name += "/down"
				}
				b.Run(name, func(b *testing.B) { relay(b, startProcess(b), size, rate, up) })
			}
		}
	}
}

func relay(b *testing.B, server process, size, rate int, up bool) {
	c := dialAt(b, b, server.addr, "alice")
	peer := listenPeer(b, loopback4)
	relayed := c.allocate()
	c.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(addrOf(peer)))
	require.NoError(b, peer.SetReadBuffer(8<<20))
	require.NoError(b, c.conn.(*net.UDPConn).SetReadBuffer(8<<20))

	payload := make([]byte, size)
	from, to, msg, dst := peer, c.conn.(*net.UDPConn), payload, relayed
	if up {
		from, to = to, from
		msg, dst = channelData(0x4000, payload), netip.MustParseAddrPort(server.addr)
	}
	arrived := count(b, to)
	b.ResetTimer()
	before := server.spent(b)
	blast(b, from, msg, dst, rate, b.N)
	// The last are under way yet.
	for last := uint64(0); last != arrived.Load() || last == 0; {
		last = arrived.Load()
		<-time.After(10 * time.Millisecond)
	}
	b.StopTimer()
	n := float64(arrived.Load())
	b.ReportMetric(float64(server.spent(b)-before)/n, "cpu-ns/packet")
	b.ReportMetric(n/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(100*(1-n/float64(b.N)), "%lost")
}

// count counts what arrives.
func count(b *testing.B, conn *net.UDPConn) *atomic.Uint64 {
	b.Helper()
	pools := newPools()
	in, err := newReceiver(conn, &pools.clients)
	require.NoError(b, err)
	var n atomic.Uint64
	require.NoError(b, conn.SetReadDeadline(time.Time{}))
	go func() {
		for {
			if _, _, err := in.receive(); err != nil {
				return
			}
			n.Add(1)
		}
	}()
	return &n
}

// blast sends a message n times.
func blast(b *testing.B, conn *net.UDPConn, msg []byte, to netip.AddrPort, rate, n int) {
	b.Helper()
	pools := newPools()
	out, err := newSender(conn)
	require.NoError(b, err)
	box := outbox{pool: &pools.boxes, carrier: out, count: func(int, int) {}}
	start := time.Now()
	for i := range n {
		box.add(msg, to, 0)
		if rate == 0 {
			continue
		}
		box.flush()
		for time.Since(start) < time.Duration(i)*time.Second/time.Duration(rate) {
			continue // a timer is not exact enough
		}
	}
	box.flush()
}

// BenchmarkIdle tells the resident memory of a relay per idle allocation.
func BenchmarkIdle(b *testing.B) {
	server := startProcess(b)
	before := server.resident(b)
	b.ResetTimer()
	for range b.N {
		c := dialAt(b, b, server.addr, "alice")
		c.allocate()
		c.require(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:9"))
	}
	b.StopTimer()
	b.ReportMetric(float64(server.resident(b)-before)/float64(b.N), "resident-B/allocation")
	b.ReportMetric(float64(server.resident(b))/(1<<20), "resident-MiB")
}

// resident returns the resident memory in bytes.
func (p process) resident(b *testing.B) int {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.pid))
	require.NoError(b, err)
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	require.NoError(b, err)
	return pages * os.Getpagesize()
}
