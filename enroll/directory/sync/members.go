// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"fmt"

	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// groups is what a run knows of the groups of a directory. Members are gathered
// only of those that are mapped to groups here: of all groups they would be
// millions of rows that nobody asks for.
type groups struct {
	list      []ldapclient.Group
	hierarchy *ldapclient.Hierarchy
	// members are external ids by the key of a mapped group.
	members map[string][]string
	// lacking says why the list is not complete; "" if it is.
	lacking string
}

// readGroups reads all groups.
func (r *run) readGroups(ctx context.Context) error {
	mapped, err := r.j.o.Store.MappedGroupKeys(ctx, r.d.ID)
	if err != nil {
		return fmt.Errorf("listing the mapped groups of source %q: %w", r.d.Name, err)
	}
	list, complete, asked := r.d.Reader.Groups(ctx)
	switch {
	case asked != nil:
		r.groups.lacking = "reading the groups: " + asked.Error()
		return nil
	case !complete:
		r.groups.lacking = "reading the groups: " + cutOff
		return nil
	}
	r.groups.list = list
	r.groups.members = make(map[string][]string, len(mapped))
	for _, key := range mapped {
		r.groups.members[key] = nil
	}
	if len(mapped) > 0 {
		r.groups.hierarchy = ldapclient.NewHierarchy(list)
	}
	return nil
}

// gather notes the mapped groups of a person, nested ones too.
func (r *run) gather(p source.Person) {
	if r.groups.hierarchy == nil {
		return
	}
	for _, g := range r.groups.hierarchy.Of(p) {
		key := g.Key()
		if ids, mapped := r.groups.members[key]; mapped {
			r.groups.members[key] = append(ids, p.ExternalID)
		}
	}
}

// storeGroups stores the groups and the members of mapped ones, once everybody
// was read. Nobody's devices depend on either.
func (r *run) storeGroups(ctx context.Context) error {
	r.report.Groups = len(r.groups.list)
	stored, err := r.j.o.Store.DirectoryGroups(ctx, r.d.ID)
	if err != nil {
		return fmt.Errorf("reading the groups of source %q: %w", r.d.Name, err)
	}
	known := make(map[string]store.DirectoryGroup, len(stored))
	for _, g := range stored {
		known[g.GroupKey] = g
	}
	var changed []store.DirectoryGroup
	for _, g := range r.groups.list {
		row := store.DirectoryGroup{SourceID: r.d.ID, GroupKey: g.Key(), DN: g.DN, Name: g.Name}
		if known[row.GroupKey] != row {
			changed = append(changed, row)
		}
		delete(known, row.GroupKey)
	}
	if !r.o.Dry {
		gone := make([]string, 0, len(known))
		for key := range known {
			gone = append(gone, key)
		}
		if err := r.j.o.Store.ChangeDirectoryGroups(ctx, r.d.ID, changed, gone); err != nil {
			return fmt.Errorf("storing the groups of source %q: %w", r.d.Name, err)
		}
	}
	for key, members := range r.groups.members {
		if err := r.storeMembers(ctx, key, members); err != nil {
			return err
		}
	}
	if r.o.Dry {
		return nil
	}
	if err := r.j.o.Store.DropUnmappedMembers(ctx, r.d.ID); err != nil {
		return fmt.Errorf("dropping the members of unmapped groups of source %q: %w", r.d.Name, err)
	}
	return nil
}

func (r *run) storeMembers(ctx context.Context, key string, members []string) error {
	stored, err := r.j.o.Store.EntriesInGroup(ctx, r.d.ID, key)
	if err != nil {
		return fmt.Errorf("reading the members of a group of source %q: %w", r.d.Name, err)
	}
	left := make(map[string]struct{}, len(stored))
	for _, id := range stored {
		left[id] = struct{}{}
	}
	var joined []string
	for _, id := range members {
		if _, there := left[id]; there {
			delete(left, id)
		} else {
			joined = append(joined, id)
		}
	}
	remove := make([]string, 0, len(left))
	for id := range left {
		remove = append(remove, id)
	}
	r.report.Joined += len(joined)
	r.report.Left += len(remove)
	if r.o.Dry {
		return nil
	}
	if err := r.j.o.Store.ChangeEntriesInGroup(ctx, r.d.ID, key, joined, remove); err != nil {
		return fmt.Errorf("storing the members of a group of source %q: %w", r.d.Name, err)
	}
	return nil
}
