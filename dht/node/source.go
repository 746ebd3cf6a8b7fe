// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"net/netip"
	"time"
)

// addrsPause lies between two looks at the addresses of this host.
const addrsPause = 2 * time.Second

// followAddrs keeps answers coming from the address that was asked, until ctx is
// done: the addresses of a host change. To know which it was takes some of the time
// that a request takes, so it is not asked for while there is but one.
func (s *server) followAddrs(ctx context.Context) error {
	ticker := time.NewTicker(addrsPause)
	defer ticker.Stop()
	complained := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, socket := range s.sockets {
			if socket == nil {
				continue
			}
			err := socket.followAddrs()
			if err != nil && !complained && ctx.Err() == nil {
				s.logger.Warn("dht node may answer from another address than was asked", "addr", socket.local, "err", err)
				complained = true
			}
		}
	}
}

// source returns the address of ours that a peer uses, so that it knows us again
// if we have several; an invalid one if the system is to choose.
func (s *server) source(to netip.AddrPort) netip.Addr {
	if to == s.from {
		return s.local
	}
	return s.proven.local(to.Addr().WithZone(""))
}
