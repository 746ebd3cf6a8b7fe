// SPDX-License-Identifier: GPL-3.0-or-later

package credential

import (
	"net/netip"
	"slices"
)

// firstSessionUser is the user name and the password that Jami has built in for
// turn.jami.net. A device asks with them until its first restart, although its
// enrolment gave it credentials of its own.
const firstSessionUser = "ring"

// FirstSession accepts Jami's built-in credentials from sources in the given
// networks; none switches that off, as it is at first. Everybody knows these
// credentials, so whoever is in these networks may use the relay.
func (c *Credentials) FirstSession(networks []netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.firstSession = slices.Clone(networks)
}

func (c *Credentials) firstSessionKeys(source netip.Addr) [][]byte {
	source = source.Unmap().WithZone("")
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !slices.ContainsFunc(c.firstSession, func(n netip.Prefix) bool { return n.Contains(source) }) {
		return nil
	}
	return [][]byte{authKey(firstSessionUser, c.realm, firstSessionUser)}
}

// Shared reports whether many devices use the user name.
func Shared(username string) bool { return username == firstSessionUser }
