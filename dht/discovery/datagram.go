// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"errors"
	"fmt"
	"math"

	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

const (
	// query is the whole of a question.
	query = "q"
	// service is the key under which a publication tells of a DHT node. Jami
	// clients publish their accounts under other keys of the same map.
	service = "dht"

	// maxDatagram bounds, in bytes, what is read, and with it how deep a
	// publication can nest.
	maxDatagram = 8 << 10
)

// errNothing is returned for a sound datagram that tells of no DHT node.
var errNothing = errors.New("no dht node is told of")

// publication is what a node tells of itself.
type publication struct {
	id      wire.ID
	port    uint16
	network uint32
}

func appendQuery(b []byte) []byte { return msgp.AppendString(b, query) }

func isQuery(b []byte) bool {
	if msgp.NextType(b) != msgp.StrType {
		return false
	}
	text, _, err := msgp.ReadStringZC(b)
	return err == nil && string(text) == query
}

func (p publication) append(b []byte) []byte {
	b = msgp.AppendMapHeader(b, 1)
	b = msgp.AppendString(b, service)
	b = msgp.AppendArrayHeader(b, 3)
	b = msgp.AppendBytes(b, p.id[:])
	b = msgp.AppendUint16(b, p.port)
	return msgp.AppendUint32(b, p.network)
}

// readPublication returns errNothing for a publication of other services, and
// another error for what is none.
func readPublication(b []byte) (publication, error) {
	size, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return publication{}, fmt.Errorf("reading a publication: %w", err)
	}
	for range size {
		var key []byte
		if key, b, err = msgp.ReadStringZC(b); err != nil {
			return publication{}, fmt.Errorf("reading the name of a service: %w", err)
		}
		if string(key) == service {
			return readNode(b)
		}
		if b, err = msgp.Skip(b); err != nil {
			return publication{}, fmt.Errorf("reading service %.20q: %w", key, err)
		}
	}
	return publication{}, errNothing
}

func readNode(b []byte) (publication, error) {
	var (
		p       publication
		size    uint32
		network uint64
		err     error
	)
	if size, b, err = msgp.ReadArrayHeaderBytes(b); err == nil && size < 3 {
		err = fmt.Errorf("%d fields, expected id, port and network id", size)
	}
	if err == nil {
		b, err = msgp.ReadExactBytes(b, p.id[:])
	}
	if err == nil {
		p.port, b, err = msgp.ReadUint16Bytes(b)
	}
	if err == nil {
		network, _, err = msgp.ReadUint64Bytes(b)
	}
	if err == nil && network > math.MaxUint32 {
		err = fmt.Errorf("network id %d is too large", network)
	}
	if err != nil {
		return publication{}, fmt.Errorf("reading a published node: %w", err)
	}
	p.network = uint32(network)
	return p, nil
}
