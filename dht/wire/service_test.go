// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

func TestServicePort(t *testing.T) {
	bin := func(raw string) []byte { return msgp.AppendBytes(nil, []byte(raw)) }
	const rest4, rest6 = "\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x000123456789abcdef\x00\x00\x00\x00"
	for name, c := range map[string]struct {
		data []byte
		want uint16
	}{
		"IPv4":             {bin("\x02\x00\x10\x7e" + rest4), 4222},
		"IPv6 on Linux":    {bin("\x0a\x00\x10\x7e" + rest6), 4222},
		"IPv6 on Windows":  {bin("\x17\x00\x10\x7e" + rest6), 4222},
		"IPv4 on Apple":    {bin("\x10\x02\x10\x7e" + rest4), 4222},
		"IPv6 on Apple":    {bin("\x1c\x1e\x10\x7e" + rest6), 4222},
		"unknown family":   {bin("\x01\x00\x10\x7e" + rest4), 0},
		"family too short": {bin("\x0a\x00\x10\x7e" + rest4), 0},
		"own IPv4":         {ServiceData(netip.MustParseAddrPort("[::ffff:10.0.0.1]:4222")), 4222},
		"own IPv6":         {ServiceData(netip.MustParseAddrPort("[2001:db8::1]:4222")), 4222},
	} {
		t.Run(name, func(t *testing.T) {
			port, err := ServicePort(c.data)
			require.NoError(t, err)
			require.Equal(t, c.want, port)
		})
	}
	require.Equal(t, bin("\x02\x00\x10\x7e"+rest4), ServiceData(netip.MustParseAddrPort("10.0.0.1:4222")))
	require.Equal(t, bin("\x0a\x00\x10\x7e"+rest6),
		ServiceData(netip.AddrPortFrom(netip.AddrFrom16([16]byte([]byte("0123456789abcdef"))), 4222)))

	for name, c := range map[string]struct {
		data string
		want error
	}{
		"error/empty":   {"", ErrMalformed},
		"error/cut off": {"\xc4\x10\x02", ErrMalformed},
		"error/text":    {"\xa4\x02\x00\x10\x7e", ErrField},
		"error/short":   {"\xc4\x03\x02\x00\x10", ErrField},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ServicePort([]byte(c.data))
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestMessageService(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want string
		err  error
	}{
		"service":         {"\x92\xa4mail\xc4\x01x", "mail", nil},
		"empty":           {"\x92\xa0\xc4\x01x", "", nil},
		"nothing":         {"\x90", "", nil},
		"error/no data":   {"", "", ErrMalformed},
		"error/no array":  {"\xa4mail", "", ErrField},
		"error/no text":   {"\x91\x05", "", ErrField},
		"error/cut array": {"\x92\xa4mail", "", ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			service, err := MessageService([]byte(c.data))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.want, string(service))
		})
	}
}
