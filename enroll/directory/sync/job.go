// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

var (
	// ErrNotFound tells that no enabled directory has the name.
	ErrNotFound = errors.New("there is no directory of that name that is enabled")
	// ErrRunning tells that the source is being synchronised already.
	ErrRunning = errors.New("the source is being synchronised at the moment")
	// ErrNoRun tells that no run of the source has the number.
	ErrNoRun = errors.New("there is no such synchronisation; only the last ones are kept")
	// ErrNoReader tells that nobody may read all people of the source.
	ErrNoReader = errors.New("people log in to this source directly, and it has no service account that could read who there is")
	// ErrNotServing tells that the box does not run its services.
	ErrNotServing = errors.New("the box is starting or stopping; try again in a moment")
)

// actor is whom the audit log names for what a run does.
const actor = "sync"

// Options is what a Job needs. All fields must be set.
type Options struct {
	Store *store.Store
	// Directories returns the enabled directories in their order.
	Directories func() []Directory
	Accounts    Accounts
	Devices     Devices
	Admission   Admission
	// Keys tells whether all account keys that are made ahead lie ready, so that
	// making accounts ahead leaves some for people who wait.
	Keys   func(context.Context) (ready bool, err error)
	Audit  *audit.Log
	Logger *slog.Logger
}

// Job synchronises the sources. It is safe for concurrent use.
type Job struct {
	o   Options
	now func() time.Time
	// look spaces the looks whether a run is due, pace those whether another
	// account can be made ahead.
	look, pace time.Duration

	woken     chan struct{} // look now
	provision chan struct{} // accounts may have to be made

	mu      sync.Mutex
	running map[int64]*Report // guarded by mu; only ID and StartedAt are set
	base    context.Context   // guarded by mu; that of Run, nil unless it runs
	group   *sync.WaitGroup   // guarded by mu; the runs started under base
}

// New returns a job that does nothing until Run or RunOnce is called.
func New(o Options) *Job {
	return &Job{
		o: o, now: time.Now, look: 10 * time.Second, pace: 500 * time.Millisecond,
		woken: make(chan struct{}, 1), provision: make(chan struct{}, 1), running: make(map[int64]*Report),
	}
}

// RunOptions say how a run is different from those that come by themselves.
type RunOptions struct {
	// Dry changes nothing and reports the same.
	Dry bool
	// Accept bars as many accounts as the directory asks for.
	Accept bool
}

// RunOnce synchronises a source and returns when that is done. The error is nil
// whatever the outcome in the report is. Errors: ErrNotFound, ErrRunning,
// ErrNoReader; any other is a fault of the server.
func (j *Job) RunOnce(ctx context.Context, name string, o RunOptions) (Report, error) {
	d, err := j.find(name)
	if err != nil {
		return Report{}, err
	}
	r, err := j.begin(ctx, d, o)
	if err != nil {
		return Report{}, err
	}
	return j.finish(ctx, r)
}

// Start begins a run that goes on after Start has returned, and returns its
// number. Errors: those of RunOnce, ErrNotServing.
func (j *Job) Start(ctx context.Context, name string, o RunOptions) (int64, error) {
	d, err := j.find(name)
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	base, group := j.base, j.group
	if base != nil {
		group.Add(1)
	}
	j.mu.Unlock()
	if base == nil {
		return 0, ErrNotServing
	}
	r, err := j.begin(ctx, d, o)
	if err != nil {
		group.Done()
		return 0, err
	}
	if o.Accept && !o.Dry {
		j.o.Audit.Record(ctx, "synchronisation accepted", d.Name, "")
	}
	go func() {
		defer group.Done()
		if _, err := j.finish(base, r); err != nil {
			j.o.Logger.Error("storing a synchronisation", "source", d.Name, "err", err)
		}
	}()
	return r.report.ID, nil
}

func (j *Job) find(name string) (Directory, error) {
	for _, d := range j.o.Directories() {
		if account.Fold(d.Name) == account.Fold(name) {
			return d, nil
		}
	}
	return Directory{}, fmt.Errorf("%q: %w", strings.TrimSpace(name), ErrNotFound)
}

// begin claims a source and stores that a run of it has begun. Unless it
// returns an error, finish must be called.
func (j *Job) begin(ctx context.Context, d Directory, o RunOptions) (*run, error) {
	if !d.readable() {
		return nil, fmt.Errorf("%q: %w", d.Name, ErrNoReader)
	}
	settings, err := j.Settings(ctx)
	if err != nil {
		return nil, err
	}
	r := newRun(j, d, settings, o)
	j.mu.Lock()
	_, busy := j.running[d.ID]
	if !busy {
		j.running[d.ID] = &Report{StartedAt: r.report.StartedAt}
	}
	j.mu.Unlock()
	if busy {
		return nil, fmt.Errorf("%q: %w", d.Name, ErrRunning)
	}
	if err := r.remember(ctx); err != nil {
		j.release(d.ID)
		return nil, err
	}
	j.mu.Lock()
	j.running[d.ID].ID = r.report.ID
	j.mu.Unlock()
	return r, nil
}

// finish does a run that began and stores its report, also when ctx has ended.
func (j *Job) finish(ctx context.Context, r *run) (Report, error) {
	defer j.release(r.d.ID)
	r.do(audit.With(ctx, audit.Actor{Name: actor}))
	err := r.store(context.WithoutCancel(ctx))
	r.tell(audit.With(context.WithoutCancel(ctx), audit.Actor{Name: actor}))
	if !r.o.Dry {
		j.signal(j.provision)
	}
	return r.report, err
}

func (j *Job) release(sourceID int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, sourceID)
}

// wake has the job look at once whether a run is due.
func (j *Job) wake() { j.signal(j.woken) }

func (*Job) signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
