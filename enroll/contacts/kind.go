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
	// events names the members that hold the times, in seconds, by which the
	// newer entry is found; times those that hold further ones. Each may have
	// a sibling "...Ms" in milliseconds, which newer clients prefer.
	events []string
	times  []string
	bools  []string
	texts  []string
	// shapes holds the further members that clients know, each with its check.
	shapes map[string]func(json.RawMessage) bool
	// replaces tells, for an incoming entry as new as the stored one, whether
	// it takes its place.
	replaces func(stored, incoming entry) bool
	// settle adjusts the winner by what the loser knew.
	settle func(winner, loser entry)
}

var accountID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// conversationID is a Git commit id, of which clients may change the length.
var conversationID = regexp.MustCompile(`^[0-9a-zA-Z_-]{1,128}$`)

// Contacts is the list of people.
func Contacts() Kind {
	return Kind{
		name: "contact", key: "uri", keyIs: accountID,
		events: []string{"added", "removed"}, bools: []string{"confirmed", "banned"}, texts: []string{"conversationId"},
		replaces: func(entry, entry) bool { return false },
		settle: func(winner, loser entry) {
			// A contact that was removed and added again has a later "added"
			// and must be confirmed anew.
			if !winner.active() || !sameTime(winner, loser, "added") {
				return
			}
			if loser.is("confirmed") {
				winner["confirmed"] = json.RawMessage("true")
			}
			if _, has := winner["conversationId"]; !has && loser["conversationId"] != nil {
				winner["conversationId"] = loser["conversationId"]
			}
		},
	}
}

// Conversations is the list of conversations.
func Conversations() Kind {
	return Kind{
		name: "conversation", key: "id", keyIs: conversationID,
		events: []string{"created", "removed"}, times: []string{"erased"}, texts: []string{"lastDisplayed"},
		shapes: map[string]func(json.RawMessage) bool{
			"members": decodesTo[[]member], "mode": decodesTo[int32], "invited": decodesTo[map[string]uint64],
		},
		// What a device read last comes without a new event. A removal of the
		// same moment counts, and an erasure is not taken back.
		replaces: func(stored, incoming entry) bool { return incoming.gone() >= stored.gone() },
		settle:   func(entry, entry) {},
	}
}

// Requests is the list of invitations to conversations.
func Requests() Kind {
	return Kind{
		name: "request", key: "conversationId", keyIs: conversationID,
		events: []string{"received", "declined"}, texts: []string{"from"},
		shapes: map[string]func(json.RawMessage) bool{"metadatas": decodesTo[map[string]string]},
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
	for _, name := range slices.Concat(k.events, k.times) {
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
	for name, fits := range k.shapes {
		if raw := e[name]; raw != nil && !fits(raw) {
			return fmt.Errorf("%s: not what clients read there", name)
		}
	}
	return nil
}

type member struct {
	URI string `json:"uri"`
}

func decodesTo[T any](raw json.RawMessage) bool { return json.Unmarshal(raw, new(T)) == nil }

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
	if _, known := k.shapes[member]; known || member == k.key || slices.Contains(k.bools, member) || slices.Contains(k.texts, member) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(k.events, k.times), func(t string) bool { return member == t || member == t+"Ms" })
}

func (e entry) number(name string) uint64 {
	// An absent member counts as zero; check has seen to the others.
	n, err := strconv.ParseUint(string(e[name]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

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

// sameTime tells whether an event is the same in both, as exactly as both know.
func sameTime(a, b entry, name string) bool {
	if a[name+"Ms"] != nil && b[name+"Ms"] != nil {
		return a.millis(name) == b.millis(name)
	}
	return a.millis(name)/1000 == b.millis(name)/1000
}

// gone returns 0 for a conversation that is there, 1 for one that was removed,
// and 2 for one whose messages were erased as well.
func (e entry) gone() int {
	switch {
	case e.millis("removed") == 0 || e.millis("removed") < e.millis("created"):
		return 0
	case e.millis("erased") == 0:
		return 1
	}
	return 2
}

func (e entry) active() bool { return e.millis("added") > e.millis("removed") }
