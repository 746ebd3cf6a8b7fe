// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// contact is an entry as a client of November 2025 keeps it.
type contact struct {
	URI            string `json:"uri"`
	Added          int64  `json:"added"`
	AddedMs        int64  `json:"addedMs,omitempty"`
	Removed        int64  `json:"removed,omitempty"`
	RemovedMs      int64  `json:"removedMs,omitempty"`
	Confirmed      bool   `json:"confirmed,omitempty"`
	Banned         bool   `json:"banned,omitempty"`
	ConversationID string `json:"conversationId,omitempty"`
}

// client keeps a list and takes answers by the rule of that client: the entry
// with the later event whole; "confirmed" from either for the same addition.
type client struct {
	list map[string]contact
	// ms tells that it knows milliseconds, as clients since June 2026 do.
	ms bool
}

func (c *client) newest(e contact) int64 {
	if c.ms {
		return max(e.AddedMs, e.RemovedMs, e.Added*1000, e.Removed*1000)
	}
	return max(e.Added, e.Removed)
}

func (c *client) add(uri string, ms int64) {
	e := contact{URI: uri, Added: ms / 1000, ConversationID: fmt.Sprintf("%040d", ms)}
	if c.ms {
		e.AddedMs = ms
	}
	c.list[uri] = e
}

func (c *client) remove(uri string, ms int64, banned bool) {
	e, has := c.list[uri]
	if !has {
		return
	}
	e.Removed, e.Confirmed, e.ConversationID, e.Banned = ms/1000, false, "", banned
	if c.ms {
		e.RemovedMs = ms
	}
	c.list[uri] = e
}

func (c *client) confirm(uri string) {
	if e, has := c.list[uri]; has && e.Added > e.Removed {
		e.Confirmed = true
		c.list[uri] = e
	}
}

func (c *client) sync(t *testing.T, f *fixture) {
	t.Helper()
	body := make([]contact, 0, len(c.list))
	for _, e := range c.list {
		body = append(body, e)
	}
	var answer []contact
	require.NoError(t, json.Unmarshal([]byte(f.sync(t, Contacts(), text(t, body))), &answer))
	for _, theirs := range answer {
		if !c.ms {
			theirs.AddedMs, theirs.RemovedMs = 0, 0
		}
		mine, has := c.list[theirs.URI]
		switch {
		case !has || c.newest(theirs) > c.newest(mine):
			c.list[theirs.URI] = theirs
		case theirs.Added > theirs.Removed && theirs.Added == mine.Added && theirs.Confirmed:
			mine.Confirmed = true
			c.list[theirs.URI] = mine
		}
	}
}

// Whatever two devices of one person do and whenever they are connected, they
// end with the same list. Each event has a second of its own: within one, an
// old client does not know what came first.
func TestTwoDevicesConverge(t *testing.T) {
	f := newFixture(t)
	for name, ms := range map[string][2]bool{"both of 2025": {false, false}, "2025 and 2026": {false, true}, "both of 2026": {true, true}} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(15) {
				r := rand.New(rand.NewPCG(seed, 1))
				f.alice = f.AddUser(t, fmt.Sprint(name, seed), nil)
				devices := []*client{{list: map[string]contact{}, ms: ms[0]}, {list: map[string]contact{}, ms: ms[1]}}
				now := int64(1_795_228_260_000)
				for range 40 {
					now += 1000 + r.Int64N(3000)
					d := devices[r.IntN(2)]
					uri := []string{bob, carol}[r.IntN(2)]
					switch r.IntN(6) {
					case 0, 1:
						if e, has := d.list[uri]; !has || e.Removed >= e.Added {
							d.add(uri, now)
						}
					case 2:
						d.remove(uri, now, r.IntN(3) == 0)
					case 3:
						d.confirm(uri)
					default:
						d.sync(t, f)
					}
				}
				for range 2 {
					devices[0].sync(t, f)
					devices[1].sync(t, f)
				}
				seconds := func(c *client) map[string]contact {
					list := make(map[string]contact)
					for uri, e := range c.list {
						e.AddedMs, e.RemovedMs = 0, 0
						list[uri] = e
					}
					return list
				}
				require.Equal(t, seconds(devices[0]), seconds(devices[1]), "seed %d", seed)
				fresh := &client{list: map[string]contact{}, ms: ms[0]}
				fresh.sync(t, f)
				require.Equal(t, seconds(devices[0]), seconds(fresh), "a third device, seed %d", seed)
			}
		})
	}
}
