// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

func setReadBuffer(conn *net.UDPConn) error {
	return setBuffer(conn, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, "net.core.rmem_max")
}

func setWriteBuffer(conn *net.UDPConn) error {
	return setBuffer(conn, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, "net.core.wmem_max")
}

// setBuffer goes beyond the limit that the system sets if it has the right to.
func setBuffer(conn *net.UDPConn, force, option int, limit string) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var got int
	var optionErr error
	err = raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, force, socketBuffer) != nil {
			optionErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, socketBuffer)
		}
		var getErr error
		got, getErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, option)
		optionErr = errors.Join(optionErr, getErr)
	})
	if err = errors.Join(err, optionErr); err != nil {
		return err
	}
	// Linux doubles what is asked for.
	if got < 2*socketBuffer {
		return fmt.Errorf("it has %d bytes, expected %d: raise the sysctl %s to %d", got/2, socketBuffer, limit, socketBuffer)
	}
	return nil
}
