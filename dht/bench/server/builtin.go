// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"jamibox/dht/limit"
	"jamibox/dht/node"
)

// runArg is the argument by which the program knows that it is to be the
// builtin node.
const runArg = "dht-node-for-measurements"

// plenty is no limit: dhtnode has none with -U.
const plenty = 1 << 40

// RunIfAsked runs the builtin node, and does not return, if Start started this
// process.
func RunIfAsked() {
	if len(os.Args) != 4 || os.Args[1] != runArg {
		return
	}
	if err := run(Kind(os.Args[2]), os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(kind Kind, port string) error {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	cfg := node.DefaultConfig()
	cfg.IPv4 = netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(number))
	cfg.IPv6 = netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(number))
	if kind != Limited {
		cfg.Limits, cfg.Unproven = limit.Config{}, limit.Config{}
		cfg.Storage.Bytes, cfg.Storage.ValuesPerKey = plenty, plenty
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return node.New(cfg, logger).Run(ctx, func() {})
}
