// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

// allocate has a device of a user allocate a relayed address, and returns the
// client that has it.
func (b *box) allocate(t *testing.T, relay string, login appliancetest.RelayLogin) *turn.Client {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	c, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: relay, Conn: conn, Username: login.Username, Password: login.Password,
	})
	require.NoError(t, err)
	require.NoError(t, c.Listen())
	t.Cleanup(c.Close)
	_, err = c.Allocate()
	require.NoError(t, err)
	return c
}

func TestRelayCommands(t *testing.T) {
	t.Parallel()
	relay := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	b := newBox(t, "JAMIBOX_TURN_ENABLED=true", "JAMIBOX_TURN_LISTEN="+relay)
	b.start(t)
	require.Eventually(t, func() bool { return b.run(t, "status").code == 0 }, 20*time.Second, 20*time.Millisecond)
	b.addUser(t, "alice")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(b.run(t, "tls", "root").stdout)))
	device := appliancetest.NewClient(t, b.url, roots)
	device.Enrol(t, "alice", 0)
	old := device.RelayLogin(t)
	call := b.allocate(t, relay, old)

	var live []admin.Allocation
	b.runJSON(t, &live, "relay", "list")
	i := 0
	for i < len(live)-1 && live[i].User != "alice" { // others are the box's own probe
		i++
	}
	require.Equal(t, "alice", live[i].User)
	id := fmt.Sprint(live[i].ID)
	text := b.run(t, "relay", "list").stdout
	for _, word := range []string{"alice", "machine 0", live[i].Client + "/udp", live[i].Relayed + "/udp", "0 B", "AGE"} {
		require.Contains(t, text, word)
	}
	require.Regexp(t, `relay +[1-9]\d* allocations, \d+ connections; refused: \d+ logins`, b.run(t, "status").stdout)

	require.Zero(t, b.run(t, "relay", "end", id).code)
	require.Eventually(t, func() bool {
		return strings.Contains(b.run(t, "relay", "closed").stdout, "ended")
	}, 10*time.Second, 10*time.Millisecond)
	require.Error(t, call.CreatePermission(&net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}))
	requireFailure(t, b.run(t, "relay", "end", id), 1, "no such allocation")
	requireFailure(t, b.run(t, "relay", "end", "first"), 1, "the number of an allocation is expected")
	require.Equal(t, 2, b.run(t, "relay", "end").code)

	r := b.run(t, "relay", "rotate", "--overlap", "720h")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "accepted until "+time.Now().AddDate(0, 0, 30).Format(time.DateOnly))
	requireFailure(t, b.run(t, "relay", "rotate"), 1, "has not ended", "overlap 0")
	require.Equal(t, 2, b.run(t, "relay", "rotate", "--overlap", "soon").code)
	require.Contains(t, b.run(t, "relay", "rotate", "--overlap", "0s").stdout, "refused")
	require.NotEqual(t, old, device.RelayLogin(t))
	require.NotContains(t, b.log.String(), old.Password)
	var rotated struct {
		Until time.Time `json:"previous_until"`
	}
	b.runJSON(t, &rotated, "relay", "rotate", "--overlap", "1h")
	require.WithinDuration(t, time.Now().Add(time.Hour), rotated.Until, time.Minute)
}

func TestRelayCommandsWithoutARelay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	require.Equal(t, 1, strings.Count(b.run(t, "relay", "list").stdout, "\n"))
	require.Equal(t, "[]\n", b.run(t, "relay", "closed", "--json").stdout)
	require.NotContains(t, b.run(t, "status").stdout, "relay ")
	requireFailure(t, b.run(t, "relay", "end", "1"), 1, "no such allocation")
	code, _ := b.stop(t)
	require.Zero(t, code)
	requireFailure(t, b.run(t, "relay", "list"), 3, "not running")
}
