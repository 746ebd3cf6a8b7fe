// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

const key = "0123456789abcdef0123456789abcdef01234567"

func TestPutAndGet(t *testing.T) {
	r := run(t, testLimits())
	status, body := r.request(t, http.MethodPost, "/key/"+key, `{"id":"42","type":3,"data":"aGk=","utype":"text/plain"}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, `{"data":"aGk=","id":"42","type":3,"utype":"text/plain"}`+"\n", body)
	require.Equal(t, []line{{ID: "42", Data: []byte("hi")}}, r.get(t, key))

	status, body = r.request(t, http.MethodGet, "/"+key, "")
	require.Equal(t, http.StatusOK, status, "the path of older clients")
	require.Contains(t, body, `"id":"42"`)
	require.Empty(t, r.get(t, "nobody wrote here"))

	status, body = r.request(t, http.MethodPost, "/"+key, `{"data":"Ynll"}`)
	require.Equal(t, http.StatusOK, status)
	named := decodeLine(t, body)
	require.NotEqual(t, "0", named.ID, "a value without an id is given one")
	require.Len(t, r.get(t, key), 2)

	stored, err := r.node.Get(t.Context(), keyOf(key))
	require.NoError(t, err)
	require.Len(t, stored, 2)
	stats := r.Stats()
	require.Equal(t, map[string]uint64{"get": 4, "put": 2}, stats.Requests)
	require.Zero(t, stats.Permanent)
}

// The largest value that nodes store comes through.
func TestLargestValue(t *testing.T) {
	r := run(t, testLimits())
	v := wire.Value{ID: 1, Data: []byte(strings.Repeat("x", wire.MaxValueSize))}
	body, err := encodeValue(&v, false)
	require.NoError(t, err)
	status, _ := r.request(t, http.MethodPost, "/key/"+key, string(body))
	require.Equal(t, http.StatusOK, status)
	got := r.get(t, key)
	require.Len(t, got, 1)
	require.Equal(t, v.Data, got[0].Data)

	v.ID, v.Data = 2, append(v.Data, 'x')
	body, err = encodeValue(&v, false)
	require.NoError(t, err)
	status, answer := r.request(t, http.MethodPost, "/key/"+key, string(body))
	require.Equal(t, http.StatusBadGateway, status)
	require.JSONEq(t, `{"err":"Put failed"}`, answer)
	require.Len(t, r.get(t, key), 1)
}

func TestRefusals(t *testing.T) {
	r := run(t, testLimits())
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		why                string
	}{
		"error/nothing put":           {http.MethodPost, "/key/" + key, "", http.StatusBadRequest, "unreadable"},
		"error/no json put":           {http.MethodPost, "/key/" + key, "{", http.StatusBadRequest, "unreadable"},
		"error/too large":             {http.MethodPost, "/key/" + key, `{"data":"` + strings.Repeat("A", maxBody) + `"}`, http.StatusRequestEntityTooLarge, "too large"},
		"error/forged":                {http.MethodPost, "/key/" + key, forged(t), http.StatusBadGateway, "value not allowed"},
		"error/subscribe, no json":    {"SUBSCRIBE", "/key/" + key, "", http.StatusBadRequest, "unreadable"},
		"error/subscribe, no token":   {"SUBSCRIBE", "/key/" + key, "{}", http.StatusBadRequest, "unreadable"},
		"error/unsubscribe, no token": {"UNSUBSCRIBE", "/key/" + key, "{}", http.StatusBadRequest, "unreadable"},
		"error/unknown path":          {http.MethodGet, "/key/" + key + "/sign", "", http.StatusNotFound, ""},
		"error/unknown method":        {http.MethodDelete, "/key/" + key, "", http.StatusMethodNotAllowed, ""},
		"error/push":                  {http.MethodPost, "/node/pingPush", "{}", http.StatusNotFound, ""},
		"error/sign":                  {http.MethodPost, "/key/" + key + "/sign", `{"id":"1","data":""}`, http.StatusNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.Stats().Refused[c.why]
			status, body := r.request(t, c.method, c.path, c.body)
			require.Equal(t, c.status, status, body)
			if c.why != "" {
				require.Equal(t, before+1, r.Stats().Refused[c.why])
				require.Contains(t, body, `"err":`)
			}
		})
	}
	require.Empty(t, r.get(t, key))
}

// forged returns a value whose signature does not belong to it.
func forged(t *testing.T) string {
	t.Helper()
	v := signed(t, 1, "true")
	v.Data = []byte("false")
	body, err := encodeValue(v, false)
	require.NoError(t, err)
	return string(body)
}

func TestInfo(t *testing.T) {
	r := run(t, testLimits())
	for _, path := range []string{"/", "/node/info"} {
		status, body := r.request(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, status)
		var info nodeInfo
		require.NoError(t, json.Unmarshal([]byte(body), &info))
		require.Equal(t, r.node.Stats().ID.String(), info.NodeID)
		require.Equal(t, "127.0.0.1", info.PublicIP)
		require.Equal(t, familyInfo{Good: 1}, info.IPv4, "a lone node is one that clients are connected to")
		require.Equal(t, familyInfo{}, info.IPv6)
		require.Equal(t, r.udp.Port(), info.PortIPv4)
	}
	status, body := r.request(t, http.MethodPost, "/key/"+key, `{"id":"1","data":"","permanent":true}`)
	require.Equal(t, http.StatusOK, status, body)
	r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	status, body = r.request(t, http.MethodGet, "/node/stats", "")
	require.Equal(t, http.StatusOK, status)
	var stats proxyStats
	require.NoError(t, json.Unmarshal([]byte(body), &stats))
	require.Equal(t, 1, stats.Listeners)
	require.Equal(t, 1, stats.PutKeys)
	require.Equal(t, 1, stats.TotalPermanent)
	require.Positive(t, stats.RequestRate)
	require.NotZero(t, stats.Started)
	require.Equal(t, r.node.Stats().ID.String(), stats.Node.NodeID)
}

func TestPermanent(t *testing.T) {
	r := run(t, testLimits())
	put := func(body string) string {
		t.Helper()
		status, answer := r.request(t, http.MethodPost, "/key/"+key, body)
		require.Equal(t, http.StatusOK, status, answer)
		return decodeLine(t, answer).ID
	}
	named := put(`{"data":"aGk=","permanent":true}`)
	require.Equal(t, named, put(`{"data":"aGk=","permanent":true}`), "the same value again")
	require.NotEqual(t, named, put(`{"data":"Ynll","permanent":true}`))
	put(`{"id":"7","data":"aGk=","permanent":{"key":"a secret","client_id":"phone"}}`)
	put(`{"id":"7","data":"aGk=","permanent":{"key":"a secret","client_id":"phone"}}`)
	stats := r.Stats()
	require.Equal(t, 3, stats.Permanent)
	require.Positive(t, stats.PermanentBytes)
	require.NotContains(t, r.logs.String(), "secret")

	status, _ := r.request(t, http.MethodPost, "/key/"+key, strings.Replace(forged(t), `"id"`, `"permanent":true,"id"`, 1))
	require.Equal(t, http.StatusBadGateway, status)
	require.Equal(t, 3, r.Stats().Permanent, "what is not stored is not kept alive")
}

func TestLimits(t *testing.T) {
	t.Run("requests", func(t *testing.T) {
		limits := testLimits()
		limits.Requests.RequestsPerAddress = 1
		r := run(t, limits)
		// Two have to come within a second.
		for tries := 0; r.Stats().Refused["too many requests"] == 0; tries++ {
			require.Less(t, tries, 100)
			status, _ := r.request(t, http.MethodGet, "/node/info", "")
			require.Contains(t, []int{http.StatusOK, http.StatusTooManyRequests}, status)
		}
	})
	t.Run("listeners", func(t *testing.T) {
		limits := testLimits()
		limits.ListenersPerSource = 2
		r := run(t, limits)
		first := r.listen(t, http.MethodGet, "/key/a/listen", "")
		r.listen(t, http.MethodGet, "/key/b/listen", "")
		status, body := r.request(t, http.MethodGet, "/key/c/listen", "")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.JSONEq(t, `{"err":"too many listeners"}`, body)
		first.leave()
		require.Eventually(t, func() bool { return r.Stats().Listeners == 1 && r.Stats().Keys == 1 }, patience, 10*time.Millisecond)
		r.listen(t, http.MethodGet, "/key/c/listen", "")
	})
	t.Run("connections", func(t *testing.T) {
		limits := testLimits()
		limits.Connections = 2
		r := run(t, limits)
		r.listen(t, http.MethodGet, "/key/a/listen", "")
		second := r.listen(t, http.MethodGet, "/key/b/listen", "")
		_, err := r.client.Get(r.url + "/node/info")
		require.Error(t, err)
		require.Positive(t, r.Stats().RefusedConnections)
		second.leave()
		require.Eventually(t, func() bool { return r.Stats().Connections == 1 }, patience, 10*time.Millisecond)
		status, _ := r.request(t, http.MethodGet, "/node/info", "")
		require.Equal(t, http.StatusOK, status)
	})
	t.Run("permanent values", func(t *testing.T) {
		limits := testLimits()
		limits.PermanentPerSource = 2
		r := run(t, limits)
		for id := range 3 {
			status, _ := r.request(t, http.MethodPost, "/key/"+key, fmt.Sprintf(`{"id":"%d","data":"","permanent":true}`, id+1))
			require.Equal(t, []int{http.StatusOK, http.StatusOK, http.StatusServiceUnavailable}[id], status)
		}
		require.Len(t, r.get(t, key), 2)
	})
}

func TestNodeNotRunning(t *testing.T) {
	r := run(t, testLimits())
	l := r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	require.NoError(t, r.stopNode())
	require.Error(t, <-l.broken)
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, "/node/info", ""}, {http.MethodGet, "/node/stats", ""}, {http.MethodGet, "/key/" + key, ""},
		{http.MethodPost, "/key/" + key, `{"id":"1","data":""}`},
	} {
		status, body := r.request(t, c.method, c.path, c.body)
		require.Equal(t, http.StatusServiceUnavailable, status, "%s %s: %s", c.method, c.path, body)
	}
	_, err := r.client.Get(r.url + "/key/" + key + "/listen")
	require.Error(t, err, "a client comes back only if the connection breaks")
	require.Zero(t, r.Stats().Keys)
}
