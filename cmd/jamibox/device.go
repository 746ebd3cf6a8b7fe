// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

func newDevice(g *globals) *cobra.Command {
	return group("device", "Manage the devices of users",
		newDeviceList(g), newDeviceExpiring(g), newDeviceRename(g), newDeviceRevoke(g), newDeviceResetBreaker(g))
}

func newDeviceList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list USER",
		Short: "List the devices of a user",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Devices []admin.Device `json:"devices"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, userPath(args[0])+"/devices", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Devices, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "DEVICE\tNAME\tSTATE\tLAST SEEN\tEXPIRES")
				for _, d := range answer.Devices {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.DeviceID, d.Name, d.State,
						d.LastSeenAt.Local().Format(time.DateTime), d.ExpiresAt.Local().Format(time.DateOnly))
				}
				table.Flush()
			})
		},
	}
}

func newDeviceExpiring(g *globals) *cobra.Command {
	days := 30
	cmd := &cobra.Command{
		Use:   "expiring",
		Short: "List the devices whose certificates end soon or have ended",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Devices []admin.ExpiringDevice `json:"devices"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, fmt.Sprintf("/devices/expiring?days=%d", days), nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Devices, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "USER\tDEVICE\tNAME\tLAST SEEN\tEXPIRES")
				for _, d := range answer.Devices {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Username, d.DeviceID, d.Name,
						d.LastSeenAt.Local().Format(time.DateTime), d.ExpiresAt.Local().Format(time.DateOnly))
				}
				table.Flush()
			})
		},
	}
	cmd.Flags().IntVar(&days, "days", days, "how many days ahead to look")
	return cmd
}

func newDeviceRename(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "rename DEVICE NAME",
		Short: "Give a device another name",
		Args:  named(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodPatch, "/devices/"+url.PathEscape(args[0]), map[string]string{"name": args[1]}, nil)
		},
	}
}

func newDeviceRevoke(g *globals) *cobra.Command {
	var reason int
	cmd := &cobra.Command{
		Use:   "revoke DEVICE",
		Short: "Revoke a device for good; peers refuse it from the next connection on",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodPost, "/devices/"+url.PathEscape(args[0])+"/revoke", map[string]int{"reason": reason}, nil)
		},
	}
	cmd.Flags().IntVar(&reason, "reason", 0, "revocation reason of RFC 5280, such as 1 (key compromised) or 5 (no longer used)")
	return cmd
}

func newDeviceResetBreaker(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "reset-breaker",
		Short: "Refuse unknown and expired devices again after many of them were put off",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodPost, "/breaker/reset", nil, nil)
		},
	}
}
