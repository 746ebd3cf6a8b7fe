// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/jamid"
)

// stages are those of a person's first minute.
const (
	enrolled   = "enrolled"   // from the password to the certificate; much of that is the client making a key
	registered = "registered" // then until the client has a node of the DHT
	announced  = "announced"  // then until others find its device in the DHT
	invited    = "invited"    // from a contact request to its arrival through the DHT
	messaged   = "messaged"   // then, accepted at once, to the first text that is read
)

// BenchmarkRegistration measures how long two new people take to their first
// message, with each engine of the DHT in turn. The first round, in which the
// server makes account keys ahead, does not count.
func BenchmarkRegistration(b *testing.B) {
	engines := []string{"builtin", "dhtnode"}
	worlds := map[string]*world{}
	for _, engine := range engines {
		worlds[engine] = newWorld(b, box.Options{Settings: []string{"JAMIBOX_DHT_ENGINE=" + engine}})
	}
	times := map[string][]float64{}
	round := 0
	play := func() {
		round++
		slices.Reverse(engines) // neither is always the first
		for _, engine := range engines {
			for stage, took := range worlds[engine].firstMinute(b, round) {
				if round > 1 {
					times[engine+"-"+stage] = append(times[engine+"-"+stage], took...)
				}
			}
		}
	}
	play()
	for b.Loop() {
		play()
	}
	for _, name := range slices.Sorted(maps.Keys(times)) {
		b.ReportMetric(middle(times[name]), name+"-s")
		b.Logf("%s: %.2f s", name, times[name])
	}
	b.ReportMetric(0, "ns/op")
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// firstMinute has two people meet, and returns how many seconds the stages took
// them.
func (w *world) firstMinute(b *testing.B, round int) map[string][]float64 {
	ctx := within(b, 10*time.Minute)
	times := map[string][]float64{}
	var devices []*device
	for i, u := range []box.User{alice, bob} {
		u.Name = fmt.Sprintf("%s%d", u.Name, round)
		require.NoError(b, w.box.AddUser(ctx, u))
		network := w.lab.Left
		if i > 0 {
			network = w.lab.Right
		}
		c := w.client(b, u.Name, network)
		d, err := enrolTimed(ctx, c, u, times)
		require.NoError(b, err)
		devices = append(devices, d)
	}
	if err := meet(ctx, devices[0], devices[1], times); err != nil {
		// A fault of the client, likely on a slow machine. It has no part in this.
		b.Logf("round %d, no message: %v", round, err)
	}
	for _, d := range devices {
		require.NoError(b, d.Close())
	}
	return times
}

// meet has two people become contacts, and one read what the other writes.
func meet(ctx context.Context, from, to *device, times map[string][]float64) error {
	ctx, cancel := context.WithTimeout(ctx, 3*wedged)
	defer cancel()
	last := time.Now()
	pass := func(stage string) {
		now := time.Now()
		times[stage] = append(times[stage], now.Sub(last).Seconds())
		last = now
	}
	if err := from.AddContact(ctx, from.account, to.uri); err != nil {
		return err
	}
	if err := from.SendTrustRequest(ctx, from.account, to.uri); err != nil {
		return err
	}
	if err := to.WaitTrustRequest(ctx, to.account, from.uri); err != nil {
		return err
	}
	pass(invited)
	if err := to.AcceptTrustRequest(ctx, to.account, from.uri); err != nil {
		return err
	}
	contact, err := to.Contact(ctx, to.account, from.uri)
	if err != nil {
		return err
	}
	conversation := contact["conversationId"]
	for _, d := range []*device{to, from} {
		if err := d.WaitConversation(ctx, d.account, conversation, 2); err != nil {
			return err
		}
	}
	if err := from.SendMessage(ctx, from.account, conversation, "first"); err != nil {
		return err
	}
	if err := to.WaitMessage(ctx, to.account, conversation, "first"); err != nil {
		return err
	}
	pass(messaged)
	return nil
}

// enrolTimed is enrol with the times that the client tells of.
func enrolTimed(ctx context.Context, c *jamid.Client, u box.User, times map[string][]float64) (*device, error) {
	mark, last := c.Mark(), time.Now()
	d, err := enrol(ctx, c, box.PublicURL, u)
	if err != nil {
		return nil, err
	}
	for _, stage := range []struct {
		name, member string
		reached      func(arg any) bool
	}{
		{enrolled, "registrationStateChanged", func(state any) bool { return state == "TRYING" }},
		{registered, "registrationStateChanged", func(state any) bool { return state == jamid.Registered }},
		{announced, "volatileAccountDetailsChanged", func(details any) bool {
			values, _ := details.(map[string]string)
			return values[jamid.KeyAnnounced] == "true"
		}},
	} {
		s, err := c.WaitSignal(ctx, mark, stage.member, func(args []any) bool {
			return args[0] == d.account && stage.reached(args[1])
		})
		if err != nil {
			return nil, err
		}
		times[stage.name] = append(times[stage.name], s.At.Sub(last).Seconds())
		last = s.At
	}
	return d, nil
}
