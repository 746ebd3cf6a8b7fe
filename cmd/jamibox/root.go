// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"jamibox/appliance/config"
)

// usageError tells that the command line itself is wrong.
type usageError struct{ error }

var (
	errNotRunning = errors.New("jamibox is not running")
	errNotSetUp   = errors.New("jamibox is not set up yet; run jamibox setup")
)

// globals are the flags of all commands.
type globals struct {
	config  string
	dataDir string
	json    bool
}

func newRoot() *cobra.Command {
	g := new(globals)
	root := &cobra.Command{
		Use:   "jamibox",
		Short: "One box that gives an offline organisation a complete Jami deployment",
		Long: "jamibox runs an enrolment server for Jami clients, a relay and a DHT bootstrap node.\n" +
			"Commands that administer talk to the running server over a socket in the data folder.",
		SilenceErrors: true,
		SilenceUsage:  true,
		// Without a sub-command there is nothing to do but to explain.
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&g.config, "config", "", "configuration `file` (default "+config.DefaultPath()+")")
	flags.StringVar(&g.dataDir, "data-dir", "", "data `folder` (default from the configuration)")
	flags.BoolVar(&g.json, "json", false, "answer in JSON")
	root.AddCommand(
		newServe(g), newSetup(g), newStatus(g), newUser(g), newSource(g), newGroup(g), newDevice(g), newPolicy(g), newCA(g),
		newRelay(g), newDHT(g), newTLS(g), newConfig(g), newVersion(g),
	)
	for _, c := range root.Commands() {
		complete(c)
	}
	return root
}

// complete has a command and its children mark wrong arguments as usage errors, and
// show no default for times whose flags are not given: none of them means no time.
func complete(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.DefValue == "0s" {
			f.DefValue = ""
		}
	})
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		complete(child)
	}
}

// group returns a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q below %q", args[0], use)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(children...)
	return c
}

// named asks for n arguments, none of them empty: a path without a name leads
// elsewhere.
func named(n int) cobra.PositionalArgs {
	return cobra.MatchAll(cobra.ExactArgs(n), noneEmpty)
}

func noneEmpty(_ *cobra.Command, args []string) error {
	if slices.Contains(args, "") {
		return errors.New("an argument is empty")
	}
	return nil
}

// load returns the configuration in force, checked.
func (g *globals) load() (config.Config, error) {
	path, explicit := g.config, g.config != ""
	if env := os.Getenv(config.EnvConfig); path == "" && env != "" {
		path, explicit = env, true
	}
	if path == "" {
		path = config.DefaultPath()
	}
	cfg, err := config.Load(path, explicit, os.Environ())
	if err != nil {
		return cfg, err
	}
	if g.dataDir != "" {
		cfg.DataDir = g.dataDir
	}
	return cfg, cfg.Validate()
}

// print writes v as JSON if that was asked for, else what text writes.
func (g *globals) print(w io.Writer, v any, text func(io.Writer)) error {
	if !g.json {
		text(w)
		return nil
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// readSecret returns the first line of the file that a flag names, or of
// standard input for "-".
// Secrets are never arguments: anyone on the machine can read those.
func readSecret(flag, path string) (string, error) {
	if path == "" {
		return "", usageError{fmt.Errorf("--%s is needed (a file, or - for standard input)", flag)}
	}
	var raw []byte
	var err error
	if path == "-" {
		raw, err = io.ReadAll(io.LimitReader(os.Stdin, 1<<16))
	} else {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("reading what --%s names: %w", flag, err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}
