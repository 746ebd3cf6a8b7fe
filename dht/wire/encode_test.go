// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var sample = struct {
	header Header
	key    ID
	token  []byte
	nodes  []Node
}{
	header: Header{Transaction: 300, Network: 5, Sender: ID([]byte(sampleID)), Client: true},
	key:    ID([]byte("ABCDEFGHIJKLMNOPQRST")),
	token:  []byte(strings.Repeat("k", TokenSize)),
	nodes: []Node{
		{ID{1}, netip.MustParseAddrPort("10.0.0.1:4222")},
		{ID{2}, netip.MustParseAddrPort("[2001:db8::1]:4223")},
		{ID{3}, netip.MustParseAddrPort("10.0.0.2:4224")},
	},
}

const sampleID = "abcdefghijklmnopqrst"

func TestAppendBytes(t *testing.T) {
	const target = "ABCDEFGHIJKLMNOPQRST"
	id := ID([]byte(sampleID))
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"ping/client": {
			AppendPing(nil, Header{Transaction: 0xdeadbeef, Sender: id, Client: true}),
			"\x85\xa1s\xc3\xa1y\xa1q\xa1t\xce\xde\xad\xbe\xef\xa1q\xa4ping\xa1a\x81\xa2id\xc4\x14" + sampleID,
		},
		"ping/node behind other bytes": {
			AppendPing([]byte("before"), Header{Transaction: 1, Sender: id}),
			"before\x84\xa1y\xa1q\xa1t\x01\xa1q\xa4ping\xa1a\x81\xa2id\xc4\x14" + sampleID,
		},
		"find": {
			AppendFind(nil, Header{Transaction: 300, Sender: id}, ID([]byte(target))),
			"\x84\xa1y\xa1q\xa1t\xcd\x01\x2c\xa1q\xa4find\xa1a\x83\xa2id\xc4\x14" + sampleID +
				"\xa6target\xc4\x14" + target + "\xa1w\x95\x02\x0a\x17\x1c\x1e",
		},
		"answer to ping": {
			AppendAnswer(nil, Header{Transaction: 1, Sender: id}, &Answer{Seen: netip.MustParseAddr("::ffff:127.0.0.1")}),
			"\x83\xa1y\xa1r\xa1t\x01\xa1r\x82\xa2id\xc4\x14" + sampleID + "\xa2sa\xc4\x04\x7f\x00\x00\x01",
		},
		"error": {
			AppendError(nil, Header{Transaction: 1, Sender: id}, CodeUnauthorized, "no"),
			"\x84\xa1y\xa1e\xa1t\x01\xa1e\x92\xcd\x01\x91\xa2no\xa1r\x81\xa2id\xc4\x14" + sampleID,
		},
		"part": {
			appendPart(nil, Header{Transaction: 1, Network: 7}, Part{Index: 2, Offset: 1280, Data: []byte("xyz")}),
			"\x84\xa1n\x07\xa1y\xa1p\xa1t\x01\xa1p\x81\x02\x82\xa1o\xcd\x05\x00\xa1d\xc4\x03xyz",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, string(c.got))
		})
	}
}

