// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"hash/maphash"
	"net/netip"
	"time"
)

// Limits bound the answers to those who have not proved who they are. A zero
// Unauthenticated or Failures means no limit.
type Limits struct {
	Unauthenticated int // answers per second and source address
	Failures        int // answers per minute, source address and user name
	Sources         int // how many sources are remembered for each of them, 1 at least
}

// DefaultLimits returns the limits of a new Authenticator.
func DefaultLimits() Limits {
	return Limits{Unauthenticated: 20, Failures: 10, Sources: 8192}
}

// throttle counts what is answered to those who have not proved who they are.
// Its memory is bounded: the source that was remembered first makes room for a
// new one. Safe for concurrent use.
type throttle struct {
	seed            maphash.Seed
	unauthenticated *windows[netip.Addr]
	failures        *windows[failure]
}

// failure is a source and the hash of the user name that it claims, which may
// be long.
type failure struct {
	source netip.Addr
	user   uint64
}

func newThrottle(limits Limits, now func() time.Time) *throttle {
	return &throttle{
		seed:            maphash.MakeSeed(),
		unauthenticated: newWindows[netip.Addr](limits.Unauthenticated, time.Second, limits.Sources, now),
		failures:        newWindows[failure](limits.Failures, time.Minute, limits.Sources, now),
	}
}

// allowUnauthenticated counts a request that needs or has no credentials, and
// reports whether it may be answered.
func (t *throttle) allowUnauthenticated(source netip.Addr) bool {
	return t.unauthenticated.count(source.Unmap())
}

// allowFailure counts an authentication that failed, and reports whether it may
// be answered.
func (t *throttle) allowFailure(source netip.Addr, username string) bool {
	return t.failures.count(failure{source.Unmap(), maphash.String(t.seed, username)})
}
