// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package load

import (
	"encoding/binary"

	"jamibox/dht/wire"
)

const (
	// keys is how many there are with values to get, listeners how many with
	// somebody who listens.
	keys      = 2000
	listeners = 1024
	// Sizes of the data of values, in bytes.
	small = 128
	large = 2000
	// largeParts is in how many parts a large value comes.
	largeParts = 2
)

func isReply(*wire.Message) bool     { return true }
func hasToken(m *wire.Message) bool  { return len(m.Token) == wire.TokenSize && m.Nodes.Len() == nodes }
func hasValue(m *wire.Message) bool  { return m.Values.Len() == 1 && len(m.Token) == wire.TokenSize }
func wasStored(m *wire.Message) bool { return m.ValueID != 0 }

// key returns the n-th of a kind of keys, spread over the whole space.
func key(kind byte, n uint64) wire.ID {
	var b [9]byte
	b[0] = kind
	binary.BigEndian.PutUint64(b[1:], n)
	return wire.HashOf(b[:])
}

// Kinds of keys.
const (
	smallKeys = iota
	largeKeys
	putKeys
	listenKeys
)

// Ping asks for a sign of life.
func Ping() *Operation {
	return &Operation{datagrams: 1, right: isReply,
		request: func(b []byte, _ *Crowd, _ int, h wire.Header, _ uint64) []byte { return wire.AppendPing(b, h) }}
}

// Find asks for the nodes near random targets.
func Find() *Operation {
	return &Operation{datagrams: 1, right: hasToken,
		request: func(b []byte, _ *Crowd, _ int, h wire.Header, n uint64) []byte {
			return wire.AppendFind(b, h, key(putKeys, n))
		}}
}

// Get asks for values of 128 bytes, which it stores before.
func (c *Crowd) Get() (*Operation, error) { return c.get(smallKeys, small, 1) }

// GetLarge is Get with 2000 bytes, which come in parts.
func (c *Crowd) GetLarge() (*Operation, error) { return c.get(largeKeys, large, 1+largeParts) }

func (c *Crowd) get(kind byte, size, datagrams int) (*Operation, error) {
	for n := range uint64(keys) {
		if err := c.put(int(n%peers), key(kind, n), packed(n+1, size)); err != nil {
			return nil, err
		}
	}
	return &Operation{datagrams: datagrams, right: hasValue,
		request: func(b []byte, _ *Crowd, _ int, h wire.Header, n uint64) []byte {
			return wire.AppendGet(b, h, key(kind, n%keys), &wire.Query{})
		}}, nil
}

// Put stores ever new values of 128 bytes, each under a key of its own.
func Put() *Operation {
	value := valueMaker()
	return &Operation{datagrams: 1, right: wasStored,
		request: func(b []byte, c *Crowd, member int, h wire.Header, n uint64) []byte {
			return wire.AppendPut(b, h, key(putKeys, n), c.members[member].token, 0, value(n))
		}}
}

// valueMaker returns what makes the n-th value, which is good until the next.
func valueMaker() func(n uint64) [][]byte {
	v := wire.Value{Data: make([]byte, small)}
	values := make([][]byte, 1)
	return func(n uint64) [][]byte {
		v.ID = n + 1
		binary.BigEndian.PutUint64(v.Data, n)
		values[0] = v.Append(values[0][:0])
		return values
	}
}

// Listen repeats the requests of listeners that are there already.
func (c *Crowd) Listen() (*Operation, error) {
	if err := c.listeners(); err != nil {
		return nil, err
	}
	return &Operation{datagrams: 1, right: isReply,
		request: func(b []byte, c *Crowd, _ int, h wire.Header, n uint64) []byte {
			n %= listeners
			member := int(n % peers)
			return wire.AppendListen(b, h, key(listenKeys, n), c.members[member].token, socketID(member, uint16(n)), &wire.Query{})
		}}, nil
}

// Push stores ever new values, each of which is pushed to one listener. The
// operation ends with the push, which is confirmed.
func (c *Crowd) Push() (*Operation, error) {
	if err := c.listeners(); err != nil {
		return nil, err
	}
	value := valueMaker()
	return &Operation{datagrams: 2, right: wasStored,
		listener: func(n uint64) uint32 { return socketID(int(n%listeners%peers), uint16(n%listeners)) },
		request: func(b []byte, c *Crowd, member int, h wire.Header, n uint64) []byte {
			return wire.AppendPut(b, h, key(listenKeys, n%listeners), c.members[member].token, 0, value(n))
		}}, nil
}

func (c *Crowd) listeners() error {
	for n := range uint64(listeners) {
		if err := c.listen(int(n%peers), key(listenKeys, n), uint16(n)); err != nil {
			return err
		}
	}
	return nil
}
