// SPDX-License-Identifier: GPL-3.0-or-later

package bench

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/store"
)

// The sizes of what a user with RSA-4096 keys takes: the sealed key, the
// account certificate and a device certificate.
const (
	sealedKeySize   = 2390
	accountCertSize = 1480
	deviceCertSize  = 1780
)

// fill adds users with rows of real size, without making keys for them.
func fill(b *testing.B, box *appliancetest.Box, n int) {
	b.Helper()
	random := func(size int) []byte {
		raw := make([]byte, size)
		rand.Read(raw)
		return raw
	}
	now := time.Now().UTC()
	for i := range n {
		name := fmt.Sprintf("user%d", i)
		first, last, mail := fmt.Sprintf("First%d", i), fmt.Sprintf("Last%d", i), fmt.Sprintf("mail%d@example.org", i)
		u := store.User{
			AccountID: fmt.Sprintf("%040x", i), Username: name, Folded: name, State: store.UserActive,
			PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			FirstName:    first, LastName: last, Email: mail,
			SearchText: fmt.Sprintf("%s\nfirst%d\nlast%d\n%s", name, i, i, mail), CreatedAt: now, ChangedAt: now,
		}
		require.NoError(b, box.Box.Store().CreateUser(b.Context(), &u, store.Account{
			SealedKey: random(sealedKeySize), Certificate: random(accountCertSize), Serial: fmt.Sprintf("%x", i), NotAfter: now,
		}, nil))
	}
}

// BenchmarkDatabaseGrowth measures what 1,000 users with one device each add
// to the database.
func BenchmarkDatabaseGrowth(b *testing.B) {
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "data")
		before := databaseSize(b, appliancetest.Open(b, dir), dir)
		box := appliancetest.Open(b, dir)
		fill(b, box, 1000)
		now := time.Now().UTC()
		users, err := box.Box.Store().Users(b.Context(), store.UserQuery{Limit: 1000})
		require.NoError(b, err)
		for i, u := range users {
			der := make([]byte, deviceCertSize)
			rand.Read(der)
			_, err := box.Box.Store().EnrolDevice(b.Context(), store.Device{
				UserID: u.ID, DeviceID: fmt.Sprintf("%064x", i), ShortID: fmt.Sprintf("%040x", i), Alias: "laptop",
				UserAgent: appliancetest.AgentNew, Remote: "10.0.0.1", CreatedAt: now, LastSeenAt: now,
			}, store.Certificate{Serial: fmt.Sprintf("%x", i), Fingerprint: der[:32], DER: der, NotAfter: now, IssuedAt: now})
			require.NoError(b, err)
		}
		b.ReportMetric(float64(databaseSize(b, box, dir)-before)/1e6, "MB/1000-users")
		b.ReportMetric(0, "ns/op")
	}
}

// databaseSize stops the box, so that its write-ahead log is in the database,
// and returns the size of the file.
func databaseSize(b *testing.B, box *appliancetest.Box, dir string) int64 {
	b.Helper()
	box.Stop(b)
	info, err := os.Stat(filepath.Join(dir, "jamibox.db"))
	require.NoError(b, err)
	return info.Size()
}
