// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"

	"jamibox/dht/wire"
)

// errNotKept tells that a node does not have a value that it was given.
var errNotKept = errors.New("the value that was just stored is not there")

// check probes the node, then stores a value at it through its public socket and
// reads it back.
func (p *prober) check(ctx context.Context) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	found, err := p.probe(ctx)
	if err != nil {
		return answer{}, err
	}
	return found, p.keeps(ctx, found)
}

// keeps stores a value under a key next to the node's own id, since a node does
// not keep what belongs to others, and reads it back. The value is the same
// each time, so that nodes hold one for each prober, for ten minutes.
func (p *prober) keeps(ctx context.Context, found answer) error {
	if err := p.take(ctx); err != nil {
		return err
	}
	defer p.giveBack()
	key := found.node
	key[len(key)-1] ^= 1
	value := wire.Value{ID: 1 + uint64(p.id[0]), Type: wire.TypeUserData, Data: p.id[:]}
	packed := value.Append(nil)
	stored, err := p.exchange(ctx, "put", func(b []byte, h wire.Header) []byte {
		return wire.AppendPut(b, h, key, found.token, 0, [][]byte{packed})
	})
	if err != nil {
		return err
	}
	if stored.ValueID != value.ID {
		return fmt.Errorf("dht node at %s confirmed the value %d instead of %d", p.node, stored.ValueID, value.ID)
	}
	kept, err := p.exchange(ctx, "get", func(b []byte, h wire.Header) []byte {
		return wire.AppendGet(b, h, key, &wire.Query{})
	})
	if err != nil {
		return err
	}
	for _, element := range kept.Values.All() {
		v, err := wire.ParseValue(element.Packed)
		if err == nil && v.ID == value.ID && bytes.Equal(v.Data, value.Data) {
			return nil
		}
	}
	return fmt.Errorf("reading from the dht node at %s: %w", p.node, errNotKept)
}

// take waits for the end of another exchange with the node.
func (p *prober) take(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for another probe of the dht node: %w", ctx.Err())
	}
}

func (p *prober) giveBack() { <-p.turn }

func randomID() (id wire.ID) {
	crand.Read(id[:]) // never fails, see its documentation
	return id
}
