// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// decodeCertificates reads PEM or DER and returns at least one certificate.
func decodeCertificates(data []byte) ([]*x509.Certificate, error) {
	data = withoutBOM(data)
	if !isPEM(data) {
		certificates, err := x509.ParseCertificates(data)
		if err != nil || len(certificates) == 0 {
			return nil, fmt.Errorf("%w: the certificate file is neither PEM, DER nor PKCS#12", ErrUnreadable)
		}
		return withoutDuplicates(certificates), nil
	}
	var certificates []*x509.Certificate
	var found string
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		found = block.Type
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d of the certificate file: %w", ErrUnreadable, len(certificates)+1, err)
		}
		certificates = append(certificates, c)
	}
	if len(certificates) > 0 {
		return withoutDuplicates(certificates), nil
	}
	if found == "PKCS7" {
		return nil, fmt.Errorf("%w: the certificate file is PKCS#7; convert it with: openssl pkcs7 -print_certs", ErrUnreadable)
	}
	return nil, fmt.Errorf("%w: the certificate file holds no certificate (found %q)", ErrUnreadable, found)
}

// isPKCS12 recognises the outer structure of RFC 7292 section 4, which starts
// with the version number where a certificate starts with a sequence.
func isPKCS12(data []byte) bool {
	var pfx struct {
		Version  int
		AuthSafe asn1.RawValue
		MacData  asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(data, &pfx)
	return err == nil && pfx.Version == 3
}

func decodePKCS12(data []byte, passphrase string) ([]*x509.Certificate, crypto.Signer, error) {
	key, first, others, err := pkcs12.DecodeChain(data, passphrase)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		if passphrase == "" {
			return nil, nil, fmt.Errorf("%w: set tls.passphrase to that of the PKCS#12 file", ErrPassphraseMissing)
		}
		return nil, nil, fmt.Errorf("%w of the PKCS#12 file", ErrPassphraseWrong)
	case err != nil:
		return nil, nil, fmt.Errorf("%w: PKCS#12 file: %w", ErrUnreadable, err)
	}
	signer, err := asSigner(key)
	if err != nil {
		return nil, nil, err
	}
	return withoutDuplicates(append([]*x509.Certificate{first}, others...)), signer, nil
}

func isPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }

// withoutBOM drops the mark some Windows editors write, which would hide the
// first PEM block from the decoder.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }
