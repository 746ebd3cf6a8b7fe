// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
	"jamibox/enroll/policy"
)

func newPolicy(g *globals) *cobra.Command {
	return group("policy", "Settings that clients are sent beside those that make them work here",
		newPolicyList(g), newPolicyShow(g), newPolicyAdd(g), newPolicySet(g), newPolicyRemove(g),
		newPolicyEveryone(g), newPolicyEffective(g), newPolicyKeys(g),
	)
}

func policyPath(name string) string { return "/policies/" + url.PathEscape(name) }

// policyFlags are the flags that describe a policy.
type policyFlags struct {
	name, description string
	priority          int
	settings          settingFlags
}

func (f *policyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.description, "description", "", "`text` for administrators")
	flags.IntVar(&f.priority, "priority", 0, "the highest `number` of a user's policies counts; -1000 to 1000")
	f.settings.add(cmd)
}

// body returns the members for the flags that were given.
func (f *policyFlags) body(cmd *cobra.Command) map[string]any {
	body := map[string]any{}
	for flag, value := range map[string]any{"name": f.name, "description": f.description, "priority": f.priority} {
		if cmd.Flags().Changed(flag) {
			body[flag] = value
		}
	}
	return body
}

func newPolicyAdd(g *globals) *cobra.Command {
	var f policyFlags
	cmd := &cobra.Command{
		Use:   "add NAME [KEY=VALUE...]",
		Short: "Add a policy; a group gives it to its members (jamibox group set GROUP --policy NAME)",
		Args:  cobra.MatchAll(cobra.MinimumNArgs(1), noneEmpty),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, settings := f.body(cmd), policy.Settings{}
			if _, err := f.settings.change(settings, args[1:]); err != nil {
				return err
			}
			body["name"], body["settings"] = args[0], settings
			return g.showPolicy(cmd, http.MethodPost, "/policies", body)
		},
	}
	f.add(cmd)
	return cmd
}

func newPolicySet(g *globals) *cobra.Command {
	var f policyFlags
	cmd := &cobra.Command{
		Use:   "set NAME [KEY=VALUE...]",
		Short: "Change a policy; what is not given stays",
		Long:  "Changes a policy; what is not given stays. Clients learn it at their next start.\n" + unsetMeans,
		Args:  cobra.MatchAll(cobra.MinimumNArgs(1), noneEmpty),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := f.body(cmd)
			if len(body) == 0 && len(args) == 1 && !f.settings.given() {
				return usageError{errors.New("nothing to change: give KEY=VALUE or at least one of the flags")}
			}
			c, err := g.connect()
			if err != nil {
				return err
			}
			var now admin.Policy
			if err := c.call(cmd.Context(), http.MethodGet, policyPath(args[0]), nil, &now); err != nil {
				return err
			}
			changed, err := f.settings.change(now.Settings, args[1:])
			if err != nil {
				return err
			}
			if changed {
				body["settings"] = now.Settings
			}
			return g.showPolicy(cmd, http.MethodPatch, policyPath(args[0]), body)
		},
	}
	f.add(cmd)
	f.settings.addUnset(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "new `name`; groups keep the policy")
	return cmd
}

func newPolicyShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a policy with its settings",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showPolicy(cmd, http.MethodGet, policyPath(args[0]), nil)
		},
	}
}

// showPolicy calls the box and shows the policy that it answers with.
func (g *globals) showPolicy(cmd *cobra.Command, method, path string, body any) error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	var p admin.Policy
	if err := c.call(cmd.Context(), method, path, body, &p); err != nil {
		return err
	}
	return g.print(cmd.OutOrStdout(), p, func(w io.Writer) {
		fmt.Fprintf(w, "policy       %s\ndescription  %s\npriority     %d\ngroups       %s\n",
			p.Name, p.Description, p.Priority, listText(p.Groups, ""))
		writeSettings(w, "setting      ", p.Settings)
		writeWarnings(w, p.Warnings)
	})
}

func newPolicyList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the policies; of those of a user the last counts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Policies []admin.Policy `json:"policies"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, "/policies", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Policies, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "POLICY\tPRIORITY\tSETTINGS\tGROUPS\tDESCRIPTION")
				for _, p := range answer.Policies {
					fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", p.Name, p.Priority, len(p.Settings), listText(p.Groups, ""), p.Description)
				}
				table.Flush()
			})
		},
	}
}

func newPolicyRemove(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a policy that no group has; clients keep what they were sent",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodDelete, policyPath(args[0]), nil, nil)
		},
	}
}

func newPolicyEffective(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "effective USER",
		Short: "Show what a user's clients are sent, and where each setting comes from",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer admin.EffectiveSettings
			if err := c.call(cmd.Context(), http.MethodGet, "/users/"+url.PathEscape(args[0])+"/client-settings", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "KEY\tFROM\tVALUE")
				for _, s := range answer.Settings {
					fmt.Fprintf(table, "%s\t%s\t%s\n", s.Key, strings.TrimSpace(string(s.Origin)+" "+s.Policy), settingText(s.Value))
				}
				table.Flush()
				writeWarnings(w, answer.Warnings)
			})
		},
	}
}
