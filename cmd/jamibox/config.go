// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"jamibox/appliance/config"
)

func newConfig(g *globals) *cobra.Command {
	return group("config", "The configuration file",
		&cobra.Command{
			Use: "check", Short: "Check the file and the environment, and name every problem", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				if _, err := g.load(); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "The configuration is good.")
				return err
			},
		},
		&cobra.Command{
			Use: "example", Short: "Print a file with every setting, its meaning and its default", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := io.WriteString(cmd.OutOrStdout(), config.Example)
				return err
			},
		},
	)
}
