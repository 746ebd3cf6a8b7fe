// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net"
	"sync"
)

// copier is the mover for TLS and for kernels that cannot move bytes by
// themselves.
type copier struct {
	dst, src net.Conn
	buffer   *[bufferSize]byte
	buffers  *sync.Pool
}

func (r *Relay) newCopier(dst, src net.Conn) *copier {
	return &copier{dst: dst, src: src, buffer: r.buffers.Get().(*[bufferSize]byte), buffers: &r.buffers}
}

func (c *copier) move(limit int) (int, error) {
	n, err := c.src.Read(c.buffer[:min(limit, bufferSize)])
	if n > 0 {
		if n, err := c.dst.Write(c.buffer[:n]); err != nil {
			return n, err
		}
	}
	return n, err
}

func (c *copier) free() { c.buffers.Put(c.buffer) }

// type check
var _ mover = (*copier)(nil)
