// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Recorded from dhtnode 2.4.12.
const (
	recordedPong = "84a17282a26964c414b7c3e7f1fd7285b679952e2c56874043bad6451ba27361c4047f000001" +
		"a174cedeadbeefa179a172a176a4524e4731"
	recordedFound = "84a17284a26964c414b7c3e7f1fd7285b679952e2c56874043bad6451ba27361c4047f000001" +
		"a26e34c41ac20f9a1cc6493e07426630ee0566eee95649af537f0000015f0e" +
		"a5746f6b656ec4206e97924ac91be4c3fb8ca0243414207a699b883ca43bfc2a3dfd9a7c3c2a5925" +
		"a174cedeadbeefa179a172a176a4524e4731"
	recordedRefusal = "85a16592cd0191b450757420776974682077726f6e6720746f6b656e" +
		"a17281a26964c414b7c3e7f1fd7285b679952e2c56874043bad6451b" +
		"a174ce01020304a179a165a176a4524e4731"
)

const sender = "\xa2id\xc4\x14abcdefghijklmnopqrst"

func fromHex(t testing.TB, text string) []byte {
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

func TestDecodeRecordedReplies(t *testing.T) {
	node := ID(fromHex(t, "b7c3e7f1fd7285b679952e2c56874043bad6451b"))
	loopback := netip.MustParseAddr("127.0.0.1")

	pong, err := DecodeReply(fromHex(t, recordedPong))
	require.NoError(t, err)
	require.Equal(t, Reply{Transaction: 0xdeadbeef, Sender: node, Seen: loopback}, pong)

	found, err := DecodeReply(fromHex(t, recordedFound))
	require.NoError(t, err)
	require.Equal(t, Reply{
		Transaction: 0xdeadbeef, Sender: node, Seen: loopback,
		Nodes: []Node{{
			ID:   ID(fromHex(t, "c20f9a1cc6493e07426630ee0566eee95649af53")),
			Addr: netip.AddrPortFrom(loopback, 24334),
		}},
		Token: fromHex(t, "6e97924ac91be4c3fb8ca0243414207a699b883ca43bfc2a3dfd9a7c3c2a5925"),
	}, found)
	require.Equal(t, "b7c3e7f1fd7285b679952e2c56874043bad6451b", found.Sender.String())

	refusal, err := DecodeReply(fromHex(t, recordedRefusal))
	require.NoError(t, err)
	require.Equal(t, Reply{
		Transaction: 0x01020304, Sender: node, Err: &Error{Code: 401, Text: "Put with wrong token"},
	}, refusal)
	require.EqualError(t, refusal.Err, `error 401: "Put with wrong token"`)
}

func TestDecodeReply(t *testing.T) {
	id := ID([]byte("abcdefghijklmnopqrst"))
	v6 := "0123456789abcdef"
	plain := Reply{Transaction: 7, Sender: id}
	for name, c := range map[string]struct {
		datagram string
		want     Reply
	}{
		"unknown keys and nested values": {"\x84\xa1x\x92\x81\xa1a\xc0\x93\x01\x02\x03\xa1t\x07\xa1r\x82\xa1z\x91\xc3" + sender + "\xa1n\x05", plain},
		"bytes behind the map":           {"\x82\xa1t\x07\xa1r\x81" + sender + "\xc1\xff", plain},
		"transaction as bin":             {"\x82\xa1t\xc4\x04\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"transaction as str":             {"\x82\xa1t\xa4\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"transaction of full width":      {"\x82\xa1t\xcf\x00\x00\x00\x00\x00\x00\x00\x07\xa1r\x81" + sender, plain},
		"token as str":                   {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa5token\xa3abc", Reply{Transaction: 7, Sender: id, Token: []byte("abc")}},
		"address and node of IPv6": {
			"\x82\xa1t\x07\xa1r\x83" + sender + "\xa2sa\xc4\x10" + v6 + "\xa2n6\xc4\x26abcdefghijklmnopqrst" + v6 + "\x10\x7e",
			Reply{
				Transaction: 7, Sender: id, Seen: netip.AddrFrom16([16]byte([]byte(v6))),
				Nodes: []Node{{ID: id, Addr: netip.AddrPortFrom(netip.AddrFrom16([16]byte([]byte(v6))), 4222)}},
			},
		},
		"error without sender": {"\x82\xa1t\x07\xa1e\x92\xcc\xcb\xa2no", Reply{Transaction: 7, Err: &Error{Code: 203, Text: "no"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeReply([]byte(c.datagram))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestDecodeReplyRefuses(t *testing.T) {
	reply := "\x82\xa1t\x07\xa1r\x81" + sender
	for name, c := range map[string]struct {
		datagram string
		want     string
	}{
		"error/empty":                      {"", "datagram is not a map"},
		"error/not a map":                  {"\x93\x01\x02\x03", "datagram is not a map"},
		"error/text":                       {"hello, who are you?", "datagram is not a map"},
		"error/cut off":                    {reply[:len(reply)-1], "too few bytes"},
		"error/map that claims much":       {"\xdf\xff\xff\xff\xff\xa1t\x07", "too few bytes"},
		"error/array that claims much":     {"\x81\xa1t\xdd\xff\xff\xff\xff\x07", "too few bytes"},
		"error/forbidden byte":             {"\x81\xa1t\xc1", "0xc1"},
		"error/key of map":                 {"\x81\x05\x07", "key of map"},
		"error/too deep":                   {"\x81\xa1x" + strings.Repeat("\x91", maxDepth) + "\xc0", ErrTooDeep.Error()},
		"error/far too deep":               {"\x81\xa1x" + strings.Repeat("\x91", 60_000) + "\xc0", ErrTooDeep.Error()},
		"error/too large":                  {"\x81\xa1x\xc6\x00\x01\x00\x00" + strings.Repeat("x", 1<<16), ErrTooLarge.Error()},
		"error/request":                    {"\x83\xa1y\xa1q\xa1q\xa4ping\xa1a\x81" + sender, ErrNotReply.Error()},
		"error/value part":                 {"\x83\xa1y\xa1p\xa1t\x07\xa1p\x80", ErrNotReply.Error()},
		"error/no transaction":             {"\x81\xa1r\x81" + sender, "reply has no transaction id"},
		"error/no sender":                  {"\x82\xa1t\x07\xa1r\x80", "reply names no sender"},
		"error/zero sender":                {"\x82\xa1t\x07\xa1r\x81\xa2id\xc4\x14" + string(make([]byte, 20)), "reply names no sender"},
		"error/short sender":               {"\x82\xa1t\x07\xa1r\x81\xa2id\xc4\x03abc", `field "r": field "id"`},
		"error/sender as str":              {"\x82\xa1t\x07\xa1r\x81\xa2id\xb4abcdefghijklmnopqrst", `field "r": field "id"`},
		"error/reply body is no map":       {"\x82\xa1t\x07\xa1r\xa1x", `field "r"`},
		"error/negative transaction":       {"\x82\xa1t\xff\xa1r\x81" + sender, `field "t"`},
		"error/transaction beyond 32 bits": {"\x82\xa1t\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1r\x81" + sender, `field "t"`},
		"error/transaction of 5 bytes":     {"\x82\xa1t\xc4\x05abcde\xa1r\x81" + sender, `field "t": has 5 bytes, expected 4`},
		"error/node list cut":              {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa2n4\xc4\x19abcdefghijklmnopqrst12345", "node list has 25 bytes, expected a multiple of 26"},
		"error/address of 5 bytes":         {"\x82\xa1t\x07\xa1r\x82" + sender + "\xa2sa\xc4\x0512345", "address has 5 bytes, expected 4 or 16"},
		"error/refusal without text":       {"\x82\xa1t\x07\xa1e\x91\x01", "array has 1 elements, expected code and text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeReply([]byte(c.datagram))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestDecodeReplyAllowsFullDepth(t *testing.T) {
	datagram := "\x83\xa1x" + strings.Repeat("\x91", maxDepth-1) + "\xc0\xa1t\x07\xa1r\x81" + sender
	_, err := DecodeReply([]byte(datagram))
	require.NoError(t, err)
}

func TestErrorTextIsQuotedAndCut(t *testing.T) {
	err := &Error{Code: 1, Text: "\x1b[2J" + strings.Repeat("x", 1000)}
	require.Less(t, len(err.Error()), 150)
	require.NotContains(t, err.Error(), "\x1b")
}

func FuzzDecode(f *testing.F) {
	for _, recorded := range []string{recordedPong, recordedFound, recordedRefusal} {
		f.Add(fromHex(f, recorded))
	}
	f.Add(AppendPing(nil, Header{Transaction: 1, Sender: ID{1}}))
	f.Add(AppendFind(nil, Header{Transaction: 1 << 31, Sender: ID{1}, Client: true}, ID{2}))
	f.Add([]byte("\x82\xa1t\xa4\x00\x00\x00\x07\xa1r\x82" + sender + "\xa5token\xa3abc"))
	f.Add([]byte("\xdf\xff\xff\xff\xff"))
	f.Add([]byte(strings.Repeat("\x91", 100)))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		before := string(datagram)
		reply, err := DecodeReply(datagram)
		require.Equal(t, before, string(datagram))
		if err != nil {
			require.Equal(t, Reply{}, reply)
			return
		}
		require.False(t, reply.Err == nil && reply.Sender.IsZero())
		require.LessOrEqual(t, len(reply.Nodes)*26+len(reply.Token), len(datagram))
	})
}
