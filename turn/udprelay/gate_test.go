// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// answers are requests and what must come back, over any transport.
var answers = map[string]struct {
	allocated bool // whether the client has an IPv4 allocation
	ipv6      bool // whether that is an IPv6 one
	method    stun.Method
	attrs     []stun.Setter
	code      int // 0: success
}{
	"allocate/plain":                        {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17)}},
	"allocate/family 1":                     {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), family(1)}},
	"allocate/family 2":                     {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), family(2)}},
	"error/allocate/family 3":               {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), family(3)}, code: 440},
	"error/allocate/malformed family":       {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrRequestedAddressFamily, 1)}, code: 400},
	"error/allocate/no transport":           {method: stun.MethodAllocate, code: 400},
	"error/allocate/malformed transport":    {method: stun.MethodAllocate, attrs: []stun.Setter{raw(stun.AttrRequestedTransport, 17)}, code: 400},
	"error/allocate/transport 33":           {method: stun.MethodAllocate, attrs: []stun.Setter{transport(33)}, code: 442},
	"error/allocate/malformed lifetime":     {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrLifetime, 1)}, code: 400},
	"error/allocate/dont fragment":          {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrDontFragment)}, code: 420},
	"error/allocate/even port and the next": {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrEvenPort, 0x80)}, code: 508},
	"error/allocate/reserved":               {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)}, code: 508},
	"error/allocate/reserved and even":      {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8), raw(stun.AttrEvenPort, 0)}, code: 400},
	"error/allocate/reserved and family":    {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8), family(1)}, code: 400},
	"error/allocate/unknown attribute":      {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(0x7F01, 1)}, code: 420},
	"error/allocate/again":                  {allocated: true, method: stun.MethodAllocate, attrs: []stun.Setter{transport(17)}, code: 437},
	"error/refresh/no allocation":           {method: stun.MethodRefresh, code: 437},
	"error/refresh 0/no allocation":         {method: stun.MethodRefresh, attrs: []stun.Setter{message.LifetimeOf(0)}, code: 437},
	"refresh/plain":                         {allocated: true, method: stun.MethodRefresh},
	"refresh/same family":                   {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{family(1)}},
	"error/refresh/other family":            {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{family(2)}, code: 443},
	"error/refresh/family 3":                {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{family(3)}, code: 443},
	"error/refresh/malformed family":        {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{raw(stun.AttrRequestedAddressFamily)}, code: 400},
	"error/refresh/malformed lifetime":      {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{raw(stun.AttrLifetime, 0, 0)}, code: 400},
	"error/permission/no allocation":        {method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("127.0.0.1:1")}, code: 437},
	"permission/one":                        {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("127.0.0.1:1")}},
	"permission/denied by policy":           {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("224.0.0.1:1"), peerAt("127.0.0.1:1")}},
	"error/permission/empty peer":           {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{raw(stun.AttrXORPeerAddress)}, code: 400},
	"error/permission/no peer":              {allocated: true, method: stun.MethodCreatePermission, code: 400},
	"error/permission/malformed second":     {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("127.0.0.1:1"), raw(stun.AttrXORPeerAddress, 0, 1, 2)}, code: 400},
	"error/permission/other family":         {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("[::1]:1")}, code: 443},
	"error/permission/other family, IPv6":   {allocated: true, ipv6: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("127.0.0.1:1")}, code: 443},
	"permission/IPv6":                       {allocated: true, ipv6: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("[::1]:1")}},
	"error/permission/forbidden":            {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{peerAt("127.0.0.1:1"), peerAt("198.51.100.7:1")}, code: 403},
	"error/channel/no allocation":           {method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x4000), peerAt("127.0.0.1:1")}, code: 437},
	"channel/first":                         {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x4000), peerAt("127.0.0.1:1")}},
	"channel/last of RFC 5766":              {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x7FFF), peerAt("127.0.0.1:1")}},
	"error/channel/too low":                 {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x3FFF), peerAt("127.0.0.1:1")}, code: 400},
	"error/channel/too high":                {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x8000), peerAt("127.0.0.1:1")}, code: 400},
	"error/channel/no number":               {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{peerAt("127.0.0.1:1")}, code: 400},
	"error/channel/malformed number":        {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{raw(stun.AttrChannelNumber, 0x40, 0), peerAt("127.0.0.1:1")}, code: 400},
	"error/channel/no peer":                 {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x4000)}, code: 400},
	"error/channel/malformed peer":          {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x4000), raw(stun.AttrXORPeerAddress, 0, 9, 1, 1, 1, 1, 1, 1)}, code: 400},
	"error/channel/other family":            {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x4000), peerAt("[::1]:1")}, code: 443},
	"error/channel/forbidden":               {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{channel(0x4000), peerAt("198.51.100.7:1")}, code: 403},
	"error/connect/no allocation":           {method: stun.MethodConnect, attrs: []stun.Setter{peerAt("127.0.0.1:1")}, code: 437},
	"error/connect/UDP allocation":          {allocated: true, method: stun.MethodConnect, attrs: []stun.Setter{peerAt("127.0.0.1:1")}, code: 400},
	"error/connection bind/UDP allocation":  {allocated: true, method: stun.MethodConnectionBind, code: 400},
	"error/refresh/unknown attribute":       {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{raw(0x7F01, 1)}, code: 420},
	"refresh/unknown optional attribute":    {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{raw(0xC001, 1)}},
	"allocate/additional family is ignored": {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17), raw(0x8000, 2, 0, 0, 0)}},
}

