// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// parentVariable makes the test program play the jamibox that is killed; its
// value is the state folder. That of listenVariable is where the node listens.
const (
	parentVariable = "DHT_TEST_PARENT_STATE"
	listenVariable = "DHT_TEST_PARENT_LISTEN"
)

func TestMain(m *testing.M) {
	if stateDir := os.Getenv(parentVariable); stateDir != "" {
		os.Exit(runParent(stateDir))
	}
	goleak.VerifyTestMain(m)
}

// runParent runs a service, prints the child's process id once it is ready, and
// stays until it is killed.
func runParent(stateDir string) int {
	cfg := DefaultConfig()
	cfg.Engine, cfg.Listen = EngineDhtnode, os.Getenv(listenVariable)
	s, err := New(cfg, stateDir, slog.New(slog.DiscardHandler))
	if err == nil {
		err = s.Run(context.Background(), func() { fmt.Println(s.Status().PID) })
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// portsTried is shared by all tests of a run: no two may get the same port.
var portsTried atomic.Uint32

// testConfig has a port that no other test gets, none of those that systems give
// to who asks for any: somebody else may, before dhtnode takes it.
func testConfig() Config {
	const first, choice, tries = 30000, 2700, 100
	cfg := DefaultConfig()
	cfg.Engine = EngineDhtnode
	for range tries {
		// Two runs at once begin at different places.
		port := first + (os.Getpid()*211+int(portsTried.Add(1)))%choice
		cfg.Listen = ":" + strconv.Itoa(port)
		if _, err := freePort(uint16(port)); err == nil {
			break // else the test tells that the last one is taken
		}
	}
	return cfg
}

// anyLoopback returns an address that no other node has: what is sent to one that
// is gone must not reach another that got its port.
func anyLoopback() netip.Addr {
	return netip.AddrFrom4([4]byte{127, byte(1 + rand.N(255)), byte(rand.N(256)), byte(1 + rand.N(254))})
}

func needDhtnode(t *testing.T) {
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
}

func newService(t *testing.T, cfg Config, stateDir string) *Service {
	s, err := New(cfg, stateDir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return s
}

// running is a call of Run that is under way.
type running struct {
	ready chan struct{}
	done  chan error
	stop  context.CancelFunc
}

// start runs the service until the test ends or stop is called.
func start(t *testing.T, s *Service) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{ready: make(chan struct{}), done: make(chan error, 1), stop: cancel}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.done <- s.Run(ctx, func() { close(r.ready) })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

func (r *running) awaitReady(t *testing.T) {
	select {
	case <-r.ready:
	case err := <-r.done:
		require.FailNow(t, "service ended before it was ready", "%v", err)
	case <-time.After(15 * time.Second):
		require.FailNow(t, "service is not ready")
	}
}

func (r *running) awaitEnd(t *testing.T) error {
	select {
	case err := <-r.done:
		return err
	case <-time.After(15 * time.Second):
		require.FailNow(t, "service did not end")
		return nil
	}
}
