// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
	"jamibox/turn/peer"
	"jamibox/turn/port"
)

var (
	somePeer = netip.MustParseAddrPort("127.0.0.1:9")
	ipv6Peer = netip.MustParseAddrPort("[2001:db8::1]:9")
	denied   = netip.MustParseAddrPort("198.51.100.7:9")
)

// denying makes a policy that denies one network, with 403 if refuse is set.
func denying(refuse bool) setup {
	return func(b *box) {
		b.Peers = peer.New(peer.Rules{
			AllowLoopback: true,
			Deny:          []netip.Prefix{netip.PrefixFrom(denied.Addr(), 24).Masked()},
			RefuseDenied:  refuse,
		}, port.Range{})
	}
}

func raw(attr stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: attr, Value: value}
}

// granted is expected where a success is.
const granted stun.ErrorCode = 0

// TestControl holds the rows of requests that need no peer.
func TestControl(t *testing.T) {
	tests := map[string]struct {
		setups    []setup
		allocated bool // whether alice has an allocation
		as        func(c *client) *client
		method    stun.Method
		attrs     []stun.Setter
		want      stun.ErrorCode
	}{
		"any/unknown attribute":  {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), raw(0x7777)}, want: stun.CodeUnknownAttribute},
		"any/wrong password":     {as: guessing, method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: stun.CodeUnauthorized},
		"any/unknown nonce":      {as: stale, method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: stun.CodeStaleNonce},
		"any/no such method":     {allocated: true, method: 0x0ff, want: stun.CodeBadRequest},
		"any/other user":         {allocated: true, as: other, method: stun.MethodRefresh, want: stun.CodeWrongCredentials},
		"any/other user, permit": {allocated: true, as: other, method: stun.MethodCreatePermission, want: stun.CodeWrongCredentials},

		"no allocation/refresh":  {method: stun.MethodRefresh, want: stun.CodeAllocMismatch},
		"no allocation/permit":   {method: stun.MethodCreatePermission, attrs: []stun.Setter{message.PeerAddress(somePeer)}, want: stun.CodeAllocMismatch},
		"no allocation/connect":  {method: stun.MethodConnect, attrs: []stun.Setter{message.PeerAddress(somePeer)}, want: stun.CodeAllocMismatch},
		"no allocation/channel":  {method: stun.MethodChannelBind, want: stun.CodeAllocMismatch},
		"no allocation/bind":     {method: stun.MethodConnectionBind, attrs: []stun.Setter{message.ConnectionIDOf(1)}, want: stun.CodeAllocMismatch},
		"allocate/ok":            {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: granted},
		"allocate/again":         {allocated: true, method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: stun.CodeAllocMismatch},
		"allocate/again, other":  {allocated: true, as: other, method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: stun.CodeAllocMismatch},
		"allocate/no transport":  {method: stun.MethodAllocate, want: stun.CodeBadRequest},
		"allocate/bad transport": {method: stun.MethodAllocate, attrs: []stun.Setter{raw(stun.AttrRequestedTransport, 6)}, want: stun.CodeBadRequest},
		"allocate/UDP":           {method: stun.MethodAllocate, attrs: []stun.Setter{transport(17)}, want: stun.CodeUnsupportedTransProto},
		"allocate/SCTP":          {method: stun.MethodAllocate, attrs: []stun.Setter{transport(132)}, want: stun.CodeUnsupportedTransProto},
		"allocate/dont fragment": {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), raw(stun.AttrDontFragment)}, want: stun.CodeBadRequest},
		"allocate/even port":     {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), raw(stun.AttrEvenPort, 0)}, want: stun.CodeBadRequest},
		"allocate/reservation":   {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)}, want: stun.CodeBadRequest},
		"allocate/IPv4":          {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), family(1)}, want: granted},
		"allocate/not served":    {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), family(2)}, want: stun.CodeAddrFamilyNotSupported},
		"allocate/no family":     {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), family(3)}, want: stun.CodeAddrFamilyNotSupported},
		"allocate/bad family":    {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), raw(stun.AttrRequestedAddressFamily)}, want: stun.CodeBadRequest},
		"allocate/bad lifetime":  {method: stun.MethodAllocate, attrs: []stun.Setter{transport(6), raw(stun.AttrLifetime, 1)}, want: stun.CodeBadRequest},
		"allocate/no ports":      {setups: []setup{noPorts}, method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: stun.CodeInsufficientCapacity},
		"allocate/no address":    {setups: []setup{foreignAddress}, method: stun.MethodAllocate, attrs: []stun.Setter{transport(6)}, want: stun.CodeInsufficientCapacity},

		"refresh/ok":           {allocated: true, method: stun.MethodRefresh, want: granted},
		"refresh/same family":  {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{family(1)}, want: granted},
		"refresh/other family": {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{family(2)}, want: stun.CodePeerAddrFamilyMismatch},
		"refresh/no family":    {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{family(9)}, want: stun.CodePeerAddrFamilyMismatch},
		"refresh/bad family":   {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{raw(stun.AttrRequestedAddressFamily)}, want: stun.CodeBadRequest},
		"refresh/bad lifetime": {allocated: true, method: stun.MethodRefresh, attrs: []stun.Setter{raw(stun.AttrLifetime, 0, 0)}, want: stun.CodeBadRequest},

		"permit/no peer":        {allocated: true, method: stun.MethodCreatePermission, want: stun.CodeBadRequest},
		"permit/bad peer":       {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{raw(stun.AttrXORPeerAddress, 0, 1)}, want: stun.CodeBadRequest},
		"permit/one bad peer":   {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{message.PeerAddress(somePeer), raw(stun.AttrXORPeerAddress)}, want: stun.CodeBadRequest},
		"permit/too many":       {allocated: true, method: stun.MethodCreatePermission, attrs: peers(maxPeers + 1), want: stun.CodeBadRequest},
		"permit/many":           {allocated: true, method: stun.MethodCreatePermission, attrs: peers(maxPeers), want: granted},
		"permit/wrong family":   {allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{message.PeerAddress(somePeer), message.PeerAddress(ipv6Peer)}, want: stun.CodePeerAddrFamilyMismatch},
		"permit/denied, softly": {setups: []setup{denying(false)}, allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{message.PeerAddress(denied), message.PeerAddress(somePeer)}, want: granted},
		"permit/denied":         {setups: []setup{denying(true)}, allocated: true, method: stun.MethodCreatePermission, attrs: []stun.Setter{message.PeerAddress(somePeer), message.PeerAddress(denied)}, want: stun.CodeForbidden},

		"channel/always": {allocated: true, method: stun.MethodChannelBind, attrs: []stun.Setter{message.PeerAddress(somePeer), raw(stun.AttrChannelNumber, 0x40, 0, 0, 0)}, want: stun.CodeForbidden},

		"connect/no peer":      {allocated: true, method: stun.MethodConnect, want: stun.CodeBadRequest},
		"connect/bad peer":     {allocated: true, method: stun.MethodConnect, attrs: []stun.Setter{raw(stun.AttrXORPeerAddress, 0)}, want: stun.CodeBadRequest},
		"connect/port 0":       {allocated: true, method: stun.MethodConnect, attrs: []stun.Setter{message.PeerAddress(netip.AddrPortFrom(loopback, 0))}, want: stun.CodeBadRequest},
		"connect/wrong family": {allocated: true, method: stun.MethodConnect, attrs: []stun.Setter{message.PeerAddress(ipv6Peer)}, want: stun.CodePeerAddrFamilyMismatch},
		"connect/denied":       {setups: []setup{denying(false)}, allocated: true, method: stun.MethodConnect, attrs: []stun.Setter{message.PeerAddress(denied)}, want: stun.CodeForbidden},

		"bind/on the control connection": {allocated: true, method: stun.MethodConnectionBind, attrs: []stun.Setter{message.ConnectionIDOf(1)}, want: stun.CodeBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, test.setups...)
			c := newClient(t, b, "alice")
			if test.allocated {
				c.allocate(t)
			}
			if test.as != nil {
				c = test.as(c)
			}
			before := b.Ledger.Counters().ByCode[int(test.want)]
			answer := c.do(t, test.method, test.attrs...)
			if test.want == granted {
				requireSuccess(t, c, answer)
				return
			}
			requireCode(t, test.want, answer)
			unsigned := test.want == stun.CodeUnauthorized || test.want == stun.CodeStaleNonce
			require.Equal(t, !unsigned, message.Signed(answer, c.key))
			require.Equal(t, before+1, b.Ledger.Counters().ByCode[int(test.want)], "the answer must be counted once")
			// The connection goes on.
			require.Equal(t, stun.BindingSuccess, c.exchange(t, plain(stun.MethodBinding)).Type)
		})
	}
}

