// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"jamibox/appliance"
	"jamibox/appliance/logging"
	"jamibox/enroll/admin"
)

func newSetup(g *globals) *cobra.Command {
	var r admin.SetupRequest
	var passwordFile, passphraseFile string
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Set the box up: administrator, organisation, CA, TLS identity",
		Long: "Sets a stopped box up. A run that is cut off leaves nothing behind and can be repeated.\n" +
			"Lifetimes are written like 90d, 20y or 36h.",
		Example: "  jamibox setup --organization Example --admin admin --admin-password-file F \\\n" +
			"                --public-url https://box.example:8443 --advertise 10.0.0.1",
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			// Cobra checks this again, but its error is not ours.
			if err := cmd.ValidateRequiredFlags(); err != nil {
				return usageError{err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if r.AdminPassword, err = readSecret("admin-password-file", passwordFile); err != nil {
				return err
			}
			if passphraseFile != "" {
				if r.TLS.Passphrase, err = readSecret("tls-passphrase-file", passphraseFile); err != nil {
					return err
				}
			}
			return setUp(cmd.Context(), g, r, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Organization, "organization", "", "`name` of the organisation")
	f.StringVar(&r.Admin, "admin", "", "`name` of the administrator")
	f.StringVar(&passwordFile, "admin-password-file", "", "`file` with the administrator's password (- for standard input)")
	f.StringVar(&r.PublicURL, "public-url", "", "`URL` that people type into their client (default: server.public_url of the configuration)")
	f.StringSliceVar(&r.Advertise, "advertise", nil, "IP `address` at which clients reach the box (may be repeated; default: the box's own)")
	f.StringVar(&r.CAKeyType, "ca-key-type", "", "`type` of the CA's key: rsa-3072, rsa-4096, ecdsa-p256 or ecdsa-p384 (default rsa-4096)")
	f.StringVar(&r.CASubject.CommonName, "ca-common-name", "", "common `name` of the CA (default: the organisation's name and CA)")
	f.StringVar(&r.CASubject.OrganizationalUnit, "ca-unit", "", "organisational `unit` in the CA's subject")
	f.StringVar(&r.CASubject.Country, "ca-country", "", "two-letter `country` in the CA's subject")
	f.StringVar(&r.CASubject.Province, "ca-province", "", "`province` in the CA's subject")
	f.StringVar(&r.CASubject.Locality, "ca-locality", "", "`locality` in the CA's subject")
	f.Var(&r.CALifetime, "ca-lifetime", "lifetime of the CA (default 30y)")
	f.Var(&r.AccountLifetime, "account-lifetime", "lifetime of account certificates (default 20y)")
	f.Var(&r.DeviceLifetime, "device-lifetime", "lifetime of device certificates, after which people enrol again (default 2y)")
	f.Var(&r.CRLLifetime, "crl-lifetime", "time between revocation lists at most (default 7d)")
	f.IntVar(&r.AccountKeyBits, "account-key-bits", 0, "`bits` of account keys: 2048, 3072 or 4096 (default 4096)")
	f.StringVar(&r.TLS.Certificate, "tls-certificate", "", "PEM or PKCS#12 `file` of the server's certificate (default: the box makes its own)")
	f.StringVar(&r.TLS.Key, "tls-key", "", "`file` of its private key")
	f.StringVar(&passphraseFile, "tls-passphrase-file", "", "`file` with the passphrase of the key")
	f.StringVar(&r.TLS.CAFile, "tls-ca-file", "", "PEM `file` of a root that clients trust beside the public ones")
	for _, name := range []string{"organization", "admin"} {
		// The flag exists, so this cannot fail.
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func setUp(ctx context.Context, g *globals, r admin.SetupRequest, out io.Writer) (err error) {
	cfg, err := g.load()
	if err != nil {
		return err
	}
	// Started with sudo, it must not leave files that the service cannot open.
	if err := becomeOwner(cfg.DataDir); err != nil {
		return err
	}
	cfg.Log.Level = "warn"
	logger, _ := logging.New(cfg.Log, os.Stderr)
	box, err := appliance.Open(ctx, cfg, logger, func(string, string) {})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	if err := box.SetUp(ctx, r); err != nil {
		if errors.Is(err, admin.ErrInvalidPlan) {
			return errors.New(strings.ReplaceAll(err.Error(), "\n", "\n  "))
		}
		return err
	}
	// The configuration goes before what was asked for here.
	url := cmp.Or(cfg.Server.PublicURL, r.PublicURL)
	return g.print(out, map[string]string{"public_url": url}, func(w io.Writer) {
		fmt.Fprintf(w, "Set up. Start the box with \"jamibox serve\" and add people with \"jamibox user add\".\nClients connect to %s\n", url)
	})
}
