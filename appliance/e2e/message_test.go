// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// contactAndMessages proves that a contact request and messages go both ways,
// between different networks, and reach the second device of a person, which
// was switched off meanwhile.
func (c *cast) contactAndMessages(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	// The 2023 client clones a conversation that two devices offer it at once
	// twice, and tells of a first message that it deletes again.
	require.NoError(t, c.desk.Stop())
	c.conversation = befriend(t, ctx, c.laptop, c.phone)
	c.exchange(t, ctx, "first", c.laptop, c.phone)

	require.NoError(t, c.desk.Start(ctx))
	require.NoError(t, c.desk.settle(ctx))
	joined(t, ctx, c.conversation, c.desk, c.laptop)
	c.exchange(t, ctx, "second", c.laptop, c.phone, c.desk)
}

// befriend makes two people contacts and returns their conversation, which both
// devices hold whole.
func befriend(t *testing.T, ctx context.Context, asks, accepts *device) string {
	t.Helper()
	conversation := introduce(t, ctx, asks, accepts)
	// Nobody may write or restart before the conversation is everywhere.
	joined(t, ctx, conversation, accepts, asks)
	joined(t, ctx, conversation, asks, accepts)
	return conversation
}

// introduce makes two people contacts and returns their conversation, which is
// still on its way to the one who accepts.
func introduce(t *testing.T, ctx context.Context, asks, accepts *device) string {
	t.Helper()
	require.NoError(t, asks.AddContact(ctx, asks.account, accepts.uri))
	require.NoError(t, asks.SendTrustRequest(ctx, asks.account, accepts.uri))
	require.NoError(t, accepts.WaitTrustRequest(ctx, accepts.account, asks.uri))
	require.NoError(t, accepts.AcceptTrustRequest(ctx, accepts.account, asks.uri))
	contact, err := accepts.Contact(ctx, accepts.account, asks.uri)
	require.NoError(t, err)
	require.Regexp(t, "^[0-9a-f]{40}$", contact["conversationId"])
	return contact["conversationId"]
}

// joined waits until a device holds the whole conversation. The 2023 client may
// miss the moment in which it should fetch it, and waits for ever for what a
// peer does not send; so it is restarted, and the other device writes, which is
// what makes it ask again. The server has no part in that.
func joined(t *testing.T, ctx context.Context, conversation string, d, other *device) {
	t.Helper()
	for cure := 1; ; cure++ {
		first, cancel := context.WithTimeout(ctx, wedged)
		err := d.WaitConversation(first, d.account, conversation, 2)
		cancel()
		if err == nil {
			return
		}
		require.NoError(t, ctx.Err())
		require.LessOrEqual(t, cure, cures, "%v, although the client was restarted", err)
		t.Logf("cure %d of %s, after %s: %v", cure, d.Name(), wedged, err)
		require.NoError(t, d.comeBack(ctx))
		other.says(t, ctx, conversation, fmt.Sprintf("are you there? %d", cure))
	}
}

// exchange lets each device write and waits until all others read it.
func (c *cast) exchange(t *testing.T, ctx context.Context, topic string, devices ...*device) {
	t.Helper()
	for _, from := range devices {
		m := write(t, ctx, c.conversation, topic+" from "+from.Name(), from, devices...)
		for _, to := range devices {
			if to != from {
				m.arrives(t, ctx, to)
			}
		}
	}
}
