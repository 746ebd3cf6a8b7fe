// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/directory/sync"
	"jamibox/enroll/organization"
)

// askAgain spaces the looks whether a run has ended.
const askAgain = 300 * time.Millisecond

func newSourceSync(g *globals) *cobra.Command {
	var dry, accept, show bool
	cmd := &cobra.Command{
		Use:   "sync NAME",
		Short: "Bring users in step with a directory now",
		Long: "Brings users in step with a directory now, as it happens by itself all the time: profiles and groups follow the\n" +
			"directory, and users whom it calls disabled or expired or does not have any more are barred. Their devices are\n" +
			"revoked once the grace time has passed. A run that would bar more users than is credible is stopped; see with\n" +
			"--dry-run what it would do, and let it do so with --accept.",
		Args: named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if show && (dry || accept) {
				return usageError{errors.New("--show runs nothing: leave out --dry-run and --accept")}
			}
			c, err := g.connect()
			if err != nil {
				return err
			}
			if show {
				return g.showSync(cmd, c, args[0])
			}
			report, err := syncNow(cmd.Context(), c, sourcePath(args[0])+"/sync", dry, accept)
			if err != nil {
				return err
			}
			if err := g.print(cmd.OutOrStdout(), report, func(w io.Writer) { writeSync(w, report) }); err != nil {
				return err
			}
			if report.Outcome != sync.Done {
				return fmt.Errorf("the synchronisation is %s: %s", report.Outcome, report.Reason)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "change nothing and report what would be done")
	cmd.Flags().BoolVar(&accept, "accept", false, "bar as many users as the directory asks for")
	cmd.Flags().BoolVar(&show, "show", false, "run nothing and show the state and the last runs")
	return cmd
}

// syncNow starts a run and waits for its end, at any length.
func syncNow(ctx context.Context, c *client, path string, dry, accept bool) (sync.Report, error) {
	var report sync.Report
	var started struct {
		ID int64 `json:"id"`
	}
	if err := c.call(ctx, http.MethodPost, path, map[string]bool{"dry_run": dry, "accept": accept}, &started); err != nil {
		return report, err
	}
	ticker := time.NewTicker(askAgain)
	defer ticker.Stop()
	for {
		if err := c.call(ctx, http.MethodGet, path+"/"+strconv.FormatInt(started.ID, 10), nil, &report); err != nil {
			return report, err
		}
		if report.Outcome != sync.Running {
			return report, nil
		}
		select {
		case <-ctx.Done():
			return report, errors.New("not waited for the end of the synchronisation, which goes on")
		case <-ticker.C:
		}
	}
}

func (g *globals) showSync(cmd *cobra.Command, c *client, name string) error {
	var answer struct {
		State sync.State    `json:"state"`
		Runs  []sync.Report `json:"runs"`
	}
	if err := c.call(cmd.Context(), http.MethodGet, sourcePath(name)+"/sync", nil, &answer); err != nil {
		return err
	}
	return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
		s := answer.State
		fmt.Fprintf(w, "source            %s\npeople            %d\nwithout account   %d\nlast good run     %s\n", s.Source, s.People, s.Waiting, when(s.GoodAt))
		if s.Alarm != "" {
			fmt.Fprintf(w, "ALARM             %s\n", s.Alarm)
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "\nRUN\tSTARTED\tSECONDS\tOUTCOME\tPEOPLE\tNEW\tCHANGED\tMISSING\tBARRED\tLIFTED\tREVOKED\tREASON")
		for _, r := range answer.Runs {
			outcome := string(r.Outcome)
			if r.Dry {
				outcome += " (dry)"
			}
			fmt.Fprintf(table, "%d\t%s\t%.1f\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", r.ID, r.StartedAt.Local().Format(time.DateTime), r.Seconds,
				outcome, r.People, r.New, r.Changed, r.Missing, r.Barred, r.Lifted, r.Revoked, cmp.Or(r.Reason, "-"))
		}
		table.Flush()
	})
}

// writeSyncStates writes how far directories are in step.
func writeSyncStates(table io.Writer, states []sync.State) {
	if len(states) == 0 {
		return
	}
	fmt.Fprintln(table, "\nDIRECTORY\tPEOPLE\tWITHOUT ACCOUNT\tLAST GOOD RUN\tLAST RUN\tOUTCOME")
	for _, s := range states {
		last, outcome := "-", "-"
		if s.Last != nil {
			last = when(s.Last.EndedAt)
			outcome = strings.TrimSpace(string(s.Last.Outcome) + " " + s.Last.Reason)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t%s\n", s.Source, s.People, s.Waiting, when(s.GoodAt), last, outcome)
	}
}

// writeSync writes what a run did, or would have done.
func writeSync(w io.Writer, r sync.Report) {
	did := "has"
	if r.Dry {
		did = "would have"
	}
	fmt.Fprintf(w, "outcome       %s %s\ntime          %.1f s\npeople        %d: %d new, %d changed, %d unchanged, %d unusable, %d missing\n"+
		"accounts      %d; it %s updated %d, barred %d, lifted the bar of %d, revoked %d devices\ngroups        %d; %d people joined mapped ones, %d left\n"+
		"problems      %d\n",
		r.Outcome, r.Reason, r.Seconds, r.People, r.New, r.Changed, r.Unchanged, r.Unusable, r.Missing,
		r.Accounts, did, r.Updated, r.Barred, r.Lifted, r.Revoked, r.Groups, r.Joined, r.Left, r.Problems)
	if len(r.Changes) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nWHO\tWHAT\tWHY")
	for _, c := range r.Changes {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Name, c.What, c.Reason)
	}
	table.Flush()
	if r.Omitted > 0 {
		fmt.Fprintf(w, "and %d more\n", r.Omitted)
	}
}

func newSourceSyncSettings(g *globals) *cobra.Command {
	var interval, grace organization.Lifetime
	var accounts, percent int
	cmd := &cobra.Command{
		Use:   "sync-settings",
		Short: "Show or change when directories are synchronised, and what stops that",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			change := map[string]any{}
			for flag, value := range map[string]any{
				"interval": interval, "grace": grace, "alarm-accounts": accounts, "alarm-percent": percent,
			} {
				if cmd.Flags().Changed(flag) {
					change[strings.ReplaceAll(flag, "-", "_")] = value
				}
			}
			method, body := http.MethodGet, any(nil)
			if len(change) > 0 {
				method, body = http.MethodPut, change
			}
			var s sync.Settings
			if err := c.call(cmd.Context(), method, "/sync-settings", body, &s); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), s, func(w io.Writer) {
				fmt.Fprintf(w, "interval        %s\ngrace           %s\nalarm accounts  more than %d\nalarm percent   more than %d\n",
					s.Interval, s.Grace, s.AlarmAccounts, s.AlarmPercent)
			})
		},
	}
	cmd.Flags().Var(&interval, "interval", "time between two runs, such as 15m or 1d")
	cmd.Flags().Var(&grace, "grace", "how long somebody is barred before the devices are revoked, such as 7d; 0s is at once")
	cmd.Flags().IntVar(&accounts, "alarm-accounts", 0, "a run is stopped when it would bar more accounts than this")
	cmd.Flags().IntVar(&percent, "alarm-percent", 0, "and more than this many of a hundred")
	return cmd
}
