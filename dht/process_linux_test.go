// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gone reports whether the process has ended, be it that nobody waited for it.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH)
	}
	state := string(stat[strings.LastIndexByte(string(stat), ')')+2])
	return state == "Z" || state == "X"
}

func requireGone(t *testing.T, pid int) {
	require.Eventually(t, func() bool { return gone(pid) }, 5*time.Second, 10*time.Millisecond, "process %d lives", pid)
}

func TestChildKilled(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	s := newService(t, testConfig(), t.TempDir())
	r := start(t, s)
	r.awaitReady(t)
	pid := s.Status().PID
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	err := r.awaitEnd(t)
	require.ErrorContains(t, err, "dhtnode ended by itself (signal: killed), last output: ")
	require.ErrorContains(t, err, "DHT node initialised")
	require.True(t, gone(pid))
}

func TestChildDiesWithParent(t *testing.T) {
	t.Parallel()
	needDhtnode(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"="+t.TempDir(), listenVariable+"="+testConfig().Listen)
	parent.Stderr = os.Stderr
	printed, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, readErr := bufio.NewReader(printed).ReadString('\n')
	killErr := parent.Process.Kill()
	waitErr := parent.Wait()
	require.NoError(t, readErr)
	require.NoError(t, killErr)
	require.Error(t, waitErr)

	child, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	requireGone(t, child)
}

// scripted returns a service whose node is a shell script. The script finds the
// state folder, as $dir, and may leave process ids in its file "pids".
func scripted(t *testing.T, script string) (s *Service, pids func() []int) {
	dir := t.TempDir()
	cfg := testConfig()
	cfg.Program = filepath.Join(dir, "node")
	text := fmt.Sprintf("#!/bin/sh\ndir='%s'\n%s\n", dir, script)
	require.NoError(t, os.WriteFile(cfg.Program, []byte(text), 0o700))
	s = newService(t, cfg, dir)
	s.startLimit = 2 * time.Second
	s.engine.(*dhtnode).stopAfter = 300 * time.Millisecond
	return s, func() (pids []int) {
		text, err := os.ReadFile(filepath.Join(dir, "pids"))
		require.NoError(t, err)
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
		require.NotEmpty(t, pids)
		return pids
	}
}

func TestChildLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"error/answers nothing": {
			`echo $$ >"$dir/pids"; exec sleep 60`,
			"did not answer within 2s of its start",
		},
		"error/ignores the request to stop": {
			`trap '' TERM; sleep 60 & echo $$ $! >"$dir/pids"; while :; do wait; done`,
			"did not answer within 2s of its start",
		},
		"error/ends and leaves a child of its own": {
			`sleep 60 & echo $$ $! >"$dir/pids"; echo "leaving early" >&2; exit 0`,
			"node ended by itself (exit status 0), last output: leaving early",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, pids := scripted(t, c.script)
			require.ErrorContains(t, start(t, s).awaitEnd(t), c.want)
			for _, pid := range pids() {
				requireGone(t, pid)
			}
		})
	}
}

func TestChildSeesNoSecretsAndNoInput(t *testing.T) {
	t.Setenv("JAMIBOX_TEST_SECRET", "hidden")
	s, _ := scripted(t, `echo "secret=$JAMIBOX_TEST_SECRET, input=$(cat | wc -c), arguments=$*"`)
	err := start(t, s).awaitEnd(t)
	require.ErrorContains(t, err, "secret=, input=0, arguments=-s -p ")
	require.ErrorContains(t, err, "dhtnode.state -v")
}

func TestChildCannotBeStarted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode os.FileMode
		want string
	}{
		"error/not executable": {0o600, "permission denied"},
		"error/no program":     {0o700, "exec format error"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Program = filepath.Join(t.TempDir(), "dhtnode")
			require.NoError(t, os.WriteFile(cfg.Program, []byte("no program"), c.mode))
			err := start(t, newService(t, cfg, t.TempDir())).awaitEnd(t)
			require.ErrorContains(t, err, c.want)
			require.NotErrorAs(t, err, new(*NotInstalledError))
		})
	}
}
