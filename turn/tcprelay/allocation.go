// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/port"
)

// allocation is a relayed TCP address with all that hangs on it. Safe for
// concurrent use.
type allocation struct {
	relay       *Relay
	control     *control
	owner       *auth.Identity
	transaction [stun.TransactionIDSize]byte
	family      message.Family

	// Set while it is opened, constant from then on.
	success  []byte // the answer to the Allocate request
	local    netip.AddrPort
	listener *net.TCPListener
	port     uint16
	ports    *port.Pool
	entry    *ledger.Entry

	ctx    context.Context // until it ends
	cancel context.CancelFunc

	mu          sync.Mutex
	ended       bool                           // guarded by mu
	expires     time.Time                      // guarded by mu
	expiry      *time.Timer                    // guarded by mu
	permissions map[netip.Addr]time.Time       // until when; guarded by mu
	connections map[netip.AddrPort]*connection // by peer; guarded by mu
}

func newAllocation(c *control, req request, family message.Family, ports *port.Pool) *allocation {
	a := &allocation{
		relay:       c.relay,
		control:     c,
		owner:       req.from,
		transaction: req.TransactionID,
		family:      family,
		ports:       ports,
		permissions: make(map[netip.Addr]time.Time),
		connections: make(map[netip.AddrPort]*connection),
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// start lets peers in.
func (a *allocation) start(relayed netip.AddrPort, lifetime time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expires = time.Now().Add(lifetime)
	a.expiry = time.AfterFunc(lifetime, a.expire)
	a.entry.Opened(relayed, a.expires)
	a.control.running.Go(a.accept)
}

// refresh answers a Refresh request (RFC 8656, section 8.2).
func (a *allocation) refresh(req request) []byte {
	family, ok, err := message.RequestedFamily(req.Message)
	switch {
	case errors.Is(err, message.ErrFamily), err == nil && ok && family != a.family:
		return a.relay.failure(req, stun.CodePeerAddrFamilyMismatch)
	case err != nil:
		return a.relay.failure(req, stun.CodeBadRequest)
	}
	asked, ok, err := message.Lifetime(req.Message)
	if err != nil {
		return a.relay.failure(req, stun.CodeBadRequest)
	}
	if ok && asked == 0 {
		a.end(ledger.Released)
		return req.success(message.LifetimeOf(0))
	}
	granted := a.relay.lifetime(asked)
	if !a.extend(granted) {
		return a.relay.failure(req, stun.CodeAllocMismatch)
	}
	return req.success(message.LifetimeOf(granted))
}

// extend reports whether the allocation was still there to be extended.
func (a *allocation) extend(lifetime time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return false
	}
	a.expires = time.Now().Add(lifetime)
	a.expiry.Reset(lifetime)
	a.entry.Extend(a.expires)
	return true
}

// expire ends the allocation unless a Refresh came at the last moment.
func (a *allocation) expire() {
	a.mu.Lock()
	extended := time.Now().Before(a.expires)
	a.mu.Unlock()
	if !extended {
		a.end(ledger.Expired)
	}
}

func (a *allocation) hasEnded() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ended
}

// end closes all that belongs to the allocation and gives it back. Only the
// first call does anything; when it returns, the port is free.
func (a *allocation) end(reason ledger.Reason) {
	a.mu.Lock()
	if a.ended {
		a.mu.Unlock()
		return
	}
	a.ended = true
	connections := a.connections
	a.connections = nil
	a.expiry.Stop()
	a.mu.Unlock()

	a.cancel()
	// The only error would be that it is closed already.
	_ = a.listener.Close()
	a.ports.Give(a.port)
	for _, c := range connections {
		a.abandon(c)
	}
	a.entry.Close(reason)
	for range connections {
		a.entry.CloseConnection()
	}
}
