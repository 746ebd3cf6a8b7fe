// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	pion "github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/turn/credential"
	"jamibox/turn/pionlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testRealm  = "jamibox.test"
	testMaster = "0123456789abcdef0123456789abcdef"
	patience   = 5 * time.Second
)

func testConfig() Config {
	cfg := DefaultConfig()
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.Advertise = []string{"127.0.0.1"}
	cfg.Realm = testRealm
	return cfg
}

func newTestServer(cfg Config) *Server {
	secret := []byte(testMaster)
	creds, err := credential.New(testRealm, credential.Secrets{Names: secret, Current: secret})
	if err != nil {
		panic(err)
	}
	return New(Options{Config: cfg, Credentials: creds, Logger: slog.New(slog.DiscardHandler)})
}

// running starts a server and returns what stops it, which is also done at the
// end of the test.
func running(t *testing.T, s *Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		require.NoError(t, err, "the server must start")
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			require.Fail(t, "Run does not return")
		}
	}
	t.Cleanup(stop)
	return stop
}

func udpAddr(s *Server) *net.UDPAddr { return addrOf[*net.UDPAddr](s) }

func tcpAddr(s *Server) *net.TCPAddr { return addrOf[*net.TCPAddr](s) }

// addrOf returns the first listening address of a kind.
func addrOf[A net.Addr](s *Server) A {
	for _, addr := range s.Addrs() {
		if a, ok := addr.(A); ok {
			return a
		}
	}
	panic("the server does not listen")
}

type testClient struct {
	*pion.Client
	conn net.PacketConn
}

// dial connects a client to the server at an address.
func dial(t *testing.T, network, server, username, password string) *testClient {
	t.Helper()
	conn, err := net.Dial(network, server)
	require.NoError(t, err)
	var packetConn net.PacketConn = packets{conn}
	if network == "tcp" {
		packetConn = pion.NewSTUNConn(conn)
	}
	client, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: "127.0.0.1:3478",
		STUNServerAddr: "127.0.0.1:3478",
		Username:       username,
		Password:       password,
		Conn:           packetConn,
		LoggerFactory:  pionlog.Factory{Logger: slog.New(slog.DiscardHandler)},
	})
	require.NoError(t, err)
	require.NoError(t, client.Listen())
	t.Cleanup(func() {
		client.Close()
		_ = conn.Close()
	})
	return &testClient{Client: client, conn: packetConn}
}

func dialDevice(t *testing.T, s *Server, network, device string) *testClient {
	t.Helper()
	username, password := s.creds.For(device)
	return dial(t, network, udpAddr(s).String(), username, password)
}

// allocate returns a relayed address, which is given back at the end.
func (c *testClient) allocate(t *testing.T) net.PacketConn {
	t.Helper()
	relay, err := c.Allocate()
	require.NoError(t, err)
	t.Cleanup(func() { _ = relay.Close() })
	return relay
}

func receive(t *testing.T, conn net.PacketConn) (string, net.Addr) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, 2000)
	n, from, err := conn.ReadFrom(buf)
	require.NoError(t, err)
	return string(buf[:n]), from
}
