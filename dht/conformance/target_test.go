// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"context"
	"log/slog"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest/exe"
	"jamibox/dht/node"
)

// target is a node that is asked.
type target struct {
	port uint16
	site *site
}

// newer is the variable that names the programs of newer releases of dhtnode, as
// PATH names folders.
const newer = "JAMIBOX_NEWER_DHTNODE"

// startDhtnode runs the reference until the test ends.
func startDhtnode(t *testing.T, s *site) *target {
	t.Helper()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	return startProgram(t, s, "dhtnode")
}

// releaseOf returns what a dhtnode says of its release, whole and the first
// number.
func releaseOf(t *testing.T, path string) (name string, major int) {
	t.Helper()
	program := exec.Command(path, "--version")
	program.Env = environment()
	said, err := program.Output()
	require.NoError(t, err, path)
	match := regexp.MustCompile(`OpenDHT version ((\d+)\S*)`).FindSubmatch(said)
	require.NotNil(t, match, "%s does not tell its version: %s", path, said)
	major, err = strconv.Atoi(string(match[2]))
	require.NoError(t, err)
	return string(match[1]), major
}

func startProgram(t *testing.T, s *site, path string) *target {
	t.Helper()
	for range tries {
		port := s.nodePort(t)
		program := exec.Command(path, "-s", "-p", strconv.Itoa(int(port)))
		program.Env = environment()
		require.NoError(t, program.Start())
		ended := make(chan struct{})
		go func() {
			_ = program.Wait() // killed, or ended by itself with success
			close(ended)
		}()
		t.Cleanup(func() {
			_ = program.Process.Kill() // or it has ended
			<-ended
		})
		if n := (&target{port: port, site: s}); n.awaitAnswer(t, ended) {
			return n
		}
	}
	require.FailNow(t, "dhtnode does not start")
	return nil
}

// startBuiltin runs the builtin node until the test ends.
func startBuiltin(t *testing.T, s *site) *target {
	t.Helper()
	var err error
	for range tries {
		port := s.nodePort(t)
		if err = runBuiltin(t, port); err == nil {
			return &target{port: port, site: s}
		}
	}
	require.FailNow(t, "the builtin node does not start", "%v", err)
	return nil
}

func runBuiltin(t *testing.T, port uint16) error {
	cfg := node.DefaultConfig()
	cfg.IPv4 = netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	cfg.IPv6 = netip.AddrPortFrom(netip.IPv6Unspecified(), port)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- node.New(cfg, slog.New(slog.DiscardHandler)).Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		return err
	}
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return nil
}

// startExe runs the builtin node within the whole box, as a Windows program, until
// the test ends.
func startExe(t *testing.T, s *site) *target {
	t.Helper()
	for range tries {
		port := s.nodePort(t)
		b := exe.New(t, t.TempDir(), "SERVER_LISTEN=127.0.0.1:0", "SERVER_HTTP_LISTEN=", "TURN_ENABLED=false",
			"DHT_LISTEN=:"+strconv.Itoa(int(port)))
		if b.Start("dht") {
			return &target{port: port, site: s}
		}
	}
	require.FailNow(t, "the builtin node of the Windows program does not start")
	return nil
}

// awaitAnswer reports whether the node answers before its program ends.
func (n *target) awaitAnswer(t *testing.T, ended <-chan struct{}) bool {
	t.Helper()
	c := n.client(t)
	c.patience = 20 * time.Millisecond
	// Refused, which is silence at once, until the node listens.
	again := time.NewTicker(c.patience)
	defer again.Stop()
	timeout := time.NewTimer(4 * patience)
	defer timeout.Stop()
	for c.ask("ping", nil).silent() {
		select {
		case <-ended:
			return false
		case <-timeout.C:
			require.FailNow(t, "the node does not answer")
		case <-again.C:
		}
	}
	return true
}
