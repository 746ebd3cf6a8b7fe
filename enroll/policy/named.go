// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

var (
	// ErrNotFound tells that there is no such policy.
	ErrNotFound = errors.New("there is no such policy")
	// ErrTaken tells that another policy has the name.
	ErrTaken = errors.New("another policy has this name")
	// ErrInUse tells that groups give the policy to their members; the text names
	// them.
	ErrInUse = errors.New("groups have this policy")
	// ErrValue tells that a name, a description or a priority cannot be used; the
	// text says which and why.
	ErrValue = errors.New("invalid value")
)

// Policy is a named set of settings, for the members of the groups that have it.
type Policy struct {
	Name        string
	Description string
	// Priority decides between the policies of a user: the highest counts, and
	// of equal ones that whose name comes last.
	Priority int
	Settings Settings
	// Groups holds the names of the groups that have the policy, in order.
	Groups               []string
	CreatedAt, ChangedAt time.Time
}

// Change holds what is to be set of a policy; nil leaves it as it is. Settings
// are replaced as a whole.
type Change struct {
	Name, Description *string
	Priority          *int
	Settings          *Settings
}

const (
	maxNameRunes        = 64
	maxDescriptionRunes = 500
	maxPriority         = 1000
	// noPolicy is what the command line calls a group without a policy.
	noPolicy = "none"
)

// checkName returns the name as stored, or why it cannot be one.
func checkName(name string) (string, error) {
	name, err := checkText("name", name, maxNameRunes)
	switch folded := account.Fold(name); {
	case err != nil:
		return "", err
	case folded == "":
		return "", fmt.Errorf("%w: the name of the policy is empty", ErrValue)
	case folded == noPolicy:
		return "", fmt.Errorf("%w: the name of the policy: %q stands for no policy", ErrValue, name)
	}
	return name, nil
}

func checkText(what, text string, most int) (string, error) {
	text, err := account.CheckText("the "+what+" of the policy", text, most)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrValue, err)
	}
	return text, nil
}

// apply checks c and writes it to row.
func (s *Service) apply(row *store.Policy, c Change) error {
	old, err := keptBy(*row)
	if err != nil {
		return err
	}
	if c.Name != nil {
		if row.Name, err = checkName(*c.Name); err != nil {
			return err
		}
		row.Folded = account.Fold(row.Name)
	}
	if c.Description != nil {
		if row.Description, err = checkText("description", *c.Description, maxDescriptionRunes); err != nil {
			return err
		}
	}
	if c.Priority != nil {
		if p := *c.Priority; p < -maxPriority || p > maxPriority {
			return fmt.Errorf("%w: a priority of %d: %d to %d is expected", ErrValue, p, -maxPriority, maxPriority)
		}
		row.Priority = *c.Priority
	}
	given := old.shown()
	if c.Settings != nil {
		given = *c.Settings
		if err := given.check(old); err != nil {
			return err
		}
	}
	// Also for a new name alone: secrets are bound to it.
	raw, err := s.encode(placeOf(*row), given, old)
	row.Settings = string(raw)
	return err
}

func placeOf(row store.Policy) string { return "policy " + row.Folded }

func keptBy(row store.Policy) (kept, error) { return parse(placeOf(row), []byte(row.Settings)) }
