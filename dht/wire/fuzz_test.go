// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzDecode(f *testing.F) {
	for _, r := range recorded(f, "datagrams.txt") {
		f.Add(r.bytes)
	}
	h, key, token := sample.header, sample.key, sample.token
	f.Add(AppendGet(nil, h, key, &Query{Where: FieldOwner, Match: Row{Owner: key}}))
	f.Add(AppendExpired(nil, h, 1, token, []uint64{1, 2}))
	f.Add(AppendExpiredNote(nil, h, token, []uint64{1, 2}))
	f.Add(AppendError(nil, h, CodeIncomplete, "no key"))
	f.Add(AppendAnswer(nil, h, &Answer{Nodes: sample.nodes}))
	f.Add([]byte("\x82\xa1t\xa4\x00\x00\x00\x07\xa1r\x82" + sender + "\xa5token\x93\x01\x02\x03"))
	f.Add([]byte("\xdf\xff\xff\xff\xff"))
	f.Add([]byte(strings.Repeat("\x91", 100)))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		before := bytes.Clone(datagram)
		var m Message
		if err := m.Decode(datagram); err != nil {
			require.Equal(t, Message{}, m)
			require.Len(t, reasonsOf(err), 1, err)
			return
		}
		require.NotEqual(t, KindNone, m.Kind)
		if m.Kind != KindError && m.Kind != KindPart {
			require.False(t, m.Sender.IsZero())
		}
		total := 0
		for node := range m.Nodes.All() {
			require.True(t, node.Addr.IsValid())
			total += 26
		}
		for range m.Refreshed.All() {
			total++
		}
		for range m.Expired.All() {
			total++
		}
		for row := range m.Rows.All() {
			require.True(t, (&Query{}).Matches(&row))
			total++
		}
		for part := range m.Parts.All() {
			require.LessOrEqual(t, part.Offset+len(part.Data), MaxPackedValue)
			total += len(part.Data)
		}
		for _, element := range m.Values.All() {
			require.LessOrEqual(t, element.Length, MaxPackedValue)
			total += len(element.Packed)
			if v, err := ParseValue(element.Packed); err == nil {
				require.Equal(t, element.Packed, v.Packed)
			}
		}
		require.LessOrEqual(t, total, len(datagram))
		if !m.Query.never {
			again, err := readQuery(appendQuery(nil, &m.Query))
			require.NoError(t, err)
			require.True(t, again.Matches(&m.Query.Match) || m.Query.Where&FieldOwner != 0)
		}
		require.Equal(t, before, datagram)
	})
}

func FuzzParseValue(f *testing.F) {
	for _, r := range recorded(f, "values.txt") {
		f.Add(r.bytes)
	}
	f.Add((&Value{ID: 1, Priority: 1, PushType: []byte("p"), Data: []byte("d"), UserType: []byte("u")}).Append(nil))
	f.Add([]byte("\x82\xa2id\x05\xa3dat\x81\xa4body\x82\xa4type\x00\xa4data\x92\x01\x02"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		v, err := ParseValue(packed)
		if err != nil {
			return
		}
		require.True(t, bytes.HasPrefix(packed, v.Packed))
		require.LessOrEqual(t, v.Size(), len(v.Packed))
		if v.Owner != nil && !v.Signed() {
			return // cannot be packed so that it is readable
		}
		again, err := ParseValue(v.Append(nil))
		require.NoError(t, err)
		require.True(t, again.SameContent(&v))
		require.Equal(t, string(v.Append(nil)), string(again.Append(nil)))
	})
}

func FuzzCertificateKey(f *testing.F) {
	for _, v := range valuesOf(f, "type 8") {
		f.Add(v.Data)
	}
	f.Add([]byte("\x30\x05\x30\x03\xa0\x01\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := CertificateKey(data)
		if err != nil {
			require.ErrorIs(t, err, ErrCertificate)
			return
		}
		again, err := ParsePublicKey(key)
		require.NoError(t, err)
		require.Equal(t, key, again)
	})
}

func FuzzServiceData(f *testing.F) {
	f.Add(ServiceData(sample.nodes[0].Addr))
	f.Add(ServiceData(sample.nodes[1].Addr))
	f.Add([]byte("\x92\xa4mail\xc4\x01x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if port, err := ServicePort(data); err != nil {
			require.Zero(t, port)
		}
		if service, err := MessageService(data); err == nil {
			require.LessOrEqual(t, len(service), len(data))
		}
	})
}
