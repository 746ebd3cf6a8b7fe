// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

func TestSync(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	first, second := box.NewClient(t), box.NewClient(t)
	first.Enrol(t, "alice", 0)
	second.Enrol(t, "alice", 1)
	first.Login(t)
	second.Login(t)
	bob, eve := strings.Repeat("b", 40), strings.Repeat("e", 40)

	for path, lists := range map[string]struct{ one, two, merged string }{
		"/api/auth/contacts": {
			one:    fmt.Sprintf(`[{"uri":%q,"added":100,"confirmed":true,"color":"red"}]`, bob),
			two:    fmt.Sprintf(`[{"uri":%q,"added":100,"removed":200},{"uri":%q,"added":50,"conversationId":""}]`, bob, eve),
			merged: fmt.Sprintf(`[{"uri":%q,"added":100,"removed":200,"color":"red"},{"uri":%q,"added":50,"conversationId":""}]`, bob, eve),
		},
		"/api/auth/conversations": {
			one:    `[{"id":"c1","created":100,"members":[{"uri":"x"}],"mode":0,"future":{"a":[1]}}]`,
			two:    `[{"id":"c1","created":100,"removed":150}]`,
			merged: `[{"id":"c1","created":100,"removed":150,"future":{"a":[1]}}]`,
		},
		"/api/auth/conversationRequests": {
			one:    `[{"conversationId":"c2","from":"x","received":100,"metadatas":{"title":"t"}}]`,
			two:    `[{"conversationId":"c2","from":"x","received":100,"declined":120}]`,
			merged: `[{"conversationId":"c2","from":"x","received":100,"declined":120}]`,
		},
	} {
		t.Run(path, func(t *testing.T) {
			require.JSONEq(t, lists.one, string(first.Do(t, http.MethodPost, path, lists.one, nil).Body))
			require.JSONEq(t, lists.merged, string(second.Do(t, http.MethodPost, path, lists.two, nil).Body))
			require.JSONEq(t, lists.merged, string(first.Do(t, http.MethodPost, path, lists.one, nil).Body), "both devices see the same")
			require.JSONEq(t, lists.merged, string(first.Do(t, http.MethodPost, path, "[]", nil).Body))
			for _, bad := range []string{`{}`, `"x"`, `[1]`, `[`, ``, `null`} {
				reply := first.Do(t, http.MethodPost, path, bad, nil)
				if bad == `null` {
					require.Equal(t, http.StatusOK, reply.Status, "an empty list of some clients")
					continue
				}
				require.Equal(t, http.StatusBadRequest, reply.Status, bad)
			}
		})
	}
	t.Run("another user's list is apart", func(t *testing.T) {
		box.AddUser(t, "mallory")
		other := box.NewClient(t)
		other.Enrol(t, "mallory", 2)
		other.Login(t)
		require.Equal(t, "[]", string(other.Do(t, http.MethodPost, "/api/auth/contacts", "[]", nil).Body))
	})
}
