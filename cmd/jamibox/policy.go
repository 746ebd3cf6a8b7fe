// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newPolicy(g *globals) *cobra.Command {
	return group("policy", "Settings that clients are sent beside those that make them work here",
		&cobra.Command{
			Use: "show", Short: "Show the added settings", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return g.changePolicy(cmd, func(map[string]string) (bool, error) { return false, nil })
			},
		},
		&cobra.Command{
			Use: "set KEY=VALUE...", Short: "Send a setting to all clients, at their next start", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return g.changePolicy(cmd, func(added map[string]string) (bool, error) {
					for _, arg := range args {
						key, value, ok := strings.Cut(arg, "=")
						if !ok {
							return false, usageError{fmt.Errorf("%q: KEY=VALUE is expected", arg)}
						}
						added[key] = value
					}
					return true, nil
				})
			},
		},
		&cobra.Command{
			Use: "unset KEY...", Short: "Stop sending a setting; clients keep what they have", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return g.changePolicy(cmd, func(added map[string]string) (bool, error) {
					for _, key := range args {
						delete(added, key)
					}
					return true, nil
				})
			},
		},
	)
}

// changePolicy reads the added settings, lets change alter them, stores them
// if it did, and shows them.
func (g *globals) changePolicy(cmd *cobra.Command, change func(map[string]string) (bool, error)) error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	added := map[string]string{}
	if err := c.call(cmd.Context(), http.MethodGet, "/client-settings", nil, &added); err != nil {
		return err
	}
	changed, err := change(added)
	if err != nil {
		return err
	}
	if changed {
		if err := c.call(cmd.Context(), http.MethodPut, "/client-settings", added, nil); err != nil {
			return err
		}
	}
	return g.print(cmd.OutOrStdout(), added, func(w io.Writer) {
		for _, key := range slices.Sorted(maps.Keys(added)) {
			fmt.Fprintf(w, "%s=%s\n", key, added[key])
		}
	})
}
