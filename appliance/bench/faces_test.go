// SPDX-License-Identifier: GPL-3.0-or-later

package bench

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

const requestsEach = 4000

// keepAlive returns a client with one connection for each worker.
func keepAlive(b *testing.B, box *appliancetest.Box, workers int, certificate *tls.Certificate) *http.Client {
	cfg := &tls.Config{RootCAs: box.Roots}
	if certificate != nil {
		cfg.Certificates = []tls.Certificate{*certificate}
	}
	t := &http.Transport{TLSClientConfig: cfg, MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers}
	b.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// send sends a request whose answer must be 200.
func send(b *testing.B, c *http.Client, method, url, token string) {
	r, err := http.NewRequest(method, url, strings.NewReader("{}"))
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		b.Errorf("%s: %d %v", url, answer.StatusCode, err)
	}
}

// BenchmarkDeviceLogin measures logins by client certificate on kept
// connections, beside what the disk allows: one durable write a login.
func BenchmarkDeviceLogin(b *testing.B) {
	box := appliancetest.New(b)
	user := box.AddUser(b, "alice")
	c := box.NewClient(b)
	c.Enrol(b, "alice", 0)
	certificate := tls.Certificate{PrivateKey: c.Key}
	for _, cert := range c.Chain {
		certificate.Certificate = append(certificate.Certificate, cert.Raw)
	}
	row, err := box.Box.Store().UserByAccountID(b.Context(), user.AccountID)
	require.NoError(b, err)
	const workers = 16
	h := keepAlive(b, box, workers, &certificate)
	send(b, h, http.MethodPost, box.URL+"/api/login", "")
	for b.Loop() {
		whole, each := spread(requestsEach, workers, func(int) { send(b, h, http.MethodPost, box.URL+"/api/login", "") })
		writes, _ := spread(requestsEach, workers, func(int) { addToken(b, box.Box.Store(), row.ID) })
		b.ReportMetric(rate(requestsEach, whole), "logins/s")
		b.ReportMetric(rate(requestsEach, writes), "durable-writes/s")
		b.ReportMetric(percentile(each, 50), "p50-ms")
		b.ReportMetric(percentile(each, 99), "p99-ms")
		b.ReportMetric(0, "ns/op")
	}
}

func addToken(b *testing.B, s *store.Store, userID int64) {
	hash := make([]byte, 32)
	rand.Read(hash)
	err := s.AddToken(context.Background(), store.Token{
		TokenHash: hash, UserID: userID, Scope: account.ScopeUser, ExpiresAt: time.Now().Add(time.Hour).UTC(),
	})
	if err != nil {
		b.Error(err)
	}
}

// BenchmarkNameLookup measures name look-ups, beside requests that do nothing.
func BenchmarkNameLookup(b *testing.B) {
	box := appliancetest.New(b)
	box.AddUser(b, "alice")
	const workers = 16
	h := keepAlive(b, box, workers, nil)
	for b.Loop() {
		whole, each := spread(requestsEach, workers, func(int) { send(b, h, http.MethodGet, box.URL+"/api/nameserver/name/alice", "") })
		empty, _ := spread(requestsEach, workers, func(int) { send(b, h, http.MethodGet, box.URL+"/healthz", "") })
		b.ReportMetric(rate(requestsEach, whole), "lookups/s")
		b.ReportMetric(rate(requestsEach, empty), "empty-requests/s")
		b.ReportMetric(percentile(each, 50), "p50-ms")
		b.ReportMetric(percentile(each, 99), "p99-ms")
		b.ReportMetric(0, "ns/op")
	}
}

const people = 50_000

// BenchmarkDirectorySearch measures searches among 50,000 users by one client,
// beside requests that do nothing.
func BenchmarkDirectorySearch(b *testing.B) {
	box := appliancetest.New(b)
	box.AddUser(b, "alice")
	fill(b, box, people)
	c := box.NewClient(b)
	c.Enrol(b, "alice", 0)
	c.Login(b)
	h := keepAlive(b, box, 1, nil)
	queries := []string{"first%d", "last%d", "user%d", "mail%d@example", "nobody%d", "f%d"}
	for b.Loop() {
		_, each := spread(1000, 1, func(i int) {
			q := fmt.Sprintf(queries[i%len(queries)], i*47%people)
			send(b, h, http.MethodGet, box.URL+"/api/auth/directory/search?queryString="+q, c.Token)
		})
		_, empty := spread(1000, 1, func(int) { send(b, h, http.MethodGet, box.URL+"/healthz", "") })
		b.ReportMetric(percentile(each, 50), "p50-ms")
		b.ReportMetric(percentile(each, 99), "p99-ms")
		b.ReportMetric(percentile(empty, 50), "empty-p50-ms")
		b.ReportMetric(percentile(empty, 99), "empty-p99-ms")
		b.ReportMetric(0, "ns/op")
	}
}
