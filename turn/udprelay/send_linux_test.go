// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAlike(t *testing.T) {
	a, b := netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")
	type packet struct {
		size int
		to   netip.AddrPort
	}
	many := func(n, size int) []packet {
		packets := make([]packet, n)
		for i := range packets {
			packets[i] = packet{size, a}
		}
		return packets
	}
	for name, row := range map[string]struct {
		packets   []packet
		n, length int
	}{
		"single":            {[]packet{{100, a}}, 1, 0},
		"equal":             {[]packet{{100, a}, {100, a}, {100, a}}, 3, 100},
		"last shorter":      {[]packet{{100, a}, {100, a}, {99, a}, {99, a}}, 3, 100},
		"second longer":     {[]packet{{100, a}, {101, a}}, 1, 0},
		"other peer":        {[]packet{{100, a}, {100, a}, {100, b}}, 2, 100},
		"empty first":       {[]packet{{0, a}, {0, a}}, 1, 0},
		"empty behind":      {[]packet{{100, a}, {0, a}}, 1, 0},
		"most segments":     {many(maxSegments, 100), maxSegments, 100},
		"most bytes":        {many(20, 4000), maxSegmented / 4000, 4000},
		"too long together": {many(2, 40000), 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			const start = 7
			end := start
			var entries []entry
			for _, p := range row.packets {
				end += p.size
				entries = append(entries, entry{end, p.to})
			}
			n, length := alike(entries, start)
			require.Equal(t, row.n, n)
			require.Equal(t, row.length, length)
		})
	}
}

// TestSegmentsBeyondMTU sends where the kernel refuses to cut messages apart,
// since each datagram has to be fragmented.
func TestSegmentsBeyondMTU(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("ip is not installed (package iproute2)")
	}
	ended := make(chan error, 1)
	go func() {
		// Never unlocked: the thread must not run others in that namespace,
		// and so ends with the goroutine.
		runtime.LockOSThread()
		defer close(ended) // also where an assertion ends the goroutine
		ended <- sendBeyondMTU(t)
	}()
	err := <-ended
	if errors.Is(err, unix.EPERM) {
		t.Skipf("network namespaces are not permitted here: %v", err)
	}
	require.NoError(t, err)
}

func sendBeyondMTU(t *testing.T) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering a network namespace: %w", err)
	}
	if output, err := exec.Command("ip", "link", "set", "lo", "mtu", "600", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("setting up lo: %w: %s", err, output)
	}
	from, to := listenPeer(t, loopback4), listenPeer(t, loopback4)
	out, err := newSender(from)
	if err != nil {
		return err
	}
	box := outbox{pool: &newPools().boxes, carrier: out, count: func(int, int) {}}
	sizes := []int{1200, 1200, 1200, 900, 100, 100, 1200}
	for i, size := range sizes {
		box.add(bytes.Repeat([]byte{byte(i)}, size), addrOf(to), size)
	}
	box.flush()
	for i, size := range sizes {
		if text, _ := receiveFrom(t, to); text != string(bytes.Repeat([]byte{byte(i)}, size)) {
			return fmt.Errorf("packet %d of %d bytes came as %q", i, size, text)
		}
	}
	return nil
}
