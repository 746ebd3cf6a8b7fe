// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

// maxImport is what fits into a request: the box would hang up on a longer one.
const maxImport = 4_000_000

// importPoll spaces the looks at a running import.
const importPoll = time.Second

func newUserImport(g *globals) *cobra.Command {
	var dry, leave bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make the users of a CSV file, all or none",
		Long: "FILE (- for standard input) is UTF-8, separated by commas, semicolons or tabs. Its first line names the columns:\n" +
			"username and password, and any of first_name, last_name, email, phone, organization and groups (several separated by |).\n" +
			"With one wrong line nobody is made. Otherwise the box makes the users one after another, which takes a second or more\n" +
			"each; it goes on after a restart, and whether or not this command waits.",
		Args: named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := readImport(args[0])
			if err != nil {
				return err
			}
			c, err := g.connect()
			if err != nil {
				return err
			}
			var answer struct {
				Users int `json:"users"`
			}
			path := fmt.Sprintf("/user-import?dry_run=%t", dry)
			if err := c.send(cmd.Context(), http.MethodPost, path, "text/csv", bytes.NewReader(file), &answer); err != nil {
				return err
			}
			if dry || leave {
				return g.print(cmd.OutOrStdout(), answer, func(w io.Writer) {
					if dry {
						fmt.Fprintf(w, "%d users could be made\n", answer.Users)
					} else {
						fmt.Fprintf(w, "%d users are being made\n", answer.Users)
					}
				})
			}
			return g.awaitImport(cmd, c)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only check the file")
	cmd.Flags().BoolVar(&leave, "no-wait", false, "do not wait until the users are made")
	return cmd
}

func readImport(path string) ([]byte, error) {
	from := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("reading the users: %w", err)
		}
		defer f.Close()
		from = f
	}
	file, err := io.ReadAll(io.LimitReader(from, maxImport+1))
	if err != nil {
		return nil, fmt.Errorf("reading the users: %w", err)
	}
	if len(file) > maxImport {
		return nil, fmt.Errorf("%s has more than %d MB: split it", path, maxImport/1_000_000)
	}
	return file, nil
}

// awaitImport shows how far an import is until it is done.
func (g *globals) awaitImport(cmd *cobra.Command, c *client) error {
	ticker := time.NewTicker(importPoll)
	defer ticker.Stop()
	shown := -1
	for {
		state, err := importState(cmd.Context(), c)
		if err != nil {
			return err
		}
		if state.State != "running" {
			return g.printImport(cmd, state)
		}
		if state.Done != shown && !g.json {
			shown = state.Done
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d users\n", state.Done, state.Total)
		}
		select {
		case <-ticker.C:
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		}
	}
}

func importState(ctx context.Context, c *client) (admin.UserImport, error) {
	var state admin.UserImport
	err := c.call(ctx, http.MethodGet, "/user-import", nil, &state)
	return state, err
}

func (g *globals) printImport(cmd *cobra.Command, state admin.UserImport) error {
	err := g.print(cmd.OutOrStdout(), state, func(w io.Writer) {
		fmt.Fprintf(w, "%d users made\n", state.Made)
		writeFailed(w, state)
	})
	if err == nil && len(state.Failed) > 0 {
		return fmt.Errorf("%d lines could not be done, or not completely", len(state.Failed))
	}
	return err
}

func newUserImportState(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "import-state",
		Short: "Show how far the last import is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			state, err := importState(cmd.Context(), c)
			if err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), state, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %d of %d users made\n", state.State, state.Made, state.Total)
				writeFailed(w, state)
			})
		},
	}
}

func writeFailed(w io.Writer, state admin.UserImport) {
	for _, f := range state.Failed {
		fmt.Fprintf(w, "line %d, column %s: %s\n", f.Line, f.Column, f.Message)
	}
}

func newUserExport(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Write the users of the embedded database as a CSV file, without passwords",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var file []byte
			if err := c.call(cmd.Context(), http.MethodGet, "/user-export", nil, &file); err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(file)
			return err
		},
	}
}
