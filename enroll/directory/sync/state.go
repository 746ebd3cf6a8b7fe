// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/store"
)

// staleAfter is for how long a source may go without a good run, unless its
// interval is longer, before it is an alarm.
const staleAfter = 24 * time.Hour

// State is how far a source is in step.
type State struct {
	Source  string `json:"source"`
	Running bool   `json:"running"`
	// People are known, and Waiting of them have no account yet, be it that
	// there was no time, that it is made when they log in, or for a problem.
	People  int `json:"people"`
	Waiting int `json:"waiting"`
	// Last is the last run that was no dry one, without its changes; nil if
	// there is none.
	Last *Report `json:"last"`
	// GoodAt is when the last good run ended; nil if there is none.
	GoodAt *time.Time `json:"good_at"`
	// Alarm says what an administrator has to look at; "" if nothing.
	Alarm string `json:"alarm"`
}

// States returns the state of each enabled directory, in their order.
func (j *Job) States(ctx context.Context) ([]State, error) {
	all := j.o.Directories()
	settings, err := j.Settings(ctx)
	if err != nil {
		return nil, err
	}
	states := make([]State, 0, len(all))
	for _, d := range all {
		s, err := j.counted(ctx, d, settings)
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	return states, nil
}

// State returns the state of a directory. Errors: ErrNotFound; any other is a
// fault of the server.
func (j *Job) State(ctx context.Context, name string) (State, error) {
	d, err := j.find(name)
	if err != nil {
		return State{}, err
	}
	settings, err := j.Settings(ctx)
	if err != nil {
		return State{}, err
	}
	return j.counted(ctx, d, settings)
}

// counted is state with the numbers, which take a look at everybody.
func (j *Job) counted(ctx context.Context, d Directory, settings Settings) (State, error) {
	s, err := j.state(ctx, d, settings)
	if err != nil {
		return s, err
	}
	if s.People, s.Waiting, err = j.o.Store.CountEntries(ctx, d.ID); err != nil {
		return s, fmt.Errorf("counting the people of source %q: %w", d.Name, err)
	}
	return s, nil
}

func (j *Job) state(ctx context.Context, d Directory, settings Settings) (State, error) {
	s := State{Source: d.Name}
	j.mu.Lock()
	_, s.Running = j.running[d.ID]
	j.mu.Unlock()
	var err error
	if s.Last, err = j.lastReport(ctx, d.ID, ""); err != nil || s.Last == nil {
		return s, err
	}
	s.Last.Changes = []Change{}
	good, err := j.lastReport(ctx, d.ID, Done)
	if err != nil {
		return s, err
	}
	if good != nil {
		s.GoodAt = good.EndedAt
	}
	if d.readable() {
		s.Alarm = j.alarm(d, *s.Last, s.GoodAt, settings)
	}
	return s, nil
}

func (j *Job) alarm(d Directory, last Report, goodAt *time.Time, settings Settings) string {
	if last.Outcome == Stopped {
		return fmt.Sprintf("source %q: the synchronisation is stopped, and nobody is barred: %s. "+
			"See jamibox source sync %s --dry-run; if that is right, jamibox source sync %s --accept",
			d.Name, last.Reason, d.Name, d.Name)
	}
	allowed := max(staleAfter, 4*settings.Interval.Duration())
	switch now := j.now(); {
	case last.Outcome == Done:
		return ""
	case goodAt == nil && now.Sub(d.ChangedAt) > allowed:
		return fmt.Sprintf("source %q was never synchronised in full: %s", d.Name, last.Reason)
	case goodAt != nil && now.Sub(*goodAt) > allowed:
		return fmt.Sprintf("source %q was last synchronised in full on %s: %s", d.Name, goodAt.Format(time.RFC3339), last.Reason)
	}
	return ""
}

// Alarm returns what an administrator has to look at, of all sources, or nil.
func (j *Job) Alarm(ctx context.Context) error {
	settings, err := j.Settings(ctx)
	if err != nil {
		return err
	}
	var alarms []error
	for _, d := range j.o.Directories() {
		s, err := j.state(ctx, d, settings)
		if err != nil {
			return err
		}
		if s.Alarm != "" {
			alarms = append(alarms, errors.New(s.Alarm))
		}
	}
	return errors.Join(alarms...)
}

// Runs returns the reports of the newest runs of a directory, newest first and
// without their changes. Errors: ErrNotFound; any other is a fault of the server.
func (j *Job) Runs(ctx context.Context, name string, limit int) ([]Report, error) {
	d, err := j.find(name)
	if err != nil {
		return nil, err
	}
	rows, err := j.o.Store.SyncRuns(ctx, d.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("listing the synchronisations of source %q: %w", d.Name, err)
	}
	reports := make([]Report, len(rows))
	for i, row := range rows {
		if reports[i], err = j.report(d.Name, row); err != nil {
			return nil, err
		}
		reports[i].Changes = []Change{}
	}
	return reports, nil
}

// Report returns the report of a run of a directory. Errors: ErrNotFound (no
// such source), ErrNoRun; any other is a fault of the server.
func (j *Job) Report(ctx context.Context, name string, id int64) (Report, error) {
	d, err := j.find(name)
	if err != nil {
		return Report{}, err
	}
	row, err := j.o.Store.SyncRun(ctx, d.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return Report{}, ErrNoRun
	}
	if err != nil {
		return Report{}, fmt.Errorf("reading a synchronisation of source %q: %w", d.Name, err)
	}
	return j.report(d.Name, row)
}

// report returns what a row holds. A run that was cut off with the box has no
// report.
func (j *Job) report(source string, row store.SyncRun) (Report, error) {
	r := Report{StartedAt: row.StartedAt, Dry: row.Dry, Outcome: Outcome(row.Outcome), Changes: []Change{}}
	if err := json.Unmarshal([]byte(row.Report), &r); err != nil {
		return r, fmt.Errorf("reading the report of a synchronisation: %w", err)
	}
	r.ID, r.Source = row.ID, source
	j.mu.Lock()
	defer j.mu.Unlock()
	if now, running := j.running[row.SourceID]; r.Outcome == Running && (!running || now.ID != r.ID) {
		r.Outcome, r.Reason = Failed, "the box was stopped meanwhile"
	}
	return r, nil
}

// lastReport returns the report of the last run of a source that was no dry one
// and ended, with the outcome unless that is ""; nil if there is none.
func (j *Job) lastReport(ctx context.Context, sourceID int64, outcome Outcome) (*Report, error) {
	row, err := j.o.Store.LastSyncRun(ctx, sourceID, string(outcome))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last synchronisation: %w", err)
	}
	r, err := j.report("", row)
	return &r, err
}
