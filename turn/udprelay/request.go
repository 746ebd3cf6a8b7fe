// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"net/netip"

	"github.com/pion/stun/v2"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// request is an authenticated request, for which the gate owes an answer.
type request struct {
	*stun.Message
	core     *core
	client   netip.AddrPort
	identity *auth.Identity
}

func isRequest(m *stun.Message) bool { return m.Type.Class == stun.ClassRequest }

// request serves one request. s is the allocation of its 5-tuple, or nil.
func (c *core) request(m *stun.Message, from netip.AddrPort, s *session) {
	switch m.Type.Method {
	case stun.MethodBinding, stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission,
		stun.MethodChannelBind, stun.MethodConnect, stun.MethodConnectionBind:
	default:
		return // RFC 8489, section 6.3: unknown methods are left unanswered
	}
	// Over UDP the source may be forged, to have somebody else answered.
	unsigned := m.Type.Method == stun.MethodBinding || !m.Contains(stun.AttrMessageIntegrity)
	if unsigned && c.link.over() == ledger.OverUDP && !c.cfg.Auth.AllowUnauthenticated(from.Addr()) {
		c.cfg.Ledger.Throttled()
		return
	}
	if m.Type.Method == stun.MethodBinding {
		c.link.answer(message.Binding(m, from), from)
		return
	}
	var held *auth.Identity
	if s != nil {
		held = s.identity
	}
	identity, refusal := c.cfg.Auth.Authenticate(m, from.Addr(), held)
	if identity == nil {
		c.refused(from, refusal)
		return
	}
	c.serve(&request{Message: m, core: c, client: from, identity: identity}, s)
}

// refused sends the refusal of a request that did not prove who sent it, or is
// silent if there is none.
func (c *core) refused(from netip.AddrPort, refusal []byte) {
	if refusal == nil {
		c.cfg.Ledger.Throttled()
		return
	}
	c.link.answer(refusal, from)
}

func (c *core) serve(r *request, s *session) {
	if r.Type.Method == stun.MethodAllocate {
		c.allocate(r, s)
		return
	}
	if s == nil {
		r.refuse(stun.CodeAllocMismatch)
		return
	}
	if s.identity.Username != r.identity.Username {
		r.refuse(stun.CodeWrongCredentials)
		return
	}
	switch r.Type.Method {
	case stun.MethodRefresh:
		c.refresh(r, s)
	case stun.MethodCreatePermission:
		c.createPermission(r, s)
	case stun.MethodChannelBind:
		c.channelBind(r, s)
	default: // Connect and ConnectionBind belong to TCP allocations
		r.refuse(stun.CodeBadRequest)
	}
}

// grant answers with success.
func (r *request) grant(attrs ...stun.Setter) {
	r.core.link.answer(message.Success(r.Message, r.identity.Key, attrs...), r.client)
}

// refuse answers with an error.
func (r *request) refuse(code stun.ErrorCode, attrs ...stun.Setter) {
	r.core.cfg.Ledger.Answered(int(code))
	r.core.link.answer(message.Failure(r.Message, r.identity.Key, code, attrs...), r.client)
}

// refresh prolongs or ends an allocation (RFC 8656, section 8.2).
func (c *core) refresh(r *request, s *session) {
	family, asked, err := message.RequestedFamily(r.Message)
	if errors.Is(err, message.ErrFamily) || asked && err == nil && family != s.family {
		r.refuse(stun.CodePeerAddrFamilyMismatch)
		return
	}
	if err != nil {
		r.refuse(stun.CodeBadRequest)
		return
	}
	wanted, given, err := message.Lifetime(r.Message)
	if err != nil {
		r.refuse(stun.CodeBadRequest)
		return
	}
	if given && wanted == 0 {
		c.terminate(s, ledger.Released, func() { r.grant(message.LifetimeOf(0)) })
		return
	}
	lifetime := c.lifetime(wanted)
	c.prolong(s, func(granted bool) {
		if !granted {
			r.refuse(stun.CodeAllocMismatch)
			return
		}
		s.extend(lifetime)
		c.schedule(s)
		r.grant(message.LifetimeOf(lifetime))
	})
}
