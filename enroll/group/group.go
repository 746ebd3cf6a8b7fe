// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

var (
	// ErrNotFound tells that there is no such group.
	ErrNotFound = errors.New("there is no such group")
	// ErrTaken tells that another group has the name.
	ErrTaken = errors.New("another group has this name")
	// ErrInvalid tells that a value given by a person cannot be used; the text
	// says which and why.
	ErrInvalid = errors.New("invalid value")
	// ErrNotMember tells that a user is not in a group by hand, or a directory
	// group not mapped to it.
	ErrNotMember = errors.New("not a member")
	// ErrNotAdmitted tells that a person may not enrol devices.
	ErrNotAdmitted = errors.New("enrolment is not open to you")
)

// Field is something of a person that clients may be shown.
type Field string

// The fields that a group can show. The username and the Jami id are always
// shown: without them nobody can be reached.
const (
	FirstName    Field = "first_name"
	LastName     Field = "last_name"
	Picture      Field = "picture"
	Organization Field = "organization"
	Phone        Field = "phone"
	Email        Field = "email"
)

// Fields returns all fields.
func Fields() []Field { return []Field{FirstName, LastName, Picture, Organization, Phone, Email} }

// Group is a group with everything that was set for it.
type Group struct {
	ID          int64
	Name        string
	Description string
	// MayEnrol is whether members may enrol devices.
	MayEnrol bool
	// DeviceLimit is how many devices a member may have; 0 is no limit.
	DeviceLimit int
	// Finds holds the names of the groups whose members this group's members
	// find; nil is everyone, an empty list nobody.
	Finds []string
	// Shows holds what clients are shown of members; nil is everything.
	Shows []Field
	// Policy is the name of the policy that members are given; empty for none.
	Policy   string
	Mappings []Mapping
	// Members is how many there are, by hand and by mappings.
	Members              int
	CreatedAt, ChangedAt time.Time
}

// Mapping makes the members of a directory's group members here.
type Mapping struct {
	// Source is the name of the source.
	Source string
	// Key is the id of the group in the directory, or its DN where it has none.
	Key string
	// Name is what the directory called the group when it was mapped.
	Name string
}

const (
	maxNameRunes        = 64
	maxDescriptionRunes = 500
	maxDeviceLimit      = 10_000
)

// checkName returns the name as stored, or why it cannot be one.
func checkName(name string) (string, error) {
	name, err := checkText("name", name, maxNameRunes)
	switch {
	case err != nil:
		return "", err
	case account.Fold(name) == "":
		return "", fmt.Errorf("%w: the name of the group is empty", ErrInvalid)
	}
	return name, nil
}

func checkText(what, text string, most int) (string, error) {
	text, err := account.CheckText("the "+what+" of the group", text, most)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return text, nil
}

func checkLimit(n int) error {
	if n < 0 || n > maxDeviceLimit {
		return fmt.Errorf("%w: a device limit of %d: 0 for none, or 1 to %d, is expected", ErrInvalid, n, maxDeviceLimit)
	}
	return nil
}

func checkShows(shows []Field) error {
	for _, f := range shows {
		if !slices.Contains(Fields(), f) {
			return fmt.Errorf("%w: clients can be shown %s; %q is none of these", ErrInvalid, joined(Fields()), f)
		}
	}
	return nil
}

func joined(fields []Field) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = string(f)
	}
	return strings.Join(texts, ", ")
}

// encode returns a list as the store keeps it; nil is the empty text.
func encode[T any](list []T) (string, error) {
	if list == nil {
		return "", nil
	}
	raw, err := json.Marshal(list)
	return string(raw), err
}

// list reads what encode wrote.
func list[T any](g store.Group, text string) ([]T, error) {
	if text == "" {
		return nil, nil
	}
	values := []T{}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("reading the settings of group %q: %w", g.Name, err)
	}
	return values, nil
}
