// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package lab_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/lab"
)

func TestLab(t *testing.T) {
	ctx := t.Context()
	l, err := lab.New(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })

	t.Run("reach/clients and server", func(t *testing.T) {
		for _, target := range []string{lab.ServerAddr, "10.77.1.1", l.Right.Addr()} {
			require.ErrorContains(t, knock(ctx, l.Left, target), "Connection refused")
		}
		require.ErrorContains(t, knock(ctx, l.Right, l.Left.Addr()), "Connection refused")
	})
	t.Run("reach/nothing outside", func(t *testing.T) {
		for _, n := range []*lab.Namespace{l.Server, l.Left, l.Right} {
			routes, err := n.Output(ctx, "ip", "route", "show", "default")
			require.NoError(t, err)
			require.Empty(t, routes)
			require.ErrorContains(t, knock(ctx, n, "192.0.2.1"), "unreachable")
		}
	})
	t.Run("separate/clients reach the server alone", func(t *testing.T) {
		other, err := lab.New(ctx)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, other.Close()) })
		require.NoError(t, other.Separate(ctx))
		for _, n := range []*lab.Namespace{other.Left, other.Right} {
			require.ErrorContains(t, knock(ctx, n, lab.ServerAddr), "Connection refused")
		}
		before, err := other.Dropped(ctx)
		require.NoError(t, err)
		require.Zero(t, before)
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		require.ErrorContains(t, knock(short, other.Left, other.Right.Addr()), "killed")
		after, err := other.Dropped(ctx)
		require.NoError(t, err)
		require.Positive(t, after)
	})
	t.Run("resolve/one namespace alone", func(t *testing.T) {
		require.NoError(t, l.Left.Resolve("box.example", lab.ServerAddr))
		found, err := l.Left.Output(ctx, "getent", "ahostsv4", "box.example")
		require.NoError(t, err)
		require.Contains(t, found, lab.ServerAddr)
		require.Error(t, l.Right.Run(ctx, "getent", "ahostsv4", "box.example"))
	})
	t.Run("error/program fails", func(t *testing.T) {
		require.ErrorContains(t, l.Left.Run(ctx, "ls", "/does/not/exist"), "No such file")
	})
	t.Run("close/kills and is repeatable", func(t *testing.T) {
		other, err := lab.New(ctx)
		require.NoError(t, err)
		sleeper := other.Left.Command(context.Background(), "sleep", "600")
		require.NoError(t, sleeper.Start())
		require.NoError(t, other.Close())
		require.Error(t, sleeper.Wait())
		require.NoError(t, other.Close())
		names, err := exec.CommandContext(ctx, "ip", "netns", "list").Output()
		require.NoError(t, err)
		require.NotContains(t, string(names), other.Left.Name())
		require.Contains(t, string(names), l.Left.Name())
	})
	t.Run("sweep/leftovers of a dead run", func(t *testing.T) {
		// Above the kernel's largest process id, so it is surely dead.
		dead := strings.Replace(l.Left.Name(), strings.Split(l.Left.Name(), "-")[1], "4194305", 1)
		require.NoError(t, exec.CommandContext(ctx, "ip", "netns", "add", dead).Run())
		require.NoError(t, lab.Sweep(ctx))
		names, err := exec.CommandContext(ctx, "ip", "netns", "list").Output()
		require.NoError(t, err)
		require.NotContains(t, string(names), dead)
		require.Contains(t, string(names), l.Left.Name())
	})
}

// knock connects to a closed port: a host that can be reached refuses it.
func knock(ctx context.Context, n *lab.Namespace, addr string) error {
	return n.Run(ctx, "bash", "-c", "exec </dev/tcp/"+addr+"/9")
}
