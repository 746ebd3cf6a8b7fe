// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// ErrNotAList tells that a body is no JSON array of objects.
var ErrNotAList = errors.New("a JSON array of objects is expected")

// ErrTooMany tells that a list is longer than any client's.
var ErrTooMany = errors.New("the list is too long")

// parse returns the entries of a list that clients can read, the reasons why
// others were refused, or ErrNotAList or, above the limit, ErrTooMany.
func (k Kind) parse(body []byte, limit int) (entries []entry, refused []error, err error) {
	// Entries are compared as they are stored: compact and escaped.
	var compact, stored bytes.Buffer
	if !utf8.Valid(body) {
		return nil, nil, fmt.Errorf("%w: the text is not UTF-8", ErrNotAList)
	}
	if err := json.Compact(&compact, body); err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrNotAList, err)
	}
	json.HTMLEscape(&stored, compact.Bytes())
	var raw []entry
	if err := json.Unmarshal(stored.Bytes(), &raw); err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrNotAList, err)
	}
	if len(raw) > limit {
		return nil, nil, fmt.Errorf("%w: %d entries, at most %d are allowed", ErrTooMany, len(raw), limit)
	}
	for i, e := range raw {
		if err := k.check(e); err != nil {
			refused = append(refused, fmt.Errorf("entry %d: %w", i, err))
			continue
		}
		entries = append(entries, e)
	}
	return entries, refused, nil
}

// merge returns what becomes of a stored entry when a device sends its own.
// Neither is changed.
func (k Kind) merge(stored, incoming entry) entry {
	incoming = k.refine(stored, incoming)
	winner, loser := stored, incoming
	s, i := stored.newest(k.events), incoming.newest(k.events)
	if i > s || i == s && k.replaces(stored, incoming) {
		winner, loser = incoming, stored
	}
	merged := maps.Clone(winner)
	for name, value := range loser {
		if _, has := merged[name]; !has && !k.own(name) {
			merged[name] = value
		}
	}
	k.settle(merged, loser)
	return merged
}

// refine gives an incoming entry the stored milliseconds where an old client,
// which knows seconds only, sends the same second back: that is no news.
func (k Kind) refine(stored, incoming entry) entry {
	refined := incoming
	for _, name := range slices.Concat(k.events, k.times) {
		ms := name + "Ms"
		if incoming[ms] == nil && stored[ms] != nil && incoming.number(name) == stored.number(ms)/1000 {
			if len(refined) == len(incoming) {
				refined = maps.Clone(incoming)
			}
			refined[ms] = stored[ms]
		}
	}
	return refined
}

// list is a user's stored list while it takes in a device's.
type list struct {
	kind    Kind
	entries map[string]entry
	changed map[string]bool
}

func newList(k Kind) *list {
	return &list{kind: k, entries: make(map[string]entry), changed: make(map[string]bool)}
}

func (l *list) add(incoming entry) {
	id := l.kind.id(incoming)
	stored, has := l.entries[id]
	if !has {
		l.entries[id], l.changed[id] = incoming, true
		return
	}
	merged := l.kind.merge(stored, incoming)
	if !maps.EqualFunc(merged, stored, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		l.entries[id], l.changed[id] = merged, true
	}
}

// json returns the merged list, in the order of the ids.
func (l *list) json() ([]byte, error) {
	ordered := make([]entry, 0, len(l.entries))
	for _, id := range slices.Sorted(maps.Keys(l.entries)) {
		ordered = append(ordered, l.entries[id])
	}
	return json.Marshal(ordered)
}
