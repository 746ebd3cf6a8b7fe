// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"math"
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// Kind tells what a message is.
type Kind uint8

// The kinds of message. Requests come first, see Kind.IsRequest.
const (
	KindNone Kind = iota
	KindPing
	KindFind
	KindGet
	KindPut
	KindListen
	KindRefresh
	KindUpdate // pushes values, refreshed ids or expired ids to a listener
	KindReply
	KindError
	KindNote // version 0 of a push of refreshed or expired ids
	KindPart // piece of the values that a message before or after it announces
)

// IsRequest reports whether the sender expects an answer.
func (k Kind) IsRequest() bool { return k >= KindPing && k <= KindUpdate }

// String returns the method of a request, and one word for other kinds.
func (k Kind) String() string {
	names := [...]string{
		"none", "ping", "find", "get", "put", "listen", "refresh", "update", "reply", "error", "note", "part",
	}
	if int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// Message is a decoded datagram. It shares memory with the datagram. Fields
// that the sender left out are zero.
type Message struct {
	Kind Kind
	// Transaction of an answer or part is that of the request. Version 0 pushes
	// carry the listener's socket id here.
	Transaction uint32
	Network     uint32
	// Client says that the sender stores nothing for others.
	Client bool
	// Sender is zero in parts, and may be in errors.
	Sender ID

	// Key is what a request is about: the target of a find, else the key of
	// values.
	Key ID
	// Want holds the address families that a find or get asks for. Without
	// HasWant it is the family of the datagram.
	Want    Families
	HasWant bool
	Token   []byte
	// Socket is the number that a listener chose for the pushes to it.
	Socket uint32
	// Version is 1 if a listener takes its pushes as requests.
	Version int
	// ValueID is the value to refresh, or that was stored.
	ValueID uint64
	// Created is the time in Unix seconds at which a value was first put.
	Created int64
	// Query is what a get or listen asks for; zero asks for whole values, all
	// of them.
	Query Query
	// Values holds the values of a put, update or reply.
	Values ValueList
	// Refreshed and Expired hold ids of values, in an update or note.
	Refreshed, Expired IDList

	// Seen is the address at which the answering node sees the asker.
	Seen netip.Addr
	// Nodes holds what a reply lists of both families.
	Nodes NodeList
	// Rows holds the selected fields of values, in a reply to a query.
	Rows RowList
	// Refusal is set in errors.
	Refusal Error
	// Parts is set in parts.
	Parts PartList
}

// envelope holds the fields that cannot be read before the kind is known.
type envelope struct {
	kind, method                         []byte
	argument, reply, failure, note, part []byte
}

// Decode reads a datagram into m, whatever m held before. If it returns an
// error, one of the reasons of this package, m is zero. Bytes behind the map
// are ignored, as real nodes do. It allocates nothing for a sound message of
// current releases.
func (m *Message) Decode(datagram []byte) error {
	*m = Message{}
	err := m.decode(datagram)
	if err != nil {
		*m = Message{}
	}
	return err
}

func (m *Message) decode(datagram []byte) error {
	if len(datagram) > MaxDatagram {
		return ErrTooLarge
	}
	if msgp.NextType(datagram) != msgp.MapType {
		return ErrNotMap
	}
	var e envelope
	if err := m.readEnvelope(datagram, &e); err != nil {
		return err
	}
	if m.Kind = e.detect(); m.Kind == KindNone {
		return ErrUnknownKind
	}
	switch m.Kind {
	case KindPart:
		return m.Parts.read(e.part)
	case KindError:
		if err := m.Refusal.read(e.failure); err != nil {
			return err
		}
		if e.reply == nil {
			return nil
		}
		return m.readBody(e.reply)
	case KindReply:
		return m.readSentBody(e.reply)
	case KindNote:
		return m.readSentBody(e.note)
	default:
		if e.argument == nil {
			return ErrNoBody
		}
		return m.readSentBody(e.argument)
	}
}

// readSentBody reads the body of a message that must name its sender.
func (m *Message) readSentBody(b []byte) error {
	if err := m.readBody(b); err != nil {
		return err
	}
	if m.Sender.IsZero() {
		return ErrNoSender
	}
	return nil
}

func (m *Message) readEnvelope(datagram []byte, e *envelope) error {
	return eachField(datagram, maxDepth, func(key, value []byte) (err error) {
		switch string(key) {
		case "y":
			e.kind, err = readText(value)
		case "q":
			e.method, err = readText(value)
		case "t":
			m.Transaction, err = readTransaction(value)
		case "n":
			var network uint64
			network, err = readUint(value, math.MaxUint32)
			m.Network = uint32(network)
		case "s":
			m.Client, _, err = msgp.ReadBoolBytes(value)
			err = wrongType(err)
		case "a":
			e.argument = value
		case "r":
			e.reply = value
		case "e":
			e.failure = value
		case "u":
			e.note = value
		case "p":
			e.part = value
		}
		return err
	})
}

// detect applies the order in which real nodes look.
func (e *envelope) detect() Kind {
	switch {
	case e.failure != nil:
		return KindError
	case e.reply != nil:
		return KindReply
	case e.part != nil:
		return KindPart
	case e.note != nil:
		return KindNote
	case e.kind != nil && string(e.kind) != "q":
		return KindNone
	}
	switch string(e.method) {
	case "ping":
		return KindPing
	case "find":
		return KindFind
	case "get":
		return KindGet
	case "put":
		return KindPut
	case "listen":
		return KindListen
	case "refresh":
		return KindRefresh
	case "update":
		return KindUpdate
	default:
		return KindNone
	}
}
