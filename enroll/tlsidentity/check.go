// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

const (
	minRSABits = 2048
	dateFormat = "2006-01-02 15:04 MST"
)

// checkLeaf says why a client would refuse the certificate by itself,
// whatever its chain.
func checkLeaf(c *x509.Certificate, now time.Time) error {
	name := displayName(c)
	if c.BasicConstraintsValid && c.IsCA {
		return fmt.Errorf("%w: %q signs other certificates and is none for a server; give the certificate it issued for this server", ErrIsCA, name)
	}
	if len(c.DNSNames) == 0 && len(c.IPAddresses) == 0 {
		return fmt.Errorf("%w: %q names the server only in its subject (CN=%s), but clients look at subjectAltName alone; request a new one with it",
			ErrNoNames, name, c.Subject.CommonName)
	}
	if err := checkPeriod(c, now); err != nil {
		return err
	}
	if !forServers(c) {
		return fmt.Errorf("%w: the key usage of %q does not allow it", ErrNotServerAuth, name)
	}
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
		return fmt.Errorf("%w: %q has an RSA key of %d bits, clients want %d or more", ErrWeakKey, name, key.N.BitLen(), minRSABits)
	}
	return nil
}

func checkPeriod(c *x509.Certificate, now time.Time) error {
	if now.After(c.NotAfter) {
		return fmt.Errorf("%w: %q was valid until %s", ErrExpired, displayName(c), c.NotAfter.UTC().Format(dateFormat))
	}
	if now.Before(c.NotBefore) {
		return fmt.Errorf("%w: %q is valid from %s, and the clock of this machine says %s", ErrNotYetValid,
			displayName(c), c.NotBefore.UTC().Format(dateFormat), now.UTC().Format(dateFormat))
	}
	return nil
}

func forServers(c *x509.Certificate) bool {
	const handshake = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	if c.KeyUsage != 0 && c.KeyUsage&handshake == 0 {
		return false
	}
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
