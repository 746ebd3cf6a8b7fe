// SPDX-License-Identifier: GPL-3.0-or-later

package appliancetest

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"

	"jamibox/appliance/config"
	"jamibox/enroll/admin"
)

// WithRelay switches the relay on, at any port of loopback.
func WithRelay(cfg *config.Config, _ *admin.SetupRequest) {
	cfg.Turn.Enabled, cfg.Turn.Listen = true, []string{"127.0.0.1:0"}
}

// RelayAddr waits for the relay and returns where it listens, over UDP and TCP
// alike.
func (b *Box) RelayAddr(t testing.TB) string {
	t.Helper()
	var addr string
	require.Eventually(t, func() bool {
		var state admin.RelayState
		if b.Call(t, http.MethodGet, "/relay", nil, &state) != http.StatusOK || state.State != "ready" {
			return false
		}
		addr, _, _ = strings.Cut(state.Listen[0], "/")
		return true
	}, 20*time.Second, 10*time.Millisecond, "the relay does not start")
	return addr
}

// RelayLogin is what a device logs in to the relay with.
type RelayLogin struct {
	Username string `json:"TURN.username"`
	Password string `json:"TURN.password"`
}

// RelayLogin asks the box for it, as a client does when it starts.
func (c *Client) RelayLogin(t testing.TB) RelayLogin {
	t.Helper()
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	reply := c.Do(t, http.MethodGet, "/api/auth/policyData", nil, nil)
	require.Equal(t, http.StatusOK, reply.Status, "%s", reply.Body)
	var login RelayLogin
	reply.JSON(t, &login)
	require.NotEmpty(t, login.Password)
	return login
}

// RelayClient speaks to the relay of a box. It ends with the test, or by Hangup.
type RelayClient struct {
	*turn.Client
	// Local is the address that the relay sees.
	Local string
	conn  net.PacketConn
}

// DialRelay returns a client of the relay over "udp" or "tcp".
func (b *Box) DialRelay(t testing.TB, network string, login RelayLogin) *RelayClient {
	t.Helper()
	addr := b.RelayAddr(t)
	var c RelayClient
	switch network {
	case "udp":
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		require.NoError(t, err)
		c.conn = conn
	case "tcp":
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		c.conn = turn.NewSTUNConn(conn)
	}
	c.Local = c.conn.LocalAddr().String()
	var err error
	c.Client, err = turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: addr, TURNServerAddr: addr, Conn: c.conn,
		Username: login.Username, Password: login.Password,
	})
	require.NoError(t, err)
	require.NoError(t, c.Listen())
	t.Cleanup(c.Hangup)
	return &c
}

// Hangup ends the client without a word. It may be called twice.
func (c *RelayClient) Hangup() {
	c.Close()
	_ = c.conn.Close() // the second time it is closed
}
