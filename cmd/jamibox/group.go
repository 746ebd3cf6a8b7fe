// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

func newGroup(g *globals) *cobra.Command {
	return group("group", "Groups of people: who may enrol, how many devices, who finds whom, which policy",
		newGroupAdd(g), newGroupList(g), newGroupShow(g), newGroupSet(g), newGroupRemove(g),
		newGroupMember(g), newGroupMap(g), newGroupUnmap(g), newGroupAvailable(g), newGroupAdmission(g),
	)
}

// groupFlags are the flags that describe a group.
type groupFlags struct {
	name, description string
	mayEnrol          bool
	deviceLimit       int
	finds, shows      []string
	policy            string
}

const (
	// What stands for everything or nothing in a flag: an empty one would be too
	// easy to give by accident.
	everyone = "everyone"
	all      = "all"
	none     = "none"
)

func (f *groupFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.description, "description", "", "`text` for administrators")
	flags.BoolVar(&f.mayEnrol, "may-enrol", true, "whether members may enrol devices")
	flags.IntVar(&f.deviceLimit, "device-limit", 0, "how many devices a member may have, 0 for any `number`")
	flags.StringSliceVar(&f.finds, "finds", nil, "`groups` whose members are found by members, or everyone, or none")
	flags.StringSliceVar(&f.shows, "shows", nil,
		"`fields` that clients see of members: first_name, last_name, picture, organization, phone, email; or all, or none")
	flags.StringVar(&f.policy, "policy", "", "`name` of the policy that members' clients are given, or none")
}

// body returns the members for the flags that were given.
func (f *groupFlags) body(cmd *cobra.Command) map[string]any {
	body := map[string]any{}
	for flag, member := range map[string]struct {
		name  string
		value any
	}{
		"name": {"name", f.name}, "description": {"description", f.description}, "may-enrol": {"may_enrol", f.mayEnrol},
		"device-limit": {"device_limit", f.deviceLimit},
		"finds":        {"finds", listOf(f.finds, everyone)}, "shows": {"shows", listOf(f.shows, all)},
	} {
		if cmd.Flags().Changed(flag) {
			body[member.name] = member.value
		}
	}
	if cmd.Flags().Changed("policy") {
		body["policy"] = f.policy
		if f.policy == none {
			body["policy"] = nil
		}
	}
	return body
}

// listOf returns what a flag means: nil for the word that stands for everything.
func listOf(values []string, everything string) []string {
	switch {
	case len(values) == 1 && values[0] == everything:
		return nil
	case len(values) == 1 && values[0] == none:
		return []string{}
	}
	return values
}

func groupPath(name string) string { return "/groups/" + url.PathEscape(name) }

// showGroup calls the box and shows the group that it answers with.
func (g *globals) showGroup(cmd *cobra.Command, method, path string, body any) error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	var shown admin.Group
	if err := c.call(cmd.Context(), method, path, body, &shown); err != nil {
		return err
	}
	return g.print(cmd.OutOrStdout(), shown, func(w io.Writer) {
		fmt.Fprintf(w, "group         %s\ndescription   %s\nmay enrol     %s\ndevice limit  %s\nfinds         %s\nshows         %s\npolicy        %s\nmembers       %d\n",
			shown.Name, shown.Description, yesNo(shown.MayEnrol), limitText(shown.DeviceLimit),
			listText(shown.Finds, everyone), listText(shown.Shows, all), policyText(shown.Policy), shown.Members)
		for _, m := range shown.Mappings {
			fmt.Fprintf(w, "mapped        %s (%s, source %s)\n", m.Name, m.Key, m.Source)
		}
	})
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func policyText(name *string) string {
	if name == nil {
		return none
	}
	return *name
}

func limitText(n int) string {
	if n == 0 {
		return none
	}
	return strconv.Itoa(n)
}

// listText writes what listOf reads.
func listText[T ~string](values []T, everything string) string {
	if values == nil {
		return everything
	}
	if len(values) == 0 {
		return none
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

func newGroupAdd(g *globals) *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a group",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := f.body(cmd)
			body["name"] = args[0]
			return g.showGroup(cmd, http.MethodPost, "/groups", body)
		},
	}
	f.add(cmd)
	return cmd
}

func newGroupSet(g *globals) *cobra.Command {
	var f groupFlags
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change a group; what is not given stays",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := f.body(cmd)
			if len(body) == 0 {
				return usageError{errors.New("nothing to change: give at least one of the flags")}
			}
			return g.showGroup(cmd, http.MethodPatch, groupPath(args[0]), body)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "new `name`")
	return cmd
}

func newGroupList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the groups",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Groups []admin.Group `json:"groups"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, "/groups", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Groups, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "GROUP\tMEMBERS\tMAY ENROL\tDEVICES\tFINDS\tSHOWS\tMAPPED\tPOLICY")
				for _, row := range answer.Groups {
					fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%d\t%s\n", row.Name, row.Members, yesNo(row.MayEnrol),
						limitText(row.DeviceLimit), listText(row.Finds, everyone), listText(row.Shows, all), len(row.Mappings), policyText(row.Policy))
				}
				table.Flush()
			})
		},
	}
}

func newGroupShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a group",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showGroup(cmd, http.MethodGet, groupPath(args[0]), nil)
		},
	}
}

func newGroupRemove(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a group; its members keep their accounts and devices",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodDelete, groupPath(args[0]), nil, nil)
		},
	}
}
