// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/node"
	"jamibox/dht/wire"
)

func TestPut(t *testing.T) {
	t.Parallel()
	s := newService(t, builtinConfig(), t.TempDir())
	key, v := wire.HashOf([]byte("a key")), &wire.Value{ID: 7, Data: []byte("data")}
	_, err := s.Put(t.Context(), key, v)
	require.ErrorIs(t, err, node.ErrNotRunning)

	start(t, s).awaitReady(t)
	before := s.Status().Builtin.Values
	nodes, err := s.Put(t.Context(), key, v)
	require.NoError(t, err)
	require.Zero(t, nodes, "there are no others")
	require.Equal(t, before+1, s.Status().Builtin.Values)
	_, err = s.Put(t.Context(), key, v)
	require.NoError(t, err, "a repeat")
	require.Equal(t, before+1, s.Status().Builtin.Values)
	_, err = s.Put(t.Context(), key, &wire.Value{ID: 7, Data: []byte("other data")})
	require.ErrorIs(t, err, node.ErrRefused, "values without a signature cannot be edited")
}

func TestPutNeedsBuiltin(t *testing.T) {
	t.Parallel()
	_, err := newService(t, testConfig(), t.TempDir()).Put(t.Context(), wire.ID{1}, &wire.Value{ID: 7})
	require.ErrorIs(t, err, ErrNoPut)
}
