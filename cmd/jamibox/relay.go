// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

func newRelay(g *globals) *cobra.Command {
	return group("relay", "See and steer what goes through the relay",
		newRelayList(g), newRelayClosed(g), newRelayEnd(g), newRelayRotate(g))
}

func newRelayList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List what is relayed at present",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.showAllocations(cmd, "/relay/allocations", "AGE\tPEERS", func(a admin.Allocation) string {
				return time.Since(a.OpenedAt).Round(time.Second).String() + "\t" + cmp.Or(strings.Join(a.Peers, " "), "-")
			})
		},
	}
}

func newRelayClosed(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "closed",
		Short: "List what was relayed last, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.showAllocations(cmd, "/relay/allocations/closed", "LASTED\tENDED\tREASON", func(a admin.Allocation) string {
				if a.ClosedAt == nil {
					return "-\t-\t-"
				}
				lasted := a.ClosedAt.Sub(a.OpenedAt).Round(time.Second)
				return fmt.Sprintf("%s\t%s\t%s", lasted, a.ClosedAt.Local().Format(time.DateTime), a.Reason)
			})
		},
	}
}

// showAllocations lists allocations, with further columns at the end.
func (g *globals) showAllocations(cmd *cobra.Command, path, columns string, rest func(admin.Allocation) string) error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	var answer struct {
		Allocations []admin.Allocation `json:"allocations"`
	}
	if err := c.call(cmd.Context(), http.MethodGet, path, nil, &answer); err != nil {
		return err
	}
	return g.print(cmd.OutOrStdout(), answer.Allocations, func(w io.Writer) {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tUSER\tDEVICE\tCLIENT\tRELAYED\tUP\tDOWN\t"+columns)
		for _, a := range answer.Allocations {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s/%s\t%s/%s\t%s\t%s\t%s\n", a.ID, cmp.Or(a.User, "-"), cmp.Or(a.DeviceName, "-"),
				a.Client, a.Over, a.Relayed, a.Protocol, humanize.Bytes(a.Up.Bytes), humanize.Bytes(a.Down.Bytes), rest(a))
		}
		table.Flush()
	})
}

func newRelayEnd(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "end ID",
		Short: "End what is relayed under a number of the list; the device may come back",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodDelete, "/relay/allocations/"+url.PathEscape(args[0]), nil, nil)
		},
	}
}

func newRelayRotate(g *globals) *cobra.Command {
	overlap := admin.DefaultOverlap
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Give all devices new passwords for the relay",
		Long: "Gives all devices new passwords for the relay. A device gets its new one when its client next starts; until the\n" +
			"overlap has passed its old one is accepted as well. Calls that run go on. With an overlap of 0s all old passwords\n" +
			"are refused at once, and devices cannot use the relay until their clients have been started again.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Until time.Time `json:"previous_until,omitzero"`
			}
			body := map[string]string{"overlap": overlap.String()}
			if err := c.call(cmd.Context(), http.MethodPost, "/relay/secret/rotate", body, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
				if answer.Until.IsZero() {
					fmt.Fprintln(w, "Rotated. Old passwords are refused.")
					return
				}
				fmt.Fprintf(w, "Rotated. Old passwords are accepted until %s.\n", answer.Until.Local().Format(time.DateTime))
			})
		},
	}
	cmd.Flags().Var(&overlap, "overlap", "how long old passwords are accepted, such as 720h or 30d")
	return cmd
}
