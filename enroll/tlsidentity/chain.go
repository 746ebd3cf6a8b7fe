// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// buildChain returns what the server sends: the leaf and its intermediates,
// as far up as others reaches, without the self-signed root. Certificates
// that are not part of the chain are left out.
func buildChain(leaf *x509.Certificate, others []*x509.Certificate, roots *x509.CertPool, now time.Time) ([]*x509.Certificate, error) {
	chain := climb(leaf, others)
	for _, c := range chain[1:] {
		if err := checkPeriod(c, now); err != nil {
			return nil, err
		}
	}
	top := chain[len(chain)-1]
	trusted := roots
	if selfIssued(top) {
		// A private root in the file is complete: the clients may trust it.
		trusted = roots.Clone()
		trusted.AddCert(top)
	}
	if err := verify(chain, trusted, now); err != nil {
		return nil, err
	}
	if len(chain) > 1 && selfIssued(top) {
		chain = chain[:len(chain)-1]
	}
	return chain, nil
}

// climb walks from the leaf to its issuer and on, as long as issuers are
// found. A cross-signed intermediate is preferred to the root of the same
// name, since it is in the file for clients that do not have that root.
func climb(leaf *x509.Certificate, others []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	others = slices.Clone(others)
	for current := leaf; !selfIssued(current); {
		next := -1
		for i, c := range others {
			if issued(c, current) && (next < 0 || selfIssued(others[next])) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		current = others[next]
		others = slices.Delete(others, next, next+1)
		chain = append(chain, current)
	}
	return chain
}

func verify(chain []*x509.Certificate, roots *x509.CertPool, now time.Time) error {
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: now})
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown) && !selfIssued(chain[len(chain)-1]):
		return incomplete(chain)
	case err != nil:
		return fmt.Errorf("%w: %q: %w", ErrInvalidChain, displayName(chain[0]), err)
	}
	// The platform may have found an intermediate in a store of its own, which
	// is of no use to the clients.
	for _, path := range paths {
		if contains(chain, path[:len(path)-1]) {
			return nil
		}
	}
	return incomplete(chain)
}

func incomplete(chain []*x509.Certificate) error {
	top := chain[len(chain)-1]
	issuer := top.Issuer.String()
	return fmt.Errorf("%w: the chain ends at %q, issued by %q, which is neither in the file nor trusted by this system; append the certificate of %q, or name your root in tls.ca_file",
		ErrIncompleteChain, displayName(top), issuer, issuer)
}

func contains(chain, path []*x509.Certificate) bool {
	for _, c := range path {
		if !slices.ContainsFunc(chain, c.Equal) {
			return false
		}
	}
	return true
}

func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

func issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	return len(parent.SubjectKeyId) == 0 || len(child.AuthorityKeyId) == 0 ||
		bytes.Equal(parent.SubjectKeyId, child.AuthorityKeyId)
}
