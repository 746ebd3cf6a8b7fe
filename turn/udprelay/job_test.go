// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/auth"
	"jamibox/turn/message"
)

// scriptedLink receives nothing and keeps what is answered.
type scriptedLink struct {
	socketLink
	answers [][]byte
}

func (*scriptedLink) wake()                                 {}
func (*scriptedLink) server() netip.AddrPort                { return netip.MustParseAddrPort("127.0.0.1:3478") }
func (l *scriptedLink) answer(msg []byte, _ netip.AddrPort) { l.answers = append(l.answers, msg) }

// scriptedCore is a core whose pion the test plays.
func scriptedCore(t *testing.T, r *rig) (*core, *scriptedLink) {
	t.Helper()
	l := new(scriptedLink)
	c := newCore(t.Context(), r.Relay, l)
	t.Cleanup(func() { c.timer.Stop() })
	return c, l
}

// asked returns what pion is asked next.
func (c *core) asked(t *testing.T) *stun.Message {
	t.Helper()
	p := make([]byte, inboundMTU)
	n, _, ok := c.nextJob(p)
	require.True(t, ok)
	m, err := message.Decode(p[:n])
	require.NoError(t, err)
	require.True(t, message.Signed(m, c.key))
	return m
}

func refusal(m *stun.Message, code stun.ErrorCode, attrs ...stun.Setter) []byte {
	return message.Failure(m, nil, code, attrs...)
}

func TestNonceOfCoreIsLearnt(t *testing.T) {
	c, _ := scriptedCore(t, newRig(t, nil))
	var outcomes []bool
	done := func(granted bool) { outcomes = append(outcomes, granted) }
	for name, row := range map[string]struct {
		again   bool // whether pion refuses the new nonce, too
		outcome bool
	}{"accepted": {false, true}, "error/refused again": {true, false}} {
		t.Run(name, func(t *testing.T) {
			outcomes = nil
			c.nonce = "old"
			c.ask(&session{}, stun.MethodRefresh, done)
			m := c.asked(t)
			require.Equal(t, []byte("old"), attribute(t, m, stun.AttrNonce))
			c.answered(refusal(m, stun.CodeStaleNonce, stun.NewNonce("new")))
			c.settle()
			require.Empty(t, outcomes)

			m = c.asked(t)
			require.Equal(t, []byte("new"), attribute(t, m, stun.AttrNonce))
			if row.again {
				c.answered(refusal(m, stun.CodeStaleNonce, stun.NewNonce("newer")))
			} else {
				c.answered(message.Success(m, nil))
			}
			c.settle()
			require.Equal(t, []bool{row.outcome}, outcomes)
			require.Empty(t, c.jobs)
		})
	}
}

func attribute(t *testing.T, m *stun.Message, attr stun.AttrType) []byte {
	t.Helper()
	value, err := m.Get(attr)
	require.NoError(t, err)
	return value
}

// TestUnexpectedRefusals has pion refuse, or not answer, what it should not.
func TestUnexpectedRefusals(t *testing.T) {
	key := keyOf("alice")
	identity := &auth.Identity{Username: "alice", Key: key}
	client := netip.MustParseAddrPort("127.0.0.1:9")
	request := func(c *core, method stun.Method, attrs ...stun.Setter) *request {
		m := stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attrs...)...)
		return &request{Message: m, core: c, client: client, identity: identity}
	}
	for name, row := range map[string]struct {
		method stun.Method
		attrs  []stun.Setter
		code   int
	}{
		"allocate":   {stun.MethodAllocate, []stun.Setter{transport(17)}, 508},
		"refresh":    {stun.MethodRefresh, nil, 437},
		"permission": {stun.MethodCreatePermission, []stun.Setter{peerAt("127.0.0.1:1")}, 508},
		"channel":    {stun.MethodChannelBind, []stun.Setter{peerAt("127.0.0.1:1"), channel(0x4000)}, 400},
	} {
		for _, silent := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t, nil)
				c, link := scriptedCore(t, r)
				var s *session
				if row.method != stun.MethodAllocate {
					s = &session{client: client, identity: identity, family: message.IPv4}
				}
				c.serve(request(c, row.method, row.attrs...), s)
				m := c.asked(t)
				if !silent {
					c.answered(refusal(m, stun.CodeInsufficientCapacity))
				}
				c.settle()
				require.Len(t, link.answers, 1)
				answer, err := message.Decode(link.answers[0])
				require.NoError(t, err)
				require.Equal(t, row.code, codeIn(answer))
				require.True(t, message.Signed(answer, key))
				require.Zero(t, r.ledger.Len())
				require.Zero(t, r.portsTaken())
				require.Empty(t, c.sessions)
				c.endpoints.Wait()
			})
		}
	}
}

// TestCoreIsProlonged pretends that pion's timer is about to fire.
func TestCoreIsProlonged(t *testing.T) {
	c, _ := scriptedCore(t, newRig(t, nil))
	now := time.Now()
	s := &session{
		client:      netip.MustParseAddrPort("127.0.0.1:1"),
		expires:     now.Add(time.Hour),
		coreExpires: now.Add(coreMargin + time.Minute),
	}
	c.sessions[s.client] = s
	c.schedule(s)
	require.Equal(t, s.coreExpires.Add(-coreMargin), c.next)

	c.expire(now)
	require.Empty(t, c.jobs)
	c.expire(now.Add(time.Minute))
	require.Len(t, c.jobs, 1)
	require.Equal(t, stun.MethodRefresh, c.asked(t).Type.Method)
	c.current.answer = granted
	c.settle()
	require.True(t, s.coreExpires.After(s.expires.Add(-time.Minute)))
	require.Equal(t, s.coreExpires.Add(-coreMargin), c.next)
}
