// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/rpc"
	"os"
	"runtime/debug"

	"jamibox/turn"
	"jamibox/turn/credential"
)

// runArg is the argument by which the program knows that it is to be the relay.
const runArg = "jamibox-relay-for-measurements"

// garbage is what cmd/jamibox sets, for what is measured to be what is shipped.
const garbage = 50

// secret makes the credentials; both processes know it.
const secret = "a secret for measurements only"

// RunIfAsked runs jamibox's relay, and does not return, if StartJamibox
// started this process.
func RunIfAsked() {
	if len(os.Args) != 3 || os.Args[1] != runArg {
		return
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	if err := run(context.Background(), os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run serves until the standard input ends.
func run(ctx context.Context, ports string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	creds, err := credentials()
	if err != nil {
		return err
	}
	cfg := turn.DefaultConfig()
	cfg.Listen = []string{Addr().String()}
	cfg.Advertise = []string{Addr().Addr().String()}
	cfg.Realm = realm
	if ports != "" {
		cfg.Ports = ports
	}
	relay := turn.New(turn.Options{
		Config:      cfg,
		Credentials: creds,
		Logger:      slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	rpcServer := rpc.NewServer()
	if err := rpcServer.Register(&Control{relay: relay, creds: creds}); err != nil {
		return err
	}
	go func() {
		defer cancel()
		rpcServer.ServeConn(duplex{os.Stdin, os.Stdout})
	}()
	return relay.Run(ctx, func() {})
}

func credentials() (*credential.Credentials, error) {
	return credential.New(realm, credential.Secrets{Names: []byte(secret), Current: []byte(secret)})
}

// duplex makes one connection of two pipes.
type duplex struct {
	io.ReadCloser
	io.WriteCloser
}

func (d duplex) Close() error { return errors.Join(d.ReadCloser.Close(), d.WriteCloser.Close()) }
