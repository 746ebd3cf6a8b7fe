// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/process"
)

// clientRestart proves that the clients come back: only now do they check the
// receipt that they got at enrolment.
func (c *cast) clientRestart(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	together(t, func(d *device) error {
		mark, err := d.Log().Mark()
		if err != nil {
			return err
		}
		before := *d
		if err := d.comeBack(ctx); err != nil {
			return err
		}
		if d.id != before.id || d.uri != before.uri {
			return fmt.Errorf("%s came back as device %s of %s, was %s of %s", d.Name(), d.id, d.uri, before.id, before.uri)
		}
		if err := d.logged(ctx, mark, "receipt checked successfully"); err != nil {
			return err
		}
		return d.logged(ctx, mark, deviceLogin)
	}, c.laptop, c.desk, c.phone)
	c.exchange(t, ctx, "after the clients' restart", c.laptop, c.phone, c.desk)
}

// serverRestart proves that the server stops in time, comes back with all it
// knew, and that clients that lived through it and clients that start anew work.
func (c *cast) serverRestart(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	require.NoError(t, c.box.Stop())
	require.NoError(t, c.box.Start(ctx))
	require.ElementsMatch(t, []string{c.laptop.id, c.desk.id}, c.deviceIDs(t, alice))

	answer, err := c.laptop.SearchUser(ctx, c.laptop.account, bob.LastName)
	require.NoError(t, err)
	require.Zero(t, answer.Status)
	require.Len(t, answer.People, 1)
	c.exchange(t, ctx, "after the server's restart", c.laptop, c.phone, c.desk)

	together(t, func(d *device) error {
		mark, err := d.Log().Mark()
		if err != nil {
			return err
		}
		if err := d.comeBack(ctx); err != nil {
			return err
		}
		return d.logged(ctx, mark, deviceLogin)
	}, c.laptop, c.desk, c.phone)
	c.exchange(t, ctx, "after both restarts", c.laptop, c.phone, c.desk)
}

// deviceLogin is what the client logs when the server took its certificate; 1
// is the scope of a device.
const deviceLogin = "[Auth] Got token with scope 1"

// comeBack restarts the client of a device and waits until it is registered.
func (d *device) comeBack(ctx context.Context) error {
	if err := d.Restart(ctx); err != nil {
		return err
	}
	return d.settle(ctx)
}

// logged waits until the client logs a text.
func (d *device) logged(ctx context.Context, from process.Mark, text string) error {
	return d.Poll(ctx, fmt.Sprintf("it logs %q", text), func(context.Context) (bool, error) {
		lines, err := d.Log().Lines(from, text)
		return len(lines) > 0, err
	})
}

// loggedWithin is logged for what may not come.
func (d *device) loggedWithin(ctx context.Context, limit time.Duration, from process.Mark, text string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return d.logged(ctx, from, text)
}
