// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync/atomic"
)

const (
	alertRecord       = 21
	alertRecordLength = 7
)

// wireConn is a connection below TLS. During the handshake, which reads from
// one goroutine, it remembers the end of what has arrived.
type wireConn struct {
	net.Conn
	remote    netip.Addr
	tail      []byte      // at most alertRecordLength bytes
	completed bool        // the handshake is over, tail is not kept any more
	displaced atomic.Bool // closed to make room for others
}

func (c *wireConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.completed {
		c.tail = append(c.tail, p[max(0, n-alertRecordLength):n]...)
		c.tail = c.tail[max(0, len(c.tail)-alertRecordLength):]
	}
	return n, err
}

// heard reports whether the client has sent anything.
func (c *wireConn) heard() bool { return len(c.tail) > 0 }

// plainAlert returns the alert that the client sent last, if it did so in the
// clear. OpenSSL 3 does with TLS 1.3 when it refuses a server certificate,
// since it encrypts only after its change_cipher_spec (RFC 8446 appendix D.4);
// crypto/tls, which expects encryption by then, sees a bad record.
func (c *wireConn) plainAlert() error {
	t := c.tail
	if len(t) != alertRecordLength || t[0] != alertRecord || t[1] != 3 || t[3] != 0 || t[4] != 2 {
		return nil
	}
	return &net.OpError{Op: "remote error", Err: tls.AlertError(t[6])}
}
