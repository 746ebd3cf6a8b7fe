// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"

	"jamibox/dht/wire"
)

// errValue is wrapped in what is wrong with a value that a client sent.
var errValue = errors.New("not a value")

const pemKey = "PUBLIC KEY"

// valueLine is a value as it is sent. Its fields are in the order that OpenDHT
// writes them in.
type valueLine struct {
	Cypher    []byte  `json:"cypher,omitempty"`
	Data      *[]byte `json:"data,omitempty"`
	Expired   bool    `json:"expired,omitempty"`
	ID        string  `json:"id"`
	Owner     string  `json:"owner,omitempty"`
	Priority  uint32  `json:"prio,omitempty"`
	PushType  string  `json:"pt,omitempty"`
	Seq       *uint16 `json:"seq,omitempty"`
	Signature []byte  `json:"sig,omitempty"`
	Recipient string  `json:"to,omitempty"`
	Type      *uint16 `json:"type,omitempty"`
	UserType  string  `json:"utype,omitempty"`
}

// encodeValue returns the value as a line of JSON. Text that is no UTF-8 is
// mended, as JSON has to.
func encodeValue(v *wire.Value, expired bool) ([]byte, error) {
	line := valueLine{ID: strconv.FormatUint(v.ID, 10), Priority: v.Priority, PushType: string(v.PushType), Expired: expired}
	if v.Encrypted() {
		line.Cypher = v.Cypher
	} else {
		data := v.Data
		if data == nil {
			data = []byte{}
		}
		line.Data, line.Type, line.UserType = &data, &v.Type, string(v.UserType)
		if len(v.Owner) > 0 {
			line.Owner = string(pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: v.Owner}))
			line.Seq, line.Signature = &v.Seq, v.Signature
			if !v.Recipient.IsZero() {
				line.Recipient = v.Recipient.String()
			}
		}
	}
	return encodeLine(line)
}

// encodeLine returns what is sent as one line.
func encodeLine(content any) ([]byte, error) {
	line, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return append(line, '\n'), nil
}

// sentValue is a value as a client sends it.
type sentValue struct {
	Cypher    []byte      `json:"cypher"`
	Data      []byte      `json:"data"`
	ID        sentID      `json:"id"`
	Owner     string      `json:"owner"`
	Permanent *sentClient `json:"permanent"`
	Priority  uint32      `json:"prio"`
	PushType  string      `json:"pt"`
	Seq       uint16      `json:"seq"`
	Signature []byte      `json:"sig"`
	Recipient string      `json:"to"`
	Type      uint16      `json:"type"`
	UserType  string      `json:"utype"`
}

// sentID is a value id, as a text or as a number.
type sentID uint64

// UnmarshalJSON implements json.Unmarshaler.
func (id *sentID) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	if text == "" || text == "null" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	*id = sentID(n)
	return err
}

// sentClient says who subscribes, or has a value kept alive.
type sentClient struct {
	Key      string `json:"key"`
	ClientID string `json:"client_id"`
}

// UnmarshalJSON implements json.Unmarshaler. Clients that take no push
// notifications send just true.
func (c *sentClient) UnmarshalJSON(raw []byte) error {
	type plain sentClient
	if len(raw) > 0 && raw[0] == '{' {
		return json.Unmarshal(raw, (*plain)(c))
	}
	return nil
}

// decodeValue reads a value that is to be put; permanent says that it is to be
// kept alive. It returns errValue.
func decodeValue(body []byte) (v *wire.Value, permanent bool, err error) {
	var sent sentValue
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, false, fmt.Errorf("%w: %w", errValue, err)
	}
	v = &wire.Value{
		ID: uint64(sent.ID), Priority: sent.Priority, PushType: []byte(sent.PushType), Cypher: sent.Cypher,
		Type: sent.Type, Data: sent.Data, UserType: []byte(sent.UserType), Seq: sent.Seq, Signature: sent.Signature,
	}
	if sent.Owner != "" {
		block, _ := pem.Decode([]byte(sent.Owner))
		if block == nil || block.Type != pemKey {
			return nil, false, fmt.Errorf("%w: owner is not a PEM public key", errValue)
		}
		if v.Owner, err = wire.ParsePublicKey(block.Bytes); err != nil {
			return nil, false, fmt.Errorf("%w: owner: %w", errValue, err)
		}
	}
	if !v.Encrypted() && (len(v.Owner) > 0) != (len(v.Signature) > 0) {
		return nil, false, fmt.Errorf("%w: owner and signature need each other", errValue)
	}
	if sent.Recipient != "" {
		if n, err := hex.Decode(v.Recipient[:], []byte(cut(sent.Recipient))); err != nil || n != len(v.Recipient) {
			return nil, false, fmt.Errorf("%w: recipient is not an id of 40 hexadecimal digits", errValue)
		}
	}
	return v, sent.Permanent != nil, nil
}

// cut keeps hex.Decode from writing beyond an id.
func cut(text string) string { return text[:min(len(text), 2*len(wire.ID{}))] }

// keyOf returns the key that stands in a path: 40 hexadecimal digits, of which
// what follows is ignored, or a name. OpenDHT does the same.
func keyOf(text string) wire.ID {
	var id wire.ID
	if n, err := hex.Decode(id[:], []byte(cut(text))); err != nil || n != len(id) || id.IsZero() {
		return wire.HashOf([]byte(text))
	}
	return id
}
