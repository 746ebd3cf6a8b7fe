// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"errors"
	"fmt"
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

// message is one text on its way.
type message struct {
	conversation, text string
	from               *device
	written            time.Time
	marks              map[*device]process.Mark // where logs stood when it was written
}

// write sends a text to the devices, whose logs tell of its way.
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
	m.from.says(t, ctx, m.conversation, text)
}

// says writes a text; a client that hangs is restarted once.
func (d *device) says(t *testing.T, ctx context.Context, conversation, text string) {
	t.Helper()
	err := d.SendMessage(ctx, d.account, conversation, text)
	if errors.Is(err, jamid.ErrSilent) {
		t.Logf("cure of %s, which should send %q: %v", d.Name(), text, err)
		require.NoError(t, d.comeBack(ctx))
		err = d.SendMessage(ctx, d.account, conversation, text)
	}
	require.NoError(t, err)
}

// arrives waits until a device holds the message. A client that shows a known
// fault of its own is restarted, as a person would do; the sender tells only of
// what it writes from then on, so it has to write again, and the lost message
// comes with that. Anything else fails when patience is at its end.
func (m *message) arrives(t *testing.T, ctx context.Context, to *device) {
	t.Helper()
	for cure := 1; ; cure++ {
		ill, err := m.await(ctx, to)
		require.NoError(t, err)
		if ill == nil {
			return
		}
		require.LessOrEqual(t, cure, cures, "%s has not read %q in spite of all cures: %s %s", to.Name(), m.text, ill.client.Name(), ill.why)
		t.Logf("cure %d for %q, of %s, which %s", cure, m.text, ill.client.Name(), ill.why)
		require.NoError(t, ill.client.comeBack(ctx))
		text := fmt.Sprintf("%s, again %d", m.text, cure)
		if ill.lost {
			text = m.text
		}
		m.send(t, ctx, text, to, m.from)
	}
}

// await waits until a device holds the message, or a client is found ill.
func (m *message) await(ctx context.Context, to *device) (ill *illness, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = to.Poll(ctx, fmt.Sprintf("the message %q is there", m.text), func(ctx context.Context) (bool, error) {
		has, err := to.HasMessage(ctx, to.account, m.conversation, m.text)
		if errors.Is(err, jamid.ErrSilent) {
			ill = &illness{client: to, why: "hangs"}
			return true, nil
		}
		if has || err != nil || time.Since(m.written) < wedged {
			return has, err
		}
		ill, err = m.diagnose(ctx, to)
		return ill != nil, err
	})
	return ill, err
}

// illness is a known fault of the 2023 client.
type illness struct {
	client *device
	why    string
	lost   bool // the text is nowhere
}

// diagnose looks for the illness that keeps a message from a reader; nil if there
// is none.
//
// The client waits a day for the answer to a fetch, which a peer that fails never
// sends, and drops whatever it is told of meanwhile. It may hang on a
// conversation for ever, as reader or as writer. And of several channels that
// wait for the same connection it forgets all but one when the connection fails,
// and makes no other.
func (m *message) diagnose(ctx context.Context, to *device) (*illness, error) {
	kept, err := m.from.HasMessage(ctx, m.from.account, m.conversation, m.text)
	switch {
	case errors.Is(err, jamid.ErrSilent) || err == nil && !kept:
		return &illness{client: m.from, why: "did not keep what it wrote itself", lost: true}, nil
	case err != nil:
		return nil, err
	}
	for _, symptom := range []struct {
		of   *device
		text string
	}{
		{to, "on new commit notification from " + m.from.uri + ", for " + m.conversation},
		{to, "Already connecting to " + m.from.id},
		{m.from, "Already connecting to " + to.id},
	} {
		lines, err := symptom.of.Log().Lines(m.marks[symptom.of], symptom.text)
		if err != nil {
			return nil, err
		}
		if len(lines) > 0 {
			return &illness{client: symptom.of, why: "stopped at: " + lines[0]}, nil
		}
	}
	return nil, nil
}
