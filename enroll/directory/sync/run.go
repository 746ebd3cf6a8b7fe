// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

const (
	// keptRuns of each source are kept for the administrator.
	keptRuns = 100
	// A gap between two runs that is longer than this, and than several
	// intervals, is a box that was off or a clock that leaped.
	longGap = 24 * time.Hour
	// clockSlack is how far a clock may be set back without harm.
	clockSlack = time.Minute
)

// run is one synchronisation of one source. It is used by one goroutine.
type run struct {
	j        *Job
	d        Directory
	o        RunOptions
	settings Settings
	now      time.Time
	// started is now on the clock that does not leap.
	started time.Time
	// last is the report of the run before; nil if there is none.
	last *Report
	// everyone is the filter that finds all people.
	everyone string
	// textual are the attributes of a person without pictures, which are read
	// only of those who changed.
	textual, identifying []string
	// fresh is set unless the last good run went by the same configuration.
	fresh bool
	// since is when the last good run began; zero if there is none.
	since time.Time

	report Report
	// seen holds hashes of the ids of all people that were read: of 100,000 the
	// ids themselves would take ten times the memory.
	seen map[uint64]struct{}
	seed maphash.Seed
	// bars are what the directory asks for; they are done at the end, if they
	// are credible.
	bars []bar
	// lifted are the users whose bars the run lifts.
	lifted map[int64]struct{}
	// stale are the ids of people whose users have to be brought up to date.
	stale  []string
	groups groups
	// fault is an error of the box itself.
	fault error
}

// bar is a user who is to be barred.
type bar struct {
	userID           int64
	username, reason string
}

func newRun(j *Job, d Directory, s Settings, o RunOptions) *run {
	d.Config = d.Config.WithDefaults()
	now := j.now().UTC()
	return &run{
		j: j, d: d, o: o, settings: s, now: now,
		everyone: d.Config.SearchFilter(nil), textual: textual(d.Config), identifying: d.Config.Mapping.ID,
		report: Report{
			Source: d.Name, StartedAt: now, Dry: o.Dry, Accepted: o.Accept, Outcome: Running, Changes: []Change{},
		},
		seen: make(map[uint64]struct{}), seed: maphash.MakeSeed(), lifted: make(map[int64]struct{}), started: time.Now(),
	}
}

// remember finds out what earlier runs left, and stores that this one has begun.
func (r *run) remember(ctx context.Context) error {
	raw, err := json.Marshal(r.d.Config)
	if err != nil {
		return fmt.Errorf("encoding the configuration of source %q: %w", r.d.Name, err)
	}
	sum := sha256.Sum256(raw)
	r.report.Config = hex.EncodeToString(sum[:8])
	if r.last, err = r.j.lastReport(ctx, r.d.ID, ""); err != nil {
		return err
	}
	good, err := r.j.lastReport(ctx, r.d.ID, Done)
	if err != nil {
		return err
	}
	r.fresh = good == nil || good.Config != r.report.Config
	if good != nil {
		r.since = good.StartedAt
	}
	r.report.GraceFrom = graceFrom(r.last, r.now, r.settings)
	row := store.SyncRun{SourceID: r.d.ID, StartedAt: r.now, Dry: r.o.Dry, Outcome: string(Running), Report: "{}"}
	if err := r.j.o.Store.AddSyncRun(ctx, &row, keptRuns); err != nil {
		return fmt.Errorf("storing that source %q is synchronised: %w", r.d.Name, err)
	}
	r.report.ID = row.ID
	return nil
}

// graceFrom returns from when on time counts as grace time. It counts while
// runs follow each other: a clock that leaps, or a box that was off for days,
// must not cost devices that nobody had a chance to save.
func graceFrom(last *Report, now time.Time, s Settings) time.Time {
	if last == nil {
		return now
	}
	at := last.StartedAt
	if last.EndedAt != nil {
		at = *last.EndedAt
	}
	gap := now.Sub(at)
	if gap < -clockSlack || gap > max(longGap, 4*s.Interval.Duration()) || last.GraceFrom.After(now.Add(clockSlack)) {
		return now
	}
	return last.GraceFrom
}

// do runs. What came of it is in the report.
func (r *run) do(ctx context.Context) {
	stopped, reason, err := r.steps(ctx)
	rep := &r.report
	switch {
	case ctx.Err() != nil:
		rep.Outcome, rep.Reason = Incomplete, "the box was stopped meanwhile"
	case err != nil:
		rep.Outcome, rep.Reason = Failed, err.Error()
	case stopped:
		rep.Outcome, rep.Reason = Stopped, reason
	case reason != "":
		rep.Outcome, rep.Reason = Incomplete, reason
	default:
		rep.Outcome = Done
	}
}

