// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"crypto/x509"

	"jamibox/enroll/directory/source"
)

// FetchChain returns the certificates that the first server to answer shows,
// its own first, without trusting them: for an administrator to compare and to
// pin. No password is sent.
func FetchChain(ctx context.Context, cfg source.Config, o Options) ([]*x509.Certificate, error) {
	cfg.InsecureSkipVerify, cfg.Pins, cfg.BindDN = true, nil, ""
	c, err := New(cfg, "", o)
	if err != nil {
		return nil, err
	}
	if c.cfg.TLS == source.TLSNone {
		return nil, &Misconfigured{Reason: "tls: without TLS the server shows no certificate; set starttls or ldaps"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	servers, err := c.servers.all(ctx)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, s := range servers {
		seen := &handshake{}
		cn, err := c.dialWithin(ctx, s, seen)
		if err == nil {
			cn.end()
			return seen.chain, nil
		}
		problems = append(problems, err)
	}
	return nil, together(problems)
}

// links describes a chain for a Report.
func links(chain []*x509.Certificate) []ChainLink {
	var described []ChainLink
	for _, certificate := range chain {
		described = append(described, ChainLink{
			Subject: certificate.Subject.String(), Issuer: certificate.Issuer.String(), Names: certificateNames(certificate),
			NotBefore: certificate.NotBefore, NotAfter: certificate.NotAfter, Pin: source.Pin(certificate),
		})
	}
	return described
}
