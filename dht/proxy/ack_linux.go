// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// ackAtOnce has the system confirm what the client sends next without delay.
func ackAtOnce(c net.Conn) error {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("confirming at once: %w", err)
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	if err == nil {
		err = set
	}
	if err != nil {
		return fmt.Errorf("confirming at once: %w", err)
	}
	return nil
}
