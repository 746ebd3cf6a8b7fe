// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
)

// datagrams is a listening UDP socket as pion sees it.
type datagrams struct {
	*net.UDPConn
	count *counters
	fail  func(error) // told when the socket is of no more use
}

// ReadFrom passes single failures over: pion would stop serving the socket
// without a word.
func (d *datagrams) ReadFrom(p []byte) (int, net.Addr, error) {
	for failures := 0; ; {
		n, addr, err := d.UDPConn.ReadFrom(p)
		if err == nil {
			return n, addr, nil
		}
		if errors.Is(err, net.ErrClosed) {
			return 0, nil, err
		}
		if failures++; failures > maxReadErrors {
			d.fail(fmt.Errorf("receiving on %s over UDP: %w", d.LocalAddr(), err))
			return 0, nil, err
		}
	}
}

func (d *datagrams) WriteTo(p []byte, addr net.Addr) (int, error) {
	if refusesCredentials(p) {
		d.count.authFailures.Add(1)
	}
	return d.UDPConn.WriteTo(p, addr)
}

// refusesCredentials reports whether an outgoing message tells a client that
// its credentials are wrong. pion/turn v3 has no event for that and answers
// 400 instead of 401 with ERROR-CODE as first attribute; for these three
// methods it has next to no other reason to.
func refusesCredentials(msg []byte) bool {
	const (
		allocateError         = 0x0113
		refreshError          = 0x0114
		createPermissionError = 0x0118
		attrErrorCode         = 0x0009
		headerLen             = 20
	)
	if len(msg) < headerLen+8 {
		return false
	}
	switch binary.BigEndian.Uint16(msg) {
	case allocateError, refreshError, createPermissionError:
		attr := msg[headerLen:]
		return binary.BigEndian.Uint16(attr) == attrErrorCode && attr[6] == 4 && attr[7] == 0
	}
	return false
}
