// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import "time"

// schedule spaces questions out. The zero schedule asks at once.
type schedule struct {
	next time.Time
	wait time.Duration
}

// due reports whether to ask now. It starts anew when searching was paused.
func (s *schedule) due(searching bool, now time.Time) bool {
	if !searching {
		*s = schedule{}
		return false
	}
	if now.Before(s.next) {
		return false
	}
	s.wait = min(max(2*s.wait, firstSearchWait), lastSearchWait)
	s.next = now.Add(s.wait)
	return true
}
