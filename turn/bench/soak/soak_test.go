// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/bench/netns"
	"jamibox/turn/bench/server"
)

func TestMain(m *testing.M) {
	server.RunIfAsked()
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

// started returns a relay, its clients, and its counts at the start.
func started(t *testing.T) (*place, counts) {
	t.Helper()
	relay, err := server.StartJamibox(t.Context(), server.Settings{CPUs: []int{0, 1}, Ports: Ports})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, relay.Stop())
		require.Empty(t, relay.Log())
	})
	start, err := count(relay)
	require.NoError(t, err)
	return &place{relay: relay}, start
}

// The full numbers are in "make soak".
func TestReturnsToTheStart(t *testing.T) {
	t.Run("after allocate and release", func(t *testing.T) {
		p, start := started(t)
		require.NoError(t, p.cycles(t.Context(), 2000))
		require.NoError(t, rest(t.Context(), p.relay, start, still))
	})
	t.Run("after clients that are killed", func(t *testing.T) {
		p, start := started(t)
		require.NoError(t, p.kill(200))
		require.NoError(t, rest(t.Context(), p.relay, start, still))
	})
	t.Run("error/something is left", func(t *testing.T) {
		p, start := started(t)
		c, err := p.dial("tcp")
		require.NoError(t, err)
		_, err = c.ListenTCP(p.peer())
		require.NoError(t, err)
		require.ErrorIs(t, rest(t.Context(), p.relay, start, time.Second), errLeft)
		require.NoError(t, c.Close())
		require.NoError(t, rest(t.Context(), p.relay, start, still))
	})
}

func TestLoads(t *testing.T) {
	p, start := started(t)
	for name, load := range map[string]func() error{
		"call":           func() error { return p.call(t.Context(), 50, 160) },
		"file":           func() error { return p.transfer(3<<20, 64<<10) },
		"chat":           func() error { return p.transfer(20<<10, 7) },
		"revoked":        func() error { return p.revoked(t.Context()) },
		"wrong password": p.wrongPassword,
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, load())
			require.NoError(t, rest(t.Context(), p.relay, start, still))
		})
	}
}

func TestMix(t *testing.T) {
	p, _ := started(t)
	var out bytes.Buffer
	var done atomic.Int64
	deeds := []*deed{{name: "cycles", workers: 2, do: func(context.Context) error {
		done.Add(1)
		return p.cycleTCP()
	}}}
	require.NoError(t, mix(t.Context(), p.relay, deeds, 200*time.Millisecond, &out))
	require.Contains(t, out.String(), fmt.Sprintf("%d cycles", done.Load()))

	deeds[0].do = func(context.Context) error { return errLeft }
	require.ErrorIs(t, mix(t.Context(), p.relay, deeds, time.Minute, &out), errLeft)
}
