// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// TokenSize is the length in bytes of the token that a find reply must carry.
const TokenSize = 32

// ErrNotReply is returned for a sound datagram that is no answer: a request, a
// value part or an update.
var ErrNotReply = errors.New("datagram is no reply")

// Reply is the answer of a node to one request.
type Reply struct {
	// Transaction is that of the request.
	Transaction uint32
	// Sender is the id of the answering node; never zero if Err is nil.
	Sender ID
	// Seen is the address at which the node sees the asker; invalid if absent.
	Seen netip.Addr
	// Nodes holds the entries of both families in the order received.
	Nodes []Node
	// Token is empty if absent. It does not share memory with the datagram.
	Token []byte
	// Err is set if the node refused the request.
	Err *Error
}

// Error is the refusal of a request by a node.
type Error struct {
	Code int
	Text string
}

// Error implements error. The text comes from the network, so it is quoted and
// cut.
func (e *Error) Error() string { return fmt.Sprintf("error %d: %.100q", e.Code, e.Text) }

// DecodeReply reads a reply or an error reply. It returns ErrNotReply for other
// kinds of message, ErrTooLarge, ErrTooDeep, or what was malformed.
func DecodeReply(datagram []byte) (Reply, error) {
	if err := checkBounds(datagram); err != nil {
		return Reply{}, err
	}
	var (
		reply                             Reply
		hasTransaction, hasBody, hasError bool
	)
	err := eachField(datagram, func(key string, value []byte) (err error) {
		switch key {
		case "t":
			hasTransaction = true
			reply.Transaction, err = readTransaction(value)
		case "r":
			hasBody = true
			err = reply.readBody(value)
		case "e":
			hasError = true
			reply.Err, err = readError(value)
		}
		return err
	})
	switch {
	case err != nil:
		return Reply{}, err
	case !hasBody && !hasError:
		return Reply{}, ErrNotReply
	case !hasTransaction:
		return Reply{}, errors.New("reply has no transaction id")
	case !hasError && reply.Sender.IsZero():
		return Reply{}, errors.New("reply names no sender")
	}
	return reply, nil
}

func (r *Reply) readBody(b []byte) error {
	return eachField(b, func(key string, value []byte) (err error) {
		switch key {
		case "id":
			_, err = msgp.ReadExactBytes(value, r.Sender[:])
		case "sa":
			r.Seen, err = readAddr(value)
		case "n4":
			err = r.readNodes(value, 4)
		case "n6":
			err = r.readNodes(value, 16)
		case "token":
			var token []byte
			token, err = readBlob(value)
			r.Token = append([]byte(nil), token...)
		}
		return err
	})
}

func readError(b []byte) (*Error, error) {
	size, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return nil, err
	}
	if size < 2 {
		return nil, fmt.Errorf("array has %d elements, expected code and text", size)
	}
	var e Error
	if e.Code, b, err = msgp.ReadIntBytes(b); err != nil {
		return nil, err
	}
	e.Text, _, err = msgp.ReadStringBytes(b)
	return &e, err
}
