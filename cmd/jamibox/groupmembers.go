// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

func newGroupMember(g *globals) *cobra.Command {
	return group("member", "Members of a group",
		newMemberDeed(g, "add", http.MethodPut, "Put users into a group by hand"),
		newMemberDeed(g, "remove", http.MethodDelete, "Take users out of a group; who is in it by a directory group stays"),
		&cobra.Command{
			Use:   "list GROUP",
			Short: "List the members of a group",
			Args:  named(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				members, err := g.members(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return g.print(cmd.OutOrStdout(), members, func(w io.Writer) {
					table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					fmt.Fprintln(table, "USER\tSTATE\tNAME\tBY")
					for _, m := range members {
						by := "directory"
						if m.ByHand {
							by = "hand"
						}
						fmt.Fprintf(table, "%s\t%s\t%s %s\t%s\n", m.Username, m.State, m.FirstName, m.LastName, by)
					}
					table.Flush()
				})
			},
		},
	)
}

// members returns all pages of the list.
func (g *globals) members(ctx context.Context, group string) ([]admin.Member, error) {
	c, err := g.connect()
	if err != nil {
		return nil, err
	}
	members := []admin.Member{}
	for page := 0; ; page++ {
		var answer struct {
			Members []admin.Member `json:"members"`
			Total   int            `json:"total"`
		}
		if err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s/members?page=%d", groupPath(group), page), nil, &answer); err != nil {
			return nil, err
		}
		members = append(members, answer.Members...)
		if len(answer.Members) == 0 || len(members) >= answer.Total {
			return members, nil
		}
	}
}

// newMemberDeed returns a command that does the same for each user.
func newMemberDeed(g *globals, deed, method, short string) *cobra.Command {
	return &cobra.Command{
		Use:   deed + " GROUP USER...",
		Short: short,
		Args:  cobra.MatchAll(cobra.MinimumNArgs(2), noneEmpty),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			for _, user := range args[1:] {
				if err := c.call(cmd.Context(), method, groupPath(args[0])+"/members/"+url.PathEscape(user), nil, nil); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newGroupMap(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "map GROUP SOURCE DIRECTORY-GROUP",
		Short: "Make the members of a directory's group (its DN, name or id) members, from the next synchronisation on",
		Args:  named(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showGroup(cmd, http.MethodPost, groupPath(args[0])+"/map", map[string]string{"source": args[1], "group": args[2]})
		},
	}
}

func newGroupUnmap(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "unmap GROUP SOURCE DIRECTORY-GROUP",
		Short: "Undo map",
		Args:  named(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showGroup(cmd, http.MethodPost, groupPath(args[0])+"/unmap", map[string]string{"source": args[1], "group": args[2]})
		},
	}
}

func newGroupAvailable(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "available SOURCE",
		Short: "List the groups of a directory that can be mapped",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Groups []admin.DirectoryGroup `json:"groups"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, "/directory/groups?source="+url.QueryEscape(args[0]), nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Groups, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tDN\tID")
				for _, row := range answer.Groups {
					fmt.Fprintf(table, "%s\t%s\t%s\n", row.Name, row.DN, row.Key)
				}
				table.Flush()
			})
		},
	}
}

func newGroupAdmission(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "admission [everyone|groups]",
		Short: "Show or set whether people without a group may enrol devices",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			method, body := http.MethodGet, any(nil)
			if len(args) == 1 {
				method, body = http.MethodPut, map[string]string{"admission": args[0]}
			}
			var answer admin.Admission
			if err := c.call(cmd.Context(), method, "/admission", body, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) { fmt.Fprintln(w, answer.Admission) })
		},
	}
}
