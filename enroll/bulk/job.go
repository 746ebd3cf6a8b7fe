// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/unicode/norm"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/group"
	"jamibox/enroll/store"
)

// Where the accepted file and its progress lie in the store. They are apart,
// since the one is large and the other written for each user.
const (
	jobSetting      = "user import"
	progressSetting = "user import progress"
	// retryAfter spaces the tries while the server has a fault.
	retryAfter = time.Minute
)

// job is an accepted file, with passwords: it is stored sealed, until all users
// are made.
type job struct {
	Actor      string    `json:"actor"`
	Remote     string    `json:"remote"`
	AcceptedAt time.Time `json:"accepted_at"`
	Rows       []row     `json:"rows"`
}

// progress is how far a job is.
type progress struct{ State }

// save stores a job with its progress, both or neither.
func (s *Service) save(ctx context.Context, j job) error {
	raw, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("encoding the users to make: %w", err)
	}
	p, err := json.Marshal(progress{State{Total: len(j.Rows), AcceptedAt: j.AcceptedAt}})
	if err != nil {
		return fmt.Errorf("encoding the progress of an import: %w", err)
	}
	err = s.store.SetSettings(ctx, map[string][]byte{jobSetting: s.box.Seal(raw, jobSetting), progressSetting: p})
	if err != nil {
		return fmt.Errorf("storing the users to make: %w", err)
	}
	return nil
}

// progress returns the stored progress; nil if there was never an import.
func (s *Service) progress(ctx context.Context) (*progress, error) {
	raw, err := s.store.Setting(ctx, progressSetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the progress of an import: %w", err)
	}
	p := new(progress)
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("reading the progress of an import: %w", err)
	}
	return p, nil
}

func (s *Service) saveProgress(ctx context.Context, p *progress) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding the progress of an import: %w", err)
	}
	changes := map[string][]byte{progressSetting: raw}
	if !p.EndedAt.IsZero() {
		changes[jobSetting] = []byte{} // the passwords are needed no more
	}
	if err := s.store.SetSettings(ctx, changes); err != nil {
		return fmt.Errorf("storing the progress of an import: %w", err)
	}
	return nil
}

// Run makes the users of accepted files until ctx ends; what is left is made by
// the next Run.
func (s *Service) Run(ctx context.Context) error {
	select {
	case <-s.org.SetUp():
	case <-ctx.Done():
		return nil
	}
	retry := time.NewTicker(retryAfter)
	defer retry.Stop()
	for {
		if err := s.work(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("imported users not made yet", "err", err)
		}
		select {
		case <-s.accepted:
		case <-retry.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// work makes the users of the accepted file, if there is one.
func (s *Service) work(ctx context.Context) error {
	p, err := s.progress(ctx)
	if err != nil || p == nil || !p.EndedAt.IsZero() {
		return err
	}
	sealed, err := s.store.Setting(ctx, jobSetting)
	if err != nil {
		return fmt.Errorf("reading the users to make: %w", err)
	}
	raw, err := s.box.Unseal(sealed, jobSetting)
	if err != nil {
		return fmt.Errorf("opening the users to make: %w", err)
	}
	var j job
	if err := json.Unmarshal(raw, &j); err != nil {
		return fmt.Errorf("reading the users to make: %w", err)
	}
	ctx = audit.With(ctx, audit.Actor{Name: j.Actor, Remote: j.Remote})
	for start := p.Done; p.Done < len(j.Rows); {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.makeUser(ctx, j, j.Rows[p.Done], p, p.Done == start); err != nil {
			return err
		}
		p.Done++
		if p.Done == len(j.Rows) {
			p.EndedAt = s.now().UTC()
		}
		if err := s.saveProgress(ctx, p); err != nil {
			return err
		}
	}
	s.logger.Info("imported users made", "made", p.Made, "failed", len(p.Failed), "total", p.Total)
	return nil
}

// makeUser makes the user of a row, and puts the user into groups. What the row
// cannot have goes to p; the error is a fault of the server, after which the
// row is tried again. first is set of the first row since the box was stopped.
func (s *Service) makeUser(ctx context.Context, j job, r row, p *progress, first bool) error {
	user, err := s.accounts.Create(ctx, account.NewUser{Username: r.Username, Password: r.Password, Profile: r.profile()})
	if first && errors.Is(err, account.ErrTaken) {
		// By ourselves, if the box was stopped before it could note that.
		if known, found := s.accounts.Find(ctx, r.Username); found == nil && !known.CreatedAt.Before(j.AcceptedAt) && r.is(known) {
			user, err = known, nil
		}
	}
	switch {
	case errors.Is(err, account.ErrTaken), errors.Is(err, account.ErrInvalid):
		p.fail(r, columnUsername, err)
		return nil
	case err != nil:
		return err
	}
	p.Made++
	for _, name := range r.Groups {
		err := s.groups.AddMember(ctx, name, user.Username)
		switch {
		case errors.Is(err, group.ErrNotFound), errors.Is(err, account.ErrNotFound):
			p.fail(r, columnGroups, err)
		case err != nil:
			p.Made--
			return err
		}
	}
	return nil
}

func (r row) profile() account.Profile {
	return account.Profile{FirstName: r.FirstName, LastName: r.LastName, Email: r.Email, Phone: r.Phone, Organization: r.Organization}
}

// is tells whether a user has all that the row says.
func (r row) is(u store.User) bool {
	nfc := norm.NFC.String
	return u.SourceID == nil && u.Username == nfc(r.Username) && u.FirstName == nfc(r.FirstName) && u.LastName == nfc(r.LastName) &&
		u.Email == nfc(r.Email) && u.Phone == nfc(r.Phone) && u.Organization == nfc(r.Organization)
}

func (p *progress) fail(r row, column string, err error) {
	p.Failed = append(p.Failed, Problem{Line: r.Line, Column: column, Message: reason(err)})
}
