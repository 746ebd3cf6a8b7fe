// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkAuthenticate(b *testing.B) {
	of := newBench()
	of.record = New(realm, of.users, nil).record
	of.Limit(Limits{})
	m := of.signed(b, "alice", "secret")
	held, _ := of.Authenticate(m, source, nil)
	require.NotNil(b, held)

	b.Run("signed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			of.Authenticate(m, source, nil)
		}
	})
	b.Run("held", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			of.Authenticate(m, source, held)
		}
	})
	b.Run("challenge", func(b *testing.B) {
		b.ReportAllocs()
		m := request(b)
		for b.Loop() {
			of.Authenticate(m, source, nil)
		}
	})
	b.Run("wrong key", func(b *testing.B) {
		b.ReportAllocs()
		m := of.signed(b, "alice", "wrong")
		for b.Loop() {
			of.Authenticate(m, source, nil)
		}
	})
	b.Run("throttled", func(b *testing.B) {
		b.ReportAllocs()
		of.Limit(Limits{Failures: 1})
		m := of.signed(b, "alice", "wrong")
		for b.Loop() {
			of.Authenticate(m, source, nil)
		}
	})
}
