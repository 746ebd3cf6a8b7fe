// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"fmt"
	"slices"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/source"
)

// Source is a source for an administrator. It is ready for JSON and holds no
// secrets.
type Source struct {
	Name     string        `json:"name"`
	Kind     source.Kind   `json:"kind"`
	Position int           `json:"position"`
	Enabled  bool          `json:"enabled"`
	Config   source.Config `json:"config"`
	// HasPassword tells whether a bind password is stored.
	HasPassword bool `json:"has_password"`
	// Users is how many users belong to the source.
	Users    int      `json:"users"`
	Warnings []string `json:"warnings"`
	Health
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
}

// List returns all sources in their order.
func (r *Registry) List(ctx context.Context) ([]Source, error) {
	counts, err := r.store.CountUsersBySource(ctx)
	if err != nil {
		return nil, fmt.Errorf("counting the users of the sources: %w", err)
	}
	list := []Source{}
	for _, l := range *r.live.Load() {
		list = append(list, show(l, counts))
	}
	return list, nil
}

// Get returns a source. Errors: ErrNotFound.
func (r *Registry) Get(ctx context.Context, name string) (Source, error) {
	list, err := r.List(ctx)
	if err != nil {
		return Source{}, err
	}
	folded := account.Fold(name)
	if i := slices.IndexFunc(list, func(s Source) bool { return account.Fold(s.Name) == folded }); i >= 0 {
		return list[i], nil
	}
	return Source{}, fmt.Errorf("%q: %w", clip(name), ErrNotFound)
}

// shown makes a stored change live and returns the source; r.changes is held.
func (r *Registry) shown(ctx context.Context, folded string) (Source, error) {
	if err := r.reload(ctx); err != nil {
		return Source{}, err
	}
	return r.Get(ctx, folded)
}

func show(l *live, counts map[int64]int) Source {
	s := Source{
		Name: l.row.Name, Kind: source.Kind(l.row.Kind), Position: l.row.Position, Enabled: l.row.Enabled, Config: l.cfg,
		HasPassword: l.row.SealedPassword != nil, Users: counts[l.row.ID], Warnings: []string{},
		Health: l.health.show(), CreatedAt: l.row.CreatedAt, ChangedAt: l.row.ChangedAt,
	}
	switch {
	case !l.row.Enabled:
		s.State = StateDisabled
	case l.local():
		s.State = StateUp
	}
	if l.local() {
		s.Users = counts[0]
	} else {
		s.Warnings = append(s.Warnings, l.cfg.Warnings()...)
	}
	return s
}

// NameOf returns the name of the source with the row id; nil is the local one,
// and "" one that is gone.
func (r *Registry) NameOf(id *int64) string {
	for _, l := range *r.live.Load() {
		if id == nil && l.local() || id != nil && l.row.ID == *id {
			return l.row.Name
		}
	}
	return ""
}
