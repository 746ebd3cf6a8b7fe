// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// line is a line of an answer.
type line struct {
	ID      string `json:"id"`
	Data    []byte `json:"data"`
	Expired bool   `json:"expired"`
}

// request sends a request and returns the status and the body.
func (r *running) request(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	answer := r.open(t, t.Context(), method, path, body)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(content)
}

// open sends a request and returns the answer, which the caller closes.
func (r *running) open(t *testing.T, ctx context.Context, method, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := r.client.Do(request)
	require.NoError(t, err)
	return answer
}

// get returns the values under a key.
func (r *running) get(t *testing.T, key string) (lines []line) {
	t.Helper()
	status, body := r.request(t, http.MethodGet, "/key/"+key, "")
	require.Equal(t, http.StatusOK, status)
	for text := range strings.Lines(body) {
		lines = append(lines, decodeLine(t, text))
	}
	return lines
}

func decodeLine(t *testing.T, text string) line {
	t.Helper()
	var l line
	require.NoError(t, json.Unmarshal([]byte(text), &l), "%q", text)
	return l
}

// listening is an answer that does not end.
type listening struct {
	t     *testing.T
	lines chan line
	// broken gets the error with which the answer ended.
	broken chan error
	leave  func()
}

// listen sends a request whose answer does not end. The listener leaves at the end
// of the test.
func (r *running) listen(t *testing.T, method, path, body string) *listening {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	answer := r.open(t, ctx, method, path, body)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	l := &listening{t: t, lines: make(chan line, 1024), broken: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		in := bufio.NewReader(answer.Body)
		for {
			text, err := in.ReadString('\n')
			if err != nil {
				l.broken <- err
				return
			}
			var one line
			if err := json.Unmarshal([]byte(text), &one); err != nil {
				l.broken <- err
				return
			}
			l.lines <- one
		}
	}()
	l.leave = func() {
		cancel()
		answer.Body.Close()
		<-done
	}
	t.Cleanup(l.leave)
	return l
}
