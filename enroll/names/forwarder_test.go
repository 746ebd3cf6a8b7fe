// SPDX-License-Identifier: GPL-3.0-or-later

package names

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
)

// elsewhere is a name server with faults that a real one has seldom; it counts
// what it was asked for.
func elsewhere(t *testing.T) (*httptest.Server, *[]string) {
	t.Helper()
	asked := &[]string{}
	id := strings.Repeat("Ab", 20)
	answers := map[string]func(http.ResponseWriter){
		"/name/bob": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"name":"Bob","addr":"0x` + id + `","publickey":"x"}`))
		},
		"/name/liar":  func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"name":"bob","addr":"0x` + id + `"}`)) },
		"/name/html":  func(w http.ResponseWriter) { _, _ = w.Write([]byte(`<html>`)) },
		"/name/short": func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"name":"short","addr":"0x12"}`)) },
		"/name/long": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"name":"` + strings.Repeat("x", maxForwarded) + `"}`))
		},
		"/name/fault":                    func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"/name/redirect":                 func(w http.ResponseWriter) { w.Header().Set("Location", "/name/bob"); w.WriteHeader(http.StatusFound) },
		"/addr/0x" + strings.ToLower(id): func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"name":"bob","addr":"` + id + `"}`)) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.EscapedPath())
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func TestForward(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	alice := b.AddUser(t, "alice", nil)
	other, asked := elsewhere(t)
	s := New(b.Store, NewForwarder(other.URL+"/"))
	id := strings.Repeat("ab", 20)
	for name, c := range map[string]struct {
		query, asked string
		want         Entry
		err          error
	}{
		"own":             {"Alice", "", Entry{"alice", alice.AccountID}, nil},
		"own address":     {alice.AccountID, "", Entry{"alice", alice.AccountID}, nil},
		"other":           {"BOB", "/name/bob", Entry{"bob", id}, nil},
		"other address":   {"0x" + id, "/addr/0x" + id, Entry{"bob", id}, nil},
		"error/unknown":   {"a/b?c", "/name/a%2Fb%3Fc", Entry{}, ErrNotFound},
		"error/nobody's":  {strings.Repeat("0", 40), "/addr/0x" + strings.Repeat("0", 40), Entry{}, ErrNotFound},
		"error/liar":      {"liar", "/name/liar", Entry{}, ErrElsewhere},
		"error/html":      {"html", "/name/html", Entry{}, ErrElsewhere},
		"error/short":     {"short", "/name/short", Entry{}, ErrElsewhere},
		"error/long":      {"long", "/name/long", Entry{}, ErrElsewhere},
		"error/fault":     {"fault", "/name/fault", Entry{}, ErrElsewhere},
		"error/redirect":  {"redirect", "/name/redirect", Entry{}, ErrElsewhere},
		"error/not valid": {" ", "", Entry{}, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			*asked = nil
			look := s.ByName
			if address.MatchString(c.query) {
				look = s.ByAddress
			}
			got, err := look(t.Context(), c.query)
			require.ErrorIs(t, err, c.err)
			if c.err != nil {
				require.Zero(t, got)
			} else {
				require.Equal(t, c.want, got)
			}
			require.Equal(t, c.asked, strings.Join(*asked, " "))
		})
	}
	other.Close()
	_, err := s.ByName(t.Context(), "bob")
	require.ErrorIs(t, err, ErrElsewhere)
	_, err = s.ByName(t.Context(), "alice")
	require.NoError(t, err, "what is known here needs nobody else")
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{`{"name":"bob","addr":"0x` + strings.Repeat("a", 40) + `"}`, `{}`, `[]`, `null`, `{"name":1}`, "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := parseEntry(raw)
		if err != nil {
			require.ErrorIs(t, err, ErrElsewhere)
			return
		}
		require.Len(t, e.Address, 40)
		require.True(t, plausible(e.Name))
	})
}
