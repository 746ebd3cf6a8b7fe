// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func host(url string) string { return strings.TrimPrefix(url, "ldap://") }

// hasty gives up a server soon, yet not on a loaded machine that answers.
func hasty(c *source.Config) {
	c.ConnectTimeout, c.Timeout = source.Duration(2*time.Second), source.Duration(5*time.Second)
}

func servers(steps []Step, result string) []string {
	var names []string
	for _, s := range steps {
		if strings.HasPrefix(s.Detail, "ldap://") && s.What != "search" && strings.Contains(s.Result, result) {
			names = append(names, s.Detail)
		}
	}
	return names
}

func hastyClient(t *testing.T, urls ...string) *Client {
	t.Helper()
	cfg := openLDAP(urls...)
	hasty(&cfg)
	return newClient(t, cfg, directorytest.ReaderPassword, Options{})
}

func TestFailOver(t *testing.T) {
	t.Parallel()
	data := directorytest.SlapdOptions{LDIF: directorytest.Person("alice")}
	first, second := directorytest.StartSlapd(t, data), directorytest.StartSlapd(t, data)
	t.Run("nothing listens", func(t *testing.T) {
		nobody := "ldap://" + directorytest.IP(t) + ":1"
		trace := &Trace{}
		c := hastyClient(t, nobody, second.URL())
		_, err := logIn(t.Context(), c, "alice", directorytest.Password, trace)
		require.NoError(t, err)
		require.Equal(t, []string{nobody}, servers(trace.Steps(), "nothing listens there"))

		_, err = logIn(t.Context(), hastyClient(t, nobody), "alice", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
	})
	t.Run("restarted", func(t *testing.T) {
		c := hastyClient(t, first.URL())
		for range 2 {
			_, err := logIn(t.Context(), c, "alice", directorytest.Password, nil)
			require.NoError(t, err)
			first.Kill()
			first.Start(t)
		}
	})
	t.Run("refuses further connections", func(t *testing.T) {
		p := directorytest.StartProxy(t, host(first.URL()))
		p.RefuseAfter(1)
		c := hastyClient(t, "ldap://"+p.Address())
		trace := &Trace{}
		_, err := logIn(t.Context(), c, "alice", directorytest.Password, trace)
		require.Equal(t, "unavailable", outcome(err))
		require.ErrorContains(t, err, "the server closed the connection")
		p.Restore()
		_, err = logIn(t.Context(), c, "alice", directorytest.Password, nil)
		require.NoError(t, err)
	})
	t.Run("slow", func(t *testing.T) {
		p := directorytest.StartProxy(t, host(first.URL()))
		p.Delay(50 * time.Millisecond)
		_, err := logIn(t.Context(), hastyClient(t, "ldap://"+p.Address()), "alice", directorytest.Password, nil)
		require.NoError(t, err)
	})
	t.Run("swallows answers", func(t *testing.T) {
		p := directorytest.StartProxy(t, host(first.URL()))
		p.Swallow(true)
		_, err := logIn(t.Context(), hastyClient(t, "ldap://"+p.Address()), "alice", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
	})
	for name, garbage := range map[string]string{
		"text": "HTTP/1.1 400 Bad Request\r\n\r\n", "zeros": strings.Repeat("\x00", 100), "endless length": "\x30\x84\x7f\xff\xff\xff", "indefinite": "\x30\x80\x02\x01\x01",
		"no result": "\x30\x05\x02\x01\x01\x61\x00", "odd result": "\x30\x0c\x02\x01\x01\x61\x07\x04\x01\x00\x04\x00\x04\x00",
	} {
		t.Run("garbage/"+name, func(t *testing.T) {
			address := sayAndClose(t, garbage)
			_, err := logIn(t.Context(), hastyClient(t, "ldap://"+address), "alice", directorytest.Password, nil)
			require.Equal(t, "unavailable", outcome(err), "%v", err)
		})
	}
}

// TestHangingServer pauses one: connections to it open and get no answer.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	data := directorytest.SlapdOptions{LDIF: directorytest.Person("alice")}
	first, second := directorytest.StartSlapd(t, data), directorytest.StartSlapd(t, data)
	t.Run("hangs", func(t *testing.T) {
		c := hastyClient(t, first.URL(), second.URL())
		_, err := logIn(t.Context(), c, "alice", directorytest.Password, nil)
		require.NoError(t, err, "the first one works, and its connection is kept")
		first.Pause(t)
		defer first.Resume(t)
		_, err = logIn(t.Context(), c, "alice", directorytest.Password, nil)
		require.NoError(t, err, "a kept connection that hangs")
		trace := &Trace{}
		_, err = logIn(t.Context(), c, "alice", directorytest.Password, trace)
		require.NoError(t, err)
		require.NotContains(t, servers(trace.Steps(), ""), first.URL(), "the one that hangs is not asked again")

		trace = &Trace{}
		_, err = logIn(t.Context(), hastyClient(t, first.URL(), second.URL()), "alice", directorytest.Password, trace)
		require.NoError(t, err, "one that hangs from the start")
		require.Contains(t, servers(trace.Steps(), "no answer in time"), first.URL())

		began := time.Now()
		_, err = logIn(t.Context(), hastyClient(t, first.URL()), "alice", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
		require.Less(t, time.Since(began), 30*time.Second)
	})
	t.Run("cancelled", func(t *testing.T) {
		first.Pause(t)
		defer first.Resume(t)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := logIn(ctx, newClient(t, openLDAP(first.URL()), directorytest.ReaderPassword, Options{}), "alice", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))

		c := newClient(t, openLDAP(first.URL(), second.URL()), directorytest.ReaderPassword, Options{})
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		_, err = logIn(ctx, c, "alice", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
		servers, err := c.servers.all(t.Context())
		require.NoError(t, err)
		require.Equal(t, first.URL(), servers[0].String(), "whoever leaves says nothing about the server")
	})
}

// sayAndClose listens for clients, answers their first words, and closes.
func sayAndClose(t *testing.T, words string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1024)) // whatever it asks
			_, _ = c.Write([]byte(words))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		<-done
	})
	return l.Addr().String()
}
