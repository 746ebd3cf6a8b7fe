// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppend(t *testing.T) {
	const sender, target = "abcdefghijklmnopqrst", "ABCDEFGHIJKLMNOPQRST"
	id := ID([]byte(sender))
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"ping/client": {
			AppendPing(nil, Header{Transaction: 0xdeadbeef, Sender: id, Client: true}),
			"\x85\xa1s\xc3\xa1y\xa1q\xa1q\xa4ping\xa1t\xce\xde\xad\xbe\xef\xa1a\x81\xa2id\xc4\x14" + sender,
		},
		"ping/node behind other bytes": {
			AppendPing([]byte("before"), Header{Transaction: 1, Sender: id}),
			"before\x84\xa1y\xa1q\xa1q\xa4ping\xa1t\x01\xa1a\x81\xa2id\xc4\x14" + sender,
		},
		"find": {
			AppendFind(nil, Header{Transaction: 300, Sender: id}, ID([]byte(target))),
			"\x84\xa1y\xa1q\xa1q\xa4find\xa1t\xcd\x01\x2c\xa1a\x83\xa2id\xc4\x14" + sender +
				"\xa6target\xc4\x14" + target + "\xa1w\x95\x02\x0a\x17\x1c\x1e",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, string(c.got))
		})
	}
}

func TestRequestIsNoReply(t *testing.T) {
	_, err := DecodeReply(AppendFind(nil, Header{Transaction: 1, Sender: ID{1}}, ID{2}))
	require.ErrorIs(t, err, ErrNotReply)
}
