// SPDX-License-Identifier: GPL-3.0-or-later

package clientcert

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// Headers in which proxies hand on the client's certificate. Read only those
// that the proxy in front is known to set or clear on every request: any other
// one may come from the client, and a certificate is no secret.
const (
	HeaderJAMS      = "X-Client-Cert"           // the one JAMS reads
	HeaderRFC9440   = "Client-Cert"             // RFC 9440 section 2.2
	HeaderSSL       = "X-SSL-Client-Cert"       // nginx, Apache and HAProxy by custom
	HeaderForwarded = "X-Forwarded-Client-Cert" // Envoy
)

// MaxHeader is the longest header value that is looked at, in bytes.
const MaxHeader = 32 << 10

// Sentinel errors of FromHeader.
var (
	ErrNone      = errors.New("no client certificate")
	ErrMalformed = errors.New("malformed client certificate header")
)

const (
	beginPEM = "-----BEGIN CERTIFICATE-----"
	endPEM   = "-----END CERTIFICATE-----"
)

// FromHeader returns the client's certificate from the value of a proxy's
// header: PEM, URL-escaped or with its line breaks replaced by blanks; base64
// of DER; the byte sequence of RFC 9440; or Envoy's list of elements. Of a
// chain it returns the first certificate. The error is ErrNone if the proxy
// says that the client sent none, else it wraps ErrMalformed.
func FromHeader(value string) (*x509.Certificate, error) {
	if len(value) > MaxHeader {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxHeader)
	}
	value = strings.TrimSpace(value)
	switch value {
	case "", "(null)", "-":
		return nil, ErrNone
	}
	var err error
	if isForwarded(value) {
		if value, err = forwardedCertificate(value); err != nil {
			return nil, err
		}
	}
	if binary, ok := strings.CutPrefix(value, ":"); ok {
		binary, _, closed := strings.Cut(binary, ":")
		if !closed {
			return nil, fmt.Errorf("%w: the byte sequence has no closing colon", ErrMalformed)
		}
		return parse(binary)
	}
	if value, err = unescape(value); err != nil {
		return nil, err
	}
	if strings.Contains(value, "-----BEGIN") {
		return fromPEM(value)
	}
	first, _, _ := strings.Cut(value, ",")
	return parse(first)
}

func unescape(value string) (string, error) {
	if !strings.Contains(value, "%") {
		return value, nil
	}
	decode := url.PathUnescape
	if strings.Contains(value, "BEGIN+CERTIFICATE") {
		// Form encoding: here a plus is a blank, elsewhere a base64 digit.
		decode = url.QueryUnescape
	}
	plain, err := decode(value)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return plain, nil
}

// fromPEM does without encoding/pem, which insists on the line breaks that
// header values cannot have.
func fromPEM(value string) (*x509.Certificate, error) {
	_, body, found := strings.Cut(value, beginPEM)
	if !found {
		return nil, fmt.Errorf("%w: the PEM block is no certificate", ErrMalformed)
	}
	body, _, found = strings.Cut(body, endPEM)
	if !found {
		return nil, fmt.Errorf("%w: the PEM block has no end; does the proxy cut long headers?", ErrMalformed)
	}
	return parse(body)
}

func parse(encoded string) (*x509.Certificate, error) {
	encoded = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, encoded)
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: neither PEM nor base64: %w", ErrMalformed, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return certificate, nil
}
