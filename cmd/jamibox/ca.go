// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/organization"
)

func newCA(g *globals) *cobra.Command {
	return group("ca", "The organisation's certificate authority",
		newCAShow(g), newCALifetimes(g), newCAPublish(g))
}

func newCAShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the certificate of the authority",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Certificate string    `json:"certificate"`
				Subject     string    `json:"subject"`
				NotBefore   time.Time `json:"not_before"`
				NotAfter    time.Time `json:"not_after"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, "/ca", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
				fmt.Fprintf(w, "Subject: %s\nValid:   %s to %s\n\n%s", answer.Subject,
					answer.NotBefore.Local().Format(time.DateOnly), answer.NotAfter.Local().Format(time.DateOnly), answer.Certificate)
			})
		},
	}
}

func newCALifetimes(g *globals) *cobra.Command {
	var l organization.Lifetimes
	cmd := &cobra.Command{
		Use:   "lifetimes",
		Short: "Show or change how long certificates and revocation lists are valid",
		Long: "Shows how long certificates and revocation lists are valid, and changes what flags name. A change counts for\n" +
			"what is issued from then on; when the lifetime of revocation lists changes, all lists are made anew.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			method, body := http.MethodGet, any(nil)
			if l != (organization.Lifetimes{}) {
				method, body = http.MethodPatch, l
			}
			var answer organization.Lifetimes
			if err := c.call(cmd.Context(), method, "/ca/lifetimes", body, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
				fmt.Fprintf(w, "Devices:          %s\nAccounts:         %s\nRevocation lists: %s\n", answer.Device, answer.Account, answer.CRL)
			})
		},
	}
	f := cmd.Flags()
	f.Var(&l.Device, "device", "certificates of devices, such as 90d or 2y; a device is enrolled anew afterwards")
	f.Var(&l.Account, "account", "certificates of accounts, which the box renews; key and Jami id stay")
	f.Var(&l.CRL, "crl", "revocation lists, from the time they are made to their nextUpdate")
	return cmd
}

func newCAPublish(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "publish",
		Short: "Make the revocation lists anew, now",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Number     string    `json:"number"`
				NextUpdate time.Time `json:"next_update"`
			}
			if err := c.call(cmd.Context(), http.MethodPost, "/ca/revocation-list", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
				fmt.Fprintf(w, "Published. The organisation's list has number %s and is valid until %s.\n",
					answer.Number, answer.NextUpdate.Local().Format(time.DateTime))
			})
		},
	}
}
