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
	if runtime.NumCPU() <= server.CPU {
		t.Skip("node and generator need a CPU each")
	}
	o := options{rounds: 1, duration: 20 * time.Millisecond, values: []int{100, 1000}}
	var list []row
	for _, r := range rows(o) {
		if strings.HasSuffix(r.name, "16 outstanding") || strings.HasPrefix(r.name, "memory") {
			list = append(list, r)
		}
	}
	measured, err := measure(t.Context(), list, o)
	if errors.Is(err, server.ErrNoDhtnode) {
		t.Skip(err)
	}
	require.NoError(t, err)
	for i, r := range list {
		for _, of := range []server.Kind{server.Builtin, server.Dhtnode} {
			for k := range 2 {
				require.Positive(t, measured.values[cell{i, k, of}][0], "%s of %s", r.name, of)
			}
		}
	}
	var text strings.Builder
	measured.print(&text, o)
	require.Contains(t, text.String(), "resident, 1000 stored")
}

// TestSoak soaks for a moment, too short to tell of memory.
func TestSoak(t *testing.T) {
	runtime.LockOSThread() // the node is killed with the thread
	defer runtime.UnlockOSThread()
	if runtime.NumCPU() <= server.CPU {
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

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		goal         goal
		ours, theirs []float64
		want         string
	}{
		"at least/reached": {atLeast, []float64{9, 2, 1}, []float64{2, 1, 5}, "at least 1 reached"},
		"at least/missed":  {atLeast, []float64{1, 1.9, 9}, []float64{1, 2, 5}, "at least 1 MISSED"},
		"at most/reached":  {atMost, []float64{1, 3}, []float64{2}, "at most 1 reached"},
		"at most/missed":   {atMost, []float64{2.1}, []float64{2}, "at most 1 MISSED"},
		"no goal":          {none, []float64{1}, []float64{1}, ""},
		"not measured":     {atLeast, []float64{1}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, figure{goal: c.goal}.verdict(c.ours, c.theirs))
		})
	}
}

func TestSpan(t *testing.T) {
	require.Equal(t, "-", span(nil))
	require.Equal(t, "1.23", span([]float64{1.234}))
	require.Equal(t, "150 (100..1000)", span([]float64{1000, 100, 100, 200}))
}