func TestIncompleteCredentials(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	user, realm, nonce := stun.NewUsername("alice"), stun.NewRealm(testRealm), stun.NewNonce(c.nonce)
	tests := map[string][]stun.Setter{
		"no user name": {realm, nonce},
		"no realm":     {user, nonce},
		"no nonce":     {user, realm},
	}
	for name, attrs := range tests {
		t.Run(name, func(t *testing.T) {
			request := plain(stun.MethodAllocate, append(attrs, stun.MessageIntegrity(c.key))...)
			requireCode(t, stun.CodeBadRequest, c.exchange(t, request))
		})
	}
}

// What is no request gets no answer, and does no harm.
func TestControlIgnores(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	c.allocate(t)
	send := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), raw(stun.AttrData))
	forged := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodRefresh, stun.ClassSuccessResponse))
	garbled := c.sign(stun.MethodRefresh, seconds(0))
	garbled.Raw[4] ^= 0xff // the cookie
	for _, message := range [][]byte{send.Raw, forged.Raw, garbled.Raw, {0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0}} {
		_, err := c.conn.Write(message)
		require.NoError(t, err)
	}
	request := c.sign(stun.MethodRefresh)
	c.send(t, request)
	answer := c.receive(t)
	require.Equal(t, request.TransactionID, answer.TransactionID)
	requireSuccess(t, c, answer)
}

func guessing(c *client) *client {
	c.key = keyOf(c.username, "a guess")
	return c
}

func stale(c *client) *client {
	c.nonce = "0123456789abcdef"
	return c
}

// other is bob, on alice's connection.
func other(c *client) *client {
	bob := *c
	bob.username, bob.key = "bob", keyOf("bob", "secret of bob")
	return &bob
}

func noPorts(b *box) {
	b.pool = port.NewPool(port.Range{})
	b.Addresses = served{message.IPv4: b.pool}
}

// foreignAddress tries to relay from an address that is not on the machine.
func foreignAddress(b *box) { b.Addresses = elsewhere{b.pool} }

type elsewhere struct{ pool *port.Pool }

func (e elsewhere) Relayed(message.Family, netip.Addr) (relayed, bind netip.Addr, ports *port.Pool, ok bool) {
	return denied.Addr(), denied.Addr(), e.pool, true
}

func peers(n int) []stun.Setter {
	var attrs []stun.Setter
	addr := netip.MustParseAddr("192.0.2.0")
	for range n {
		attrs = append(attrs, message.PeerAddress(netip.AddrPortFrom(addr, 1)))
		addr = addr.Next()
	}
	return attrs
}
