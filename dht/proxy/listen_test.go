// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// next returns the next line that a listener gets.
func (l *listening) next() line {
	l.t.Helper()
	return l.within(patience)
}

func (l *listening) within(limit time.Duration) line {
	l.t.Helper()
	select {
	case got := <-l.lines:
		return got
	case err := <-l.broken:
		require.FailNow(l.t, "the answer ended", "%v", err)
	case <-time.After(limit):
		require.FailNow(l.t, "nothing came")
	}
	return line{}
}

// cut waits until the answer is broken off.
func (l *listening) cut() {
	l.t.Helper()
	select {
	case err := <-l.broken:
		require.ErrorIs(l.t, err, io.ErrUnexpectedEOF, "an answer that ends well is not begun anew by clients")
	case <-time.After(patience):
		require.FailNow(l.t, "the answer goes on")
	}
}

var owner = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// signed returns a value of an owner who is the same in all tests.
func signed(t *testing.T, seq uint16, data string) *wire.Value {
	t.Helper()
	private, err := owner()
	require.NoError(t, err)
	v := &wire.Value{ID: 9, Data: []byte(data), Seq: seq}
	require.NoError(t, v.Sign(private))
	return v
}

func (r *running) put(t *testing.T, packed []byte) {
	t.Helper()
	_, err := r.node.Put(t.Context(), keyOf(key), packed)
	require.NoError(t, err)
}

func TestListen(t *testing.T) {
	r := run(t, testLimits())
	r.put(t, plain(1, "before"))
	l := r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	require.Equal(t, line{ID: "1", Data: []byte("before")}, l.next())

	r.put(t, plain(2, "after"))
	require.Equal(t, line{ID: "2", Data: []byte("after")}, l.next())
	r.put(t, plain(2, "after"))
	r.put(t, signed(t, 1, "old").Append(nil))
	require.Equal(t, line{ID: "9", Data: []byte("old")}, l.next(), "what only lives on is not told")
	r.put(t, signed(t, 2, "new").Append(nil))
	require.Equal(t, line{ID: "9", Data: []byte("new")}, l.next())

	late := r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	require.ElementsMatch(t, []line{
		{ID: "1", Data: []byte("before")}, {ID: "2", Data: []byte("after")}, {ID: "9", Data: []byte("new")},
	}, []line{late.next(), late.next(), late.next()})
	stats := r.Stats()
	require.Equal(t, 2, stats.Listeners)
	require.Equal(t, 1, stats.Keys, "both share one listener of the node")

	l.leave()
	require.Eventually(t, func() bool { return r.Stats().Listeners == 1 }, patience, 10*time.Millisecond)
	r.put(t, plain(3, "for one"))
	require.Equal(t, "3", late.next().ID)
	late.leave()
	require.Eventually(t, func() bool { return r.Stats().Keys == 0 && r.node.Stats().Listening == 0 }, patience, 10*time.Millisecond)
	require.Zero(t, r.node.Stats().Storage.Listeners)
}

func TestSubscribe(t *testing.T) {
	r := run(t, testLimits())
	const me = `{"key":"a secret","client_id":"me","platform":"android","session_id":"s"}`
	const other = `{"key":"a secret","client_id":"another"}`
	first := r.listen(t, "SUBSCRIBE", "/key/"+key, me)
	r.put(t, plain(1, "one"))
	require.Equal(t, line{ID: "1", Data: []byte("one")}, first.next())

	second := r.listen(t, "SUBSCRIBE", "/"+key, me)
	first.cut()
	require.Equal(t, "1", second.next().ID, "who subscribes anew is told anew")
	third := r.listen(t, "SUBSCRIBE", "/key/"+key, other)
	require.Equal(t, "1", third.next().ID)
	require.Eventually(t, func() bool {
		stats := r.Stats()
		return stats.Subscriptions == 2 && stats.Listeners == 2
	}, patience, 10*time.Millisecond)

	status, _ := r.request(t, "UNSUBSCRIBE", "/key/"+key, me)
	require.Equal(t, http.StatusOK, status)
	second.cut()
	r.put(t, plain(2, "two"))
	require.Equal(t, "2", third.next().ID)
	status, _ = r.request(t, "UNSUBSCRIBE", "/key/"+key, me)
	require.Equal(t, http.StatusOK, status, "nothing to end")
	require.NotContains(t, r.logs.String(), "secret")
}

