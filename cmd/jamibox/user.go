// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

func newUser(g *globals) *cobra.Command {
	return group("user", "Manage the people, and whom directories brought",
		newUserAdd(g), newUserList(g), newUserShow(g), newUserEdit(g), newUserPasswd(g),
		newUserDeed(g, "disable", "Bar a user for now; the devices keep their identity"),
		newUserDeed(g, "enable", "Let a disabled user in again"),
		newUserDeed(g, "revoke", "Revoke a user and all devices for good; the name stays taken"),
		newUserImport(g), newUserImportState(g), newUserExport(g),
	)
}

// profileFlags are the flags that describe a person.
type profileFlags struct{ first, last, email, phone, organization, picture string }

func (p *profileFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.first, "first-name", "", "first `name`")
	f.StringVar(&p.last, "last-name", "", "last `name`")
	f.StringVar(&p.email, "email", "", "mail `address`")
	f.StringVar(&p.phone, "phone", "", "phone `number`")
	f.StringVar(&p.organization, "organization", "", "`unit` or organisation")
	f.StringVar(&p.picture, "picture", "", "PNG, JPEG, GIF or WebP `file` (in an edit, an empty name removes the picture)")
}

// maxPicture is what fits into a request: the box would hang up on a longer one.
const maxPicture = 3_000_000

// body returns the members for the flags that were given.
func (p *profileFlags) body(cmd *cobra.Command) (map[string]any, error) {
	body := map[string]any{}
	for flag, member := range map[string]struct {
		name  string
		value string
	}{
		"first-name": {"first_name", p.first}, "last-name": {"last_name", p.last}, "email": {"email", p.email},
		"phone": {"phone", p.phone}, "organization": {"organization", p.organization},
	} {
		if cmd.Flags().Changed(flag) {
			body[member.name] = member.value
		}
	}
	if cmd.Flags().Changed("picture") {
		picture := []byte{}
		if p.picture != "" {
			var err error
			if picture, err = os.ReadFile(p.picture); err != nil {
				return nil, fmt.Errorf("reading the picture: %w", err)
			}
			if len(picture) > maxPicture {
				return nil, fmt.Errorf("the picture %s has more than %d MB", p.picture, maxPicture/1_000_000)
			}
		}
		body["picture"] = picture
	}
	return body, nil
}

func newUserAdd(g *globals) *cobra.Command {
	var p profileFlags
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "add NAME --password-file FILE",
		Short: "Add a user, with a Jami account",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readSecret("password-file", passwordFile)
			if err != nil {
				return err
			}
			body, err := p.body(cmd)
			if err != nil {
				return err
			}
			body["username"], body["password"] = args[0], password
			return g.showUser(cmd, http.MethodPost, "/users", body)
		},
	}
	p.add(cmd)
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`file` with the password (- for standard input)")
	return cmd
}

func newUserEdit(g *globals) *cobra.Command {
	var p profileFlags
	cmd := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change what colleagues see of a user",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := p.body(cmd)
			if err != nil {
				return err
			}
			if len(body) == 0 {
				return usageError{errors.New("nothing to change: give at least one of the flags")}
			}
			return g.showUser(cmd, http.MethodPatch, userPath(args[0]), body)
		},
	}
	p.add(cmd)
	return cmd
}

func newUserShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a user",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showUser(cmd, http.MethodGet, userPath(args[0]), nil)
		},
	}
}

func newUserPasswd(g *globals) *cobra.Command {
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "passwd NAME --password-file FILE",
		Short: "Give a user a new password; devices stay enrolled",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readSecret("password-file", passwordFile)
			if err != nil {
				return err
			}
			return g.showUser(cmd, http.MethodPut, userPath(args[0])+"/password", map[string]string{"password": password})
		},
	}
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`file` with the password (- for standard input)")
	return cmd
}

// newUserDeed returns a command that needs nothing but a name.
func newUserDeed(g *globals, deed, short string) *cobra.Command {
	return &cobra.Command{
		Use:   deed + " NAME",
		Short: short,
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showUser(cmd, http.MethodPost, userPath(args[0])+"/"+deed, nil)
		},
	}
}

func newUserList(g *globals) *cobra.Command {
	var query string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			users, err := g.users(cmd.Context(), query)
			if err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), users, func(w io.Writer) {
				table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "USER\tSOURCE\tSTATE\tNAME\tJAMI ID")
				for _, u := range users {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\t%s\n", u.Username, u.Source, stateOf(u), u.FirstName, u.LastName, u.AccountID)
				}
				table.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&query, "query", "", "only users in whose profile this `text` occurs")
	return cmd
}

// users returns all pages of the list.
func (g *globals) users(ctx context.Context, query string) ([]admin.User, error) {
	c, err := g.connect()
	if err != nil {
		return nil, err
	}
	users := []admin.User{}
	for page := 0; ; page++ {
		var answer struct {
			Users []admin.User `json:"users"`
			Total int          `json:"total"`
		}
		path := fmt.Sprintf("/users?page=%d&query=%s", page, url.QueryEscape(query))
		if err := c.call(ctx, http.MethodGet, path, nil, &answer); err != nil {
			return nil, err
		}
		users = append(users, answer.Users...)
		if len(answer.Users) == 0 || len(users) >= answer.Total {
			return users, nil
		}
	}
}

func userPath(name string) string { return "/users/" + url.PathEscape(name) }

// showUser calls the box and shows the user that it answers with.
func (g *globals) showUser(cmd *cobra.Command, method, path string, body any) error {
	c, err := g.connect()
	if err != nil {
		return err
	}
	var u admin.User
	if err := c.call(cmd.Context(), method, path, body, &u); err != nil {
		return err
	}
	return g.print(cmd.OutOrStdout(), u, func(w io.Writer) {
		state := stateOf(u)
		if u.BarredAt != nil {
			state += " since " + when(u.BarredAt) + ": " + u.BarredReason
		}
		fmt.Fprintf(w, "user          %s\nsource        %s\nstate         %s\nname          %s %s\nmail          %s\nphone         %s\norganisation  %s\nJami id       %s\ncreated       %s\n",
			u.Username, u.Source, state, u.FirstName, u.LastName, u.Email, u.Phone, u.Organization, u.AccountID,
			u.CreatedAt.Local().Format(time.DateTime))
	})
}

// stateOf writes the state of a user, which has two sides.
func stateOf(u admin.User) string {
	if u.BarredAt != nil {
		return u.State + ", barred by the directory"
	}
	return u.State
}
