// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/bench/beside"
	"jamibox/dht/bench/load"
	"jamibox/dht/bench/server"
)

func TestMain(m *testing.M) {
	server.RunIfAsked()
	os.Exit(m.Run())
}

// TestRows takes one measurement of every kind, too short to mean anything.
func TestRows(t *testing.T) {
	runtime.LockOSThread() // the nodes are killed with the thread
	defer runtime.UnlockOSThread()
	if runtime.NumCPU() <= server.OnCPU {
		t.Skip("node and generator need a CPU each")
	}
	o := options{rounds: 1, duration: 20 * time.Millisecond, values: []int{100, 1000}}
	var list []row
	for _, r := range rows(o) {
		if strings.HasSuffix(r.Name, "16 outstanding") || strings.HasPrefix(r.Name, "memory") {
			list = append(list, r)
		}
	}
	measured, err := measure(t.Context(), list, o)
	if errors.Is(err, server.ErrNoDhtnode) {
		t.Skip(err)
	}
	require.NoError(t, err)
	for i, r := range list {
		for side, of := range sides {
			for k := range 2 {
				require.Positive(t, measured.Values(i, k, beside.Side(side))[0], "%s of %s", r.Name, of)
			}
		}
	}
	var text strings.Builder
	require.NoError(t, measured.Print(&text))
	require.Contains(t, text.String(), "resident, 1000 stored")
}

// TestSoak soaks for a moment, too short to tell of memory.
func TestSoak(t *testing.T) {
	runtime.LockOSThread() // the node is killed with the thread
	defer runtime.UnlockOSThread()
	if runtime.NumCPU() <= server.OnCPU {
		t.Skip("node and generator need a CPU each")
	}
	p, err := server.Start(t.Context(), server.Limited)
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Stop()) }()
	c, err := load.New(p.Addr())
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	told := 0
	result, err := c.Soak(load.Soak{
		Rate: 1000, Hostile: 500, For: 300 * time.Millisecond, Every: 100 * time.Millisecond,
		Tell: func(load.Soaked) error { told++; return nil },
	})
	require.NoError(t, err)
	require.Positive(t, told)
	require.Positive(t, result.Replied)
	require.LessOrEqual(t, result.Replied, result.Asked)
	require.Positive(t, result.Hostile)
	require.Positive(t, result.Quantile(.5))
}
