// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"net"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

// fakeServer says what real servers are hard to bring to say.
type fakeServer struct {
	// pages tells whether it announces paging.
	pages bool
	// bindCode and bindWords are its answer to a bind.
	bindCode  uint16
	bindWords string
	// answers are those to searches other than for the root DSE, in turn.
	answers []fakeAnswer
}

type fakeAnswer struct {
	entries []fakeEntry
	code    uint16
	// cookie goes on; last sends an empty one; neither sends no control.
	cookie string
	last   bool
	// repeat answers so for ever.
	repeat bool
}

type fakeEntry struct {
	dn         string
	attributes map[string]string
}

func startFake(t *testing.T, s fakeServer) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				s.serve(c)
				_ = c.Close() // the client's test tells
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		running.Wait()
	})
	return l.Addr().String()
}

func (s fakeServer) serve(c net.Conn) {
	next := 0
	for {
		p, err := ber.ReadPacket(c)
		if err != nil {
			return
		}
		id := p.Children[0].Value.(int64)
		switch operation := p.Children[1]; operation.Tag {
		case ldap.ApplicationBindRequest:
			send(c, id, result(ldap.ApplicationBindResponse, s.bindCode, s.bindWords), nil)
		case ldap.ApplicationSearchRequest:
			if operation.Children[0].Value == "" {
				root := fakeEntry{attributes: map[string]string{"objectClass": "top"}}
				if s.pages {
					root.attributes["supportedControl"] = oidPaging
				}
				send(c, id, root.packet(), nil)
				send(c, id, result(ldap.ApplicationSearchResultDone, 0, ""), nil)
				continue
			}
			if next >= len(s.answers) {
				return
			}
			s.answers[next].send(c, id)
			if !s.answers[next].repeat {
				next++
			}
		default:
			return
		}
	}
}

func (a fakeAnswer) send(c net.Conn, id int64) {
	for _, e := range a.entries {
		send(c, id, e.packet(), nil)
	}
	var control ldap.Control
	if a.cookie != "" || a.last {
		control = &ldap.ControlPaging{Cookie: []byte(a.cookie)}
	}
	send(c, id, result(ldap.ApplicationSearchResultDone, a.code, ""), control)
}

func send(c net.Conn, id int64, operation *ber.Packet, control ldap.Control) {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	p.AppendChild(operation)
	if control != nil {
		controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		controls.AppendChild(control.Encode())
		p.AppendChild(controls)
	}
	_, _ = c.Write(p.Bytes()) // a client that left is not told
}

func result(operation ber.Tag, code uint16, words string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, operation, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	p.AppendChild(octets(""))
	p.AppendChild(octets(words))
	return p
}

func (e fakeEntry) packet() *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	p.AppendChild(octets(e.dn))
	attributes := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, value := range e.attributes {
		a := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		a.AppendChild(octets(name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		values.AppendChild(octets(value))
		a.AppendChild(values)
		attributes.AppendChild(a)
	}
	p.AppendChild(attributes)
	return p
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}
