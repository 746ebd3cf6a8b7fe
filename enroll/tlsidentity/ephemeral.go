// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Ephemeral makes a throw-away self-signed certificate for names, which must
// hold at least one name or address. It serves the set-up and is kept nowhere.
func Ephemeral(names []string) (*tls.Certificate, error) {
	template, err := serverTemplate(names, time.Now())
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating set-up key: %w", err)
	}
	der, err := sign(template, template, key, key)
	if err != nil {
		return nil, fmt.Errorf("signing set-up certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parsing set-up certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
