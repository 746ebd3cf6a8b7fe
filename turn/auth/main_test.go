// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

const realm = "box.example"

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	source = netip.MustParseAddr("10.0.0.7")
)

// clock is a time of day that tests move. Safe for concurrent use.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// users are keys by user name, and those that are refused.
type users struct {
	keys    map[string][][]byte
	refused []string
}

func (u *users) Keys(username string, _ netip.Addr) [][]byte {
	if u.Refused(username) {
		return nil
	}
	return u.keys[username]
}

func (u *users) Refused(username string) bool {
	return slices.Contains(u.refused, username)
}

func keyOf(username, password string) stun.MessageIntegrity {
	return stun.NewLongTermIntegrity(username, realm, password)
}

// bench is an authenticator with the user alice, password "secret".
type bench struct {
	*Authenticator
	users *users
	clock *clock
	codes []stun.ErrorCode
}

func newBench() *bench {
	b := &bench{
		users: &users{keys: map[string][][]byte{"alice": {keyOf("alice", "secret")}}},
		clock: &clock{now: start},
	}
	b.Authenticator = newAuthenticator(realm, b.users, func(code stun.ErrorCode) { b.codes = append(b.codes, code) }, b.clock.Now)
	return b
}

// request builds a decoded request the way clients do.
func request(t testing.TB, attrs ...stun.Setter) *stun.Message {
	setters := append([]stun.Setter{stun.TransactionID, stun.NewType(stun.MethodRefresh, stun.ClassRequest)}, attrs...)
	built, err := stun.Build(setters...)
	require.NoError(t, err)
	m, err := message.Decode(built.Raw)
	require.NoError(t, err)
	return m
}

// signed builds a complete request of a user.
func (b *bench) signed(t testing.TB, username, password string, more ...stun.Setter) *stun.Message {
	attrs := append(more, stun.NewUsername(username), stun.NewRealm(realm), stun.NewNonce(b.nonces.issue()), keyOf(username, password))
	return request(t, attrs...)
}

// answer decodes a refusal and returns its code.
func answer(t testing.TB, raw []byte) (*stun.Message, stun.ErrorCode) {
	m, err := message.Decode(raw)
	require.NoError(t, err)
	require.Equal(t, stun.ClassErrorResponse, m.Type.Class)
	var code stun.ErrorCodeAttribute
	require.NoError(t, code.GetFrom(m))
	return m, code.Code
}
