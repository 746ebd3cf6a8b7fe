// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/jamid"
)

const (
	// heard is the share of what a speaker plays above which it is the tone of
	// the other side, and deaf the share below which it is not.
	heard, deaf = 0.5, 0.01
	// silence is how long nothing must be heard.
	silence = 5 * time.Second
)

// call proves that two people hear each other through the relay, and that it
// drops a device that is revoked meanwhile.
func (a *apart) call(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	for _, p := range []*party{a.alice, a.bob} {
		require.NoError(t, p.PlainSound(ctx))
	}
	before := a.relayed(t, ctx, "udp")
	mark := a.alice.Mark()
	outgoing, err := a.ring(ctx)
	require.NoError(t, err)
	require.NoError(t, a.alice.WaitCallState(ctx, mark, outgoing, jamid.CallCurrent))
	require.NoError(t, a.alice.hears(ctx, a.bob))
	require.NoError(t, a.bob.hears(ctx, a.alice))
	require.Greater(t, a.relayed(t, ctx, "udp"), before)
	a.mediaRelayed(t, ctx)

	t.Run("bob is revoked", func(t *testing.T) {
		require.NoError(t, a.box.RevokeDevice(ctx, a.bob.id))
		for _, allocation := range a.allocations(t, ctx) {
			require.NotEqual(t, a.bob.id, allocation.DeviceID, "%+v", allocation)
		}
		require.NoError(t, a.alice.hearsNothing(ctx, a.bob))
		closed, err := a.box.ClosedAllocations(ctx)
		require.NoError(t, err)
		reasons := map[string]int{}
		for _, allocation := range closed {
			if allocation.DeviceID == a.bob.id && allocation.Protocol == "udp" {
				reasons[allocation.Reason]++
			}
		}
		require.Positive(t, reasons["revoked"], "%v", reasons)
	})
}

// ring lets alice call bob, who answers when he hears it ring: faster than that,
// the 2023 client goes on ringing.
func (a *apart) ring(ctx context.Context) (outgoing string, err error) {
	mark := a.bob.Mark()
	if outgoing, err = a.alice.AudioCall(ctx, a.alice.account, a.bob.uri); err != nil {
		return "", err
	}
	incoming, err := a.bob.WaitIncomingCall(ctx, mark, a.bob.account)
	if err != nil {
		return "", err
	}
	if err := a.bob.hearsSomething(ctx); err != nil {
		return "", err
	}
	if err := a.bob.Answer(ctx, a.bob.account, incoming); err != nil {
		return "", err
	}
	return outgoing, a.bob.WaitCallState(ctx, mark, incoming, jamid.CallCurrent)
}

// mediaRelayed waits until what one allocation carries has grown in both
// directions by more than the upkeep of a connection takes.
func (a *apart) mediaRelayed(t *testing.T, ctx context.Context) {
	t.Helper()
	const upkeep = 20_000 // bytes
	before := map[uint64]box.Allocation{}
	for _, allocation := range a.allocations(t, ctx) {
		before[allocation.ID] = allocation
	}
	require.NoError(t, a.alice.Poll(ctx, "media goes through the relay both ways", func(context.Context) (bool, error) {
		for _, now := range a.allocations(t, ctx) {
			then := before[now.ID]
			if now.Protocol == "udp" && now.Up.Bytes-then.Up.Bytes > upkeep && now.Down.Bytes-then.Down.Bytes > upkeep {
				t.Logf("the media goes through %+v", now)
				return true, nil
			}
		}
		return false, nil
	}))
}

// everAllocated are the allocations of now and before.
func (a *apart) everAllocated(t *testing.T, ctx context.Context) []box.Allocation {
	t.Helper()
	closed, err := a.box.ClosedAllocations(ctx)
	require.NoError(t, err)
	return append(closed, a.allocations(t, ctx)...)
}

func (a *apart) allocations(t *testing.T, ctx context.Context) []box.Allocation {
	t.Helper()
	list, err := a.box.Allocations(ctx)
	require.NoError(t, err)
	return list
}

// hearsSomething waits until the speaker plays anything.
func (p *party) hearsSomething(ctx context.Context) error {
	return p.Poll(ctx, "it rings", func(ctx context.Context) (bool, error) {
		recording, err := p.card.Listen(ctx, 300*time.Millisecond)
		return !recording.Silent(), err
	})
}

// hears waits until the tone of another party comes out of the speaker.
func (p *party) hears(ctx context.Context, other *party) error {
	return p.Poll(ctx, fmt.Sprintf("%s is heard", other.Name()), func(ctx context.Context) (bool, error) {
		recording, err := p.card.Listen(ctx, 3*time.Second)
		return recording.Share(other.hertz) > heard, err
	})
}

// hearsNothing waits until the tone of another party is gone for a while.
func (p *party) hearsNothing(ctx context.Context, other *party) error {
	return p.Poll(ctx, fmt.Sprintf("%s is not heard for %s", other.Name(), silence), func(ctx context.Context) (bool, error) {
		recording, err := p.card.Listen(ctx, silence)
		return recording.Share(other.hertz) < deaf, err
	})
}
