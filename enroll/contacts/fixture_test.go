// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

var (
	bob   = strings.Repeat("b", 40)
	carol = strings.Repeat("c", 40)
)

type fixture struct {
	*enrolltest.Box
	*Service
	alice store.User
}

func newFixture(t testing.TB) *fixture {
	b := enrolltest.NewEmpty(t)
	return &fixture{Box: b, Service: New(b.Store, b.Logger), alice: b.AddUser(t, "alice", nil)}
}

func (f *fixture) sync(t testing.TB, k Kind, body string) string {
	t.Helper()
	answer, err := f.Sync(t.Context(), f.alice, k, []byte(body))
	require.NoError(t, err)
	return string(answer)
}

// with returns an entry with an id and the members of a JSON object's text.
func with(t testing.TB, k Kind, id, members string) entry {
	t.Helper()
	var e entry
	require.NoError(t, json.Unmarshal([]byte("{"+members+"}"), &e))
	if e == nil {
		e = entry{}
	}
	if _, has := e[k.key]; !has {
		raw, err := json.Marshal(id)
		require.NoError(t, err)
		e[k.key] = raw
	}
	return e
}

func text(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
