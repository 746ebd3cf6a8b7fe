// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// plan is when a source is due, and what it was like when that was decided.
type plan struct {
	due       time.Time // on the clock that does not leap
	changedAt time.Time
	mapped    []string
}

// Run synchronises each source at its time, and at once when it or a mapping of
// its groups was changed, and makes accounts ahead, until ctx ends and all that
// is under way has stopped. It must not be called again before it returned.
func (j *Job) Run(ctx context.Context) error {
	var group sync.WaitGroup
	j.mu.Lock()
	j.base, j.group = ctx, &group
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		j.base = nil
		j.mu.Unlock()
		group.Wait()
	}()
	group.Go(func() { j.provisionLoop(ctx) })
	j.signal(j.provision)
	plans := make(map[int64]plan)
	ticker := time.NewTicker(j.look)
	defer ticker.Stop()
	for {
		if err := j.startDue(ctx, plans); err != nil && ctx.Err() == nil {
			j.o.Logger.Error("looking for sources to synchronise", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-j.woken:
		}
	}
}

// startDue starts the runs whose time has come.
func (j *Job) startDue(ctx context.Context, plans map[int64]plan) error {
	all := j.o.Directories()
	settings, err := j.Settings(ctx)
	if err != nil {
		return err
	}
	interval := settings.Interval.Duration()
	for id := range plans {
		if !slices.ContainsFunc(all, func(d Directory) bool { return d.ID == id }) {
			delete(plans, id)
		}
	}
	for _, d := range all {
		if !d.readable() {
			continue
		}
		mapped, err := j.o.Store.MappedGroupKeys(ctx, d.ID)
		if err != nil {
			return fmt.Errorf("listing the mapped groups of source %q: %w", d.Name, err)
		}
		now := time.Now()
		p, known := plans[d.ID]
		switch {
		case !known:
			if p.due, err = j.first(ctx, d, interval); err != nil {
				return err
			}
		case !p.changedAt.Equal(d.ChangedAt) || !slices.Equal(p.mapped, mapped):
			p.due = now
		case p.due.After(now.Add(2 * interval)):
			p.due = now.Add(interval) // it was made shorter
		}
		p.changedAt, p.mapped = d.ChangedAt, mapped
		if !p.due.After(now) {
			switch _, err := j.Start(ctx, d.Name, RunOptions{}); {
			case err == nil:
				// Several sources, and several boxes, should not ask at once.
				p.due = now.Add(interval*9/10 + rand.N(interval/5))
			case !errors.Is(err, ErrRunning): // it is due once that run has ended
				return err
			}
		}
		plans[d.ID] = p
	}
	return nil
}

// first returns when a source is due that the job did not know yet: at once,
// unless it was synchronised shortly before the box was started.
func (j *Job) first(ctx context.Context, d Directory, interval time.Duration) (time.Time, error) {
	now := time.Now()
	last, err := j.lastReport(ctx, d.ID, Done)
	if err != nil || last == nil || d.ChangedAt.After(last.StartedAt) {
		return now, err
	}
	age := j.now().Sub(last.StartedAt)
	if age < 0 || age > interval {
		return now, nil
	}
	return now.Add(interval - age), nil
}
