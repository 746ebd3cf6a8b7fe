// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dhtnode is the real program, at its console.
type dhtnode struct {
	t      *testing.T
	input  io.Writer
	output *lockedBuffer
	ended  chan struct{}
}

// startDhtnode runs dhtnode until the test ends. Our environment may hold secrets,
// which it is not given.
func startDhtnode(t *testing.T, environment []string, options ...string) *dhtnode {
	t.Helper()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	d := &dhtnode{t: t, output: new(lockedBuffer), ended: make(chan struct{})}
	program := exec.Command("dhtnode", options...)
	program.Env = append([]string{"PATH=" + os.Getenv("PATH")}, environment...)
	program.Stdout, program.Stderr = d.output, d.output
	var err error
	d.input, err = program.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	go func() {
		_ = program.Wait() // killed, or ended by itself with success
		close(d.ended)
	}()
	t.Cleanup(func() {
		_ = program.Process.Kill() // or it has ended
		<-d.ended
		if t.Failed() {
			t.Logf("output of dhtnode:\n%s", d.output)
		}
	})
	return d
}

// enter types a command and waits until the output has something new.
func (d *dhtnode) enter(command, want string) {
	d.t.Helper()
	seen := len(d.output.String())
	_, err := io.WriteString(d.input, command+"\n")
	require.NoError(d.t, err)
	d.awaitFrom(seen, want)
}

// awaitFrom waits until the output has something new.
func (d *dhtnode) awaitFrom(seen int, want string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		return strings.Contains(withoutPrompt.Replace(d.output.String()[seen:]), withoutPrompt.Replace(want))
	}, patience, 20*time.Millisecond, "dhtnode did not print %q", want)
}

// withoutPrompt takes away what the prompt consists of: it comes from another
// thread, in the middle of words at times, and not in one piece.
var withoutPrompt = strings.NewReplacer(">", "", " ", "")
