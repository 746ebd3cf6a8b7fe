// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

var slow = flag.Bool("slow", false, "also try what takes minutes")

// startProxyserver runs the proxy of dhtnode, joined to our node, until the test
// ends. It answers as ours does, but for what it knows of its node.
func startProxyserver(t *testing.T, ours *running) *running {
	t.Helper()
	const tries = 5
	for range tries {
		probe, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		port := probe.Addr().(*net.TCPAddr).Port
		require.NoError(t, probe.Close())
		d := startDhtnode(t, nil, "-s", "-p", "0", "-b", ours.udp.String(),
			"--proxyserver", strconv.Itoa(port), "--proxy-addr", "127.0.0.1")
		transport := new(http.Transport)
		real := &running{url: "http://127.0.0.1:" + strconv.Itoa(port), client: &http.Client{Transport: transport}}
		t.Cleanup(transport.CloseIdleConnections)
		if real.awaitPut(t, d) {
			return real
		}
	}
	t.Fatalf("the proxy of dhtnode does not start")
	return nil
}

// awaitPut reports whether the proxy stores a value before its program ends.
func (r *running) awaitPut(t *testing.T, d *dhtnode) bool {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/key/start", strings.NewReader(`{"id":"1","data":""}`))
		require.NoError(t, err)
		if answer, err := r.client.Do(request); err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-d.ended:
			return false
		case <-timeout.C:
			return false
		case <-again.C:
		}
	}
}

// plainly returns the lines of a body, in which what differs between any two
// answers is the same.
func plainly(t *testing.T, body string, named bool) (lines []map[string]any) {
	t.Helper()
	for text := range strings.Lines(body) {
		var one map[string]any
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return []map[string]any{{"no json": text}}
		}
		if !named {
			require.NotEqual(t, "0", one["id"])
			delete(one, "id")
		}
		if owner, ok := one["owner"].(string); ok {
			// Release 2.4.12 sends the end of a C string as well.
			one["owner"] = strings.TrimSuffix(owner, "\x00")
		}
		lines = append(lines, one)
	}
	return lines
}