// TestRoundTrip decodes what each Append function writes.
func TestRoundTrip(t *testing.T) {
	h, key, token := sample.header, sample.key, sample.token
	value := (&Value{ID: 7, Data: []byte("x")}).Append(nil)
	query := Query{Select: FieldID | FieldSeq, Where: FieldOwner | FieldUserType, Match: Row{Owner: key, UserType: []byte("u")}}
	common := Message{Transaction: h.Transaction, Network: h.Network, Client: h.Client, Sender: h.Sender}
	// expect sets what comes besides the header; lists are compared by read.
	for name, c := range map[string]struct {
		datagram []byte
		expect   func(m *Message)
		values   [][]byte
		ids      []uint64
	}{
		"ping": {datagram: AppendPing(nil, h), expect: func(m *Message) { m.Kind = KindPing }},
		"find": {datagram: AppendFind(nil, h, key), expect: func(m *Message) {
			m.Kind, m.Key, m.HasWant, m.Want = KindFind, key, true, IPv4|IPv6
		}},
		"get": {datagram: AppendGet(nil, h, key, &Query{}), expect: func(m *Message) {
			m.Kind, m.Key, m.HasWant, m.Want = KindGet, key, true, IPv4|IPv6
		}},
		"get/query": {datagram: AppendGet(nil, h, key, &query), expect: func(m *Message) {
			m.Kind, m.Key, m.HasWant, m.Want, m.Query = KindGet, key, true, IPv4|IPv6, query
		}},
		"put": {
			datagram: AppendPut(nil, h, key, token, 1_700_000_000, [][]byte{value, value}),
			expect: func(m *Message) {
				m.Kind, m.Key, m.Token, m.Created = KindPut, key, token, 1_700_000_000
			},
			values: [][]byte{value, value},
		},
		"refresh": {datagram: AppendRefresh(nil, h, key, token, 1<<63), expect: func(m *Message) {
			m.Kind, m.Key, m.Token, m.ValueID = KindRefresh, key, token, 1<<63
		}},
		"listen": {datagram: AppendListen(nil, h, key, token, 9, &query), expect: func(m *Message) {
			m.Kind, m.Key, m.Token, m.Socket, m.Version, m.Query = KindListen, key, token, 9, 1, query
		}},
		"update": {
			datagram: AppendUpdate(nil, h, 9, token, key, [][]byte{value}),
			expect: func(m *Message) {
				m.Kind, m.Key, m.Token, m.Socket, m.Version = KindUpdate, key, token, 9, 1
			},
			values: [][]byte{value},
		},
		"update/refreshed": {
			datagram: AppendRefreshed(nil, h, 9, token, []uint64{1, 1 << 63}),
			expect:   func(m *Message) { m.Kind, m.Token, m.Socket = KindUpdate, token, 9 },
			ids:      []uint64{1, 1 << 63},
		},
		"update/expired": {
			datagram: AppendExpired(nil, h, 9, token, []uint64{1, 1 << 63}),
			expect:   func(m *Message) { m.Kind, m.Token, m.Socket = KindUpdate, token, 9 },
			ids:      []uint64{1, 1 << 63},
		},
		"note/refreshed": {
			datagram: AppendRefreshedNote(nil, h, token, []uint64{5}),
			expect:   func(m *Message) { m.Kind, m.Token = KindNote, token },
			ids:      []uint64{5},
		},
		"note/expired": {
			datagram: AppendExpiredNote(nil, h, token, []uint64{5}),
			expect:   func(m *Message) { m.Kind, m.Token = KindNote, token },
			ids:      []uint64{5},
		},
		"error": {datagram: AppendError(nil, h, CodeNotFound, "no such key"), expect: func(m *Message) {
			m.Kind, m.Refusal = KindError, Error{Code: 404, Text: "no such key"}
		}},
		"reply/of all": {
			datagram: AppendAnswer(nil, h, &Answer{
				Seen: netip.MustParseAddr("2001:db8::9"), Token: token, ValueID: 3, Values: [][]byte{value},
			}),
			expect: func(m *Message) {
				m.Kind, m.Seen, m.Token, m.ValueID = KindReply, netip.MustParseAddr("2001:db8::9"), token, 3
			},
			values: [][]byte{value},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got Message
			require.NoError(t, got.Decode(c.datagram))
			var values [][]byte
			for i, element := range got.Values.All() {
				require.Len(t, values, i)
				values = append(values, element.Packed)
			}
			require.Equal(t, c.values, values)
			ids := slices.Concat(slices.Collect(got.Refreshed.All()), slices.Collect(got.Expired.All()))
			require.Equal(t, c.ids, ids)
			if c.ids != nil {
				require.Equal(t, strings.HasSuffix(name, "refreshed"), got.Refreshed.Len() > 0)
			}
			got.Values, got.Refreshed, got.Expired = ValueList{}, IDList{}, IDList{}
			want := common
			c.expect(&want)
			require.Equal(t, want, got)
		})
	}
}

func TestAnswerListsNodesOfBothFamilies(t *testing.T) {
	mapped := Node{ID{4}, netip.MustParseAddrPort("[::ffff:10.0.0.3]:4225")}
	var m Message
	require.NoError(t, m.Decode(AppendAnswer(nil, sample.header, &Answer{Nodes: append(sample.nodes, mapped)})))
	require.Equal(t, 4, m.Nodes.Len())
	plain := Node{ID{4}, netip.MustParseAddrPort("10.0.0.3:4225")}
	require.Equal(t, []Node{sample.nodes[0], sample.nodes[2], plain, sample.nodes[1]}, slices.Collect(m.Nodes.All()))

	require.NoError(t, m.Decode(AppendAnswer(nil, sample.header, &Answer{Nodes: sample.nodes[1:2]})))
	require.Equal(t, sample.nodes[1:2], slices.Collect(m.Nodes.All()))
}

func TestAnswerSelectsFields(t *testing.T) {
	rows := []Row{
		{ID: 1 << 40, Type: 8, Seq: 2, Owner: ID{9}, UserType: []byte("mail")},
		{ID: 2, Type: 0, Seq: 65535},
	}
	for _, fields := range []Fields{FieldID, FieldID | FieldSeq, FieldOwner | FieldUserType, allFields} {
		var m Message
		require.NoError(t, m.Decode(AppendAnswer(nil, sample.header, &Answer{Select: fields, Rows: rows})))
		require.Equal(t, fields, m.Rows.Fields)
		require.Equal(t, 2, m.Rows.Len())
		i := 0
		for got := range m.Rows.All() {
			// Selected fields come back, others are zero.
			require.Equal(t, appendRow(nil, fields, &rows[i]), appendRow(nil, fields, &got))
			require.Equal(t, appendRow(nil, allFields&^fields, &Row{}), appendRow(nil, allFields&^fields, &got))
			i++
		}
		require.Equal(t, 2, i)
	}
}
