// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const password = "correct horse battery"

// program builds jamibox once and returns its path.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "jamibox-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "jamibox")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// box is a jamibox as its user has it: a program, a folder and an environment.
type box struct {
	dir          string
	url          string
	passwordFile string
	env          []string
	process      *exec.Cmd
	ended        chan error
	out, log     *output
}

// output collects what a process prints, line by line or not.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// result is what a command left.
type result struct {
	code           int
	stdout, stderr string
}

// freePort returns a TCP port that nobody uses at the moment.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// freshBox returns a box that is not set up. The relay and the DHT are off
// unless env, which comes last, says otherwise.
func freshBox(t testing.TB, env ...string) *box {
	t.Helper()
	https, plain := freePort(t), freePort(t)
	dir := t.TempDir()
	b := &box{
		dir: filepath.Join(dir, "data"), url: fmt.Sprintf("https://127.0.0.1:%d", https),
		passwordFile: filepath.Join(dir, "password"),
		env: append([]string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir,
			"JAMIBOX_CONFIG=" + filepath.Join(dir, "jamibox.toml"),
			fmt.Sprintf("JAMIBOX_SERVER_LISTEN=127.0.0.1:%d", https),
			fmt.Sprintf("JAMIBOX_SERVER_HTTP_LISTEN=127.0.0.1:%d", plain),
			"JAMIBOX_TURN_ENABLED=false", "JAMIBOX_DHT_ENABLED=false",
		}, env...),
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "jamibox.toml"), nil, 0o600))
	require.NoError(t, os.WriteFile(b.passwordFile, []byte(password+"\n"), 0o600))
	return b
}

// newBox returns a box that is set up.
func newBox(t testing.TB, env ...string) *box {
	t.Helper()
	b := freshBox(t, env...)
	r := b.run(t, b.setupArgs()...)
	require.Zero(t, r.code, r.stderr)
	return b
}

func (b *box) setupArgs(more ...string) []string {
	return append([]string{
		"setup", "--organization", "Example", "--admin", "admin", "--admin-password-file", b.passwordFile,
		"--public-url", b.url, "--ca-key-type", "ecdsa-p256", "--account-key-bits", "2048",
	}, more...)
}

func (b *box) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	c := exec.Command(path, append(args, "--data-dir", b.dir)...)
	c.Env = b.env
	return c
}

// run runs a command to its end.
func (b *box) run(t testing.TB, args ...string) result {
	t.Helper()
	c := b.command(t, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	require.NoError(t, c.Start())
	// A command that should end and does not must not hang the tests.
	timer := time.AfterFunc(30*time.Second, func() { _ = c.Process.Kill() })
	err := c.Wait()
	timer.Stop()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	r := result{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	require.NotContains(t, r.stdout+r.stderr, password)
	return r
}

// runJSON runs a command that must work and decodes what it prints.
func (b *box) runJSON(t testing.TB, out any, args ...string) {
	t.Helper()
	r := b.run(t, append(args, "--json")...)
	require.Zero(t, r.code, r.stderr)
	require.NoError(t, json.Unmarshal([]byte(r.stdout), out), r.stdout)
}

// launch starts the server and does not wait for it.
func (b *box) launch(t testing.TB) {
	t.Helper()
	b.process = b.command(t, "serve")
	b.out, b.log = new(output), new(output)
	b.process.Stdout, b.process.Stderr = b.out, b.log
	require.NoError(t, b.process.Start())
	b.ended = make(chan error, 1)
	process, ended := b.process, b.ended
	go func() { ended <- process.Wait() }()
	t.Cleanup(func() {
		if process.ProcessState == nil {
			_ = process.Process.Kill() // it may have ended meanwhile
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", b.log)
		}
	})
}

var enrolmentReady = regexp.MustCompile(`(?m)^enroll +ready`)

// start starts the server and waits until it says that it enrols.
func (b *box) start(t testing.TB) {
	t.Helper()
	b.launch(t)
	require.Eventually(t, func() bool {
		return enrolmentReady.MatchString(b.run(t, "status").stdout)
	}, 20*time.Second, 20*time.Millisecond, "the server does not answer")
}

// stop asks the server to end and returns its exit code and how long it took.
func (b *box) stop(t testing.TB) (int, time.Duration) {
	t.Helper()
	begun := time.Now()
	require.NoError(t, b.process.Process.Signal(os.Interrupt))
	return b.await(t), time.Since(begun)
}

// kill ends the server as a power cut would.
func (b *box) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, b.process.Process.Kill())
	b.await(t)
}

func (b *box) await(t testing.TB) int {
	t.Helper()
	select {
	case <-b.ended:
		require.NotContains(t, b.log.String(), password)
		return b.process.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the server does not end")
		return 0
	}
}

func (b *box) addUser(t testing.TB, name string, args ...string) {
	t.Helper()
	r := b.run(t, append([]string{"user", "add", name, "--password-file", b.passwordFile}, args...)...)
	require.Zero(t, r.code, r.stderr)
}

// requireFailure expects a command that fails with a message that says this.
func requireFailure(t testing.TB, r result, code int, says ...string) {
	t.Helper()
	require.Equal(t, code, r.code, r.stdout+r.stderr)
	for _, text := range says {
		require.Contains(t, r.stderr, text)
	}
	require.Contains(t, r.stderr, "jamibox: ")
}
