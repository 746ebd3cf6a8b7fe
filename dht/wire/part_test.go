// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInParts(t *testing.T) {
	for name, c := range map[string]struct {
		count, size int
		want        bool
	}{
		"none":       {0, 0, false},
		"599 bytes":  {1, 599, false},
		"600 bytes":  {1, 600, true},
		"2 times":    {2, 300, true},
		"49 values":  {49, 12, false},
		"50 values":  {50, 1, true},
		"100 values": {100, 100, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, InParts(slices.Repeat([][]byte{make([]byte, c.size)}, c.count)))
		})
	}
}

// TestPartsRoundTrip puts the values of a message together again.
func TestPartsRoundTrip(t *testing.T) {
	for _, sizes := range [][]int{{600}, {1280}, {1281}, {2560, 1, 700}, {MaxPackedValue}} {
		var values [][]byte
		for _, size := range sizes {
			value := make([]byte, size)
			rand.Read(value)
			values = append(values, value)
		}
		var head Message
		require.NoError(t, head.Decode(AppendPut(nil, sample.header, sample.key, sample.token, 0, values)))
		require.Equal(t, len(values), head.Values.Len())
		assembled := make([][]byte, len(values))
		for i, element := range head.Values.All() {
			require.Nil(t, element.Packed)
			assembled[i] = make([]byte, 0, element.Length)
		}
		for datagram := range Parts(nil, sample.header, values) {
			require.LessOrEqual(t, len(datagram), partSize+40)
			var m Message
			require.NoError(t, m.Decode(datagram))
			require.Equal(t, KindPart, m.Kind)
			require.Equal(t, head.Transaction, m.Transaction)
			require.Equal(t, head.Network, m.Network)
			require.True(t, m.Client)
			for part := range m.Parts.All() {
				require.Len(t, assembled[part.Index], part.Offset)
				assembled[part.Index] = append(assembled[part.Index], part.Data...)
			}
		}
		require.Equal(t, values, assembled)
	}
}

func TestPartsEndEarly(t *testing.T) {
	count := 0
	for range Parts(nil, sample.header, [][]byte{make([]byte, 5000)}) {
		if count++; count == 2 {
			break
		}
	}
	require.Equal(t, 2, count)
}

func TestPartsOfOneDatagram(t *testing.T) {
	var m Message
	// The second entry has no data and the third no offset; the fourth has its
	// data as text.
	require.NoError(t, m.Decode([]byte("\x82\xa1t\x07\xa1p\x84"+
		"\x00\x82\xa1o\x05\xa1d\xc4\x01a"+"\x01\x81\xa1o\x05"+"\x02\x81\xa1d\xc4\x01b"+"\xcd\xff\xff\x82\xa1d\xa1c\xa1o\x00")))
	require.Equal(t, []Part{
		{Index: 0, Offset: 5, Data: []byte("a")},
		{Index: 65535, Offset: 0, Data: []byte("c")},
	}, slices.Collect(m.Parts.All()))
}

func TestPartsUseTheBuffer(t *testing.T) {
	buf := make([]byte, 0, 2048)
	for datagram := range Parts(buf, sample.header, [][]byte{bytes.Repeat([]byte("x"), 3000)}) {
		require.Same(t, &buf[:1][0], &datagram[0])
	}
}
