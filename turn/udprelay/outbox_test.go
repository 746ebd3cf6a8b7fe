// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// carried keeps what was sent at a time.
type carried struct {
	data    []string
	packets int
	bytes   int
}

func (c *carried) carry(b *box) { c.data = append(c.data, string(b.data)) }

func (c *carried) count(packets, bytes int) {
	c.packets += packets
	c.bytes += bytes
}

func TestOutbox(t *testing.T) {
	to := netip.MustParseAddrPort("127.0.0.1:1")
	start := func() (*carried, *outbox) {
		c := new(carried)
		return c, &outbox{pool: &newPools().boxes, carrier: c, count: c.count}
	}
	t.Run("one call for several messages", func(t *testing.T) {
		c, o := start()
		for _, msg := range []string{"one", "", "three"} {
			o.add([]byte(msg), to, len(msg))
		}
		require.Empty(t, c.data)
		o.flush()
		require.Equal(t, []string{"onethree"}, c.data)
		require.Equal(t, 3, c.packets)
		require.Equal(t, 8, c.bytes)
		require.Nil(t, o.box)
		o.flush()
		require.Len(t, c.data, 1)
	})
	t.Run("full of messages", func(t *testing.T) {
		c, o := start()
		for range boxPackets + 1 {
			o.add([]byte("x"), to, 1)
		}
		require.Len(t, c.data, 1)
		o.flush()
		require.Len(t, c.data, 2)
		require.Equal(t, boxPackets+1, c.packets)
	})
	t.Run("full of bytes", func(t *testing.T) {
		c, o := start()
		for range 17 {
			o.add(make([]byte, 4000), to, 4000)
		}
		o.flush()
		require.Len(t, c.data, 2)
		require.LessOrEqual(t, len(c.data[0]), boxSize)
		require.Equal(t, 17*4000, c.bytes)
	})
}
