// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

const startTime = 60 * time.Second

// find returns the path of a program, which may be in a folder that only
// administrators look into, or skips the test.
func find(t testing.TB, program, debianPackage string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed (Debian package %s)", program, debianPackage)
	return ""
}

// output keeps the end of what a program says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const maxOutput = 1 << 20

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() > maxOutput {
		o.text.Reset()
	}
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a program that runs.
type process struct {
	command *exec.Cmd
	output  *output
	exited  chan struct{}
}

func start(t testing.TB, command *exec.Cmd) *process {
	t.Helper()
	p := &process{command: command, output: &output{}, exited: make(chan struct{})}
	command.Stdout, command.Stderr = p.output, p.output
	require.NoError(t, command.Start())
	go func() {
		_ = command.Wait() // its words are in the output
		close(p.exited)
	}()
	return p
}

// wait waits until ready, and tells whether the program still ran then.
func (p *process) wait(t testing.TB, ready func() bool) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.exited:
			return false
		case <-ctx.Done():
			p.kill()
			require.FailNow(t, "the program is not ready", "%s", p.output)
		case <-tick.C:
			if ready() {
				return true
			}
		}
	}
}

func (p *process) kill() {
	_ = p.command.Process.Kill() // may have ended by itself
	<-p.exited
}

// loopback returns an address of this machine that nobody else uses, so that
// no port of it is taken between looking and listening.
func loopback(t testing.TB) string {
	t.Helper()
	var b [3]byte
	_, err := rand.Read(b[:])
	require.NoError(t, err)
	ip := net.IPv4(127, 64+b[0]%128, b[1], 1+b[2]%254).String()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Skipf("this machine has one loopback address only: %v", err)
	}
	require.NoError(t, l.Close())
	return ip
}

// freePort returns a port of an address.
func freePort(t testing.TB, ip string) int {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

// answers tells whether an LDAP server answers at a URL.
func answers(url string) bool {
	c, err := ldap.DialURL(url, ldap.DialWithDialer(&net.Dialer{Timeout: time.Second}))
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	c.SetTimeout(time.Second)
	_, err = c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 1, false, "(objectClass=*)", []string{"1.1"}, nil))
	var result *ldap.Error
	return err == nil || errors.As(err, &result) && result.ResultCode < ldap.ErrorNetwork
}

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	require.NoError(t, err, fmt.Sprintf("%s %v: %s", name, args, out))
	return string(out)
}
