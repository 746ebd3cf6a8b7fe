// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOrder: the box's own, everyone's, then policies by priority and name.
func TestOrder(t *testing.T) {
	f := newFixture(t)
	alice := f.AddUser(t, "alice", nil)
	f.AddUser(t, "bob", nil)
	setAdded(t, f.Service, map[string]string{"Account.upnpEnabled": "true", "Account.alias": "everyone", "Account.videoEnabled": "true"})
	f.policy(t, "low", -1, map[string]string{"Account.alias": "low", "Account.videoEnabled": "false", "Account.useragent": "low"})
	f.policy(t, "Zebra", 5, map[string]string{"Account.alias": "zebra"})
	f.policy(t, "apple", 5, map[string]string{"Account.alias": "apple", "Account.ringtonePath": "apple"})
	f.policy(t, "high", 9, map[string]string{"Account.alias": "high"})
	f.group(t, "1", "Zebra", alice)
	f.group(t, "2", "apple", alice)
	f.group(t, "3", "low", alice)
	f.group(t, "4", "low", alice)
	f.group(t, "5", "", alice)
	f.group(t, "6", "high")
	dora := f.person(t, "dora", "6")

	got := f.sent(t, alice)
	require.Equal(t, "zebra", got["Account.alias"], "of equal priorities the last name counts")
	require.Equal(t, "apple", got["Account.ringtonePath"])
	require.Equal(t, "low", got["Account.useragent"])
	require.Equal(t, "false", got["Account.videoEnabled"], "policies go before what is for everyone")
	require.Equal(t, "true", got["Account.upnpEnabled"], "what is for everyone goes before the box's own")
	require.Equal(t, "10.0.0.1", got["TURN.server"])
	require.Equal(t, "high", f.sent(t, dora)["Account.alias"], "by a group of the directory")
	withoutDevice, err := f.For(t.Context(), dora.ID, "")
	require.NoError(t, err)
	require.Equal(t, "high", withoutDevice["Account.alias"])
	require.NotContains(t, withoutDevice, "TURN.password")
	bob, err := f.Store.UserByName(t.Context(), "bob")
	require.NoError(t, err)
	require.Equal(t, "everyone", f.sent(t, bob)["Account.alias"], "in no group")
}

func TestEffective(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	setAdded(t, f.Service, map[string]string{"Account.videoEnabled": "false", "Account.alias": "x"})
	f.policy(t, "mobile", 0, map[string]string{"Account.alias": "y", "Account.proxyEnabled": "true", "TURN.server": "relay.example"})
	f.group(t, "phones", "mobile", alice)
	list, warnings, err := f.Effective(ctx, alice.ID)
	require.NoError(t, err)
	require.True(t, slices.IsSortedFunc(list, func(a, b Effective) int { return strings.Compare(a.Key, b.Key) }))
	by := map[string]Effective{}
	for _, e := range list {
		by[e.Key] = e
	}
	sent := f.sent(t, alice)
	require.ElementsMatch(t, slices.Collect(maps.Keys(sent)), slices.Collect(maps.Keys(by)))
	for key, e := range by {
		if key == "TURN.username" || key == "TURN.password" {
			require.Equal(t, Effective{Key: key, Origin: Box}, e, "each device has its own")
			continue
		}
		require.Equal(t, sent[key], *e.Value, key)
	}
	require.Equal(t, Everyone, by["Account.videoEnabled"].Origin)
	require.Empty(t, by["Account.videoEnabled"].Policy)
	require.Equal(t, OfPolicy, by["Account.alias"].Origin)
	require.Equal(t, "mobile", by["Account.alias"].Policy)
	require.Equal(t, Box, by["Account.hostname"].Origin)
	require.Len(t, warnings, 2)
	require.Contains(t, warnings[0], "TURN.server: ")
	require.Contains(t, warnings[1], "no DHT proxy")

	setAdded(t, f.Service, map[string]string{"Account.proxyServer": "https://proxy.example", "TURN.username": "u2", "TURN.password": "p2"})
	list, warnings, err = f.Effective(ctx, alice.ID)
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Contains(t, list, Effective{Key: "TURN.username", Value: new("u2"), Origin: Everyone})
	require.Contains(t, list, Effective{Key: "TURN.password", Origin: Everyone})

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err = f.Effective(cancelled, alice.ID)
	require.ErrorIs(t, err, context.Canceled)
	row, err := f.Store.PolicyByName(ctx, "mobile")
	require.NoError(t, err)
	row.Settings = "{"
	require.NoError(t, f.Store.UpdatePolicy(ctx, row))
	_, err = f.For(ctx, alice.ID, "laptop")
	require.ErrorContains(t, err, "policy mobile")
}

// crowd is a random set of policies, and which of them a user has.
type crowd struct {
	names      []string
	priorities map[string]int
	settings   map[string]map[string]string
}

func newCrowd(r *rand.Rand) crowd {
	c := crowd{priorities: map[string]int{}, settings: map[string]map[string]string{}}
	for i := range 2 + r.IntN(3) {
		name := fmt.Sprintf("policy %d", i)
		set := map[string]string{}
		for _, key := range []string{"Account.alias", "Account.useragent", "TURN.username", "TURN.password", "Account.proxyServer"} {
			if r.IntN(2) == 0 {
				set[key] = name
			}
		}
		for _, media := range []string{"audio", "video"} {
			if r.IntN(2) == 0 {
				low := 1 + r.IntN(60000)
				set["Account."+media+"PortMin"], set["Account."+media+"PortMax"] = strconv.Itoa(low), strconv.Itoa(low+1+r.IntN(5000))
			}
		}
		c.names, c.priorities[name], c.settings[name] = append(c.names, name), r.IntN(3), set
	}
	return c
}

// sent makes the policies and the groups that give them to a new user, in a
// random order and under random names, and returns what the user is sent.
func (c crowd) sent(t *testing.T, r *rand.Rand) map[string]string {
	f := newFixture(t)
	u := f.AddUser(t, "alice", nil)
	for _, i := range r.Perm(len(c.names)) {
		f.policy(t, c.names[i], c.priorities[c.names[i]], c.settings[c.names[i]])
	}
	for n, i := range r.Perm(len(c.names) + 1) {
		// One policy comes by two groups.
		f.group(t, fmt.Sprintf("%d %d", r.IntN(1000), n), c.names[i%len(c.names)], u)
	}
	return f.sent(t, u)
}

// What a user is sent depends on the policies alone, not on the order of the
// groups; and a range of ports comes whole from one of them.
func TestOrderOfGroupsDoesNotCount(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 0))
		c := newCrowd(r)
		want := c.sent(t, r)
		require.Equal(t, want, c.sent(t, r), "seed %d", seed)
		for _, media := range []string{"audio", "video"} {
			require.NoError(t, checkRange(want, media), "seed %d", seed)
		}
		slices.SortFunc(c.names, func(a, b string) int {
			if c.priorities[a] != c.priorities[b] {
				return c.priorities[a] - c.priorities[b]
			}
			return strings.Compare(a, b)
		})
		model := map[string]string{}
		for _, name := range c.names {
			maps.Copy(model, c.settings[name])
		}
		require.Subset(t, want, model, "seed %d", seed)
	}
}
