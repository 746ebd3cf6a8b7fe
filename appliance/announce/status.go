// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import "time"

// Status is what is known of the announcements at one moment. All is zero while
// nothing is announced.
type Status struct {
	// Lists is how many lists stand in the DHT.
	Lists int `json:"lists"`
	// Last is when one was put there the last time.
	Last time.Time `json:"last,omitzero"`
	// Failing is how many lists could not be put the last time.
	Failing int `json:"failing"`
	// Error is why, or why nothing is announced at all.
	Error string `json:"error,omitempty"`
}

// Status returns the state of the announcements.
func (a *Announcer) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

// report makes the state known. It logs the first failure and the end of all.
func (a *Announcer) report(r *run) {
	status, err := Status{Last: r.last}, r.lookErr
	for _, l := range r.lists.lists {
		if l.stands {
			status.Lists++
		}
		if l.err != nil {
			status.Failing++
			err = l.err
		}
	}
	if err != nil {
		status.Error = err.Error()
	}
	before := a.setStatus(status)
	switch {
	case err != nil && before.Error == "":
		a.logger.Warn("revocation lists are not announced", "err", err)
	case err == nil && before.Error != "":
		a.logger.Info("revocation lists are announced again")
	}
}

func (a *Announcer) stopped() { a.setStatus(Status{}) }

func (a *Announcer) setStatus(s Status) (before Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, a.status = a.status, s
	return before
}
