// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/bench/netns"
)

func TestMain(m *testing.M) {
	entered, code, err := netns.Enter(context.Background())
	switch {
	case errors.Is(err, netns.ErrRoot):
		fmt.Println("skipping all tests:", err)
		os.Exit(0)
	case err != nil:
		fmt.Println(err)
		os.Exit(1)
	case !entered:
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestStrays looks at packets that are there before a load begins.
func TestStrays(t *testing.T) {
	load := Load{Size: 160, Rate: 1000, Up: true, For: 100 * time.Millisecond, Direct: true}
	credentials := func(int) (string, string) { return "", "" }
	earlier, err := New(netip.AddrPort{}, 0, 1, credentials)
	require.NoError(t, err)
	defer func() { require.NoError(t, earlier.Close()) }()
	earlier.run = 1<<15 + 1000 // beyond what New begins with
	ofEarlier := earlier.ways(load)[0].packets(load.Size, earlier.run)
	for name, c := range map[string]struct {
		stray []byte
		n     int
		fails bool
	}{
		"none":                    {nil, 0, false},
		"some":                    {make([]byte, 164), 3, false},
		"short":                   {make([]byte, 1), 3, false},
		"many of an earlier load": {ofEarlier, 500, false},
		"error/many":              {make([]byte, 160), 500, true},
	} {
		t.Run(name, func(t *testing.T) {
			crowd, err := New(netip.AddrPort{}, 0, 10, credentials)
			require.NoError(t, err)
			defer func() { require.NoError(t, crowd.Close()) }()
			conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(crowd.peer))
			require.NoError(t, err)
			defer func() { require.NoError(t, conn.Close()) }()
			for range c.n {
				_, err := conn.Write(c.stray)
				require.NoError(t, err)
			}
			r, err := crowd.Run(load)
			require.EqualValues(t, c.n, r.Strays)
			require.NotZero(t, r.Received)
			require.LessOrEqual(t, r.Relayed(), r.Sent)
			if c.fails {
				require.ErrorContains(t, err, "500 packets arrived that nobody sent")
				return
			}
			require.NoError(t, err)
		})
	}
}
