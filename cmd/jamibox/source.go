// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/directory/sources"
)

func newSource(g *globals) *cobra.Command {
	return group("source", "Manage where users come from: this box, LDAP, Active Directory",
		newSourceAdd(g), newSourceList(g), newSourceShow(g), newSourceTest(g), newSourceSet(g),
		newSourceSwitch(g, "enable", "Let the users of a source log in again", true),
		newSourceSwitch(g, "disable", "Ask a source no more, and keep its settings", false),
		newSourceMove(g), newSourceRemove(g), newSourceTrace(g), newSourceFetchCertificate(g),
		newSourceSync(g), newSourceSyncSettings(g),
	)
}

func newSourceAdd(g *globals) *cobra.Command {
	var s sourceFlags
	var untested, disabled bool
	cmd := &cobra.Command{
		Use:   "add NAME --kind ldap|ad --url URL",
		Short: "Add a directory, after a test",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := s.request(cmd, nil)
			if err != nil {
				return err
			}
			if !untested {
				if err := g.mustPass(cmd, "/sources/test", request); err != nil {
					return err
				}
			}
			request["name"], request["enabled"] = args[0], !disabled
			return g.showSource(cmd, http.MethodPost, "/sources", request)
		},
	}
	s.add(cmd)
	cmd.Flags().BoolVar(&untested, "no-test", false, "save the source even if it does not work yet")
	cmd.Flags().BoolVar(&disabled, "disabled", false, "save the source without asking it for logins")
	return cmd
}

func newSourceSet(g *globals) *cobra.Command {
	var s sourceFlags
	var untested bool
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change settings of a directory, after a test; what is not named stays",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var now sources.Source
			if err := c.call(cmd.Context(), http.MethodGet, sourcePath(args[0]), nil, &now); err != nil {
				return err
			}
			request, err := s.request(cmd, &now.Config)
			if err != nil {
				return err
			}
			if len(request) == 0 {
				return usageError{errors.New("nothing to change: give at least one of the flags")}
			}
			if !untested {
				if err := g.mustPass(cmd, sourcePath(args[0])+"/test", request); err != nil {
					return err
				}
			}
			return g.showSource(cmd, http.MethodPatch, sourcePath(args[0]), request)
		},
	}
	s.add(cmd)
	cmd.Flags().BoolVar(&untested, "no-test", false, "save the settings even if they do not work yet")
	return cmd
}

func newSourceList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the sources in the order in which they are asked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Sources []sources.Source `json:"sources"`
			}
			if err := c.call(cmd.Context(), http.MethodGet, "/sources", nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Sources, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NO\tSOURCE\tKIND\tSTATE\tUSERS\tLAST LOGIN\tLAST ERROR")
				for _, s := range answer.Sources {
					fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", s.Position, s.Name, s.Kind, s.State, s.Users,
						when(s.LastLogin), lastError(s.Health))
				}
				table.Flush()
			})
		},
	}
}

func newSourceShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a source with its settings",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showSource(cmd, http.MethodGet, sourcePath(args[0]), nil)
		},
	}
}

func newSourceSwitch(g *globals, deed, short string, enabled bool) *cobra.Command {
	return &cobra.Command{
		Use:   deed + " NAME",
		Short: short,
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showSource(cmd, http.MethodPatch, sourcePath(args[0]), map[string]any{"enabled": enabled})
		},
	}
}

func newSourceMove(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "move NAME POSITION",
		Short: "Change the order in which the sources are asked; 1 is the first",
		Args:  named(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			position, err := strconv.Atoi(args[1])
			if err != nil || position < 1 {
				return usageError{fmt.Errorf("position %q: a number from 1 on is expected", args[1])}
			}
			return g.showSource(cmd, http.MethodPatch, sourcePath(args[0]), map[string]any{"position": position})
		},
	}
}

func newSourceRemove(g *globals) *cobra.Command {
	var release bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a directory; its users and their devices stay",
		Long: "Forgets a directory. Its users keep their accounts and devices but cannot enrol any more, until a source\n" +
			"knows them again by the same stable id, or until they get a password here (jamibox user passwd).",
		Args: named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), http.MethodDelete, sourcePath(args[0])+"?release="+strconv.FormatBool(release), nil, nil)
		},
	}
	cmd.Flags().BoolVar(&release, "release", false, "confirm that its users are to belong to no source")
	return cmd
}

func sourcePath(name string) string { return "/sources/" + url.PathEscape(name) }

// showSource calls the box and shows the source that it answers with.
func (g *globals) showSource(cmd *cobra.Command, method, path string, body any) error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	var s sources.Source
	if err := c.call(cmd.Context(), method, path, body, &s); err != nil {
		return err
	}
	settings, err := json.MarshalIndent(s.Config, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the settings: %w", err)
	}
	return g.print(cmd.OutOrStdout(), s, func(w io.Writer) {
		fmt.Fprintf(w, "source         %s\nkind           %s\nposition       %d\nstate          %s since %s\nlast login     %s\nlast error     %s\n"+
			"bind password  %s\nusers          %d\nsettings       %s\n",
			s.Name, s.Kind, s.Position, s.State, s.Since.Local().Format(time.DateTime), when(s.LastLogin), lastError(s.Health),
			map[bool]string{true: "stored", false: "none"}[s.HasPassword], s.Users, settings)
		for _, warning := range s.Warnings {
			fmt.Fprintln(w, "warning        "+warning)
		}
	})
}

// when writes a time that may never have come.
func when(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.Local().Format(time.DateTime)
}

// lastError writes what went wrong last, if anything did.
func lastError(h sources.Health) string {
	if h.LastErrorAt == nil {
		return cmp.Or(h.LastError, "-")
	}
	return when(h.LastErrorAt) + " " + h.LastError
}
