// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/sound"
)

// apart are alice and bob in networks that cannot reach each other: the router
// drops whatever one would send to the other.
type apart struct {
	*world
	alice, bob *party

	conversation string
}

// party is a person with a sound card.
type party struct {
	*device
	card  *sound.Card
	hertz int // what the microphone hums
}

// TestRelay tells one story of two people between whom there is nothing but the
// relay.
func TestRelay(t *testing.T) {
	a := newApart(t, box.Options{})
	for _, scenario := range []struct {
		name string
		play func(*testing.T)
	}{
		{"relay is known", a.relayKnown},
		{"message", a.message},
		{"file", a.file},
		{"call and revocation", a.call},
	} {
		if !a.play(t, scenario.name, scenario.play) {
			t.FailNow()
		}
	}
	dropped, err := a.lab.Dropped(t.Context())
	require.NoError(t, err)
	require.Positive(t, dropped, "the clients never tried to reach each other directly")
}

// newApart separates the networks before anybody enrols. The host names mean
// the server there.
func newApart(t *testing.T, opts box.Options, hosts ...string) *apart {
	t.Helper()
	a := &apart{world: newWorld(t, opts, alice, bob)}
	ctx := within(t, 5*time.Minute)
	require.NoError(t, a.lab.Separate(ctx))
	for _, host := range hosts {
		require.NoError(t, a.lab.Left.Resolve(host, lab.ServerAddr))
		require.NoError(t, a.lab.Right.Resolve(host, lab.ServerAddr))
	}
	a.alice = a.party(t, "alice's laptop", a.lab.Left, 700)
	a.bob = a.party(t, "bob's phone", a.lab.Right, 1100)
	var group errgroup.Group
	for p, u := range map[*party]box.User{a.alice: alice, a.bob: bob} {
		group.Go(func() (err error) {
			p.device, err = enrol(ctx, p.Client, box.PublicURL, u)
			return err
		})
	}
	require.NoError(t, group.Wait())
	return a
}

func (a *apart) party(t *testing.T, name string, n *lab.Namespace, hertz int) *party {
	t.Helper()
	card, err := sound.Start(within(t, time.Minute), n, folder(t), hertz)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, card.Close()) })
	return &party{device: &device{Client: a.loudClient(t, name, n, card.Address())}, card: card, hertz: hertz}
}

// relayKnown restarts the clients, since the 2023 one uses a relay that it was
// told of only after its next start, and waits until it made its test of it.
func (a *apart) relayKnown(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	together(t, func(d *device) error {
		mark, err := d.Log().Mark()
		if err != nil {
			return err
		}
		if err := d.comeBack(ctx); err != nil {
			return err
		}
		return d.logged(ctx, mark, "Connection to "+lab.ServerAddr+" ready")
	}, a.alice.device, a.bob.device)
}

// message proves that people become contacts and write to each other.
func (a *apart) message(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	before := a.relayed(t, ctx, "tcp")
	a.conversation = befriend(t, ctx, a.alice.device, a.bob.device)
	write(t, ctx, a.conversation, "from alice", a.alice.device, a.bob.device).arrives(t, ctx, a.bob.device)
	write(t, ctx, a.conversation, "from bob", a.bob.device, a.alice.device).arrives(t, ctx, a.alice.device)
	require.Greater(t, a.relayed(t, ctx, "tcp"), before)
}

// file proves that a file of 20 MB arrives whole.
func (a *apart) file(t *testing.T) {
	const size = 20 << 20
	ctx := within(t, 5*time.Minute)
	before := a.relayed(t, ctx, "tcp")
	content := make([]byte, size)
	_, err := rand.Read(content)
	require.NoError(t, err)
	// The 2023 client finds its own file again only if name and path end alike.
	const name = "holiday.jpg"
	sent, got := filepath.Join(folder(t), name), filepath.Join(folder(t), name)
	require.NoError(t, os.WriteFile(sent, content, 0o600))

	require.NoError(t, a.alice.SendFile(ctx, a.alice.account, a.conversation, sent, name))
	offer, err := a.bob.WaitFile(ctx, a.bob.account, a.conversation, name)
	require.NoError(t, err)
	require.NoError(t, a.bob.Download(ctx, a.bob.account, a.conversation, offer, got))
	arrived, err := os.ReadFile(got)
	require.NoError(t, err)
	require.True(t, string(content) == string(arrived), "the file that arrived is not the one that was sent")
	require.Greater(t, a.relayed(t, ctx, "tcp"), before+size)
}

// relayed is how many bytes the relay has carried over a protocol so far, both
// ways, as the admin sees it.
func (a *apart) relayed(t *testing.T, ctx context.Context, protocol string) uint64 {
	t.Helper()
	traffic, err := a.box.RelayTraffic(ctx)
	require.NoError(t, err)
	return traffic[protocol].Up.Bytes + traffic[protocol].Down.Bytes
}
