// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

const (
	benchSources = 3
	benchPeople  = 100_000 // in each source
)

// benchPerson is one of the people of a source, the same in the directory and in
// the database.
type benchPerson struct{ id, uid, first, last, mail, phone string }

func newBenchPerson(src, i int) benchPerson {
	first := []string{"Anna", "Bruno", "Chloé", "David", "Elif", "Farid", "Greta", "Hugo", "Inès", "Jonas"}
	last := []string{"Almeida", "Bernard", "Çelik", "Dubois", "Eriksson", "Fischer", "García", "Hoffmann", "Ivanova", "Jansen"}
	p := benchPerson{
		id: fmt.Sprintf("%08d-0000-4000-8000-%012d", src, i), uid: fmt.Sprintf("u%d.%06d", src, i),
		first: first[i%10], last: fmt.Sprintf("%s%c%c", last[i/10%10], 'a'+rune(i/100%26), 'a'+rune(i/2600%26)),
		phone: fmt.Sprintf("+33%09d", i*7919%1_000_000_000),
	}
	p.mail = account.FoldText(p.first) + "." + account.FoldText(p.last) + "@example.org"
	return p
}

func ldif(src int) func(*os.File) error {
	return func(f *os.File) error {
		w := bufio.NewWriter(f)
		for i := range benchPeople {
			p := newBenchPerson(src, i)
			if _, err := w.WriteString(directorytest.Person(p.uid, "entryUUID", p.id, "cn", p.first+" "+p.last, "givenName", p.first,
				"sn", p.last, "mail", p.mail, "telephoneNumber", p.phone, "userPassword", "x")); err != nil {
				return err
			}
		}
		return w.Flush()
	}
}

// fill stores the people of a source as users.
func fill(b *testing.B, box *enrolltest.Box, src int, id int64) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+box.Path+"?_pragma=busy_timeout(5000)")
	require.NoError(b, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(b, err)
	insert, err := tx.Prepare(`INSERT INTO users (account_id, username, folded, state, password_hash, first_name, last_name, email, phone,
organization, search_text, created_at, changed_at, source_id, external_id) VALUES (?, ?, ?, 'active', '', ?, ?, ?, ?, '', ?, ?, ?, ?, ?)`)
	require.NoError(b, err)
	now := time.Now().UTC()
	for i := range benchPeople {
		p := newBenchPerson(src, i)
		_, err := insert.Exec(enrolltest.AccountID(p.uid), p.uid, p.uid, p.first, p.last, p.mail, p.phone,
			account.SearchText(p.uid, p.first, p.last, p.mail, p.phone), now, now, id, p.id)
		require.NoError(b, err)
	}
	require.NoError(b, tx.Commit())
}

// BenchmarkSearch searches 300,000 people of three directories, as every key
// stroke in a client does: in the users of the box alone, and with the
// directories asked at the same time.
func BenchmarkSearch(b *testing.B) {
	box := enrolltest.NewEmpty(b)
	sources := addSources(b, box, "one", "two", "three")
	var live servers
	for i := range benchSources {
		slapd := directorytest.StartSlapd(b, directorytest.SlapdOptions{
			Load: ldif(i), WithoutMemberOf: true, Database: []string{"index telephoneNumber,mobile eq,sub"},
		})
		fill(b, box, i, sources[i].ID)
		cfg, c := client(b, slapd.URL())
		live = append(live, liveOf(sources[i].ID, sources[i].Name, cfg, c))
	}
	for _, where := range []struct {
		name string
		live Live
	}{{"users", nil}, {"users and directories", live}} {
		for name, text := range map[string]func(i int) string{
			"common":     func(i int) string { return []string{"an", "ch", "el", "ja", "fi"}[i%5] },
			"one name":   func(i int) string { return account.FoldText(newBenchPerson(i%3, i*3517%benchPeople).last) },
			"first last": func(i int) string { p := newBenchPerson(i%3, i*3517%benchPeople); return p.first + "+" + p.last },
			"one person": func(i int) string { return newBenchPerson(i%3, i*3517%benchPeople).uid },
			"phone":      func(i int) string { return newBenchPerson(i%3, i*3517%benchPeople).phone[4:] },
			"nobody":     func(i int) string { return fmt.Sprintf("zz%05d", i) },
		} {
			b.Run(where.name+"/"+name, func(b *testing.B) {
				d := newDirectory(box, where.live)
				var took []time.Duration
				for i := 0; b.Loop(); i++ {
					d.cache = newCache()
					begin := time.Now()
					_, err := d.Search(b.Context(), store.User{}, ParseQuery(text(i)), 0, false)
					require.NoError(b, err)
					took = append(took, time.Since(begin))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}
