// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package tcprelay

import "net"

// mover returns what takes bytes from src to dst.
func (r *Relay) mover(dst, src net.Conn) mover { return r.newCopier(dst, src) }