// A proxy that stops breaks listeners off, and serves as before when it is back.
func TestStop(t *testing.T) {
	r := run(t, testLimits())
	status, _ := r.request(t, http.MethodPost, "/key/"+key, `{"id":"1","data":"aGk=","permanent":true}`)
	require.Equal(t, http.StatusOK, status)
	l := r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	require.Equal(t, "1", l.next().ID)
	require.NoError(t, r.stop())
	l.cut()
	require.Nil(t, r.Addr())
	require.ErrorIs(t, r.Check(t.Context()), ErrNotRunning)
	require.Empty(t, r.Stats().Addr)

	start(t, r.Server.Run)
	r.url = "https://" + r.Addr().String()
	require.NoError(t, r.Check(t.Context()))
	require.Equal(t, "1", r.listen(t, http.MethodGet, "/key/"+key+"/listen", "").next().ID)
	require.Equal(t, 1, r.Stats().Permanent)
}

// The proxy tells what other nodes hold, and puts values there.
func TestOtherNodes(t *testing.T) {
	other := runNode(t)
	r := run(t, testLimits(), other.udp.String())
	meets(t, r, other)
	_, err := other.node.Put(t.Context(), keyOf("elsewhere"), plain(1, "there"))
	require.NoError(t, err)
	require.Equal(t, []line{{ID: "1", Data: []byte("there")}}, r.get(t, "elsewhere"))

	status, _ := r.request(t, http.MethodPost, "/key/"+key, `{"id":"1","data":"aGk="}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 2, other.node.Stats().Storage.Keys, "the other node has it, too")
	require.Len(t, r.get(t, key), 1, "once")
}

// meets waits until the two nodes list each other.
func meets(t *testing.T, a, b *running) {
	t.Helper()
	require.Eventually(t, func() bool { return a.node.Stats().IPv4.Good > 0 && b.node.Stats().IPv4.Good > 0 }, patience, 10*time.Millisecond)
}

func TestQueue(t *testing.T) {
	overflows := 0
	q := newQueue(func() { overflows++ })
	for range maxQueue {
		q.add(event{packed: []byte("x")})
	}
	events, ok := q.take()
	require.True(t, ok)
	require.Len(t, events, maxQueue)
	for range maxQueue + 1 {
		q.add(event{packed: []byte("x")})
	}
	_, ok = q.take()
	require.False(t, ok, "too many")

	q = newQueue(func() { overflows++ })
	q.add(event{packed: make([]byte, maxQueueBytes)})
	q.add(event{})
	_, ok = q.take()
	require.False(t, ok, "too large")
	require.Equal(t, 2, overflows)

	q = newQueue(func() { overflows++ })
	q.fail()
	<-q.wake
	_, ok = q.take()
	require.False(t, ok)
	require.Equal(t, 2, overflows, "the node stopped")
}

// A listener that does not read is broken off and holds nobody up.
func TestSlowListener(t *testing.T) {
	r := run(t, testLimits())
	answer := r.open(t, t.Context(), http.MethodGet, "/key/"+key+"/listen", "")
	defer answer.Body.Close()
	quick := r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	for seq := uint16(1); r.Stats().Refused["listener too slow"] == 0; seq++ {
		require.Less(t, seq, uint16(2000), "the listener is not broken off")
		v := signed(t, seq, string(make([]byte, 60000)))
		r.put(t, v.Append(nil))
		require.Equal(t, "9", quick.next().ID)
	}
	_, err := io.Copy(io.Discard, answer.Body)
	require.Error(t, err)
}
