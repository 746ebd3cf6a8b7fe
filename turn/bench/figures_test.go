// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/bench/beside"
	"jamibox/turn/bench/crowd"
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

// TestRows takes one measurement of every kind, too short to mean anything.
func TestRows(t *testing.T) {
	o := options{rounds: 1, attempts: 1, duration: 100 * time.Millisecond, clients: 10, many: 100}
	cpus := []int{0, 1}
	list := []row{
		bulkRow("bulk", cpus, bulk{up: true, write: 64 << 10}),
		bulkRow("writes", cpus, bulk{write: 160, rate: 1000}),
		pacedRow(160, 1000, cpus),
		saturatedRow("saturated", cpus, crowd.Load{Size: 1200, Up: true, Down: true}),
		rateRow(cpus),
		memoryRow(o.many, cpus),
	}
	measured, err := measure(t.Context(), list, o)
	if errors.Is(err, server.ErrNoCoturn) {
		t.Skip(err)
	}
	require.NoError(t, err)
	for i, r := range list {
		for _, of := range []beside.Side{jamibox, coturn} {
			require.Positive(t, measured.Values(i, 0, of)[0], "%s of %s", r.Name, relays[of])
		}
	}
	var text strings.Builder
	require.NoError(t, measured.Print(&text))
	require.Contains(t, text.String(), "memory with 100 UDP allocations")
}
