// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"jamibox/enroll/audit"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// Registry keeps the sources. It is safe for concurrent use.
type Registry struct {
	store  *store.Store
	box    *seal.Box
	audit  *audit.Log
	logger *slog.Logger
	now    func() time.Time

	traces   *traceLog
	refused  *memory
	accepted *memory

	changes sync.Mutex // one change at a time
	live    atomic.Pointer[[]*live]
}

// live is a source as it is used at the moment.
type live struct {
	row store.Source
	cfg source.Config
	// client is nil for the local source, while disabled, and with a problem.
	client *ldapclient.Client
	// problem is why there is no client, which does not come from outside.
	problem error
	health  *health
}

// New returns a registry without sources; see Load.
func New(s *store.Store, box *seal.Box, log *audit.Log, logger *slog.Logger) *Registry {
	r := &Registry{
		store: s, box: box, audit: log, logger: logger, now: time.Now,
		traces: newTraceLog(), refused: newMemory(), accepted: newMemory(),
	}
	r.live.Store(new([]*live))
	return r
}

// Load reads the sources from the database. It opens no connections: they are
// made when they are needed. A source that cannot be used is kept with its
// problem, which Sources shows.
func (r *Registry) Load(ctx context.Context) error {
	r.changes.Lock()
	defer r.changes.Unlock()
	return r.reload(ctx)
}

// Close closes all connections and forgets the sources, until the next Load.
func (r *Registry) Close() error {
	r.changes.Lock()
	defer r.changes.Unlock()
	old := *r.live.Swap(new([]*live))
	return closeAll(old)
}

// reload makes the live sources those of the database; r.changes is held. What
// did not change goes on as it is.
func (r *Registry) reload(ctx context.Context) error {
	rows, err := r.store.Sources(ctx)
	if err != nil {
		return fmt.Errorf("reading the sources: %w", err)
	}
	old := slices.Clone(*r.live.Load())
	next := make([]*live, len(rows))
	for i, row := range rows {
		j := slices.IndexFunc(old, func(l *live) bool { return sameSource(l.row, row) })
		if j < 0 {
			next[i] = r.open(row)
			continue
		}
		kept := *old[j]
		kept.row = row
		next[i] = &kept
		old = slices.Delete(old, j, j+1)
	}
	r.live.Store(&next)
	if err := closeAll(old); err != nil {
		r.logger.Warn("closing directory connections", "err", err)
	}
	return nil
}

func sameSource(a, b store.Source) bool {
	return a.ID == b.ID && a.Enabled == b.Enabled && a.Config == b.Config && bytes.Equal(a.SealedPassword, b.SealedPassword) &&
		a.ChangedAt.Equal(b.ChangedAt)
}

// open makes the live source of a row.
func (r *Registry) open(row store.Source) *live {
	l := &live{row: row, health: newHealth(r.now())}
	if err := json.Unmarshal([]byte(row.Config), &l.cfg); err != nil {
		l.problem = fmt.Errorf("the stored settings cannot be read: %w", err)
		return l
	}
	if l.local() || !row.Enabled {
		return l
	}
	password, err := r.password(row)
	if err == nil {
		l.client, err = ldapclient.New(l.cfg, password, r.options(row.Name))
	}
	if err != nil {
		l.problem = err
		l.health.failed(err.Error(), r.now())
		r.logger.Error("source not usable", "source", row.Name, "err", err)
	}
	return l
}

func (r *Registry) options(name string) ldapclient.Options {
	return ldapclient.Options{Logger: r.logger.With("source", name), Now: r.now}
}

// password opens the bind password of a source; "" if it has none.
func (r *Registry) password(row store.Source) (string, error) {
	if row.SealedPassword == nil {
		return "", nil
	}
	password, err := r.box.Unseal(row.SealedPassword, passwordContext(row.Folded))
	if err != nil {
		return "", fmt.Errorf("opening the bind password: %w", err)
	}
	return string(password), nil
}

func passwordContext(folded string) string { return "bind password of source " + folded }

func (l *live) local() bool { return l.row.Kind == string(source.KindLocal) }

// usable tells whether the source is a directory that can be asked.
func (l *live) usable() bool { return l.client != nil }

func closeAll(list []*live) error {
	var problems []error
	for _, l := range list {
		if l.client != nil {
			problems = append(problems, l.client.Close())
		}
	}
	return errors.Join(problems...)
}

// find returns a live source by its row id; nil if it is gone.
func (r *Registry) find(id int64) *live {
	list := *r.live.Load()
	if i := slices.IndexFunc(list, func(l *live) bool { return l.row.ID == id }); i >= 0 {
		return list[i]
	}
	return nil
}

// Directory is an enabled directory, ready to be asked.
type Directory struct {
	ID        int64
	Name      string
	Config    source.Config
	ChangedAt time.Time
	Client    *ldapclient.Client
}

// Directories returns the enabled directories in their order.
func (r *Registry) Directories() []Directory {
	var list []Directory
	for _, l := range *r.live.Load() {
		if l.usable() {
			list = append(list, Directory{
				ID: l.row.ID, Name: l.row.Name, Config: l.cfg, ChangedAt: l.row.ChangedAt, Client: l.client,
			})
		}
	}
	return list
}

// Note tells how asking a directory went, for its state.
func (r *Registry) Note(id int64, err error) {
	if l := r.find(id); l != nil {
		l.health.note(err, r.now())
	}
}
