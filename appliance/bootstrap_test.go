// SPDX-License-Identifier: GPL-3.0-or-later

package appliance_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"jamibox/appliance/announce"
	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/dht"
	"jamibox/dht/node"
	"jamibox/dht/wire"
	"jamibox/enroll/admin"
)

// withNode switches the builtin DHT node on, at the port of loopback.
func withNode(port string) appliancetest.Option {
	return func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.DHT.Enabled, cfg.DHT.Engine, cfg.DHT.Listen = true, dht.EngineBuiltin, "127.0.0.1:"+port
	}
}

// announced returns what the status tells of the announcements.
func announced(t *testing.T, b *appliancetest.Box) (s announce.Status) {
	t.Helper()
	raw, err := json.Marshal(status(t, b).Details["revocation_lists"])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &s))
	return s
}

// revoke revokes a client's device as an administrator.
func revoke(t *testing.T, b *appliancetest.Box, c *appliancetest.Client) {
	t.Helper()
	id := wire.PublicKey(c.Chain[0].RawSubjectPublicKeyInfo).LongID()
	require.Equal(t, http.StatusNoContent, b.Call(t, http.MethodPost, "/devices/"+hex.EncodeToString(id[:])+"/revoke", nil, nil))
}

// peer is a node of another machine.
func peer(t *testing.T, port string) *node.Node {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.IPv4, cfg.IPv6 = netip.MustParseAddrPort("127.0.0.1:0"), netip.AddrPort{}
	cfg.Bootstrap = []string{"127.0.0.1:" + port}
	n := node.New(cfg, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	ended, up := make(chan error, 1), make(chan struct{})
	go func() { ended <- n.Run(ctx, func() { close(up) }) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	<-up
	require.Eventually(t, func() bool { return n.Stats().IPv4.Good > 0 }, 10*time.Second, 10*time.Millisecond)
	return n
}

// lists returns the lists that a node reads under an account's id, of which the
// account must have signed each.
func lists(t *testing.T, n *node.Node, account *x509.Certificate) (all []*x509.RevocationList) {
	t.Helper()
	key := wire.PublicKey(account.RawSubjectPublicKeyInfo).ID()
	values, err := n.Get(t.Context(), key)
	require.NoError(t, err)
	for _, packed := range values {
		v, err := wire.ParseValue(packed)
		require.NoError(t, err)
		require.EqualValues(t, 1, v.Priority)
		der, rest, err := msgp.ReadBytesBytes(v.Data, nil)
		require.NoError(t, err)
		require.Empty(t, rest)
		crl, err := x509.ParseRevocationList(der)
		require.NoError(t, err)
		require.NoError(t, crl.CheckSignatureFrom(account))
		all = append(all, crl)
	}
	return all
}

// awaitList waits until a node reads a list that names so many devices.
func awaitList(t *testing.T, n *node.Node, account *x509.Certificate, devices int) (found *x509.RevocationList) {
	t.Helper()
	start := time.Now()
	require.Eventually(t, func() bool {
		for _, crl := range lists(t, n, account) {
			if len(crl.RevokedCertificateEntries) == devices {
				found = crl
			}
		}
		return found != nil
	}, 5*time.Second, 5*time.Millisecond)
	t.Logf("read after %s", time.Since(start).Round(time.Millisecond))
	return found
}

func TestRevocationReachesPeers(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	b := appliancetest.New(t, withNode(port))
	b.AddUser(t, "alice")
	phone, laptop := b.NewClient(t), b.NewClient(t)
	phone.Enrol(t, "alice", 0)
	laptop.Enrol(t, "alice", 1)
	require.Eventually(t, b.Box.Ready, 10*time.Second, 10*time.Millisecond)
	other := peer(t, port)
	account := phone.Chain[1]
	require.Empty(t, lists(t, other, account), "an account that revoked nothing has no list")
	require.Zero(t, announced(t, b).Lists)

	revoke(t, b, phone)
	crl := awaitList(t, other, account, 1)
	require.Equal(t, phone.Chain[0].SerialNumber, crl.RevokedCertificateEntries[0].SerialNumber)
	require.Eventually(t, func() bool { return announced(t, b).Lists == 1 }, 5*time.Second, 10*time.Millisecond)
	require.WithinDuration(t, time.Now(), announced(t, b).Last, 10*time.Second)
	require.Empty(t, announced(t, b).Error)

	revoke(t, b, laptop)
	awaitList(t, other, account, 2)
	require.Len(t, lists(t, other, account), 2, "the first list lives on for ten minutes")
	require.Equal(t, 1, announced(t, b).Lists)
}

// TestRestartAnnouncesAgain has a box revoke while it runs no node, and a peer
// join after its restart.
func TestRestartAnnouncesAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := appliancetest.Open(t, dir)
	b.AddUser(t, "alice")
	phone := b.NewClient(t)
	phone.Enrol(t, "alice", 0)
	revoke(t, b, phone)
	b.Stop(t)

	port := freePort(t)
	appliancetest.Open(t, dir, withNode(port))
	other := peer(t, port)
	crl := awaitList(t, other, phone.Chain[1], 1)
	require.Equal(t, phone.Chain[0].SerialNumber, crl.RevokedCertificateEntries[0].SerialNumber)
}

// TestRevocationReachesOpenDHT has a real node of OpenDHT read a list.
func TestRevocationReachesOpenDHT(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("dhtnode")
	if err != nil {
		t.Skip("dhtnode is not installed: apt-get install dhtnode")
	}
	port := freePort(t)
	b := appliancetest.New(t, withNode(port))
	b.AddUser(t, "alice")
	phone := b.NewClient(t)
	phone.Enrol(t, "alice", 0)
	require.Eventually(t, b.Box.Ready, 10*time.Second, 10*time.Millisecond)
	revoke(t, b, phone)
	account := phone.Chain[1]
	der, err := b.Box.Enroll().Revocation().LastingCRL(t.Context(), wire.PublicKey(account.RawSubjectPublicKeyInfo).ID().String())
	require.NoError(t, err)

	console := exec.Command(program, "-p", freePort(t), "-b", "127.0.0.1:"+port)
	input, err := console.StdinPipe()
	require.NoError(t, err)
	output, err := console.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, console.Start())
	// Told to end, it hangs at times. Without an answer it would wait for ever.
	kill := func() { _ = console.Process.Kill() } // or it has ended
	defer time.AfterFunc(30*time.Second, kill).Stop()
	t.Cleanup(func() {
		kill()
		_ = console.Wait() // tells that it was killed
	})
	require.Eventually(t, func() bool {
		s := status(t, b)
		raw, err := json.Marshal(s.Details["dht"])
		require.NoError(t, err)
		return bytes.Contains(raw, []byte(`"good":1`))
	}, 20*time.Second, 50*time.Millisecond)
	_, err = fmt.Fprintf(input, "g %s\n", wire.PublicKey(account.RawSubjectPublicKeyInfo).ID())
	require.NoError(t, err)
	var seen strings.Builder
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		fmt.Fprintln(&seen, lines.Text())
		if strings.Contains(lines.Text(), hex.EncodeToString(der)) {
			return
		}
	}
	require.Fail(t, "the list was not read", seen.String())
}

// TestDhtnodeCannotAnnounce shows that a box says so, once.
func TestDhtnodeCannotAnnounce(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed: apt-get install dhtnode")
	}
	port := freePort(t)
	b := appliancetest.New(t, func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.DHT.Enabled, cfg.DHT.Engine, cfg.DHT.Listen = true, dht.EngineDhtnode, ":"+port
	})
	b.AddUser(t, "alice")
	phone := b.NewClient(t)
	phone.Enrol(t, "alice", 0)
	revoke(t, b, phone)
	require.Eventually(t, b.Box.Ready, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, announce.Status{Error: dht.ErrNoPut.Error()}, announced(t, b))
	require.Equal(t, 1, strings.Count(b.Log.String(), "revocation lists are not announced"))
}
