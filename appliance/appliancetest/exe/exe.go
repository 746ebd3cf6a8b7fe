// SPDX-License-Identifier: GPL-3.0-or-later

package exe

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The variables that name the program that runs Windows programs, and jamibox.exe.
const (
	wineVariable    = "JAMIBOX_WINE"
	programVariable = "JAMIBOX_EXE"
)

// drive is where Windows programs under wine find our files.
const drive = "Z:"

// patience bounds the wait for what has to come.
const patience = time.Minute

// Box is a data folder with the programs that work on it. Its methods are for one
// goroutine.
type Box struct {
	t        testing.TB
	dir      string
	settings []string
	process  *exec.Cmd
	ended    chan struct{}
	log      *output
}

// New returns a box that does not run. Its settings are variables of the
// environment without their common beginning, such as "DHT_LISTEN=:4222"; they are
// checked when it runs. The test is skipped if there is nothing to run it with.
func New(t testing.TB, dir string, settings ...string) *Box {
	t.Helper()
	for _, variable := range []string{wineVariable, programVariable} {
		if os.Getenv(variable) == "" {
			t.Skipf("%s is not set: run make check-windows", variable)
		}
	}
	return &Box{t: t, dir: dir, settings: settings, log: newOutput()}
}

// Command returns a command of the program for this box, yet to be started.
func (b *Box) Command(ctx context.Context, arguments ...string) *exec.Cmd {
	all := append([]string{os.Getenv(programVariable)}, arguments...)
	c := exec.CommandContext(ctx, os.Getenv(wineVariable), append(all, "--data-dir", drive+b.dir)...)
	// Ours may hold secrets.
	c.Env = []string{"PATH=" + os.Getenv("PATH")}
	for _, setting := range b.settings {
		c.Env = append(c.Env, "JAMIBOX_"+setting)
	}
	c.WaitDelay = patience
	return c
}

// Start has the box serve until the test ends, or Stop or Kill is called, and
// waits until it says that services are ready. It reports whether that came to
// pass before any service failed.
func (b *Box) Start(services ...string) bool {
	b.t.Helper()
	b.log = newOutput()
	b.process = b.Command(context.Background(), "serve")
	b.process.Stdout, b.process.Stderr = b.log, b.log
	require.NoError(b.t, b.process.Start())
	process, ended := b.process, make(chan struct{})
	b.ended = ended
	go func() {
		_ = process.Wait() // its state tells
		close(ended)
	}()
	b.t.Cleanup(func() {
		_ = process.Process.Kill() // or it has ended
		<-ended
		if b.t.Failed() {
			b.t.Logf("log of jamibox.exe:\n%.8000s", b.log)
		}
	})
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		text, more := b.log.read()
		missing := func(service string) bool {
			return !strings.Contains(text, `msg="service ready" service=`+service+"\n")
		}
		switch {
		case !slices.ContainsFunc(services, missing):
			return true
		case strings.Contains(text, "service failed"):
			b.Kill()
			return false
		}
		select {
		case <-more:
		case <-ended:
			return false
		case <-timeout.C:
			require.FailNow(b.t, "jamibox.exe does not start")
		}
	}
}

// Stop ends the box as Ctrl+C does.
func (b *Box) Stop() {
	b.t.Helper()
	require.NoError(b.t, b.process.Process.Signal(syscall.SIGINT))
	select {
	case <-b.ended:
	case <-time.After(patience):
		require.FailNow(b.t, "jamibox.exe does not end")
	}
	require.Zero(b.t, b.process.ProcessState.ExitCode(), "jamibox.exe ended badly")
}

// Kill ends the box without its doing.
func (b *Box) Kill() {
	_ = b.process.Process.Kill() // or it has ended
	<-b.ended
}

// Ended returns a channel that is closed when the box has ended.
func (b *Box) Ended() <-chan struct{} { return b.ended }

// Log returns what the box has said.
func (b *Box) Log() string {
	text, _ := b.log.read()
	return text
}

// Run runs a command that needs no running box, and returns what it says.
func (b *Box) Run(input string, arguments ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	c := b.Command(ctx, arguments...)
	c.Stdin = strings.NewReader(input)
	said, err := c.CombinedOutput()
	require.NoError(b.t, err, "%s", said)
	return string(said)
}

// AwaitCommands waits until commands reach the running box. wine connects the
// first one to a handle that only keeps the name of the pipe; on Windows none gets
// that one.
func (b *Box) AwaitCommands() {
	b.t.Helper()
	const tries, once = 5, 5 * time.Second
	var said []byte
	for range tries {
		ctx, cancel := context.WithTimeout(b.t.Context(), once)
		c := b.Command(ctx, "status", "--json")
		c.WaitDelay = once
		var err error
		said, err = c.Output()
		cancel()
		var exit *exec.ExitError
		if err == nil || errors.As(err, &exit) && exit.ExitCode() >= 0 {
			return
		}
	}
	require.FailNow(b.t, "jamibox.exe does not answer its command line", "%s", said)
}

// output keeps what a program writes. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed when there is more
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.more
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}
