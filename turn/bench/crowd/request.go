// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
)

const (
	firstChannel  = 0x4000
	transportUDP  = 17
	retransmit    = 500 * time.Millisecond // RFC 8489, section 6.2.1
	transactLimit = 20 * time.Second
)

// request makes the i-th client's request of a method; the transaction id
// tells the client.
func (c *Crowd) request(i int, method stun.Method, attrs ...stun.Setter) (*stun.Message, error) {
	m := stun.New()
	m.TransactionID = stun.NewTransactionID()
	binary.BigEndian.PutUint32(m.TransactionID[:], uint32(i))
	member := &c.members[i]
	setters := append([]stun.Setter{stun.NewType(method, stun.ClassRequest)}, attrs...)
	if member.nonce != nil {
		setters = append(setters, stun.NewUsername(member.username), member.realm, member.nonce, member.integrity)
	}
	if err := m.Build(append(setters, stun.Fingerprint)...); err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	return m, nil
}

// transact sends a request of every client and hands each answer on.
func (c *Crowd) transact(build func(i int) (*stun.Message, error), answered func(i int, answer *stun.Message) error) error {
	deadline := time.Now().Add(transactLimit + time.Duration(len(c.members))*time.Millisecond)
	for first := 0; first < len(c.members); first += batchSize {
		if err := c.transactSome(first, min(batchSize, len(c.members)-first), deadline, build, answered); err != nil {
			return err
		}
	}
	return nil
}

func (c *Crowd) transactSome(first, n int, deadline time.Time,
	build func(i int) (*stun.Message, error), answered func(i int, answer *stun.Message) error,
) error {
	waiting := make(map[[stun.TransactionIDSize]byte]*stun.Message, n)
	for i := first; i < first+n; i++ {
		m, err := build(i)
		if err != nil {
			return err
		}
		waiting[m.TransactionID] = m
	}
	for len(waiting) > 0 {
		if time.Now().After(deadline) {
			return fmt.Errorf("waiting for the relay: %d of %d requests have no answer", len(waiting), n)
		}
		if err := c.post(waiting); err != nil {
			return err
		}
		if err := c.collect(waiting, time.Now().Add(retransmit), answered); err != nil {
			return err
		}
	}
	return nil
}

func (c *Crowd) post(waiting map[[stun.TransactionIDSize]byte]*stun.Message) error {
	out, n := newOutbox(len(waiting)), 0
	for id, m := range waiting {
		client := c.members[binary.BigEndian.Uint32(id[:])].addr
		out.set(n, client, c.server, m.Raw, len(m.Raw))
		n++
	}
	for sent := 0; sent < n; {
		more, err := c.clients.send(out, sent, n-sent)
		if err != nil {
			return err
		}
		sent += more
	}
	return nil
}

func (c *Crowd) collect(waiting map[[stun.TransactionIDSize]byte]*stun.Message, until time.Time,
	answered func(i int, answer *stun.Message) error,
) error {
	for len(waiting) > 0 {
		ready, err := await(time.Until(until), c.clients)
		if err != nil || !ready {
			return err
		}
		n, err := c.clients.receive(c.in)
		if err != nil {
			return err
		}
		for i := range n {
			packet, _ := c.in.packet(i)
			answer := &stun.Message{Raw: bytes.Clone(packet)}
			if !stun.IsMessage(packet) || answer.Decode() != nil {
				continue // a packet that was under way still
			}
			if _, ok := waiting[answer.TransactionID]; !ok {
				continue // the answer to a request sent twice
			}
			delete(waiting, answer.TransactionID)
			if err := answered(int(binary.BigEndian.Uint32(answer.TransactionID[:])), answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// success is an error unless the answer is a success.
func success(answer *stun.Message) error {
	if answer.Type.Class == stun.ClassSuccessResponse {
		return nil
	}
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(answer); err != nil {
		return fmt.Errorf("the relay answers %s without a code", answer.Type)
	}
	return fmt.Errorf("the relay answers %s: %s", answer.Type, code)
}

func lifetime(d time.Duration) stun.RawAttribute {
	return stun.RawAttribute{Type: stun.AttrLifetime, Value: binary.BigEndian.AppendUint32(nil, uint32(d.Seconds()))}
}

func channelNumber(channel uint16) stun.RawAttribute {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Value: binary.BigEndian.AppendUint32(nil, uint32(channel)<<16)}
}

// address is an address attribute of a given type, such as XOR-PEER-ADDRESS.
type address struct {
	attr stun.AttrType
	netip.AddrPort
}

func (a address) AddTo(m *stun.Message) error {
	return stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}.AddToAs(m, a.attr)
}
