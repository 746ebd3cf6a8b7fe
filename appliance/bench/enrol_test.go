// SPDX-License-Identifier: GPL-3.0-or-later

package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/account"
	"jamibox/enroll/admin"
)

const (
	clients    = 50
	enrolments = 400
)

// BenchmarkEnrolment measures enrolments by 50 clients at once, with account
// and device keys of 4096 bits as real ones have, beside the floor: the RSA
// operations of an enrolment alone (the request's signature verified, and
// certificate, announcement and receipt signed). "first" are enrolments that
// hash the password; the others follow within minutes of one.
func BenchmarkEnrolment(b *testing.B) {
	box := appliancetest.New(b, func(_ *config.Config, r *admin.SetupRequest) {
		r.AccountKeyBits, r.CAKeyType = 4096, "rsa-4096"
	})
	spread(clients, runtime.NumCPU(), func(i int) { box.AddUser(b, fmt.Sprintf("user%d", i)) })
	keys := appliancetest.LargeDeviceKeys(b, enrolments+clients)
	requests := make([]map[string]string, len(keys))
	spread(len(keys), runtime.NumCPU(), func(i int) {
		requests[i] = map[string]string{"csr": appliancetest.CSR(b, keys[i]), "deviceName": "bench"}
	})
	clientOf := make([]*appliancetest.Client, len(keys))
	for i := range clientOf {
		clientOf[i] = box.NewClient(b)
	}
	enrol := func(i int) {
		reply, err := clientOf[i].TryDo(http.MethodPost, "/api/auth/device", requests[i],
			appliancetest.Basic(fmt.Sprintf("user%d", i%clients), appliancetest.Password))
		if err != nil || reply.Status != http.StatusOK {
			b.Errorf("enrolment %d: %v %s", i, err, reply.Body)
		}
	}
	// Making keys ahead takes a core until the pool is full.
	require.Eventually(b, func() bool {
		n, err := box.Box.Store().CountAccountKeys(b.Context(), 4096)
		return err == nil && n >= account.PoolSize
	}, 2*time.Minute, 100*time.Millisecond)
	first, _ := spread(clients, clients, enrol)
	hash := argonFloor(clients * 2)
	for b.Loop() {
		whole, each := spread(enrolments, clients, func(i int) { enrol(clients + i) })
		floor := rsaFloor(b, enrolments)
		got := rate(enrolments, whole)
		b.ReportMetric(got, "enrolments/s")
		b.ReportMetric(floor, "rsa-floor/s")
		b.ReportMetric(got/floor, "of-rsa-floor")
		b.ReportMetric(rate(clients, first), "first/s")
		b.ReportMetric(1/(1/floor+1/hash), "rsa+argon2id-floor/s")
		b.ReportMetric(percentile(each, 50), "p50-ms")
		b.ReportMetric(percentile(each, 99), "p99-ms")
		b.ReportMetric(0, "ns/op")
	}
}

// rsaFloor returns how many enrolments a second the RSA operations allow.
func rsaFloor(b *testing.B, n int) float64 {
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	require.NoError(b, err)
	sum := sha512.Sum512([]byte("x"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, sum[:])
	require.NoError(b, err)
	d, _ := spread(n, runtime.NumCPU(), func(int) {
		for range 3 {
			if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, sum[:]); err != nil {
				b.Error(err)
			}
		}
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA512, sum[:], signature); err != nil {
			b.Error(err)
		}
	})
	return rate(n, d)
}

// argonFloor returns how many passwords a second can be hashed.
func argonFloor(n int) float64 {
	d, _ := spread(n, runtime.NumCPU(), func(int) {
		argon2.IDKey([]byte("password"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
	})
	return rate(n, d)
}
