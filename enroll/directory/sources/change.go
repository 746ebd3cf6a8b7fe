// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// NewSource is a source to be added.
type NewSource struct {
	Name    string
	Config  source.Config
	Enabled bool
	// BindPassword is that of the service account.
	BindPassword string
}

// Change is what is to be changed of a source; nil fields stay.
type Change struct {
	Config *source.Config
	// BindPassword replaces that of the service account; "" removes it.
	BindPassword *string
	Enabled      *bool
	// Position is counted from 1; larger ones than there are mean the last.
	Position *int
}

const maxNameRunes = 64

func checkName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	wrong := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	}
	switch {
	case name == "" || utf8.RuneCountInString(name) > maxNameRunes:
		return "", fmt.Errorf("%w: name: 1 to %d characters are expected", ErrInvalid, maxNameRunes)
	case strings.ContainsFunc(name, wrong) || strings.Trim(name, ".") == "":
		return "", fmt.Errorf("%w: name: %q: only letters, digits and - _ . are allowed", ErrInvalid, name)
	}
	return name, nil
}

// checkConfig returns the settings as stored: JSON, with nothing filled in, so
// that better presets of a later version count.
func checkConfig(c source.Config) (string, error) {
	if c.Kind == source.KindLocal {
		return "", ErrLocal
	}
	if err := c.Validate(); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding the settings: %w", err)
	}
	return string(raw), nil
}

// Add stores a source behind the others. Nothing is asked of it; see Check.
// Errors: ErrInvalid, ErrTaken, ErrLocal.
func (r *Registry) Add(ctx context.Context, n NewSource) (Source, error) {
	name, err := checkName(n.Name)
	if err != nil {
		return Source{}, err
	}
	config, err := checkConfig(n.Config)
	if err != nil {
		return Source{}, err
	}
	now := r.now().UTC()
	row := store.Source{
		Name: name, Folded: account.Fold(name), Kind: string(n.Config.Kind), Enabled: n.Enabled, Config: config,
		CreatedAt: now, ChangedAt: now,
	}
	row.SealedPassword = r.sealed(row.Folded, n.BindPassword)
	if err := r.checkClient(row, n.Config); err != nil {
		return Source{}, err
	}
	r.changes.Lock()
	defer r.changes.Unlock()
	err = r.store.AddSource(ctx, &row)
	if errors.Is(err, store.ErrExists) {
		return Source{}, fmt.Errorf("%q: %w", name, ErrTaken)
	}
	if err != nil {
		return Source{}, fmt.Errorf("storing source %q: %w", name, err)
	}
	r.audit.Record(ctx, "source added", name, string(n.Config.Kind))
	return r.shown(ctx, row.Folded)
}

func (r *Registry) sealed(folded, password string) []byte {
	if password == "" {
		return nil
	}
	return r.box.Seal([]byte(password), passwordContext(folded))
}

// checkClient returns why no client can be made of a row, before it is stored.
func (r *Registry) checkClient(row store.Source, cfg source.Config) error {
	password, err := r.password(row)
	if err != nil {
		return err
	}
	client, err := ldapclient.New(cfg, password, r.options(row.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return client.Close()
}

// Update changes a source. Errors: ErrNotFound, ErrInvalid, ErrLocal.
func (r *Registry) Update(ctx context.Context, name string, c Change) (Source, error) {
	r.changes.Lock()
	defer r.changes.Unlock()
	row, err := r.row(ctx, name)
	if err != nil {
		return Source{}, err
	}
	var what []string
	if c.Config != nil || c.BindPassword != nil {
		if row.Kind == string(source.KindLocal) {
			return Source{}, ErrLocal
		}
	}
	if c.Config != nil {
		if string(c.Config.Kind) != row.Kind {
			return Source{}, fmt.Errorf("%w: kind: it is %s for good; add another source instead", ErrInvalid, row.Kind)
		}
		if row.Config, err = checkConfig(*c.Config); err != nil {
			return Source{}, err
		}
		what = append(what, "settings")
	}
	if c.BindPassword != nil {
		row.SealedPassword = r.sealed(row.Folded, *c.BindPassword)
		what = append(what, "bind password")
	}
	if len(what) > 0 {
		var cfg source.Config
		if err := json.Unmarshal([]byte(row.Config), &cfg); err != nil {
			return Source{}, fmt.Errorf("reading the settings of %q: %w", row.Name, err)
		}
		if err := r.checkClient(row, cfg); err != nil {
			return Source{}, err
		}
	}
	if c.Enabled != nil {
		row.Enabled = *c.Enabled
		what = append(what, map[bool]string{true: "enabled", false: "disabled"}[*c.Enabled])
	}
	if len(what) > 0 {
		if err := r.store.UpdateSource(ctx, row); err != nil {
			return Source{}, fmt.Errorf("storing source %q: %w", row.Name, err)
		}
	}
	if c.Position != nil {
		if err := r.store.MoveSource(ctx, row.ID, *c.Position); err != nil {
			return Source{}, fmt.Errorf("moving source %q: %w", row.Name, err)
		}
		what = append(what, fmt.Sprintf("position %d", *c.Position))
	}
	r.audit.Record(ctx, "source changed", row.Name, strings.Join(what, ", "))
	return r.shown(ctx, row.Folded)
}

// Remove forgets a source. Its users keep accounts and devices, belong to no
// source, and come back when a source knows them by the same stable id.
// release confirms that. Errors: ErrNotFound, ErrLocal, ErrInUse.
func (r *Registry) Remove(ctx context.Context, name string, release bool) error {
	r.changes.Lock()
	defer r.changes.Unlock()
	row, err := r.row(ctx, name)
	if err != nil {
		return err
	}
	if row.Kind == string(source.KindLocal) {
		return ErrLocal
	}
	counts, err := r.store.CountUsersBySource(ctx)
	if err != nil {
		return fmt.Errorf("counting the users of %q: %w", row.Name, err)
	}
	if counts[row.ID] > 0 && !release {
		return fmt.Errorf("%d %w", counts[row.ID], ErrInUse)
	}
	if err := r.store.RemoveSource(ctx, row.ID); err != nil {
		return fmt.Errorf("removing source %q: %w", row.Name, err)
	}
	r.audit.Record(ctx, "source removed", row.Name, fmt.Sprintf("%d users released", counts[row.ID]))
	return r.reload(ctx)
}

func (r *Registry) row(ctx context.Context, name string) (store.Source, error) {
	row, err := r.store.SourceByName(ctx, account.Fold(name))
	if errors.Is(err, store.ErrNotFound) {
		return row, fmt.Errorf("%q: %w", clip(name), ErrNotFound)
	}
	if err != nil {
		return row, fmt.Errorf("looking for source %q: %w", name, err)
	}
	return row, nil
}
