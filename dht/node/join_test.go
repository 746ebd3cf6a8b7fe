// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// TestKeepInTouch looks for the neighbourhood only until a host was joined: who
// looks again is taken for one that starts anew.
func TestKeepInTouch(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p := newPeer(t, n.v4)
	require.NoError(t, n.running().greet(t.Context(), p.addr.String(), true))
	p.quiet()
	gone := make(chan error, 1)
	go func() { gone <- n.running().greet(t.Context(), p.addr.String(), false) }()
	find := p.awaitKind(wire.KindFind)
	require.Equal(t, n.Stats().ID, find.Key)
	token := make([]byte, wire.TokenSize)
	for {
		p.send(wire.AppendAnswer(nil, wire.Header{Transaction: find.Transaction, Sender: p.id}, &wire.Answer{Token: token}))
		select {
		case err := <-gone:
			require.NoError(t, err)
			return
		case m := <-p.inbox:
			if m.Kind == wire.KindFind {
				find = m
			}
		}
	}
}
