// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"encoding/json"
	"errors"

	"jamibox/enroll/group"
)

// texts is a list that may be there, be null, or be absent.
type texts[T ~string] struct {
	there bool
	list  []T
}

// UnmarshalJSON reads a list or null.
func (l *texts[T]) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &l.list); err != nil {
		return errors.New("finds and shows: a list of texts, or null for all, is expected")
	}
	l.there = true
	return nil
}

func (l texts[T]) change() *[]T {
	if !l.there {
		return nil
	}
	return &l.list
}

// policyName is a name that may be there, be null, or be absent.
type policyName struct {
	there bool
	name  string
}

// UnmarshalJSON reads a name or null.
func (p *policyName) UnmarshalJSON(raw []byte) error {
	var name *string
	if err := json.Unmarshal(raw, &name); err != nil || name != nil && *name == "" {
		return errors.New("policy: a name, or null for none, is expected")
	}
	p.there = true
	if name != nil {
		p.name = *name
	}
	return nil
}

func (p policyName) change() *string {
	if !p.there {
		return nil
	}
	return &p.name
}

// groupChange is what a body sets of a group; absent members stay as they are.
type groupChange struct {
	Name        *string            `json:"name"`
	Description *string            `json:"description"`
	MayEnrol    *bool              `json:"may_enrol"`
	DeviceLimit *int               `json:"device_limit"`
	Finds       texts[string]      `json:"finds"`
	Shows       texts[group.Field] `json:"shows"`
	Policy      policyName         `json:"policy"`
}

func (g groupChange) change() group.Change {
	return group.Change{
		Name: g.Name, Description: g.Description, MayEnrol: g.MayEnrol, DeviceLimit: g.DeviceLimit,
		Finds: g.Finds.change(), Shows: g.Shows.change(), Policy: g.Policy.change(),
	}
}
