// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFrameSize(t *testing.T) {
	for name, c := range map[string]struct {
		head [4]byte
		size int
		err  error
	}{
		"stun/header only": {[4]byte{0x00, 0x01, 0, 0}, 20, nil},
		"stun/attributes":  {[4]byte{0x00, 0x03, 0, 8}, 28, nil},
		"stun/longest":     {[4]byte{0x00, 0x03, 0x0F, 0xEC}, MaxFrame, nil},

		"channel/empty":     {[4]byte{0x40, 0x00, 0, 0}, 4, nil},
		"channel/one":       {[4]byte{0x40, 0x00, 0, 1}, 8, nil},
		"channel/aligned":   {[4]byte{0x40, 0x00, 0, 4}, 8, nil},
		"channel/padded":    {[4]byte{0x7F, 0xFF, 0, 5}, 12, nil},
		"channel/longest":   {[4]byte{0x40, 0x00, 0x0F, 0xFC}, MaxFrame, nil},
		"channel/fits last": {[4]byte{0x40, 0x00, 0x0F, 0xF9}, MaxFrame, nil},
		"channel/too long":  {[4]byte{0x40, 0x00, 0x0F, 0xFD}, MaxFrame + 4, nil},
		"channel/0xFFFC":    {[4]byte{0x40, 0x00, 0xFF, 0xFC}, 65536, nil},
		"channel/0xFFFF":    {[4]byte{0x40, 0x00, 0xFF, 0xFF}, 65540, nil},

		"error/stun unaligned": {[4]byte{0x00, 0x01, 0, 3}, 0, ErrFrameLength},
		"error/stun too long":  {[4]byte{0x00, 0x01, 0x0F, 0xF0}, 0, ErrFrameLength},
		"error/stun 0xFFEC":    {[4]byte{0x00, 0x01, 0xFF, 0xEC}, 0, ErrFrameLength},
		"error/stun 0xFFFC":    {[4]byte{0x00, 0x01, 0xFF, 0xFC}, 0, ErrFrameLength},
		"error/kind 10":        {[4]byte{0x80, 0x01, 0, 0}, 0, ErrFrameKind},
		"error/kind 11":        {[4]byte{0xFF, 0xFF, 0, 0}, 0, ErrFrameKind},
		"error/text":           {[4]byte([]byte("\x16\x03\x01\x02")), 0, ErrFrameLength},
	} {
		t.Run(name, func(t *testing.T) {
			size, err := FrameSize(c.head)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.size, size)
		})
	}
}

func FuzzFrameSize(f *testing.F) {
	for _, head := range []uint32{0x00010000, 0x00030008, 0x0003FFEC, 0x4000FFFC, 0x4000FFFF, 0x40000005, 0x80000000, 0xFFFFFFFF} {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, word uint32) {
		head := [4]byte{byte(word >> 24), byte(word >> 16), byte(word >> 8), byte(word)}
		size, err := FrameSize(head)
		channel := IsChannelData(head[:])
		switch {
		case err != nil && size != 0:
			t.Fatalf("size %d with %v", size, err)
		case err != nil && channel:
			t.Fatalf("ChannelData with %v", err)
		case err == nil && (size < channelHead || size%4 != 0 || size > 65540):
			t.Fatalf("size %d", size)
		case err == nil && !channel && (size < headerLen || size > MaxFrame):
			t.Fatalf("STUN of %d", size)
		}
	})
}

func TestIsChannelData(t *testing.T) {
	require.True(t, IsChannelData([]byte{0x40, 0, 0, 0}))
	require.True(t, IsChannelData([]byte{0x7F, 0xFF, 0xFF, 0xFF, 1}))
	require.False(t, IsChannelData([]byte{0x40, 0, 0}))
	require.False(t, IsChannelData(nil))
	require.False(t, IsChannelData([]byte{0x00, 0x01, 0, 0}))
	require.False(t, IsChannelData([]byte{0x80, 0, 0, 0}))
}