func answerRules(s *settings) {
	s.rules.Deny = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	s.rules.RefuseDenied = true
}

func TestAnswers(t *testing.T) {
	r := startRig(t, answerRules)
	for over, dial := range map[string]func(testing.TB, string) *client{"udp": r.dial, "tcp": r.dialStream} {
		for name, row := range answers {
			t.Run(over+"/"+name, func(t *testing.T) {
				c := dial(t, "alice")
				if row.allocated {
					f := byte(message.IPv4)
					if row.ipv6 {
						f = byte(message.IPv6)
					}
					c.allocate(family(f))
				}
				before := r.ledger.Counters().ByCode[row.code]
				answer := c.ask(row.method, row.attrs...)
				require.Equal(t, row.code, codeIn(answer))
				if row.code != 0 {
					require.Equal(t, before+1, r.ledger.Counters().ByCode[row.code])
				}
			})
		}
	}
}

func TestTransportTCP(t *testing.T) {
	r := startRig(t, nil)
	require.Equal(t, 400, codeIn(r.dial(t, "alice").ask(stun.MethodAllocate, transport(protocolTCP))))
	require.Equal(t, 442, codeIn(r.dialStream(t, "alice").ask(stun.MethodAllocate, transport(protocolTCP))))
}

func TestUnknownAttributesAreNamed(t *testing.T) {
	c := startRig(t, nil).dial(t, "alice")
	answer := c.ask(stun.MethodAllocate, transport(17), raw(stun.AttrDontFragment))
	value, err := answer.Get(stun.AttrUnknownAttributes)
	require.NoError(t, err)
	require.Equal(t, []byte{0x00, 0x1A}, value)
}

func TestFingerprint(t *testing.T) {
	c := startRig(t, nil).dial(t, "alice")
	c.challenge()
	m := c.build(stun.MethodAllocate, transport(17))
	require.NoError(t, stun.Fingerprint.AddTo(m))
	answer := c.exchange(m)
	require.Zero(t, codeIn(answer))
	require.NoError(t, stun.Fingerprint.Check(answer))
}

