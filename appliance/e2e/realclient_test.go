// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"

	"jamibox/appliance/e2e/box"
)

// cast are the clients that play through the scenarios, one after the other.
type cast struct {
	*world
	laptop *device // alice's first, in the left network
	desk   *device // alice's second, in the right network
	phone  *device // bob's, in the right network

	conversation string // of alice and bob
}

// TestRealClient tells one story with the same clients; each scenario goes on
// where the one before ended.
func TestRealClient(t *testing.T) {
	t.Parallel()
	c := &cast{world: newWorld(t, box.Options{}, alice, bob, carol, dave)}
	c.start(t)
	for _, scenario := range []struct {
		name  string
		play  func(*testing.T)
		vital bool // without it the rest would fail for the same reason
	}{
		{"enrolment", c.enrolment, true},
		{"refusal", c.refusal, false},
		{"url forms", c.urlForms, false},
		{"directory", c.directory, false},
		{"contact and messages", c.contactAndMessages, true},
		{"restart of the clients", c.clientRestart, true},
		{"restart of the server", c.serverRestart, true},
		{"revocation by the user", c.revocationByUser, false},
		{"revocation by the admin", c.revocationByAdmin, false},
	} {
		if !c.play(t, scenario.name, scenario.play) && scenario.vital {
			t.FailNow()
		}
	}
}
