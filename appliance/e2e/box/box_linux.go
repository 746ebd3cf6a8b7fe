// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package box

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/process"
)

// PublicURL is where clients find the server.
const PublicURL = "https://" + lab.ServerAddr + ":8443"

// PlainPort is the TCP port of the server without TLS: OCSP and CRLs.
const PlainPort = "8080"

// stopTime is how long the server may take to end: it promises 10 s.
const stopTime = 10 * time.Second

// pollInterval is how often the status is asked for while the server starts.
const pollInterval = 100 * time.Millisecond

// storyLines is how many lines a Story has.
const storyLines = 12

// Options say how a Box runs.
type Options struct {
	Binary         string         // from Build
	Namespace      *lab.Namespace // the server's
	Dir            string         // exists; data folder, log and secrets go there
	DeviceLifetime time.Duration  // of device certificates; 0 for the default
	CAKeyType      string         // of the organisation's CA; "" for the default
	Settings       []string       // more of the configuration, each as JAMIBOX_SECTION_KEY=value
}

// Box is one server. Its commands are safe for concurrent use; Start, Stop and
// Close are not.
type Box struct {
	opts   Options
	server *process.Process // nil while stopped
}

// New sets a server up and starts it. The caller closes the box.
func New(ctx context.Context, opts Options) (*Box, error) {
	b := &Box{opts: opts}
	password, err := b.secret("admin", "correct horse battery staple")
	if err != nil {
		return nil, err
	}
	args := []string{"setup", "--organization", "Example", "--admin", "admin", "--admin-password-file", password,
		"--public-url", PublicURL, "--advertise", lab.ServerAddr}
	if opts.DeviceLifetime > 0 {
		args = append(args, "--device-lifetime", opts.DeviceLifetime.String())
	}
	if opts.CAKeyType != "" {
		args = append(args, "--ca-key-type", opts.CAKeyType)
	}
	if _, err := b.Command(ctx, args...); err != nil {
		return nil, err
	}
	if err := b.Start(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	root, err := b.Command(ctx, "tls", "root")
	if err == nil {
		err = os.WriteFile(b.RootFile(), []byte(root), 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// RootFile is a PEM file with the root that clients have to trust.
func (b *Box) RootFile() string { return filepath.Join(b.opts.Dir, "root.pem") }

// Log holds the output of the server over all its starts.
func (b *Box) Log() process.Log { return process.Log(filepath.Join(b.opts.Dir, "jamibox.log")) }

// Story returns the last lines of the log, for the output of a failed test.
func (b *Box) Story() ([]string, error) { return b.Log().Tail(storyLines, nil) }

// Start runs the server and returns when each of its services is ready.
func (b *Box) Start(ctx context.Context) error {
	server, err := process.Start(b.opts.Namespace, b.Log(), b.environment(), b.opts.Binary, "serve", "--data-dir", b.dataDir())
	if err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	b.server = server
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		overall, last := b.overall(ctx)
		if overall == "ok" {
			return nil
		}
		select {
		case <-tick.C:
		case <-server.Done():
			return fmt.Errorf("starting the server: it ended: %w", server.Err())
		case <-ctx.Done():
			return fmt.Errorf("waiting until the server is ready: %w; overall %q, last error: %w", ctx.Err(), overall, last)
		}
	}
}

// Stop ends the server as the service manager does. It is an error if it does
// not end in the time it promises, or not with exit code 0.
func (b *Box) Stop() error {
	if b.server == nil {
		return nil
	}
	server := b.server
	b.server = nil
	if err := server.Stop(stopTime); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	if err := server.Err(); err != nil {
		return fmt.Errorf("the stopped server: %w", err)
	}
	return nil
}

// Close stops the server; the folder stays.
func (b *Box) Close() error { return b.Stop() }

// Command runs a command of the program on the data folder of this server and
// returns what it printed.
func (b *Box) Command(ctx context.Context, args ...string) (string, error) {
	cmd := b.opts.Namespace.Command(ctx, b.opts.Binary, append(args, "--data-dir", b.dataDir())...)
	cmd.Env = b.environment()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		// The status command explains on standard output what is not well.
		return "", fmt.Errorf("jamibox %s: %w: %s %s", strings.Join(args, " "), err,
			strings.TrimSpace(stderr.String()), strings.TrimSpace(stdout.String()))
	}
	return stdout.String(), nil
}

// overall asks the server how it is; the error is why there is no answer yet.
func (b *Box) overall(ctx context.Context) (string, error) {
	out, err := b.Command(ctx, "status", "--json")
	if err != nil {
		return "", err
	}
	var status struct {
		Overall string `json:"overall"`
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return "", fmt.Errorf("reading the status %q: %w", out, err)
	}
	return status.Overall, nil
}

func (b *Box) dataDir() string { return filepath.Join(b.opts.Dir, "data") }

// secret writes a password file, readable by the owner only.
func (b *Box) secret(name, password string) (string, error) {
	file := filepath.Join(b.opts.Dir, name+".password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("writing the password of %s: %w", name, err)
	}
	return file, nil
}

// environment is all that the program sees of the outside.
func (b *Box) environment() []string {
	return append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"JAMIBOX_SERVER_LISTEN=:8443",
		"JAMIBOX_SERVER_HTTP_LISTEN=:" + PlainPort,
	}, b.opts.Settings...)
}
