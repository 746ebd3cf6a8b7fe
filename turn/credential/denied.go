// SPDX-License-Identifier: GPL-3.0-or-later

package credential

// Deny refuses all requests of a device from now on.
func (c *Credentials) Deny(deviceID string) {
	username := c.Username(deviceID)
	c.mu.Lock()
	c.denied[username] = struct{}{}
	told := c.onDeny
	c.mu.Unlock()
	if told != nil {
		told(username)
	}
}

// Allow takes back Deny.
func (c *Credentials) Allow(deviceID string) {
	username := c.Username(deviceID)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.denied, username)
}

// SetDenied replaces the set of devices that are refused.
func (c *Credentials) SetDenied(deviceIDs []string) {
	denied := make(map[string]struct{}, len(deviceIDs))
	for _, id := range deviceIDs {
		denied[c.Username(id)] = struct{}{}
	}
	c.mu.Lock()
	c.denied = denied
	told := c.onDeny
	c.mu.Unlock()
	if told == nil {
		return
	}
	for _, id := range deviceIDs {
		told(c.Username(id))
	}
}

// OnDeny sets what is told the user name of each device that is denied, once it
// is refused; nil for nothing. It replaces what was set before, and is called
// in the goroutine of Deny or SetDenied.
func (c *Credentials) OnDeny(told func(username string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onDeny = told
}

// Refused reports whether a user that was known is refused by now.
func (c *Credentials) Refused(username string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if username == firstSessionUser {
		return len(c.firstSession) == 0
	}
	_, denied := c.denied[username]
	return denied
}
