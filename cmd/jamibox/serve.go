// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"jamibox/appliance"
	"jamibox/appliance/logging"
	"jamibox/appliance/osnotify"
)

func newServe(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the box until told to stop",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), g, cmd.OutOrStdout())
		},
	}
}

func serve(ctx context.Context, g *globals, out io.Writer) (err error) {
	cfg, err := g.load()
	if err != nil {
		return err
	}
	logger, _ := logging.New(cfg.Log, os.Stderr)
	box, err := appliance.Open(ctx, cfg, logger, func(url, code string) { announce(out, url, code) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	notifier := osnotify.New(logger)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go notifier.Watchdog(ctx)
	go tellReady(ctx, box, notifier)
	context.AfterFunc(ctx, notifier.Stopping)
	logger.Info("starting", "version", version, "data_dir", cfg.DataDir)
	if err := box.Run(ctx); err != nil {
		return err
	}
	logger.Info("stopped")
	return nil
}

// tellReady tells the service manager once enrolment is served; the relay and
// the DHT may follow.
func tellReady(ctx context.Context, box *appliance.Appliance, n *osnotify.Notifier) {
	for {
		changed := box.Changed()
		if https, _ := box.Enroll().Addrs(); https != nil {
			n.Ready()
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func announce(out io.Writer, url, code string) {
	fmt.Fprintf(out, `
jamibox is running and waits to be set up.

    URL          %s
    set-up code  %s

Set it up with "jamibox setup" (stop this first), or by an HTTP request:

    curl --insecure %s/api/v1/setup -H 'X-Setup-Code: %s' -H 'Content-Type: application/json' \
         -d '{"organization":"Example","admin":"admin","admin_password":"...","public_url":"%s"}'

`, url, code, url, code, url)
}
