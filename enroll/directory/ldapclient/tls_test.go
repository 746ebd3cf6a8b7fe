// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	root, other := directorytest.NewAuthority(t, "Root"), directorytest.NewAuthority(t, "Other")
	middle := root.Intermediate(t, "Middle")
	sameName := directorytest.NewAuthority(t, "Root")
	ip := directorytest.IP(t)
	good := root.Issue(t, []string{ip, "ldap.example.test"}, nil)
	below := middle.Issue(t, []string{ip}, nil)
	withMiddle := below
	withMiddle.Chain += middle.PEM()
	expired := root.Issue(t, []string{ip}, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	future := root.Issue(t, []string{ip}, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(day24), time.Now().Add(2*day24)
	})
	elsewhere := root.Issue(t, []string{"dc7.example.test"}, nil)
	nameless := root.Issue(t, nil, nil)

	ca := func(a *directorytest.Authority) func(*source.Config) {
		return func(c *source.Config) { c.CA = a.PEM() }
	}
	pin := func(pins ...string) func(*source.Config) {
		return func(c *source.Config) { c.Pins = pins }
	}
	for _, tt := range []struct {
		name        string
		credentials directorytest.Credentials
		edit        func(*source.Config)
		words       string
	}{
		{"CA given", good, ca(root), ""},
		{"chain with intermediate", withMiddle, ca(root), ""},
		{"intermediate in the CA file", below, ca(middle), ""},
		{"pinned server", expired, pin(source.Pin(expired.Certificate)), ""},
		{"pinned server, written by openssl", elsewhere, pin(colons(source.Pin(elsewhere.Certificate))), ""},
		{"pinned intermediate", withMiddle, pin(source.Pin(middle.Certificate)), ""},
		{"not checked", nameless, func(c *source.Config) { c.InsecureSkipVerify = true }, ""},
		{"error/expired", expired, ca(root), "expired on"},
		{"error/not yet valid", future, ca(root), "set the clock"},
		{"error/other host", elsewhere, ca(root), "the certificate is for dc7.example.test and not for " + ip},
		{"error/no names", nameless, ca(root), "subjectAltName"},
		{"error/other CA", good, ca(other), "signed by CN=Root, which is neither in the CA given nor sent by the server"},
		{"error/other CA of the same name", good, ca(sameName), "neither in the CA given"},
		{"error/missing intermediate", below, ca(root), "signed by CN=Middle, which is neither in the CA given nor sent by the server: if that is an intermediate CA"},
		{"error/system's CAs", good, func(*source.Config) {}, "this machine's list of CAs"},
		{"error/other pin", good, pin(source.Pin(expired.Certificate)), "another certificate than the pinned one"},
		{"error/pinned CA, other host", withMiddle, func(c *source.Config) {
			c.Pins, c.URLs = []string{source.Pin(middle.Certificate)}, []string{"PLACEHOLDER"}
		}, "not for localhost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := directorytest.StartSlapd(t, directorytest.SlapdOptions{IP: ip, LDIF: directorytest.Person("alice"), Credentials: &tt.credentials})
			for _, url := range []string{s.URLS(), s.URL()} {
				cfg := source.Config{Kind: source.KindLDAP, URLs: []string{url}, Bases: []string{directorytest.People}}
				tt.edit(&cfg)
				var o Options
				if cfg.URLs[0] == "PLACEHOLDER" {
					cfg.URLs[0], o.Resolver = renamed(url, ip), hosts{"localhost": {ip}}
				}
				_, err := logIn(t.Context(), newClient(t, cfg, "", o), "alice", directorytest.Password, nil)
				if tt.words == "" {
					require.NoError(t, err)
					continue
				}
				require.Equal(t, "misconfigured", outcome(err), "%v", err)
				require.ErrorContains(t, err, tt.words)
			}
		})
	}
}

