// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/port"
)

const (
	protocolUDP = 17
	protocolTCP = 6
)

// allocate serves an Allocate request (RFC 8656, section 7.2). s is the
// allocation that exists, or nil.
func (c *core) allocate(r *request, s *session) {
	if s != nil {
		if s.transaction != r.TransactionID || s.identity.Username != r.identity.Username {
			r.refuse(stun.CodeAllocMismatch)
			return
		}
		// The success was lost on its way.
		r.grant(s.granted()...)
		return
	}
	if code, attrs := c.unacceptable(r); code != 0 {
		r.refuse(code, attrs...)
		return
	}
	family, asked, err := message.RequestedFamily(r.Message)
	switch {
	case errors.Is(err, message.ErrFamily):
		r.refuse(stun.CodeAddrFamilyNotSupported)
		return
	case err != nil:
		r.refuse(stun.CodeBadRequest)
		return
	case !asked:
		family = message.IPv4
	}
	wanted, _, err := message.Lifetime(r.Message)
	if err != nil {
		r.refuse(stun.CodeBadRequest)
		return
	}
	relayed, bind, ports, ok := c.cfg.Addresses.Relayed(family, c.link.server().Addr())
	if !ok {
		r.refuse(stun.CodeAddrFamilyNotSupported)
		return
	}
	take := ports.Take
	if r.Contains(stun.AttrEvenPort) {
		take = ports.TakeEven
	}
	c.open(r, place{family, relayed, bind, ports, take}, c.lifetime(wanted))
}

// place is where an allocation is to be relayed.
type place struct {
	family  message.Family
	relayed netip.Addr
	bind    netip.Addr
	ports   *port.Pool
	take    func(open func(number uint16) error) (uint16, error) // of ports
}

// open makes the allocation of a request that can be met.
func (c *core) open(r *request, at place, lifetime time.Duration) {
	s := newSession(r, at.family, lifetime)
	entry, err := c.cfg.Ledger.Open(ledger.Opening{
		Username: r.identity.Username,
		Client:   r.client,
		Server:   c.link.server(),
		Over:     c.link.over(),
		Protocol: ledger.UDP,
	}, func(ledger.Reason) { c.end(s) })
	if err != nil {
		c.logger.Debug("refusing an allocation", "user", r.identity.Username, "remote", r.client, "err", err)
		r.refuse(stun.CodeAllocQuotaReached)
		return
	}
	s.entry = entry
	s.endpoint, err = openEndpoint(c, s, at)
	if err != nil {
		c.logger.Warn("refusing an allocation", "user", r.identity.Username, "remote", r.client, "err", err)
		entry.Close(ledger.Failed)
		r.refuse(stun.CodeInsufficientCapacity)
		return
	}
	c.remember(s)
	c.ask(s, stun.MethodAllocate, func(granted bool) {
		if !granted {
			c.forget(s)
			s.reason = ledger.Failed
			s.endpoint.discard()
			r.refuse(stun.CodeInsufficientCapacity)
			return
		}
		s.coreExpires = time.Now().Add(coreLifetime)
		entry.Opened(s.endpoint.relayed, s.expires)
		c.schedule(s)
		r.grant(s.granted()...)
	}, stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{protocolUDP, 0, 0, 0}}, message.LifetimeOf(coreLifetime))
}

// unacceptable returns why a request cannot be met whoever makes it, or 0.
func (c *core) unacceptable(r *request) (stun.ErrorCode, []stun.Setter) {
	protocol, given, err := message.RequestedTransport(r.Message)
	switch {
	case err != nil || !given:
		return stun.CodeBadRequest, nil
	case protocol == protocolTCP && c.link.over() == ledger.OverUDP:
		return stun.CodeBadRequest, nil // RFC 6062, section 5.1
	case protocol != protocolUDP:
		return stun.CodeUnsupportedTransProto, nil
	}
	evenPort, reserved := r.Contains(stun.AttrEvenPort), r.Contains(stun.AttrReservationToken)
	switch {
	case r.Contains(stun.AttrDontFragment):
		unknown := []stun.AttrType{stun.AttrDontFragment}
		return stun.CodeUnknownAttribute, []stun.Setter{message.UnknownAttributes(unknown)}
	case reserved && (evenPort || r.Contains(stun.AttrRequestedAddressFamily)):
		return stun.CodeBadRequest, nil
	case reserved || evenPort && reservesNext(r):
		// No port is ever set aside for later.
		return stun.CodeInsufficientCapacity, nil
	}
	return 0, nil
}

// reservesNext reports whether EVEN-PORT asks for the next port to be set aside
// as well (RFC 8656, section 18.6); a malformed one counts as asking.
func reservesNext(r *request) bool {
	const reserve = 0x80
	a, ok := r.Attributes.Get(stun.AttrEvenPort)
	return ok && (len(a.Value) != 1 || a.Value[0]&reserve != 0)
}