// steps does one thing after the other. A reason says what the answer lacks, or
// why the run is stopped; an error is a fault of the box.
func (r *run) steps(ctx context.Context) (stopped bool, reason string, err error) {
	if err := r.readGroups(ctx); err != nil {
		return false, "", err
	}
	complete, reason := r.readPeople(ctx)
	if r.fault != nil {
		return false, "", r.fault
	}
	if complete {
		if err := r.judgeMissing(ctx, &complete, &reason); err != nil {
			return false, "", err
		}
	}
	updated, lacking, err := r.update(ctx)
	if err != nil {
		return false, "", err
	}
	if complete && !updated {
		complete, reason = false, lacking
	}
	if !r.o.Dry {
		if err := r.j.o.Store.LinkEntries(ctx, r.d.ID); err != nil {
			return false, "", fmt.Errorf("linking entries of source %q to users: %w", r.d.Name, err)
		}
	}
	accounts, incredible, err := r.incredible(ctx, 0)
	if err != nil {
		return false, "", err
	}
	r.report.Accounts = accounts
	if incredible != "" {
		for _, b := range r.bars {
			r.report.note(b.username, ChangeBarred, "not done: "+b.reason)
		}
		return true, incredible, nil
	}
	if err := r.barAll(ctx); err != nil || !complete {
		return false, reason, err
	}
	if err := r.missEntries(ctx); err != nil {
		return false, "", err
	}
	if err := r.revoke(ctx); err != nil {
		return false, "", err
	}
	if r.groups.lacking != "" {
		return false, r.groups.lacking, nil
	}
	return false, "", r.storeGroups(ctx)
}

// incredible says why the run must not bar as many users as it would, and more
// besides; "" if it may.
func (r *run) incredible(ctx context.Context, more int) (accounts int, why string, err error) {
	_, accounts, err = r.j.o.Store.CountServedBySource(ctx, r.d.ID)
	if err != nil {
		return 0, "", fmt.Errorf("counting the accounts of source %q: %w", r.d.Name, err)
	}
	return accounts, r.settings.incredible(census{
		people: len(r.seen), accounts: accounts, bars: len(r.bars) + more, changed: r.fresh,
	}, r.o.Accept), nil
}

// ref returns the source as accounts know it.
func (r *run) ref() account.SourceRef { return account.SourceRef{ID: r.d.ID, Name: r.d.Name} }

func (r *run) hash(externalID string) uint64 { return maphash.String(r.seed, externalID) }

func (r *run) wasSeen(externalID string) bool {
	_, ok := r.seen[r.hash(externalID)]
	return ok
}

// store writes the report.
func (r *run) store(ctx context.Context) error {
	ended := r.j.now().UTC()
	r.report.EndedAt = &ended
	r.report.Seconds = time.Since(r.started).Seconds()
	raw, err := json.Marshal(r.report)
	if err != nil {
		return fmt.Errorf("encoding a report: %w", err)
	}
	err = r.j.o.Store.EndSyncRun(ctx, store.SyncRun{
		ID: r.report.ID, EndedAt: &ended, Complete: r.report.Outcome == Done, Outcome: string(r.report.Outcome), Report: string(raw),
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // the source was removed meanwhile
	}
	return err
}

// tell says in log and audit what came of the run.
func (r *run) tell(ctx context.Context) {
	rep := &r.report
	log := r.j.o.Logger.Info
	if rep.Outcome != Done {
		log = r.j.o.Logger.Warn
	}
	log("source synchronised", "source", rep.Source, "outcome", string(rep.Outcome), "reason", rep.Reason, "dry", rep.Dry,
		"people", rep.People, "new", rep.New, "changed", rep.Changed, "missing", rep.Missing, "barred", rep.Barred,
		"lifted", rep.Lifted, "revoked", rep.Revoked, "problems", rep.Problems, "seconds", rep.Seconds)
	again := r.last != nil && r.last.Outcome == rep.Outcome && r.last.Reason == rep.Reason
	if rep.Dry || rep.Quiet() && (rep.Outcome == Done || again) {
		return
	}
	r.j.o.Audit.Record(ctx, "source synchronised", rep.Source, fmt.Sprintf(
		"%s: %d people, %d new, %d changed, %d missing, %d barred, %d lifted, %d devices revoked %s",
		rep.Outcome, rep.People, rep.New, rep.Changed, rep.Missing, rep.Barred, rep.Lifted, rep.Revoked, rep.Reason))
}
