// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"jamibox/enroll/policy"
)

// unsetMeans is what an administrator has to know of --unset.
const unsetMeans = "Clients keep a setting that is not sent any more, unless the box itself sends it: to undo one, send the value\nthat they had before."

// turnPassword is the setting that is a secret.
const turnPassword = "TURN.password"

// settingFlags change client settings, beside arguments KEY=VALUE.
type settingFlags struct {
	unset        []string
	passwordFile string
}

func (f *settingFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.passwordFile, "turn-password-file", "", "`file` with the value of "+turnPassword+", or - for standard input")
}

func (f *settingFlags) addUnset(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.unset, "unset", nil, "`key` that is not to be sent any more; clients keep its value")
}

func (f *settingFlags) given() bool { return len(f.unset) > 0 || f.passwordFile != "" }

// change alters settings as the flags and the arguments KEY=VALUE say, and tells
// whether they say anything.
func (f *settingFlags) change(settings policy.Settings, args []string) (bool, error) {
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return false, usageError{fmt.Errorf("%q: KEY=VALUE is expected", arg)}
		}
		if policy.IsSecret(key) {
			return false, usageError{fmt.Errorf("%s is a secret, which others would see in an argument: give it with --turn-password-file", key)}
		}
		if err := policy.Check(key, value); err != nil {
			return false, err
		}
		settings[key] = &value
	}
	for _, key := range f.unset {
		if _, there := settings[key]; !there {
			if err := policy.CheckKey(key); err != nil {
				return false, err
			}
		}
		delete(settings, key)
	}
	if f.passwordFile != "" {
		password, err := readSecret("turn-password-file", f.passwordFile)
		if err != nil {
			return false, err
		}
		settings[turnPassword] = &password
	}
	return len(args) > 0 || f.given(), nil
}

func newPolicyEveryone(g *globals) *cobra.Command {
	var f settingFlags
	cmd := &cobra.Command{
		Use:   "everyone [KEY=VALUE...]",
		Short: "Show or change what all clients are sent, whatever their groups",
		Long: "Shows what was added for everyone, after the changes that are given. Clients learn them at their next start; the\n" +
			"policies of a user's groups go before them, key by key.\n" + unsetMeans,
		Args: noneEmpty,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			settings := policy.Settings{}
			if err := c.call(cmd.Context(), http.MethodGet, "/client-settings", nil, &settings); err != nil {
				return err
			}
			changed, err := f.change(settings, args)
			if err != nil {
				return err
			}
			if changed {
				given := settings
				settings = policy.Settings{}
				if err := c.call(cmd.Context(), http.MethodPut, "/client-settings", given, &settings); err != nil {
					return err
				}
			}
			return g.print(cmd.OutOrStdout(), settings, func(w io.Writer) {
				writeSettings(w, "", settings)
				writeWarnings(w, policy.Warnings(settings))
			})
		},
	}
	f.add(cmd)
	f.addUnset(cmd)
	return cmd
}

func newPolicyKeys(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "keys",
		Short: "List the settings that clients can be sent, and what each expects",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.print(cmd.OutOrStdout(), policy.Keys(), func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "KEY\tEXPECTS\tMEANING")
				for _, k := range policy.Keys() {
					fmt.Fprintf(table, "%s\t%s\t%s\n", k.Name, k.Expects, k.Meaning)
				}
				table.Flush()
			})
		},
	}
}

// settingText writes a value that may be hidden.
func settingText(value *string) string {
	if value == nil {
		return "(not shown)"
	}
	return *value
}

func writeSettings(w io.Writer, label string, settings policy.Settings) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(w, "%s%s=%s\n", label, key, settingText(settings[key]))
	}
}

func writeWarnings(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintln(w, "warning      "+warning)
	}
}
