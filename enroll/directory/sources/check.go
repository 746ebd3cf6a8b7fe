// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
)

// Trial is what a source is tested with.
type Trial struct {
	// Source names one whose settings and bind password are taken where Config
	// and BindPassword are nil.
	Source       string
	Config       *source.Config
	BindPassword *string
	// Login and Password, unless empty, are those of a person to be logged in.
	Login, Password string
}

// Check tests a source step by step, whether it is stored or not, and changes
// nothing. What does not work is in the report. Errors: ErrNotFound,
// ErrInvalid, ErrLocal.
func (r *Registry) Check(ctx context.Context, t Trial) (ldapclient.Report, error) {
	var report ldapclient.Report
	cfg, password := t.Config, t.BindPassword
	if cfg == nil || password == nil && t.Source != "" {
		s, err := r.Get(ctx, t.Source)
		if err != nil {
			return report, err
		}
		if cfg == nil {
			cfg = &s.Config
		}
		if password == nil {
			row, err := r.row(ctx, t.Source)
			if err != nil {
				return report, err
			}
			stored, err := r.password(row)
			if err != nil {
				return report, err
			}
			password = &stored
		}
	}
	if _, err := checkConfig(*cfg); err != nil {
		return report, err
	}
	if password == nil {
		password = new(string)
	}
	client, err := ldapclient.New(*cfg, *password, r.options(t.Source))
	if err != nil {
		return report, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	report = client.Check(ctx, t.Login, t.Password)
	if err := client.Close(); err != nil {
		r.logger.Warn("closing directory connections", "source", t.Source, "err", err)
	}
	return report, nil
}

// FetchChain returns the certificates that a directory shows, unchecked, so
// that an administrator may decide to trust one of them. Errors: ErrInvalid,
// ErrLocal, ErrNoCertificates.
func (r *Registry) FetchChain(ctx context.Context, cfg source.Config) ([]ldapclient.ChainLink, error) {
	if _, err := checkConfig(cfg); err != nil {
		return nil, err
	}
	chain, err := ldapclient.FetchChain(ctx, cfg, r.options(""))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCertificates, err)
	}
	links := make([]ldapclient.ChainLink, len(chain))
	for i, cert := range chain {
		links[i] = link(cert)
	}
	return links, nil
}

func link(cert *x509.Certificate) ldapclient.ChainLink {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	return ldapclient.ChainLink{
		Subject: cert.Subject.String(), Issuer: cert.Issuer.String(), Names: names,
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, Pin: source.Pin(cert),
	}
}
