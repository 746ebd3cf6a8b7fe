// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	coturnUser     = "bench"
	coturnPassword = "bench-password"
)

// ErrNoCoturn tells that coturn is not installed.
var ErrNoCoturn = errors.New("turnserver is not installed (package coturn)")

// Coturn starts coturn on the given CPUs, with a relay thread for each, and
// with its files in dir.
func Coturn(ctx context.Context, dir string, cpus []int) (*Process, error) {
	program, err := exec.LookPath("turnserver")
	if err != nil {
		return nil, ErrNoCoturn
	}
	settings := filepath.Join(dir, "turnserver.conf")
	text := fmt.Sprintf(`listening-ip=%[1]s
listening-port=%[2]d
relay-ip=%[1]s
min-port=49152
max-port=65535
relay-threads=%[3]d
lt-cred-mech
realm=%[4]s
user=%[5]s:%[6]s
userdb=%[7]s
pidfile=%[8]s
no-tls
no-dtls
no-cli
no-stdout-log
simple-log
log-file=/dev/null
`, Addr().Addr(), port, len(cpus), realm, coturnUser, coturnPassword,
		filepath.Join(dir, "users.db"), filepath.Join(dir, "turnserver.pid"))
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing coturn's settings: %w", err)
	}
	p, err := start(ctx, cpus, program, "-c", settings)
	if err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(io.Discard, p.stdout) }() // until it ends
	p.Credentials = func(int) (string, string) { return coturnUser, coturnPassword }
	return p, nil
}
