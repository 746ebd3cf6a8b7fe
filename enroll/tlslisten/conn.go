// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"crypto/tls"
	"net/netip"
	"sync/atomic"
)

// Conn is a TLS connection whose handshake is complete. It is a *tls.Conn to
// whoever asks for its connection state.
type Conn struct {
	*tls.Conn
	remote   netip.Addr
	refusals *refusals
	settled  atomic.Bool
}

// Read is that of tls.Conn. Some clients look at the server certificate only
// after their handshake, so their refusal arrives here, before any data.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if (n > 0 || err != nil) && !c.settled.Swap(true) && n == 0 && isAlert(err) {
		c.refusals.add(c.remote, reasonOf(err))
	}
	return n, err
}
