// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"slices"
	"strings"

	"jamibox/enroll/directory/source"
)

// Hierarchy resolves the groups of many people in memory. It is read-only, and
// safe for concurrent use.
type Hierarchy struct {
	groups    []Group
	byDN      map[string]int
	byPrimary map[string]int
	// byMember has the groups that list a member, by folded DN and by login.
	byMember map[string][]int
}

// NewHierarchy returns the hierarchy of all groups of a source.
func NewHierarchy(groups []Group) *Hierarchy {
	h := &Hierarchy{groups: groups, byDN: map[string]int{}, byPrimary: map[string]int{}, byMember: map[string][]int{}}
	for i, g := range groups {
		h.byDN[source.FoldDN(g.DN)] = i
		if g.Primary != "" {
			h.byPrimary[g.Primary] = i
		}
		for _, m := range g.Members {
			key := source.FoldDN(m)
			h.byMember[key] = append(h.byMember[key], i)
		}
	}
	return h
}

// Of returns the groups a person is in, directly, through other groups and as
// the primary one, in the order of the groups given. It follows what the
// person's entry says (memberOf); of one that says nothing it looks through
// the lists of members. Groups that are not known, and loops, do not matter.
func (h *Hierarchy) Of(p source.Person) []Group {
	found := map[int]bool{}
	var walk func(i int)
	walk = func(i int) {
		if found[i] {
			return
		}
		found[i] = true
		g := h.groups[i]
		if len(g.Parents) > 0 {
			h.eachDN(g.Parents, walk)
			return
		}
		h.eachOf(g.DN, walk)
	}
	if i, ok := h.byPrimary[p.PrimaryGroup]; ok && p.PrimaryGroup != "" {
		walk(i)
	}
	h.eachDN(p.Groups, walk)
	if len(p.Groups) == 0 {
		h.eachOf(p.DN, walk)
		for _, login := range p.Logins {
			for _, i := range h.byMember[strings.ToLower(login)] {
				walk(i)
			}
		}
	}
	var groups []Group
	for i := range h.groups {
		if found[i] {
			groups = append(groups, h.groups[i])
		}
	}
	return slices.Clip(groups)
}

func (h *Hierarchy) eachDN(dns []string, walk func(int)) {
	for _, dn := range dns {
		if i, ok := h.byDN[source.FoldDN(dn)]; ok {
			walk(i)
		}
	}
}

func (h *Hierarchy) eachOf(dn string, walk func(int)) {
	for _, i := range h.byMember[source.FoldDN(dn)] {
		walk(i)
	}
}
