// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

// rawGet sends a request target as desktop and iOS clients do: not encoded.
func rawGet(t *testing.T, box *appliancetest.Box, c *appliancetest.Client, target string) (int, []byte) {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(box.URL, "https://"), &tls.Config{RootCAs: box.Roots})
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", target, c.Token)
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, body
}

func TestSearch(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice", "first_name", "Alice", "last_name", "Example")
	bob := box.AddUser(t, "bob", "first_name", "Bob", "last_name", "Tester", "organization", "Kitchen")
	box.AddUser(t, "zoe", "first_name", "Zoë", "last_name", "Müller & Söhne")
	box.AddUser(t, "plus", "first_name", "C+ +", "last_name", "100%")
	box.AddUser(t, "gone", "first_name", "Bob")
	box.Call(t, http.MethodPost, "/users/gone/disable", nil, nil)
	box.AddUser(t, "nameless")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, c.Login(t).Status)

	for _, test := range []struct {
		name, query string
		found       []string
	}{
		{"raw space", "bob te", []string{"bob"}},
		{"form-encoded space", "bob+te", []string{"bob"}},
		{"percent-encoded space", "bob%20te", []string{"bob"}},
		{"other order", "tester bob", []string{"bob"}},
		{"raw UTF-8", "zoë", []string{"zoe"}},
		{"encoded UTF-8", "zo%C3%AB", []string{"zoe"}},
		{"without the accent", "ZOE muller", []string{"zoe"}},
		{"raw ampersand", "Müller & S", []string{"zoe"}},
		{"raw plus, and what it may mean", "c+", []string{"alice", "bob", "plus"}},
		{"encoded plus", "c%2B", []string{"plus"}},
		{"raw percent", "100%", []string{"plus"}},
		{"organisation", "kitch", []string{"bob"}},
		{"wildcards are letters", "%", []string{"plus"}},
		{"underscore", "_", nil},
		{"quote", "' OR 1=1 --", nil},
		{"LDAP", "*)(uid=*", nil},
		{"nobody", "xyz", nil},
		{"empty", "", nil},
		{"everyone", "*", []string{"alice", "bob", "nameless", "plus", "zoe"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := rawGet(t, box, c, "/api/auth/directory/search?queryString="+test.query)
			require.Equal(t, http.StatusOK, status, "%s", body)
			var answer struct {
				Profiles []map[string]any `json:"profiles"`
				NumPages int              `json:"numPages"`
			}
			require.NoError(t, json.Unmarshal(body, &answer))
			require.NotNil(t, answer.Profiles)
			require.Equal(t, 1, answer.NumPages)
			var found []string
			for _, p := range answer.Profiles {
				found = append(found, p["username"].(string))
				for _, member := range []string{"id", "username", "firstName", "lastName", "profilePicture", "organization"} {
					require.IsType(t, "", p[member], member)
				}
				require.Len(t, p["id"], 40)
			}
			require.Equal(t, test.found, found)
		})
	}
	t.Run("id", func(t *testing.T) {
		_, body := rawGet(t, box, c, "/api/auth/directory/search?queryString=tester")
		require.Contains(t, string(body), bob.AccountID)
	})
	t.Run("no queryString", func(t *testing.T) {
		status, _ := rawGet(t, box, c, "/api/auth/directory/search")
		require.Equal(t, http.StatusBadRequest, status)
	})
}

func TestNameServer(t *testing.T) {
	box := appliancetest.New(t)
	bob := box.AddUser(t, "Bob")
	c := box.NewClient(t)
	for path, status := range map[string]int{
		"/name/bob": http.StatusOK, "/name/BOB": http.StatusOK, "/name/b%6Fb": http.StatusOK,
		"/addr/" + bob.AccountID: http.StatusOK, "/addr/0x" + strings.ToUpper(bob.AccountID): http.StatusOK,
		"/name/eve": http.StatusNotFound, "/addr/" + strings.Repeat("0", 40): http.StatusNotFound,
		"/name/a%00b": http.StatusBadRequest, "/addr/xyz": http.StatusBadRequest,
	} {
		reply := c.Do(t, http.MethodGet, "/api/nameserver"+path, nil, nil)
		require.Equal(t, status, reply.Status, path)
		if status == http.StatusOK {
			var answer map[string]string
			reply.JSON(t, &answer)
			require.Equal(t, map[string]string{"name": "bob", "addr": "0x" + bob.AccountID}, answer, path)
		}
	}
	require.Equal(t, http.StatusOK, c.Do(t, http.MethodGet, "/name/bob", nil, nil).Status, "a search for bob@box.example")
	status, _ := rawGet(t, box, c, "/api/nameserver/name/%zz")
	require.Equal(t, http.StatusBadRequest, status)
}
