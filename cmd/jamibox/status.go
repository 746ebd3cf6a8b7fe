// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll"
)

func newStatus(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the state of each service",
		Long:  "Shows the state of each service. The exit code is 0 if all is well, 1 if something is not, 3 if the box is not running or not set up.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var s enroll.Status
			if err := c.call(cmd.Context(), http.MethodGet, "/status", nil, &s); err != nil {
				return err
			}
			if err := g.print(cmd.OutOrStdout(), s, func(w io.Writer) { writeStatus(w, s) }); err != nil {
				return err
			}
			switch {
			case s.Overall != "ok":
				return errors.New("the box is " + s.Overall)
			case !s.SetUp:
				return errNotSetUp
			}
			return nil
		},
	}
}

func writeStatus(w io.Writer, s enroll.Status) {
	fmt.Fprintf(w, "overall  %s\n", s.Overall)
	if !s.SetUp {
		fmt.Fprintln(w, "set up   no; the URL and code stand in the output of jamibox serve")
	} else {
		fmt.Fprintf(w, "URL      %s\ndevices  %d\nTLS      %s, until %s\n", s.PublicURL, s.Devices, s.TLS.Subject, s.TLS.NotAfter.Format(time.DateOnly))
	}
	writeRelay(w, s)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nSERVICE\tSTATE\tSINCE\tDETAIL")
	for _, service := range s.Services {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", service.Name, service.State, service.Since.Local().Format(time.DateTime), service.Detail)
	}
	if len(s.Sources) > 0 {
		fmt.Fprintln(table, "\nUSERS FROM\tSTATE\tSINCE\tUSERS\tLAST LOGIN\tLAST ERROR")
		for _, src := range s.Sources {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", src.Name, src.State, src.Since.Local().Format(time.DateTime), src.Users,
				when(src.LastLogin), lastError(src.Health))
		}
	}
	writeSyncStates(table, s.Sync)
	if len(s.Refused) > 0 {
		fmt.Fprintln(table, "\nREFUSED TLS\tTIMES\tLAST\tREASON")
		for _, r := range s.Refused {
			fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", r.Remote, r.Count, r.At.Local().Format(time.DateTime), r.Reason)
		}
	}
	table.Flush()
}

// writeRelay sums up what goes through the relay, if it was started.
func writeRelay(w io.Writer, s enroll.Status) {
	relay, ok := s.Details["turn"].(map[string]any)
	if !ok {
		return
	}
	count := func(name string) float64 {
		n, _ := relay[name].(float64)
		return n
	}
	fmt.Fprintf(w, "relay    %.0f allocations, %.0f connections; refused: %.0f logins, %.0f over the limits, %.0f packets or connections of forbidden peers\n",
		count("allocations"), count("streams"), count("auth_failures"), count("quota_refusals"), count("denied"))
}