// TestSameAnswers asks our proxy and that of dhtnode the same.
func TestSameAnswers(t *testing.T) {
	ours := run(t, testLimits())
	real := startProxyserver(t, ours)
	body := func(v *wire.Value) string {
		line, err := encodeValue(v, false)
		require.NoError(t, err)
		return string(line)
	}
	token := strings.Repeat("ab", 20)
	for name, c := range map[string]struct {
		method, path, body string
		unnamed            bool // the value has no id of its own
		erroneous          bool // only the status is the same
	}{
		"put/plain":            {http.MethodPost, "/key/put-plain", `{"id":"42","type":3,"data":"aGk=","utype":"text/plain"}`, false, false},
		"put/number as id":     {http.MethodPost, "/key/put-number", `{"id":42,"data":"aGk="}`, false, false},
		"put/largest id":       {http.MethodPost, "/key/put-largest", `{"id":"18446744073709551615","data":"aGk="}`, false, false},
		"put/no id":            {http.MethodPost, "/key/put-unnamed", `{"data":"aGk="}`, true, false},
		"put/no data":          {http.MethodPost, "/key/put-empty", `{"id":"42"}`, false, false},
		"put/priority":         {http.MethodPost, "/key/put-priority", `{"id":"42","data":"aGk=","prio":3}`, false, false},
		"put/encrypted":        {http.MethodPost, "/key/put-encrypted", `{"id":"42","cypher":"` + strings.Repeat("QUJD", 700) + `"}`, false, false},
		"put/signed":           {http.MethodPost, "/key/put-signed", body(signed(t, 7, "signed")), false, false},
		"put/30 kB":            {http.MethodPost, "/key/put-large", body(&wire.Value{ID: 42, Data: make([]byte, 30000)}), false, false},
		"put/permanent":        {http.MethodPost, "/key/put-permanent", `{"id":"42","data":"aGk=","permanent":true}`, false, false},
		"put/permanent client": {http.MethodPost, "/key/put-client", `{"id":"42","data":"aGk=","permanent":{"key":"k","client_id":"c"}}`, false, false},
		"put/permanent, no id": {http.MethodPost, "/key/put-unnamed-permanent", `{"data":"aGk=","permanent":true}`, true, false},
		"put/older path":       {http.MethodPost, "/put-older", `{"id":"42","data":"aGk="}`, false, false},
		"put/hexadecimal key":  {http.MethodPost, "/key/" + token, `{"id":"42","data":"aGk="}`, false, false},
		"put/nothing":          {http.MethodPost, "/key/put-nothing", "", false, true},
		"put/no json":          {http.MethodPost, "/key/put-no-json", "{", false, true},
		"get/nothing there":    {http.MethodGet, "/key/nobody-wrote-here", "", false, false},
		"subscribe/no json":    {"SUBSCRIBE", "/key/a", "{", false, true},
		"subscribe/no token":   {"SUBSCRIBE", "/key/a", "{}", false, true},
		"unsubscribe/unknown":  {"UNSUBSCRIBE", "/key/a", `{"key":"k","client_id":"c"}`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			wantStatus, want := real.request(t, c.method, c.path, c.body)
			status, got := ours.request(t, c.method, c.path, c.body)
			require.Equal(t, wantStatus, status, "dhtnode: %s\nours: %s", want, got)
			if c.erroneous {
				return
			}
			require.Equal(t, plainly(t, want, !c.unnamed), plainly(t, got, !c.unnamed))
			if c.method != http.MethodPost || c.unnamed {
				return
			}
			// Both wrote the same; each reads it back, also from the other.
			_, want = real.request(t, http.MethodGet, c.path, "")
			_, got = ours.request(t, http.MethodGet, c.path, "")
			require.Len(t, plainly(t, got, true), 1)
			require.Equal(t, plainly(t, want, true), plainly(t, got, true))
		})
	}
	t.Run("keys are the same", func(t *testing.T) {
		hashed := wire.HashOf([]byte("alice")).String()
		for path, same := range map[string]string{"alice": hashed, token + "ff": token, strings.ToUpper(token): token} {
			real.request(t, http.MethodPost, "/key/"+path, `{"id":"5","data":"aGk="}`)
			require.Contains(t, ours.get(t, same), line{ID: "5", Data: []byte("hi")}, path)
			require.Contains(t, ours.get(t, path), line{ID: "5", Data: []byte("hi")}, path)
		}
	})
	t.Run("info has the same members", func(t *testing.T) {
		var want, got map[string]any
		require.Eventually(t, func() bool {
			status, body := real.request(t, http.MethodGet, "/node/info", "")
			return status == http.StatusOK && json.Unmarshal([]byte(body), &want) == nil
		}, patience, 100*time.Millisecond)
		_, body := ours.request(t, http.MethodGet, "/node/info", "")
		require.NoError(t, json.Unmarshal([]byte(body), &got))
		for member, value := range want {
			require.IsType(t, value, got[member], member)
		}
		require.Equal(t, want["public_ip"], got["public_ip"])
		for member, value := range want["ipv4"].(map[string]any) {
			require.IsType(t, value, got["ipv4"].(map[string]any)[member], member)
		}
	})
}

// TestListenAcross has listeners of each proxy hear what is put at the other.
func TestListenAcross(t *testing.T) {
	ours := run(t, testLimits())
	real := startProxyserver(t, ours)
	for name, c := range map[string]struct{ writer, reader *running }{
		"ours hears dhtnode's": {real, ours}, "dhtnode's hears ours": {ours, real}, "both ours": {ours, ours}, "both dhtnode's": {real, real},
	} {
		t.Run(name, func(t *testing.T) {
			path := "/key/" + strings.ReplaceAll(name, " ", "")
			put := func(v *wire.Value) {
				t.Helper()
				body, err := encodeValue(v, false)
				require.NoError(t, err)
				status, answer := c.writer.request(t, http.MethodPost, path, string(body))
				require.Equal(t, http.StatusOK, status, answer)
			}
			put(&wire.Value{ID: 1, Data: []byte("before")})
			l := c.reader.listen(t, http.MethodGet, path+"/listen", "")
			require.Equal(t, line{ID: "1", Data: []byte("before")}, l.next())
			put(&wire.Value{ID: 2, Data: []byte("after")})
			require.Equal(t, line{ID: "2", Data: []byte("after")}, l.next())
			put(&wire.Value{ID: 3, Data: make([]byte, 40000)})
			require.Len(t, l.next().Data, 40000)
			put(signed(t, 1, "old"))
			require.Equal(t, line{ID: "9", Data: []byte("old")}, l.next())
			put(signed(t, 2, "new"))
			require.Equal(t, line{ID: "9", Data: []byte("new")}, l.next())
			if *slow {
				put(&wire.Value{ID: 4, Type: wire.TypeICE, Data: []byte("for a minute")})
				require.False(t, l.next().Expired)
				require.Equal(t, line{ID: "4", Data: []byte("for a minute"), Expired: true}, l.within(2*time.Minute))
			}
		})
	}
}
