// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"net/http"

	"github.com/spf13/cobra"
)

func newTLS(g *globals) *cobra.Command {
	return group("tls", "The server's own TLS identity", &cobra.Command{
		Use:   "root",
		Short: "Print the root certificate (PEM) that clients have to trust",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var pem []byte
			if err := c.call(cmd.Context(), http.MethodGet, "/tls/root", nil, &pem); err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(pem)
			return err
		},
	})
}
