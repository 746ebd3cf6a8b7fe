// SPDX-License-Identifier: GPL-3.0-or-later

package bench

import (
	"fmt"
	"os"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/directory/sources"
	"jamibox/enroll/enrolltest"
)

const directoryPeople = 3000

// BenchmarkDirectoryLogin measures first logins of people of an OpenLDAP server,
// each of which is a search by the service account and a bind on a connection
// of its own, beside bare binds on one connection: what the server can do.
func BenchmarkDirectoryLogin(b *testing.B) {
	server := d.StartSlapd(b, d.SlapdOptions{Load: func(f *os.File) error {
		for i := range directoryPeople {
			if _, err := f.WriteString(d.Person(fmt.Sprintf("user%d", i), "mail", fmt.Sprintf("user%d@example.test", i))); err != nil {
				return err
			}
		}
		return nil
	}})
	box := enrolltest.New(b)
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				// A fresh one remembers no password.
				registry := sources.New(box.Store, box.Seal, box.Audit, box.Logger)
				require.NoError(b, registry.Load(b.Context()))
				_, err := registry.Add(b.Context(), sources.NewSource{Name: "corp", Enabled: true, BindPassword: d.ReaderPassword, Config: source.Config{
					Kind: source.KindLDAP, Preset: "openldap", URLs: []string{server.URL()}, TLS: source.TLSNone, AllowPlaintextBind: true,
					BindDN: d.Reader, Bases: []string{d.People},
				}})
				require.NoError(b, err)
				id := registry.Directories()[0].ID
				whole, each := spread(directoryPeople, workers, func(i int) {
					attempt := registry.Begin(fmt.Sprintf("user%d", i), "10.0.0.1")
					if _, err := attempt.Ask(b.Context(), id, d.Password); err != nil {
						b.Error(err)
					}
					attempt.End("")
				})
				require.NoError(b, registry.Remove(b.Context(), "corp", false))
				require.NoError(b, registry.Close())
				b.ReportMetric(rate(directoryPeople, whole), "logins/s")
				b.ReportMetric(percentile(each, 50), "p50-ms")
				b.ReportMetric(percentile(each, 99), "p99-ms")

				conn, err := ldap.DialURL(server.URL())
				require.NoError(b, err)
				whole, _ = spread(directoryPeople, 1, func(i int) {
					if err := conn.Bind(d.DN("uid", fmt.Sprintf("user%d", i), d.People), d.Password); err != nil {
						b.Error(err)
					}
				})
				require.NoError(b, conn.Close())
				b.ReportMetric(rate(directoryPeople, whole), "bare-binds/s")
			}
		})
	}
}