func TestChannelConflicts(t *testing.T) {
	c := startRig(t, nil).dial(t, "alice")
	c.allocate()
	c.require(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:1"))
	c.require(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:1")) // prolongs it
	require.Equal(t, 400, codeIn(c.ask(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:2"))))
	require.Equal(t, 400, codeIn(c.ask(stun.MethodChannelBind, channel(0x4001), peerAt("127.0.0.1:1"))))
}

func TestOtherUser(t *testing.T) {
	c := startRig(t, nil).dial(t, "alice")
	c.allocate()
	c.username, c.key = "bob", keyOf("bob")
	require.Equal(t, 437, codeIn(c.ask(stun.MethodAllocate, transport(17))))
	for _, method := range []stun.Method{stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
		require.Equal(t, 441, codeIn(c.ask(method, channel(0x4000), peerAt("127.0.0.1:1"))), method)
	}
	c.username, c.key = "alice", keyOf("alice")
	c.require(stun.MethodRefresh)
}

func TestCredentials(t *testing.T) {
	r := startRig(t, nil)
	c := r.dial(t, "alice")
	c.challenge()
	signed := func(attrs ...stun.Setter) *stun.Message {
		setters := append([]stun.Setter{stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(17)}, attrs...)
		return c.exchange(stun.MustBuild(setters...))
	}
	realm, user, mi := stun.NewRealm(testRealm), stun.NewUsername("alice"), stun.MessageIntegrity(c.key)
	for name, row := range map[string]struct {
		attrs []stun.Setter
		code  int
	}{
		"error/no signature":   {nil, 401},
		"error/no user name":   {[]stun.Setter{realm, c.nonce, mi}, 400},
		"error/no realm":       {[]stun.Setter{user, c.nonce, mi}, 400},
		"error/no nonce":       {[]stun.Setter{user, realm, mi}, 400},
		"error/made-up nonce":  {[]stun.Setter{user, realm, stun.NewNonce("nonsense"), mi}, 438},
		"error/wrong password": {[]stun.Setter{user, realm, c.nonce, stun.MessageIntegrity("x")}, 401},
		"error/unknown user":   {[]stun.Setter{stun.NewUsername("eve"), realm, c.nonce, mi}, 401},
		"error/wrong realm":    {[]stun.Setter{user, stun.NewRealm("other"), c.nonce, mi}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			answer := signed(row.attrs...)
			require.Equal(t, row.code, codeIn(answer))
			require.Equal(t, row.code != 400, answer.Contains(stun.AttrNonce))
			require.Equal(t, row.code != 400, answer.Contains(stun.AttrRealm))
		})
	}
	require.EqualValues(t, 3, r.auth.Failures())
	require.Zero(t, r.ledger.Len())
}

func TestLifetimes(t *testing.T) {
	r := startRig(t, nil)
	for name, row := range map[string]struct{ wanted, granted time.Duration }{
		"none":    {-1, 10 * time.Minute},
		"zero":    {0, 10 * time.Minute},
		"short":   {time.Minute, 10 * time.Minute},
		"between": {20 * time.Minute, 20 * time.Minute},
		"hour":    {time.Hour, time.Hour},
		"days":    {72 * time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var attrs []stun.Setter
			if row.wanted >= 0 {
				attrs = append(attrs, message.LifetimeOf(row.wanted))
			}
			c := r.dial(t, "alice")
			granted, ok, err := message.Lifetime(c.require(stun.MethodAllocate, append(attrs, transport(17))...))
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, row.granted, granted)
			if row.wanted == 0 {
				return
			}
			granted, _, err = message.Lifetime(c.require(stun.MethodRefresh, attrs...))
			require.NoError(t, err)
			require.Equal(t, row.granted, granted)
			live := r.ledger.Live()
			require.WithinDuration(t, time.Now().Add(row.granted), live[len(live)-1].Expires, 2*time.Second)
		})
	}
}

func TestAllocateAnswer(t *testing.T) {
	c := startRig(t, nil).dial(t, "alice")
	m := c.build(stun.MethodAllocate, transport(17))
	first := c.exchange(m)
	require.Zero(t, codeIn(first))
	var mapped stun.XORMappedAddress
	require.NoError(t, mapped.GetFrom(first))
	require.Equal(t, c.addr().String(), mapped.String())

	again := c.exchange(m)
	require.Equal(t, first.Raw, again.Raw, "a request sent again gets the same answer")
}

func TestRelease(t *testing.T) {
	r := startRig(t, nil)
	c := r.dial(t, "alice")
	c.allocate()
	require.Equal(t, 1, r.ledger.Len())
	lifetime, ok, err := message.Lifetime(c.require(stun.MethodRefresh, message.LifetimeOf(0)))
	require.NoError(t, err)
	require.True(t, ok)
	require.Zero(t, lifetime)
	require.Zero(t, r.ledger.Len())
	require.Zero(t, r.portsTaken())
	require.Equal(t, ledger.Released, r.ledger.History()[0].Reason)
	require.Equal(t, 437, codeIn(c.ask(stun.MethodRefresh)))
	c.allocate()
}

func TestQuotas(t *testing.T) {
	for name, limits := range map[string]ledger.Limits{
		"user":   {PerUser: 2},
		"source": {PerSource: 2},
		"total":  {Total: 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRig(t, func(s *settings) { s.limits = limits })
			first := r.dial(t, "alice")
			first.allocate()
			r.dial(t, "alice").allocate()
			third := r.dial(t, "alice")
			require.Equal(t, 486, codeIn(third.ask(stun.MethodAllocate, transport(17))))
			first.require(stun.MethodRefresh, message.LifetimeOf(0))
			third.allocate()
		})
	}
	t.Run("evicted", func(t *testing.T) {
		r := startRig(t, func(s *settings) { s.limits = ledger.Limits{Total: 1, Idle: time.Nanosecond} })
		idle := r.dial(t, "alice")
		idle.allocate()
		used := r.dial(t, "bob")
		used.allocate()
		require.Eventually(t, func() bool { return r.ledger.Len() == 1 }, patience, time.Millisecond)
		require.Equal(t, ledger.Evicted, r.ledger.History()[0].Reason)
		require.Equal(t, 437, codeIn(idle.ask(stun.MethodRefresh)))
		used.require(stun.MethodCreatePermission, peerAt("127.0.0.1:1"))
		require.Equal(t, 486, codeIn(idle.ask(stun.MethodAllocate, transport(17))))
	})
}

func TestPortsExhausted(t *testing.T) {
	r := startRig(t, func(s *settings) { s.ports = "50000-50000" })
	r.dial(t, "alice").allocate()
	require.Equal(t, 508, codeIn(r.dial(t, "alice").ask(stun.MethodAllocate, transport(17))))
	require.Equal(t, 1, r.ledger.Len())
}

func TestEvenPort(t *testing.T) {
	r := startRig(t, nil)
	for range 10 {
		require.Zero(t, r.dial(t, "alice").allocate(raw(stun.AttrEvenPort, 0)).Port()%2)
	}
}

func TestFamilyNotServed(t *testing.T) {
	r := startRig(t, func(s *settings) { s.noIPv6 = true })
	require.Equal(t, 440, codeIn(r.dial(t, "alice").ask(stun.MethodAllocate, transport(17), family(2))))
}

func TestBounds(t *testing.T) {
	addrs := func(first, n int) []stun.Setter {
		var attrs []stun.Setter
		for i := range n {
			a := netip.AddrFrom4([4]byte{10, 0, byte((first + i) >> 8), byte(first + i)})
			attrs = append(attrs, message.PeerAddress(netip.AddrPortFrom(a, 1)))
		}
		return attrs
	}
	t.Run("error/addresses of a request", func(t *testing.T) {
		c := startRig(t, nil).dial(t, "alice")
		c.allocate()
		require.Equal(t, 508, codeIn(c.ask(stun.MethodCreatePermission, addrs(0, maxPeers+1)...)))
		c.require(stun.MethodCreatePermission, addrs(0, maxPeers)...)
	})
	t.Run("error/permissions", func(t *testing.T) {
		c := startRig(t, nil).dial(t, "alice")
		c.allocate()
		for i := 0; i < maxPermissions; i += maxPeers {
			c.require(stun.MethodCreatePermission, addrs(i, maxPeers)...)
		}
		require.Equal(t, 508, codeIn(c.ask(stun.MethodCreatePermission, addrs(maxPermissions, 1)...)))
		require.Equal(t, 508, codeIn(c.ask(stun.MethodChannelBind, append(addrs(maxPermissions, 1), channel(0x4000))...)))
		c.require(stun.MethodCreatePermission, addrs(0, maxPeers)...) // prolongs them
	})
	t.Run("error/channels", func(t *testing.T) {
		c := startRig(t, nil).dial(t, "alice")
		c.allocate()
		for i := range maxChannels {
			c.require(stun.MethodChannelBind, append(addrs(i, 1), channel(uint16(0x4000+i)))...)
		}
		require.Equal(t, 508, codeIn(c.ask(stun.MethodChannelBind, append(addrs(0, 1), channel(0x5000))...)))
		c.require(stun.MethodChannelBind, append(addrs(0, 1), channel(0x4000))...)
	})
}

func TestThrottle(t *testing.T) {
	r := startRig(t, func(s *settings) { s.auth.Unauthenticated, s.auth.Failures = 3, 2 })
	c := r.dial(t, "alice")
	c.challenge()
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	c.exchange(binding)
	c.challenge()
	c.send(binding.Raw)
	require.Eventually(t, func() bool { return r.ledger.Counters().Throttled == 1 }, patience, time.Millisecond)
	c.allocate() // signed requests are not throttled

	c.key = []byte("wrong")
	require.Equal(t, 401, codeIn(c.exchange(c.build(stun.MethodRefresh))))
	require.Equal(t, 401, codeIn(c.exchange(c.build(stun.MethodRefresh))))
	c.send(c.build(stun.MethodRefresh).Raw)
	require.Eventually(t, func() bool { return r.ledger.Counters().Throttled == 2 }, patience, time.Millisecond)
	require.EqualValues(t, 3, r.auth.Failures())
}

func TestBinding(t *testing.T) {
	r := startRig(t, nil)
	for name, c := range map[string]*client{"udp": r.dial(t, "alice"), "tcp": r.dialStream(t, "alice")} {
		t.Run(name, func(t *testing.T) {
			var mapped stun.XORMappedAddress
			require.NoError(t, mapped.GetFrom(c.exchange(stun.MustBuild(stun.TransactionID, stun.BindingRequest))))
			require.Equal(t, c.addr().String(), mapped.String())
			answer := c.exchange(stun.MustBuild(stun.TransactionID, stun.BindingRequest, raw(0x7F01, 1)))
			require.Equal(t, 420, codeIn(answer))
		})
	}
}
