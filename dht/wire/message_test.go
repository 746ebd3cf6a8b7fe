// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sender = "\xa2id\xc4\x14" + sampleID

func TestDecode(t *testing.T) {
	id := ID([]byte(sampleID))
	v6 := netip.MustParseAddr("3031:3233:3435:3637:3839:6162:6364:6566")
	plain := Message{Kind: KindReply, Transaction: 7, Sender: id}
	with := func(change func(m *Message)) Message {
		m := plain
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		datagram string
		want     Message
	}{
		"unknown keys and nested values": {"\x84\xa1x\x92\x81\xa1a\xc0\x93\x01\x02\x03\xa1t\x07\xa1r\x82\xa1z\x91\xc3" + sender + "\xa1z\x05", plain},
		"key that is no text":            {"\x83\x05\x06\xa1t\x07\xa1r\x82\xc4\x01x\x00" + sender, plain},
		"bytes behind the map":           {"\x82\xa1t\x07\xa1r\x81" + sender + "\xc1\xff", plain},
		"transaction as bin":             {"\x82\xa1t\xc4\x04\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"transaction as str":             {"\x82\xa1t\xa4\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"transaction as array":           {"\x82\xa1t\x94\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"transaction of full width":      {"\x82\xa1t\xcf\x00\x00\x00\x00\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"no transaction":                 {"\x81\xa1r\x81" + sender, with(func(m *Message) { m.Transaction = 0 })},
		"network and client":             {"\x84\xa1n\xcc\xff\xa1s\xc3\xa1t\x07\xa1r\x81" + sender, with(func(m *Message) { m.Network, m.Client = 255, true })},
		"last of two fields counts":      {"\x83\xa1t\x01\xa1t\x07\xa1r\x81" + sender, plain},
		"token as str":                   {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa5token\xa3abc", with(func(m *Message) { m.Token = []byte("abc") })},
		"token as array":                 {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa5token\x93\x61\xcc\x62\x63", with(func(m *Message) { m.Token = []byte("abc") })},
		"address of IPv6":                {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa2sa\xc4\x100123456789abcdef", with(func(m *Message) { m.Seen = v6 })},
		"node of IPv6":                   {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa2n6\xc4\x26abcdefghijklmnopqrst0123456789abcdef\x10\x7e", with(func(m *Message) { m.Nodes.v6 = []byte("abcdefghijklmnopqrst0123456789abcdef\x10\x7e") })},
		"error without sender":           {"\x82\xa1t\x07\xa1e\x92\xcc\xcb\xa2no", Message{Kind: KindError, Transaction: 7, Refusal: Error{Code: 203, Text: "no"}}},
		"error without text":             {"\x82\xa1t\x07\xa1e\x91\xcc\xcb", Message{Kind: KindError, Transaction: 7, Refusal: Error{Code: 203}}},
		"error goes before reply":        {"\x83\xa1t\x07\xa1e\x91\xcc\xcb\xa1r\x81" + sender, Message{Kind: KindError, Transaction: 7, Sender: id, Refusal: Error{Code: 203}}},
		"reply goes before request":      {"\x84\xa1q\xa4ping\xa1a\x80\xa1t\x07\xa1r\x81" + sender, plain},
		"note":                           {"\x83\xa1y\xa1r\xa1t\x07\xa1u\x81" + sender, Message{Kind: KindNote, Transaction: 7, Sender: id}},
		"request without y":              {"\x83\xa1t\x07\xa1q\xa4ping\xa1a\x81" + sender, Message{Kind: KindPing, Transaction: 7, Sender: id}},
		"socket as bin":                  {"\x83\xa1t\x07\xa1q\xa6listen\xa1a\x82" + sender + "\xa3sid\xc4\x04\x00\x00\x01\x00", Message{Kind: KindListen, Transaction: 7, Sender: id, Socket: 256}},
		"put without key":                {"\x83\xa1t\x07\xa1q\xa3put\xa1a\x81" + sender, Message{Kind: KindPut, Transaction: 7, Sender: id}},
		"families of an unknown system":  {"\x83\xa1t\x07\xa1q\xa4find\xa1a\x82" + sender + "\xa1w\x93\x63\xff\xa1x", Message{Kind: KindFind, Transaction: 7, Sender: id, HasWant: true}},
		"families of Windows":            {"\x83\xa1t\x07\xa1q\xa4find\xa1a\x82" + sender + "\xa1w\x92\x17\x02", Message{Kind: KindFind, Transaction: 7, Sender: id, HasWant: true, Want: IPv4 | IPv6}},
		"families of Apple":              {"\x83\xa1t\x07\xa1q\xa4find\xa1a\x82" + sender + "\xa1w\x91\x1e", Message{Kind: KindFind, Transaction: 7, Sender: id, HasWant: true, Want: IPv6}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Message{Kind: KindPart, Network: 99, Version: 99} // left over
			require.NoError(t, got.Decode([]byte(c.datagram)))
			require.Equal(t, c.want, got)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	reply := "\x82\xa1t\x07\xa1r\x81" + sender
	body := func(fields string) string { return "\x82\xa1t\x07\xa1r\x82" + sender + fields }
	for name, c := range map[string]struct {
		datagram string
		want     error
		text     string
	}{
		"error/empty":                      {"", ErrNotMap, ""},
		"error/not a map":                  {"\x93\x01\x02\x03", ErrNotMap, ""},
		"error/text":                       {"hello, who are you?", ErrNotMap, ""},
		"error/cut off":                    {reply[:len(reply)-1], ErrMalformed, "too few bytes"},
		"error/map that claims much":       {"\xdf\xff\xff\xff\xff\xa1t\x07", ErrMalformed, "too few bytes"},
		"error/array that claims much":     {"\x81\xa1t\xdd\xff\xff\xff\xff\x07", ErrMalformed, "too few bytes"},
		"error/bin that claims much":       {"\x81\xa1t\xc6\xff\xff\xff\xff\x07", ErrMalformed, "too few bytes"},
		"error/forbidden byte":             {"\x81\xa1t\xc1", ErrMalformed, "0xc1"},
		"error/too deep":                   {"\x81\xa1x" + strings.Repeat("\x91", maxDepth) + "\xc0", ErrTooDeep, ""},
		"error/far too deep":               {"\x81\xa1x" + strings.Repeat("\x91", 60_000) + "\xc0", ErrTooDeep, ""},
		"error/too deep in a key":          {"\x81" + strings.Repeat("\x81", maxDepth) + "\xc0", ErrTooDeep, ""},
		"error/too large":                  {"\x81\xa1x\xc6\x00\x01\x00\x00" + strings.Repeat("x", 1<<16), ErrTooLarge, ""},
		"error/no kind":                    {"\x81\xa1t\x07", ErrUnknownKind, ""},
		"error/unknown method":             {"\x83\xa1y\xa1q\xa1q\xa4pong\xa1a\x81" + sender, ErrUnknownKind, ""},
		"error/request that says reply":    {"\x83\xa1y\xa1r\xa1q\xa4ping\xa1a\x81" + sender, ErrUnknownKind, ""},
		"error/request without arguments":  {"\x82\xa1y\xa1q\xa1q\xa4ping", ErrNoBody, ""},
		"error/arguments are no map":       {"\x82\xa1q\xa4ping\xa1a\x90", ErrField, `is not a map`},
		"error/no sender":                  {"\x82\xa1t\x07\xa1r\x80", ErrNoSender, ""},
		"error/zero sender":                {"\x82\xa1t\x07\xa1r\x81\xa2id\xc4\x14" + string(make([]byte, 20)), ErrNoSender, ""},
		"error/request of nobody":          {"\x82\xa1q\xa4ping\xa1a\x80", ErrNoSender, ""},
		"error/short sender":               {"\x82\xa1t\x07\xa1r\x81\xa2id\xc4\x03abc", ErrField, `field "id"`},
		"error/sender as str":              {"\x82\xa1t\x07\xa1r\x81\xa2id\xb4" + sampleID, ErrField, `field "id"`},
		"error/short key":                  {body("\xa1h\xc4\x03abc"), ErrField, `field "h"`},
		"error/reply body is no map":       {"\x82\xa1t\x07\xa1r\xa1x", ErrField, "is not a map"},
		"error/negative transaction":       {"\x82\xa1t\xff\xa1r\x81" + sender, ErrField, `field "t"`},
		"error/transaction beyond 32 bits": {"\x82\xa1t\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1r\x81" + sender, ErrField, `field "t"`},
		"error/transaction of 5 bytes":     {"\x82\xa1t\xc4\x05abcde\xa1r\x81" + sender, ErrField, `field "t": field is not as expected: has 5 bytes, expected 4`},
		"error/client is no bool":          {"\x82\xa1s\x01\xa1r\x81" + sender, ErrField, `field "s"`},
		"error/method is no text":          {"\x82\xa1q\x01\xa1a\x81" + sender, ErrField, `field "q"`},
		"error/network beyond 32 bits":     {"\x82\xa1n\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1r\x81" + sender, ErrField, `field "n"`},
		"error/node list cut":              {body("\xa2n4\xc4\x19abcdefghijklmnopqrst12345"), ErrField, "node list has 25 bytes, expected a multiple of 26"},
		"error/address of 5 bytes":         {body("\xa2sa\xc4\x0512345"), ErrField, "address has 5 bytes, expected 4 or 16"},
		"error/token as number":            {body("\xa5token\x05"), ErrField, `field "token"`},
		"error/token of large numbers":     {body("\xa5token\x91\xcd\x01\x00"), ErrField, `field "token"`},
		"error/values are no array":        {body("\xa6values\x80"), ErrField, `field "values"`},
		"error/expired is no number":       {body("\xa3exp\x91\xa1x"), ErrField, `field "exp"`},
		"error/families are no array":      {body("\xa1w\x02"), ErrField, `field "w"`},
		"error/negative value id":          {body("\xa3vid\xff"), ErrField, `field "vid"`},
		"error/refusal without code":       {"\x82\xa1t\x07\xa1e\x90", ErrField, "error has no code"},
		"error/refusal is no array":        {"\x82\xa1t\x07\xa1e\x81\x01\x02", ErrField, "is not an array"},
		"error/part is no map":             {"\x81\xa1p\x90", ErrField, "is not a map"},
		"error/part with negative index":   {"\x81\xa1p\x81\xff\x82\xa1o\x00\xa1d\xc4\x01x", ErrField, ""},
		"error/part with entry no map":     {"\x81\xa1p\x81\x00\x05", ErrField, "is not a map"},
		"error/part behind the end":        {"\x81\xa1p\x81\x00\x82\xa1o\xce\x00\x01\x00\x20\xa1d\xc4\x01x", ErrField, "part ends behind"},
		"error/part far behind the end":    {"\x81\xa1p\x81\x00\x82\xa1o\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1d\xc4\x01x", ErrField, `field "o"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := Message{Kind: KindPing}
			err := m.Decode([]byte(c.datagram))
			require.ErrorContains(t, err, c.text)
			require.Equal(t, []error{c.want}, reasonsOf(err))
			require.Equal(t, Message{}, m)
		})
	}
}

// reasonsOf returns the reasons that errors.Is finds in an error of Decode.
func reasonsOf(err error) (found []error) {
	for _, reason := range []error{
		ErrTooLarge, ErrTooDeep, ErrMalformed, ErrNotMap, ErrUnknownKind, ErrNoBody, ErrNoSender, ErrField,
	} {
		if errors.Is(err, reason) {
			found = append(found, reason)
		}
	}
	return found
}

func TestDecodeAllowsFullDepth(t *testing.T) {
	var m Message
	datagram := "\x83\xa1x" + strings.Repeat("\x91", maxDepth-1) + "\xc0\xa1t\x07\xa1r\x81" + sender
	require.NoError(t, m.Decode([]byte(datagram)))
}

func TestErrorTextIsQuotedAndCut(t *testing.T) {
	err := &Error{Code: 1, Text: "\x1b[2J" + strings.Repeat("x", 1000)}
	require.Less(t, len(err.Error()), 150)
	require.NotContains(t, err.Error(), "\x1b")
}

func TestKind(t *testing.T) {
	for kind := KindNone; kind <= KindPart; kind++ {
		require.Equal(t, kind > KindNone && kind < KindReply, kind.IsRequest(), kind.String())
	}
	require.Equal(t, "part", KindPart.String())
	require.Equal(t, "unknown", Kind(99).String())
}

func TestNodesFromSender(t *testing.T) {
	node := func(addr string) Node { return Node{ID{1}, netip.MustParseAddrPort(addr)} }
	var m Message
	require.NoError(t, m.Decode(AppendAnswer(nil, sample.header, &Answer{Nodes: []Node{
		node("127.0.0.1:1"), node("10.0.0.1:0"), node("0.0.0.1:2"), node("224.0.0.1:3"), node("255.255.255.255:3"),
		node("10.0.0.1:4"), node("[::1]:5"), node("[::]:6"), node("[ff02::1]:7"), node("[fe80::1]:8"),
	}})))
	require.Equal(t, 10, m.Nodes.Len())
	for from, want := range map[string][]Node{
		"192.0.2.7":        {node("192.0.2.7:1"), node("10.0.0.1:4"), node("[::1]:5"), node("[fe80::1]:8")},
		"::ffff:192.0.2.7": {node("192.0.2.7:1"), node("10.0.0.1:4"), node("[::1]:5"), node("[fe80::1]:8")},
		"2001:db8::7":      {node("127.0.0.1:1"), node("10.0.0.1:4"), node("[2001:db8::7]:5"), node("[fe80::1]:8")},
	} {
		require.Equal(t, want, slices.Collect(m.Nodes.From(netip.MustParseAddr(from))), from)
	}
	require.False(t, Possible(netip.MustParseAddrPort("[::ffff:10.0.0.1]:9")))
	require.False(t, Possible(netip.AddrPort{}))
}
