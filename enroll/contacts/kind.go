// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// Kind is one of the three lists.
type Kind struct {
	name string
	// key names the member that identifies an entry.
	key   string
	keyIs *regexp.Regexp
	// times names the members that hold event times in seconds; each may have
	// a sibling "...Ms" in milliseconds, which newer clients prefer.
	times []string
	bools []string
	texts []string
	// others names further members that belong to the winner alone.
	others []string
	// replaces tells, for an incoming entry as new as the stored one, whether
	// it takes its place.
	replaces func(stored, incoming entry) bool
	// settle adjusts the winner by what the loser knew.
	settle func(winner, loser entry)
}

var hexID = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// conversationID is a Git commit id, of which clients may change the length.
var conversationID = regexp.MustCompile(`^[0-9a-zA-Z_-]{1,128}$`)

// Contacts is the list of people.
func Contacts() Kind {
	return Kind{
		name: "contact", key: "uri", keyIs: hexID,
		times: []string{"added", "removed"}, bools: []string{"confirmed", "banned"}, texts: []string{"conversationId"},
		replaces: func(entry, entry) bool { return false },
		settle: func(winner, loser entry) {
			// A contact that was removed and added again has a later "added"
			// and must be confirmed anew.
			if winner.seconds("added") == loser.seconds("added") && winner.active() && loser.is("confirmed") {
				winner["confirmed"] = json.RawMessage("true")
			}
			if _, has := winner["conversationId"]; !has && winner.active() && loser["conversationId"] != nil &&
				winner.seconds("added") == loser.seconds("added") {
				winner["conversationId"] = loser["conversationId"]
			}
		},
	}
}

// Conversations is the list of conversations.
func Conversations() Kind {
	return Kind{
		name: "conversation", key: "id", keyIs: conversationID,
		times: []string{"created", "removed", "erased"}, texts: []string{"lastDisplayed"},
		others: []string{"members", "mode", "invited"},
		// What a device read last comes without a new event.
		replaces: func(entry, entry) bool { return true },
		settle:   func(entry, entry) {},
	}
}

// Requests is the list of invitations to conversations.
func Requests() Kind {
	return Kind{
		name: "request", key: "conversationId", keyIs: conversationID,
		times: []string{"received", "declined"}, texts: []string{"from"},
		others: []string{"metadatas"},
		// A decline of the same moment counts.
		replaces: func(stored, incoming entry) bool {
			return incoming.millis("declined") >= stored.millis("declined")
		},
		settle: func(entry, entry) {},
	}
}

// entry is one item of a list; members keep the exact text they came with.
type entry map[string]json.RawMessage

// maxSeconds is what clients of 2023 can read; they stop at a larger number.
const (
	maxSeconds = 1<<32 - 1
	maxMillis  = 1 << 53
)

// check returns why clients could not read an entry, or nil.
func (k Kind) check(e entry) error {
	var id string
	if err := json.Unmarshal(e[k.key], &id); err != nil || !k.keyIs.MatchString(id) {
		return fmt.Errorf("%s: no valid id expected in this list", k.key)
	}
	for _, name := range k.times {
		if !isTime(e[name], maxSeconds) {
			return fmt.Errorf("%s: not a whole number of seconds", name)
		}
		if !isTime(e[name+"Ms"], maxMillis) {
			return fmt.Errorf("%sMs: not a whole number of milliseconds", name)
		}
	}
	for _, name := range k.bools {
		if raw := e[name]; raw != nil && string(raw) != "true" && string(raw) != "false" {
			return fmt.Errorf("%s: neither true nor false", name)
		}
	}
	for _, name := range k.texts {
		var text string
		if raw := e[name]; raw != nil && json.Unmarshal(raw, &text) != nil {
			return fmt.Errorf("%s: not a text", name)
		}
	}
	return nil
}

func isTime(raw json.RawMessage, limit uint64) bool {
	if raw == nil {
		return true
	}
	n, err := strconv.ParseUint(string(raw), 10, 64)
	return err == nil && n <= limit
}

// id returns the key of a checked entry.
func (k Kind) id(e entry) string {
	var id string
	if json.Unmarshal(e[k.key], &id) != nil {
		return ""
	}
	return id
}

// own tells whether a member belongs to the winner alone. All others are
// unknown to the server and are kept from the loser too.
func (k Kind) own(member string) bool {
	if member == k.key || slices.Contains(k.bools, member) || slices.Contains(k.texts, member) || slices.Contains(k.others, member) {
		return true
	}
	return slices.ContainsFunc(k.times, func(t string) bool { return member == t || member == t+"Ms" })
}

func (e entry) number(name string) uint64 {
	// An absent member counts as zero; check has seen to the others.
	n, err := strconv.ParseUint(string(e[name]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (e entry) seconds(name string) uint64 { return e.number(name) }

// millis returns an event's time in milliseconds, from whichever member tells it.
func (e entry) millis(name string) uint64 {
	if e[name+"Ms"] != nil {
		return e.number(name + "Ms")
	}
	return e.number(name) * 1000
}

func (e entry) newest(times []string) uint64 {
	var t uint64
	for _, name := range times {
		t = max(t, e.millis(name))
	}
	return t
}

func (e entry) is(name string) bool { return string(e[name]) == "true" }

func (e entry) active() bool { return e.millis("added") > e.millis("removed") }
