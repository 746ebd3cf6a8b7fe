// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/dht/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSchedule(t *testing.T) {
	var s schedule
	now := time.Now()
	require.False(t, s.due(false, now))
	for _, wait := range []time.Duration{10, 20, 40, 60, 60} {
		require.True(t, s.due(true, now))
		require.False(t, s.due(true, now.Add(wait*time.Second-1)))
		now = now.Add(wait * time.Second)
	}
	require.False(t, s.due(false, now))
	require.True(t, s.due(true, now), "searching anew starts at once")
	require.True(t, s.due(true, now.Add(firstSearchWait)))
}

// TestHear gives a beacon datagrams without a network.
func TestHear(t *testing.T) {
	own := wire.ID([]byte("klmnopqrstuvwxyzKLMN"))
	for name, c := range map[string]struct {
		datagram string
		from     string
		want     string // address of the node that is found
	}{
		"node over IPv4":  {recorded, "10.0.0.9:8888", "10.0.0.9:5000"},
		"node over IPv6":  {recorded, "[2001:db8::1]:8888", "[2001:db8::1]:5000"},
		"other port":      {recorded, "10.0.0.9:40000", "10.0.0.9:5000"},
		"own id":          {string(publication{id: own, port: 5000}.append(nil)), "10.0.0.9:8888", ""},
		"zero id":         {string(publication{port: 5000}.append(nil)), "10.0.0.9:8888", ""},
		"other network":   {recorded[:len(recorded)-1] + "\x01", "10.0.0.9:8888", ""},
		"port 0":          {string(publication{id: wire.ID{1}}.append(nil)), "10.0.0.9:8888", ""},
		"link-local IPv6": {recorded, "[fe80::1%1]:8888", ""},
		"link-local IPv4": {recorded, "169.254.0.1:8888", "169.254.0.1:5000"},
		"multicast":       {recorded, "239.192.0.1:8888", ""},
		"account":         {"\x81\xa4jami\x01", "10.0.0.9:8888", ""},
		"garbage":         {"\xc1\xc1", "10.0.0.9:8888", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := ""
			b := New(Config{ID: own, Found: func(n wire.Node) { found = n.Addr.String() }}, slog.New(slog.DiscardHandler))
			b.hear(nil, []byte(c.datagram), netip.MustParseAddrPort(c.from))
			require.Equal(t, c.want, found)
		})
	}
}

// TestAnswers holds that the sender of a query is answered, but not without
// bound.
func TestAnswers(t *testing.T) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, socket.Close()) }()
	b := New(Config{ID: wire.ID([]byte(nodeID)), Port: 5000}, slog.New(slog.DiscardHandler))
	self := socket.LocalAddr().(*net.UDPAddr).AddrPort()
	start := time.Now()
	for range 3 * answersPerSecond {
		b.hear(&group{socket: socket}, appendQuery(nil), self)
	}
	most := answersPerSecond*(1+time.Since(start).Seconds()) + 1
	buf := make([]byte, maxDatagram)
	count := 0
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	for {
		n, err := socket.Read(buf)
		if err != nil {
			break
		}
		require.Equal(t, recorded, string(buf[:n]))
		count++
	}
	require.GreaterOrEqual(t, count, answersPerSecond)
	require.LessOrEqual(t, float64(count), most)
}
