// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import "errors"

// Reasons why a certificate and its key are refused. The errors returned wrap
// one of them and go on to name the certificate, the file and the remedy.
var (
	ErrUnreadable        = errors.New("unreadable")
	ErrKeyMissing        = errors.New("the private key is missing")
	ErrPassphraseMissing = errors.New("the private key is encrypted and no passphrase was given")
	ErrPassphraseWrong   = errors.New("the passphrase does not open the private key")
	ErrKeyMismatch       = errors.New("the private key does not match the certificate")
	ErrExpired           = errors.New("the certificate has expired")
	ErrNotYetValid       = errors.New("the certificate is not valid yet")
	ErrNoNames           = errors.New("the certificate has no subjectAltName")
	ErrIsCA              = errors.New("this is a CA certificate")
	ErrNotServerAuth     = errors.New("the certificate is not for server authentication")
	ErrWeakKey           = errors.New("the key is too weak")
	ErrIncompleteChain   = errors.New("the certificate chain is incomplete")
	ErrInvalidChain      = errors.New("the certificate chain does not hold")
)

// Reasons why there is no certificate to serve.
var (
	ErrNoCertificate = errors.New("there is no server certificate yet")
	ErrNoMaterial    = errors.New("the box has not made its own root certificate yet")
)
