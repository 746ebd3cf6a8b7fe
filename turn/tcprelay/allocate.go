// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/port"
)

// protoTCP is the REQUESTED-TRANSPORT that this package serves (RFC 6062,
// section 4.1).
const protoTCP = 6

// allocate answers an Allocate request (RFC 6062, section 5.1). a is the
// allocation that the connection has already, nil if it has none.
func (c *control) allocate(req request, a *allocation) []byte {
	if a != nil {
		if a.transaction == req.TransactionID && a.owner.Username == req.from.Username {
			return a.success
		}
		return c.relay.failure(req, stun.CodeAllocMismatch)
	}
	proto, ok, err := message.RequestedTransport(req.Message)
	if !ok || err != nil {
		return c.relay.failure(req, stun.CodeBadRequest)
	}
	if proto != protoTCP {
		return c.relay.failure(req, stun.CodeUnsupportedTransProto)
	}
	for _, attr := range []stun.AttrType{stun.AttrDontFragment, stun.AttrEvenPort, stun.AttrReservationToken} {
		if req.Contains(attr) {
			return c.relay.failure(req, stun.CodeBadRequest)
		}
	}
	family, ok, err := message.RequestedFamily(req.Message)
	switch {
	case errors.Is(err, message.ErrFamily):
		return c.relay.failure(req, stun.CodeAddrFamilyNotSupported)
	case err != nil:
		return c.relay.failure(req, stun.CodeBadRequest)
	case !ok:
		family = message.IPv4
	}
	asked, _, err := message.Lifetime(req.Message)
	if err != nil {
		return c.relay.failure(req, stun.CodeBadRequest)
	}
	relayed, bind, ports, ok := c.relay.Addresses.Relayed(family, c.stream.Server().Addr())
	if !ok {
		return c.relay.failure(req, stun.CodeAddrFamilyNotSupported)
	}
	return c.open(req, family, relayed, bind, ports, c.relay.lifetime(asked))
}

// lifetime returns what is granted for a requested lifetime, 0 for none (RFC
// 8656, section 7.2).
func (r *Relay) lifetime(asked time.Duration) time.Duration {
	return max(min(asked, r.Lifetimes.Max), r.Lifetimes.Default)
}

// open makes the allocation and answers the request for it.
func (c *control) open(req request, family message.Family, relayed, bind netip.Addr, ports *port.Pool, lifetime time.Duration) []byte {
	a := newAllocation(c, req, family, ports)
	// Others may end the allocation as soon as it is in the ledger, but not
	// before it is whole.
	whole := make(chan struct{})
	defer close(whole)
	entry, err := c.relay.Ledger.Open(ledger.Opening{
		Username: req.from.Username,
		Client:   c.stream.Client(),
		Server:   c.stream.Server(),
		Over:     c.stream.Over(),
		Protocol: ledger.TCP,
	}, func(reason ledger.Reason) {
		<-whole
		a.end(reason)
		c.hangUp()
	})
	if err != nil {
		c.log.Debug("allocation refused", "user", req.from.Username, "err", err)
		return c.relay.failure(req, stun.CodeAllocQuotaReached)
	}
	a.entry = entry
	a.port, err = ports.Take(func(port uint16) (err error) {
		a.local = netip.AddrPortFrom(bind, port)
		a.listener, err = listen(a.ctx, a.local)
		return err
	})
	if err != nil {
		c.log.Warn("opening a relayed address", "user", req.from.Username, "err", err)
		a.ended = true
		a.cancel()
		entry.Close(ledger.Failed)
		return c.relay.failure(req, stun.CodeInsufficientCapacity)
	}
	address := netip.AddrPortFrom(relayed, a.port)
	a.success = req.success(
		message.RelayedAddress(address),
		message.LifetimeOf(lifetime),
		message.MappedAddress(c.stream.Client()),
	)
	a.start(address, lifetime)
	c.allocation = a
	return a.success
}

// listen opens a relayed address, with a port that connections to peers can be
// made from at the same time.
func listen(ctx context.Context, local netip.AddrPort) (*net.TCPListener, error) {
	config := net.ListenConfig{Control: sharePort}
	// Bytes of Multipath TCP sockets cannot be moved by the kernel.
	config.SetMultipathTCP(false)
	l, err := config.Listen(ctx, network(local.Addr()), local.String())
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", local, err)
	}
	return l.(*net.TCPListener), nil
}

// network names the family, so that an IPv6 wildcard does not take IPv4 in.
func network(addr netip.Addr) string {
	if addr.Is4() {
		return "tcp4"
	}
	return "tcp6"
}
