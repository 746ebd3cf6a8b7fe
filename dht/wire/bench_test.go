// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// hotPaths are what a node does for each request; none may allocate.
func hotPaths(t testing.TB) map[string]func() {
	h, key, token := sample.header, sample.key, sample.token
	value := (&Value{ID: 1, Type: 3, Data: make([]byte, 128), UserType: []byte("text/plain")}).Append(nil)
	values := [][]byte{value}
	query := Query{Select: FieldID | FieldSeq, Where: FieldType | FieldUserType, Match: Row{Type: 3, UserType: []byte("text/plain")}}
	put := AppendPut(nil, h, key, token, 0, values)
	buf := make([]byte, 0, 4096)
	large := [][]byte{make([]byte, 3000)}
	nodes := Answer{Seen: netip.MustParseAddr("10.0.0.9"), Nodes: sample.nodes, Token: token}
	withValues, withRows := nodes, nodes
	withValues.Values = values
	withRows.Select, withRows.Rows = FieldID|FieldSeq, make([]Row, 8)
	var m, listed Message
	require.NoError(t, listed.Decode(AppendAnswer(nil, h, &nodes)))
	decode := func(datagram []byte) func() {
		require.NoError(t, m.Decode(datagram))
		return func() {
			if m.Decode(datagram) != nil {
				panic("no longer decodes")
			}
		}
	}
	return map[string]func(){
		"decode/ping":    decode(AppendPing(nil, h)),
		"decode/find":    decode(AppendFind(nil, h, key)),
		"decode/get":     decode(AppendGet(nil, h, key, &query)),
		"decode/put":     decode(put),
		"decode/refresh": decode(AppendRefresh(nil, h, key, token, 1)),
		"decode/listen":  decode(AppendListen(nil, h, key, token, 1, &query)),
		"decode/part":    decode(appendPart(nil, h, Part{Data: make([]byte, partSize)})),
		"decode/reply":   decode(AppendAnswer(nil, h, &withValues)),
		"read/put": func() {
			if m.Decode(put) != nil {
				panic("no longer decodes")
			}
			for _, element := range m.Values.All() {
				v, err := ParseValue(element.Packed)
				row := v.Row(query.Needs())
				if err != nil || !query.Matches(&row) {
					panic("no longer matches")
				}
			}
		},
		"read/nodes": func() {
			for node := range listed.Nodes.From(nodes.Seen) {
				buf = append(buf[:0], node.ID[:]...)
			}
		},
		"encode/pong":   func() { buf = AppendAnswer(buf[:0], h, &Answer{Seen: nodes.Seen}) },
		"encode/nodes":  func() { buf = AppendAnswer(buf[:0], h, &nodes) },
		"encode/values": func() { buf = AppendAnswer(buf[:0], h, &withValues) },
		"encode/rows":   func() { buf = AppendAnswer(buf[:0], h, &withRows) },
		"encode/error":  func() { buf = AppendError(buf[:0], h, CodeUnauthorized, "wrong token") },
		"encode/update": func() { buf = AppendUpdate(buf[:0], h, 7, token, key, values) },
		"encode/parts": func() {
			for datagram := range Parts(buf, h, large) {
				if len(datagram) > cap(buf) {
					panic("no longer fits")
				}
			}
		},
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	for name, run := range hotPaths(t) {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, testing.AllocsPerRun(100, run))
		})
	}
}

func BenchmarkHotPaths(b *testing.B) {
	for name, run := range hotPaths(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	v := valuesOf(b, "type 0 signed")[0]
	for b.Loop() {
		if err := v.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCertificateKey(b *testing.B) {
	data := valuesOf(b, "type 8")[0].Data
	for b.Loop() {
		if _, err := CertificateKey(data); err != nil {
			b.Fatal(err)
		}
	}
}
