// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"time"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	// Running is a run that has not ended, or that was cut off with the box.
	Running Outcome = "running"
	// Done is a run that read everybody and did all it had to.
	Done Outcome = "done"
	// Incomplete is a run whose answer may lack people: nobody was taken to be
	// missing.
	Incomplete Outcome = "incomplete"
	// Stopped is a run that would have barred more people than is credible: it
	// barred nobody.
	Stopped Outcome = "stopped"
	// Failed is a run that met a fault of the box itself.
	Failed Outcome = "failed"
)

// What a Change says.
const (
	ChangeBarred   = "barred"
	ChangeLifted   = "bar lifted"
	ChangeRevoked  = "devices revoked"
	ChangeRenamed  = "renamed"
	ChangeProblem  = "problem"
	ChangeUnusable = "unusable entry"
)

// maxChanges bounds the list in a report; the counts go on.
const maxChanges = 500

// Change is what a run did to a person, or what it could not.
type Change struct {
	// Name is the username, or the DN of an entry that has none.
	Name   string `json:"name"`
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Report is what a run did; a dry run, what it would have done.
type Report struct {
	ID        int64     `json:"id"`
	Source    string    `json:"source"`
	StartedAt time.Time `json:"started_at"`
	// EndedAt is nil while the run goes on.
	EndedAt  *time.Time `json:"ended_at"`
	Seconds  float64    `json:"seconds"`
	Dry      bool       `json:"dry"`
	Accepted bool       `json:"accepted"`
	Outcome  Outcome    `json:"outcome"`
	// Reason says why a run is not Done.
	Reason string `json:"reason"`
	// People were read; of them New, Changed and Unchanged since the last run,
	// and Unusable that lack an id or a name.
	People    int `json:"people"`
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Unusable  int `json:"unusable"`
	// Missing are people that were there before and are not any more.
	Missing int `json:"missing"`
	// Accounts is how many people of the source had an account and were not
	// barred when the run began.
	Accounts int `json:"accounts"`
	// Updated, Renamed, Barred and Lifted count users.
	Updated int `json:"updated"`
	Renamed int `json:"renamed"`
	Barred  int `json:"barred"`
	Lifted  int `json:"lifted"`
	// Revoked counts devices whose owners were barred for the grace time.
	Revoked int `json:"revoked"`
	// Problems counts people who cannot have their account or their name.
	Problems int `json:"problems"`
	// Groups were read; Joined and Left count the people who came into mapped
	// ones and went out of them.
	Groups int `json:"groups"`
	Joined int `json:"joined"`
	Left   int `json:"left"`
	// Changes lists who is concerned; Omitted counts those beyond its bound.
	Changes []Change `json:"changes"`
	Omitted int      `json:"omitted"`

	// Config is the sum of the configuration that the run went by.
	Config string `json:"config"`
	// GraceFrom is from when on time counts as grace time.
	GraceFrom time.Time `json:"grace_from"`
}

func (r *Report) note(name, what, reason string) {
	if len(r.Changes) >= maxChanges {
		r.Omitted++
		return
	}
	r.Changes = append(r.Changes, Change{name, what, reason})
}

// Quiet tells whether a run found everything as it was.
func (r *Report) Quiet() bool {
	return r.New+r.Changed+r.Missing+r.Updated+r.Barred+r.Lifted+r.Revoked+r.Joined+r.Left == 0
}
