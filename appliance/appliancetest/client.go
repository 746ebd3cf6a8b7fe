// SPDX-License-Identifier: GPL-3.0-or-later

package appliancetest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The User-Agents of clients of different ages.
const (
	AgentOld = "Jami"
	AgentNew = "Jami Daemon (linux/x64)"
)

// CSR returns a request as a Jami client makes it.
func CSR(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:            pkix.Name{CommonName: "Jami device"},
		SignatureAlgorithm: x509.SHA384WithRSA,
	}, key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "NEW CERTIFICATE REQUEST", Bytes: der}))
}

// Client speaks to a box as a Jami client.
type Client struct {
	Base  string
	Agent string
	// Key and Chain are there after Enrol.
	Key    *rsa.PrivateKey
	Chain  []*x509.Certificate
	Answer map[string]any
	Token  string
	http   *http.Client
	tls    *tls.Config
}

// NewClient returns a client of the box without identity.
func (b *Box) NewClient(t testing.TB) *Client { return NewClient(t, b.URL, b.Roots) }

// NewClient returns a client of the server at a URL without identity.
func NewClient(t testing.TB, url string, roots *x509.CertPool) *Client {
	c := &Client{Base: url, Agent: AgentNew, tls: &tls.Config{RootCAs: roots}}
	// A Jami client opens a connection for each request.
	transport := &http.Transport{TLSClientConfig: c.tls, DisableKeepAlives: true}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// TrustAny has the client take any certificate: a box that is not set up has
// none that could be trusted.
func (c *Client) TrustAny() { c.tls.InsecureSkipVerify = true }

// Reply is an answer that was read to its end.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request; edit may change it before it goes.
func (c *Client) Do(t testing.TB, method, path string, body any, edit func(*http.Request)) Reply {
	t.Helper()
	reply, err := c.TryDo(method, path, body, edit)
	require.NoError(t, err)
	return reply
}

// TryDo is Do for where the connection may fail.
func (c *Client) TryDo(method, path string, body any, edit func(*http.Request)) (Reply, error) {
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	default:
		var err error
		if raw, err = json.Marshal(b); err != nil {
			return Reply{}, err
		}
	}
	r, err := http.NewRequest(method, c.Base+path, bytes.NewReader(raw))
	if err != nil {
		return Reply{}, err
	}
	r.Header.Set("User-Agent", c.Agent)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if edit != nil {
		edit(r)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return Reply{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return Reply{answer.StatusCode, answer.Header, text}, err
}

// Basic returns an edit that adds a password.
func Basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

// Enrol enrols the nth device key for a user and takes on the identity.
func (c *Client) Enrol(t testing.TB, user string, n int) {
	t.Helper()
	c.Key = DeviceKey(t, n)
	reply := c.Do(t, http.MethodPost, "/api/auth/device",
		map[string]string{"csr": CSR(t, c.Key), "deviceName": fmt.Sprintf("machine %d", n)}, Basic(user, Password))
	require.Equal(t, http.StatusOK, reply.Status, "%s", reply.Body)
	c.Adopt(t, reply)
}

// Adopt takes on the identity in an enrolment's answer.
func (c *Client) Adopt(t testing.TB, reply Reply) {
	t.Helper()
	c.Answer = nil
	require.NoError(t, json.Unmarshal(reply.Body, &c.Answer))
	c.Chain = nil
	rest := []byte(c.Answer["certificateChain"].(string))
	certificate := tls.Certificate{PrivateKey: c.Key}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		c.Chain = append(c.Chain, cert)
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	c.Present(&certificate)
}

// Present has the client show a certificate from now on; nil shows none.
func (c *Client) Present(certificate *tls.Certificate) {
	c.tls.Certificates = nil
	if certificate != nil {
		// The server names no acceptable CAs, and gets the certificate anyway.
		c.tls.Certificates = []tls.Certificate{*certificate}
	}
}

// Login logs the device in and keeps the token.
func (c *Client) Login(t testing.TB) Reply {
	t.Helper()
	c.Token = ""
	reply := c.Do(t, http.MethodPost, "/api/login", "{}", nil)
	if reply.Status == http.StatusOK {
		var answer struct {
			Token string `json:"access_token"`
		}
		require.NoError(t, json.Unmarshal(reply.Body, &answer))
		c.Token = answer.Token
	}
	return reply
}

// JSON decodes a body.
func (r Reply) JSON(t testing.TB, out any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Body, out), "%s", r.Body)
}

// KeepAlive has the client keep its connection, for where many requests follow
// each other.
func (c *Client) KeepAlive() {
	c.http.Transport = &http.Transport{TLSClientConfig: c.tls}
}
