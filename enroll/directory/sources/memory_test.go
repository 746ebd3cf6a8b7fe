// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemory(t *testing.T) {
	m := newMemory()
	now := time.Now()
	hour := now.Add(time.Hour)
	m.note("alice", "1", "secret", now, hour)
	require.True(t, m.knows("alice", "1", "secret", now))
	for name, c := range map[string][3]string{
		"password": {"alice", "1", "Secret"}, "person": {"bob", "1", "secret"}, "password set anew": {"alice", "2", "secret"},
		"moved border": {"alice", "", "1\x00secret"},
	} {
		require.False(t, m.knows(c[0], c[1], c[2], now), name)
	}
	require.False(t, m.knows("alice", "1", "secret", hour), "over")
	m.forget("alice")
	require.False(t, m.knows("alice", "1", "secret", now))

	for i := range 3 * maxPerPerson {
		m.note("alice", "", fmt.Sprint(i), now, hour)
	}
	require.Len(t, m.people["alice"], maxPerPerson)
	require.True(t, m.knows("alice", "", fmt.Sprint(3*maxPerPerson-1), now))
	for i := range maxPeople + 10 {
		m.note(fmt.Sprint("person ", i), "", "x", now, hour)
	}
	require.LessOrEqual(t, len(m.people), maxPeople)
	require.True(t, m.knows(fmt.Sprint("person ", maxPeople+9), "", "x", now))
}

func TestTraces(t *testing.T) {
	f := newFixture(t)
	for i := range maxTraces + 20 {
		f.Begin(fmt.Sprint("User ", i), "10.0.0.1").End("refused")
	}
	traces := f.Traces("", maxTraces+20)
	require.Len(t, traces, maxTraces)
	require.Equal(t, fmt.Sprint("User ", maxTraces+19), traces[0].Login)
	require.Equal(t, "User 20", traces[maxTraces-1].Login)
	require.Len(t, f.Traces(" uSER 51", 100), 11)
	require.Empty(t, f.Traces("nobody", 1))
	f.Begin(strings.Repeat("\xffx", 5000), "").End("")
	require.Less(t, len(f.Traces("", 1)[0].Login), 1000)
}