// colons writes a sum as openssl does.
func colons(sum string) string {
	var parts []string
	for i := 0; i < len(sum); i += 2 {
		parts = append(parts, strings.ToUpper(sum[i:i+2]))
	}
	return strings.Join(parts, ":")
}

func TestTLSOfServers(t *testing.T) {
	t.Parallel()
	root := directorytest.NewAuthority(t, "Root")
	ip := directorytest.IP(t)
	credentials := root.Issue(t, []string{ip}, nil)
	s := directorytest.StartSlapd(t, directorytest.SlapdOptions{
		IP: ip, Credentials: &credentials, Global: []string{"security ssf=128", "TLSCipherSuite NORMAL:-VERS-TLS1.3"},
		LDIF: directorytest.Person("alice"),
	})
	plain := directorytest.StartSlapd(t, directorytest.SlapdOptions{})
	secure := func() source.Config {
		return source.Config{Kind: source.KindLDAP, CA: root.PEM(), URLs: []string{s.URL()}, Bases: []string{directorytest.People}}
	}
	for _, tt := range []struct {
		name  string
		edit  func(*source.Config)
		words string
	}{
		{"StartTLS", func(*source.Config) {}, ""},
		{"cipher chosen", func(c *source.Config) { c.Ciphers = []string{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"} }, ""},
		{"error/confidentiality required", func(c *source.Config) { c.TLS = source.TLSNone }, "switch on StartTLS or LDAPS"},
		{"error/bind wants confidentiality", func(c *source.Config) {
			c.TLS, c.AllowPlaintextBind, c.BindDN = source.TLSNone, true, directorytest.Reader
		}, "switch on StartTLS or LDAPS"},
		{"error/server without StartTLS", func(c *source.Config) { c.URLs = []string{plain.URL()} }, "does not want StartTLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := secure()
			tt.edit(&cfg)
			password := ""
			if cfg.BindDN != "" {
				password = directorytest.ReaderPassword
			}
			_, err := logIn(t.Context(), newClient(t, cfg, password, Options{}), "alice", directorytest.Password, nil)
			if tt.words == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, "misconfigured", outcome(err), "%v", err)
			require.ErrorContains(t, err, tt.words)
		})
	}
	for name, edit := range map[string]func(*source.Config){
		"no common cipher":         func(c *source.Config) { c.Ciphers = []string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"} },
		"server without TLS 1.3":   func(c *source.Config) { c.MinTLS = "1.3" },
		"LDAPS on a port for LDAP": func(c *source.Config) { c.URLs = []string{strings.Replace(s.URL(), "ldap:", "ldaps:", 1)} },
	} {
		t.Run("error/"+name, func(t *testing.T) {
			cfg := secure()
			edit(&cfg)
			_, err := logIn(t.Context(), newClient(t, cfg, "", Options{}), "alice", directorytest.Password, nil)
			require.Equal(t, "unavailable", outcome(err), "%v", err)
			require.ErrorContains(t, err, "ended the TLS handshake")
		})
	}
	t.Run("fetch and pin", func(t *testing.T) {
		cfg := secure()
		cfg.CA = ""
		chain, err := FetchChain(t.Context(), cfg, Options{})
		require.NoError(t, err)
		require.Equal(t, credentials.Certificate.Raw, chain[0].Raw)
		cfg.Pins = []string{source.Pin(chain[0])}
		_, err = logIn(t.Context(), newClient(t, cfg, "", Options{}), "alice", directorytest.Password, nil)
		require.NoError(t, err)
		cfg.TLS = source.TLSNone
		_, err = FetchChain(t.Context(), cfg, Options{})
		require.Equal(t, "misconfigured", outcome(err))
	})
}

func TestWeakSignature(t *testing.T) {
	old := &x509.Certificate{DNSNames: []string{"dc"}, SignatureAlgorithm: x509.SHA1WithRSA}
	err := (&Client{}).distrust(x509.UnknownAuthorityError{}, "dc", []*x509.Certificate{old})
	require.ErrorContains(t, err, "signed with SHA1-RSA")
}
