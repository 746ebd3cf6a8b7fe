// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"net/netip"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// inboundMTU is what pion reads at most, in bytes; it takes a message that
// fills it for a truncated one.
const inboundMTU = message.MaxFrame + 1

// errWoken is what receive returns after wake.
var errWoken = errors.New("woken")

// link is the side of a core where its clients are. Only wake, carry and the
// constants may be used outside pion's read loop.
type link interface {
	carrier
	// receive waits for the next message, which is good until the next call.
	// An error but errWoken is the end; net.ErrClosed is an orderly one.
	receive() (msg []byte, from netip.AddrPort, err error)
	// more reports whether receive need not wait.
	more() bool
	// wake makes receive return errWoken, now or at its next call.
	wake()
	// answer sends a single message.
	answer(msg []byte, to netip.AddrPort)

	server() netip.AddrPort
	over() ledger.Transport
}
