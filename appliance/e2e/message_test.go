// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/jamid"
	"jamibox/appliance/e2e/process"
)

const (
	// wedged is how long a client may take before it is looked at whether it
	// admits to a fault of its own; about a second is usual.
	wedged = 20 * time.Second
	// patience is how long a client may take that admits to nothing: connection
	// requests through the DHT alone time out after 30 s, and are repeated.
	patience = 3 * time.Minute
	// cures is how often a client at fault is helped with the same matter.
	cures = 4
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
		require.NoError(t, other.SendMessage(ctx, other.account, conversation, fmt.Sprintf("are you there? %d", cure)))
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

// message is one text on its way.
type message struct {
	conversation, text string
	from               *device
	written            time.Time
	marks              map[*device]process.Mark // where logs stood when it was written
}

// write sends a text; mark names the devices whose logs tell of its way.
func write(t *testing.T, ctx context.Context, conversation, text string, from *device, to ...*device) *message {
	t.Helper()
	m := &message{conversation: conversation, text: text, from: from}
	m.send(t, ctx, text, append(to, from)...)
	return m
}

func (m *message) send(t *testing.T, ctx context.Context, text string, devices ...*device) {
	t.Helper()
	m.written, m.marks = time.Now(), map[*device]process.Mark{}
	for _, d := range devices {
		mark, err := d.Log().Mark()
		require.NoError(t, err)
		m.marks[d] = mark
	}
	err := m.from.SendMessage(ctx, m.from.account, m.conversation, text)
	if errors.Is(err, jamid.ErrSilent) {
		t.Logf("cure of %s, which should send %q: %v", m.from.Name(), text, err)
		require.NoError(t, m.from.comeBack(ctx))
		err = m.from.SendMessage(ctx, m.from.account, m.conversation, text)
	}
	require.NoError(t, err)
}

// arrives waits until a device holds the message. A client that shows a known
// fault of its own is restarted, as a person would do; the sender tells only of
// what it writes from then on, so it has to write again, and the lost message
// comes with that. Anything else fails when patience is at its end.
func (m *message) arrives(t *testing.T, ctx context.Context, to *device) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for cure := 1; ; cure++ {
		var fault string
		err := to.Poll(ctx, fmt.Sprintf("the message %q is there", m.text), func(ctx context.Context) (bool, error) {
			has, err := to.HasMessage(ctx, to.account, m.conversation, m.text)
			if has || err != nil || time.Since(m.written) < wedged {
				return has, err
			}
			fault, err = m.fault(to)
			return fault != "", err
		})
		if errors.Is(err, jamid.ErrSilent) {
			fault, err = err.Error(), nil
		}
		require.NoError(t, err)
		if fault == "" {
			return
		}
		require.LessOrEqual(t, cure, cures, "%s has not read %q, although it was restarted: %s", to.Name(), m.text, fault)
		t.Logf("cure %d of %s for %q: %s", cure, to.Name(), m.text, fault)
		require.NoError(t, to.comeBack(ctx))
		m.send(t, ctx, fmt.Sprintf("%s, again %d", m.text, cure), to, m.from)
	}
}

// fault is the line in which the reader, or the writer about the reader, admits
// to a known fault of the 2023 client; empty if there is none.
//
// It waits a day for the answer to a fetch, which a peer that fails never sends,
// and drops whatever it is told of meanwhile; it may even hang. And of several channels that wait
// for the same connection it forgets all but one when the connection fails, and
// makes no other.
func (m *message) fault(to *device) (string, error) {
	for _, symptom := range []struct {
		of   *device
		text string
	}{
		{to, "on new commit notification from " + m.from.uri + ", for " + m.conversation},
		{to, "Already connecting to " + m.from.id},
		{m.from, "Already connecting to " + to.id},
	} {
		lines, err := symptom.of.Log().Lines(m.marks[symptom.of], symptom.text)
		if err != nil || len(lines) > 0 {
			return strings.Join(lines, "\n"), err
		}
	}
	return "", nil
}
