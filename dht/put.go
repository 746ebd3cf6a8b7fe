// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"errors"
	"fmt"

	"jamibox/dht/wire"
)

// ErrNoPut is returned by Put when the node is a program of its own, which
// takes values from the network only.
var ErrNoPut = errors.New("the node takes no values from the box itself; this needs dht.engine = builtin")

// Put stores a value at the node itself and at the nodes closest to the key, and
// returns how many of these confirmed it. It is to be repeated before the life
// of the value is over. Errors: ErrNoPut, node.ErrNotRunning, node.ErrRefused,
// ctx's. It is safe for concurrent use.
func (s *Service) Put(ctx context.Context, key wire.ID, v *wire.Value) (nodes int, err error) {
	b, ok := s.engine.(*builtin)
	if !ok {
		return 0, fmt.Errorf("storing a value in the dht under key %s: %w", key, ErrNoPut)
	}
	return b.node.Put(ctx, key, v.Append(nil))
}
