// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// BenchmarkUsers searches among 50,000 users, as every key stroke in a client does.
func BenchmarkUsers(b *testing.B) {
	s, _ := open(b)
	first := []string{"anna", "bruno", "chloe", "david", "elif", "farid", "greta", "hugo", "ines", "jonas"}
	last := []string{"almeida", "bernard", "celik", "dubois", "eriksson", "fischer", "garcia", "hoffmann", "ivanova", "jansen"}
	require.NoError(b, s.write.Transaction(func(tx *gorm.DB) error {
		var users []User
		for i := range 50_000 {
			f, l := first[i%10], last[i/10%10]
			name := fmt.Sprintf("%s.%s.%d", f, l, i)
			users = append(users, User{
				AccountID: fmt.Sprintf("%040x", i), Username: name, Folded: name, State: UserActive,
				FirstName: f, LastName: l, Email: name + "@example.org", Phone: fmt.Sprintf("+33 1 %08d", i*7919%100_000_000),
				SearchText: name + "\n" + f + "\n" + l + "\n" + name + "@example.org\n" + fmt.Sprintf("+33 1 %08d", i*7919%100_000_000) + "\nexample",
				CreatedAt:  start, ChangedAt: start,
			})
		}
		return tx.CreateInBatches(users, 500).Error
	}))
	for name, words := range map[string][]string{
		"common":     {"an"},
		"two words":  {"chloe", "dubois"},
		"one person": {"farid.almeida.49905"},
		"nobody":     {"zzzz"},
		"two absent": {"zzzz", "yyyy"},
		"everyone":   nil,
	} {
		q := UserQuery{States: []UserState{UserActive}, Limit: 50}
		if words != nil {
			q.AnyOf = [][]string{words}
		}
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				begin := time.Now()
				_, err := s.Users(b.Context(), q)
				require.NoError(b, err)
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
