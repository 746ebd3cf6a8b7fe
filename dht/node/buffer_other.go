// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package node

import "net"

func setReadBuffer(conn *net.UDPConn) error { return conn.SetReadBuffer(socketBuffer) }

func setWriteBuffer(conn *net.UDPConn) error { return conn.SetWriteBuffer(socketBuffer) }
