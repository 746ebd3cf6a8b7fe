// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/directory/sources"
)

func newSourceTest(g *globals) *cobra.Command {
	var login, passwordFile string
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Test a directory step by step, and a login to it",
		Args:  named(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request := map[string]any{}
			if login != "" {
				password, err := readSecret("password-file", passwordFile)
				if err != nil {
					return err
				}
				request["login"], request["password"] = login, password
			}
			report, err := g.test(cmd, sourcePath(args[0])+"/test", request)
			if err != nil {
				return err
			}
			if err := g.print(cmd.OutOrStdout(), report, func(w io.Writer) { writeReport(w, report) }); err != nil {
				return err
			}
			return verdict(report)
		},
	}
	cmd.Flags().StringVar(&login, "user", "", "`login` to be tried as well")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`file` with the password of that login (- for standard input)")
	return cmd
}

func (g *globals) test(cmd *cobra.Command, path string, request map[string]any) (ldapclient.Report, error) {
	var report ldapclient.Report
	c, err := g.connect()
	if err != nil {
		return report, err
	}
	return report, c.call(cmd.Context(), http.MethodPost, path, request, &report)
}

// mustPass tests settings that are to be saved, and shows what fails.
func (g *globals) mustPass(cmd *cobra.Command, path string, request map[string]any) error {
	report, err := g.test(cmd, path, request)
	if err != nil {
		return err
	}
	if err := verdict(report); err != nil {
		writeReport(cmd.ErrOrStderr(), report)
		return fmt.Errorf("nothing was saved (--no-test saves without a test): %w", err)
	}
	return nil
}

func verdict(report ldapclient.Report) error {
	switch {
	case !report.OK:
		return errors.New("the test failed")
	case report.Login != nil && !report.Login.OK:
		return errors.New("the login was refused")
	}
	return nil
}

func writeReport(w io.Writer, r ldapclient.Report) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range r.Checks {
		writeStep(table, s.OK, s.Name, s.Detail, s.Took)
		if s.Advice != "" {
			fmt.Fprintf(table, "\t\t-> %s\t\n", s.Advice)
		}
	}
	table.Flush()
	writeChain(w, r.Chain)
	if r.Sample != nil {
		fmt.Fprintln(w, "\na user as this box sees one:")
		writeSample(w, *r.Sample)
	}
	if r.Login == nil {
		return
	}
	fmt.Fprintln(w, "\nthe login:")
	writeSteps(w, r.Login.Steps)
	fmt.Fprintf(w, "%s: %s\n", map[bool]string{true: "accepted", false: "refused"}[r.Login.OK], r.Login.Reason)
	if r.Login.Sample != nil {
		writeSample(w, *r.Login.Sample)
	}
}

func writeStep(w io.Writer, ok bool, what, detail string, took time.Duration) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", map[bool]string{true: "ok", false: "FAILED"}[ok], what, detail, took.Round(time.Millisecond/10))
}

func writeSteps(w io.Writer, steps []ldapclient.Step) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		writeStep(table, s.OK, s.What, strings.TrimSpace(s.Detail+"  "+s.Result), s.Took)
	}
	table.Flush()
}

func writeChain(w io.Writer, chain []ldapclient.ChainLink) {
	for i, c := range chain {
		fmt.Fprintf(w, "\ncertificate %d  %s\n  signed by    %s\n  names        %s\n  valid        %s to %s\n  pin          %s\n", i+1,
			c.Subject, c.Issuer, cmp.Or(strings.Join(c.Names, " "), "-"), c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), c.Pin)
	}
}

func writeSample(w io.Writer, s ldapclient.Sample) {
	if s.Problem != "" {
		fmt.Fprintln(w, "  problem       "+s.Problem)
	}
	p := s.Person
	for _, f := range []struct{ name, value string }{
		{"DN", p.DN}, {"id", p.ExternalID}, {"user", p.Username}, {"logins", strings.Join(p.Logins, ", ")},
		{"name", strings.TrimSpace(p.FirstName + " " + p.LastName)}, {"shown as", p.DisplayName},
		{"mail", strings.Join(p.Emails, ", ")}, {"phone", strings.Join(p.Phones, ", ")},
		{"organisation", p.Organization}, {"department", p.Department}, {"title", p.Title},
		{"picture", map[bool]string{true: fmt.Sprintf("%d bytes", len(p.Picture))}[len(p.Picture) > 0]},
		{"account", strings.TrimSpace(string(p.State.Code) + " " + p.State.Reason)}, {"groups", strings.Join(s.Groups, ", ")},
	} {
		fmt.Fprintf(w, "  %-13s %s\n", f.name, cmp.Or(f.value, "-"))
	}
}

func newSourceTrace(g *globals) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "trace [LOGIN]",
		Short: "Show what was done for the latest logins, and why one was refused",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			login := strings.Join(args, "")
			var answer struct {
				Traces []sources.LoginTrace `json:"traces"`
			}
			path := fmt.Sprintf("/login-traces?limit=%d&login=%s", limit, url.QueryEscape(login))
			if err := c.call(cmd.Context(), http.MethodGet, path, nil, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Traces, func(w io.Writer) {
				if len(answer.Traces) == 0 {
					fmt.Fprintln(w, "no such login since the box was started")
				}
				for _, t := range answer.Traces {
					fmt.Fprintf(w, "%s  %s from %s\n  %s\n", t.At.Local().Format(time.DateTime), t.Login, cmp.Or(t.Remote, "-"), t.Verdict)
					for _, asked := range t.Asked {
						fmt.Fprintf(w, "  %s: %s\n", asked.Source, asked.Result)
						writeSteps(w, asked.Steps)
					}
				}
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 10, "how many logins at most")
	return cmd
}

func newSourceFetchCertificate(g *globals) *cobra.Command {
	var s sourceFlags
	cmd := &cobra.Command{
		Use:   "fetch-certificate [NAME]",
		Short: "Show the certificates of a directory unchecked, to compare and to pin one",
		Long: "Shows the certificates that a directory presents, without checking them: that of a source, or of the flags.\n" +
			"Compare a pin with what the directory's administrator says, then trust it with: jamibox source set NAME --pin SHA256",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var stored *source.Config
			if len(args) == 1 {
				var now sources.Source
				if err := c.call(cmd.Context(), http.MethodGet, sourcePath(args[0]), nil, &now); err != nil {
					return err
				}
				stored = &now.Config
			}
			request, err := s.request(cmd, stored)
			if err != nil {
				return err
			}
			if request["config"] == nil {
				request["config"] = stored
			}
			delete(request, "bind_password")
			var answer struct {
				Chain []ldapclient.ChainLink `json:"chain"`
			}
			if err := c.call(cmd.Context(), http.MethodPost, "/sources/certificates", request, &answer); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), answer.Chain, func(w io.Writer) { writeChain(w, answer.Chain) })
		},
	}
	s.add(cmd)
	return cmd
}
