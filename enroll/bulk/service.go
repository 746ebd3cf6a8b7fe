// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

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
	"jamibox/enroll/group"
	"jamibox/enroll/organization"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

var (
	// ErrFile tells that a file cannot be imported; it is an *Invalid.
	ErrFile = errors.New("the file cannot be imported")
	// ErrRunning tells that the users of another file are still being made.
	ErrRunning = errors.New("the users of another file are still being made: wait until it is done")
)

// Invalid lists what is wrong with a file.
type Invalid struct{ Problems []Problem }

// maxShown bounds the problems in an error's text.
const maxShown = 50

func (e *Invalid) Error() string {
	lines := []string{fmt.Sprintf("%v; nobody was made:", ErrFile)}
	for i, p := range e.Problems {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-i))
			break
		}
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// Is makes an Invalid an ErrFile.
func (e *Invalid) Is(target error) bool { return target == ErrFile }

// State is how far an import is.
type State struct {
	// Total is how many users the file has, Done how many were tried, Made how
	// many exist now.
	Total, Done, Made int
	// Failed are those who could not be made, or not completely, although the
	// file was right: somebody else has taken the name meanwhile, for example.
	Failed     []Problem
	AcceptedAt time.Time
	// EndedAt is zero while users are being made.
	EndedAt time.Time
}

// Service imports and exports users. It is safe for concurrent use.
type Service struct {
	store    *store.Store
	box      *seal.Box
	accounts *account.Service
	groups   *group.Service
	org      *organization.Holder
	audit    *audit.Log
	logger   *slog.Logger
	now      func() time.Time
	accepted chan struct{}

	// mu lets one file be accepted at a time.
	mu sync.Mutex
}

// New returns the service; Run makes the users.
func New(s *store.Store, box *seal.Box, accounts *account.Service, groups *group.Service, org *organization.Holder,
	log *audit.Log, logger *slog.Logger,
) *Service {
	return &Service{
		store: s, box: box, accounts: accounts, groups: groups, org: org, audit: log, logger: logger,
		now: time.Now, accepted: make(chan struct{}, 1),
	}
}

// Import checks a CSV file and, unless dry, stores it as a whole: from then on
// Run makes its users. It returns how many there are. Errors: ErrFile, ErrRunning,
// organization.ErrNotSetUp.
func (s *Service) Import(ctx context.Context, file []byte, dry bool) (int, error) {
	if _, err := s.org.Current(); err != nil {
		return 0, err
	}
	rows, problems := parse(file)
	if len(problems) == 0 {
		var err error
		if problems, err = s.check(ctx, rows); err != nil {
			return 0, err
		}
	}
	if len(problems) > 0 {
		return 0, &Invalid{problems}
	}
	if dry {
		return len(rows), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, err := s.progress(ctx); err != nil {
		return 0, err
	} else if old != nil && old.EndedAt.IsZero() {
		return 0, ErrRunning
	}
	now := s.now().UTC()
	actor := audit.ActorOf(ctx)
	if err := s.save(ctx, job{Actor: actor.Name, Remote: actor.Remote, AcceptedAt: now, Rows: rows}); err != nil {
		return 0, err
	}
	s.audit.Record(ctx, "users imported", fmt.Sprintf("%d users", len(rows)), "")
	select {
	case s.accepted <- struct{}{}:
	default:
	}
	return len(rows), nil
}

// State returns how far the last import is; false if there was none.
func (s *Service) State(ctx context.Context) (State, bool, error) {
	p, err := s.progress(ctx)
	if err != nil || p == nil {
		return State{}, false, err
	}
	return p.State, true, nil
}
