// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"errors"
	"iter"
	"math"

	"github.com/tinylib/msgp/msgp"
)

const (
	// partSize is the number of value bytes in each part but the last.
	partSize = 1280

	// From these limits on, the values of a message follow in parts.
	maxInlineCount = 50
	maxInlineBytes = 600
)

// Part is a piece of a packed value that an Element announces.
type Part struct {
	// Index is that of the Element.
	Index int
	// Offset is where Data belongs in the packed value. Offset and length of
	// Data together are at most MaxPackedValue.
	Offset int
	Data   []byte
}

// PartList holds the parts in a datagram; real nodes put one into each.
type PartList struct {
	packed []byte
	count  int
}

// All yields the parts. Entries without offset or data are skipped, as real
// nodes do.
func (l PartList) All() iter.Seq[Part] {
	return func(yield func(Part) bool) {
		b := l.packed
		for range l.count {
			part, rest, err := cutPart(b)
			b = rest
			if errors.Is(err, errIncomplete) {
				continue
			}
			if err != nil || !yield(part) {
				return
			}
		}
	}
}

// errIncomplete marks an entry to be skipped.
var errIncomplete = errors.New("part has no offset or no data")

func (l *PartList) read(b []byte) error {
	if msgp.NextType(b) != msgp.MapType {
		return wrongField("is not a map")
	}
	count, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return malformed(err)
	}
	*l = PartList{packed: b, count: int(count)}
	for range count {
		if _, b, err = cutPart(b); err != nil && !errors.Is(err, errIncomplete) {
			return err
		}
	}
	return nil
}

// cutPart returns the first entry of b and what follows it.
func cutPart(b []byte) (part Part, rest []byte, err error) {
	key, b, err := cutBounded(b, maxDepth)
	if err != nil {
		return Part{}, nil, err
	}
	value, rest, err := cutBounded(b, maxDepth)
	if err != nil {
		return Part{}, nil, err
	}
	index, err := readUint(key, math.MaxUint16)
	if err != nil {
		return Part{}, nil, err
	}
	part.Index = int(index)
	var hasOffset, hasData bool
	err = eachField(value, maxDepth, func(key, value []byte) (err error) {
		switch string(key) {
		case "o":
			var offset uint64
			hasOffset = true
			offset, err = readUint(value, MaxPackedValue)
			part.Offset = int(offset)
		case "d":
			hasData = true
			part.Data, err = readBlob(value)
		}
		return err
	})
	switch {
	case err != nil:
		return Part{}, nil, err
	case !hasOffset || !hasData:
		return Part{}, rest, errIncomplete
	case part.Offset+len(part.Data) > MaxPackedValue:
		return Part{}, nil, wrongField("part ends behind the largest value")
	}
	return part, rest, nil
}

// InParts reports whether a message with these packed values only announces
// them. Its sender sends the Parts right behind.
func InParts(values [][]byte) bool {
	if len(values) >= maxInlineCount {
		return true
	}
	total := 0
	for _, value := range values {
		total += len(value)
	}
	return total >= maxInlineBytes
}

// Parts yields the datagrams that follow a message whose values are InParts. Of
// the header, which must be that of the message, Sender is not sent. Each
// datagram is valid until the next one, and is built in buf if that has room.
func Parts(buf []byte, h Header, values [][]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i, value := range values {
			for offset := 0; offset < len(value); offset += partSize {
				end := min(offset+partSize, len(value))
				buf = appendPart(buf[:0], h, Part{Index: i, Offset: offset, Data: value[offset:end]})
				if !yield(buf) {
					return
				}
			}
		}
	}
}

func appendPart(b []byte, h Header, part Part) []byte {
	b = appendEnvelope(b, h, "p", 1)
	b = msgp.AppendString(b, "p")
	b = msgp.AppendMapHeader(b, 1)
	b = msgp.AppendUint64(b, uint64(part.Index))
	b = msgp.AppendMapHeader(b, 2)
	b = appendUint(b, "o", uint64(part.Offset))
	b = msgp.AppendString(b, "d")
	return msgp.AppendBytes(b, part.Data)
}

// appendValues writes the values, or only their lengths if they are InParts.
func appendValues(b []byte, values [][]byte) []byte {
	b = msgp.AppendString(b, "values")
	b = msgp.AppendArrayHeader(b, uint32(len(values)))
	inParts := InParts(values)
	for _, value := range values {
		if inParts {
			b = msgp.AppendUint64(b, uint64(len(value)))
		} else {
			b = append(b, value...)
		}
	}
	return b
}
