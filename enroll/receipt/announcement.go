// SPDX-License-Identifier: GPL-3.0-or-later

package receipt

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

// userData is the DHT's type of values that it does not look into.
const userData = 0

// announcement is a signed DHT value: msgpack {id, dat: {body, sig}}.
type announcement struct {
	id        uint64
	body      body
	signature []byte
}

// body is the signed part: {seq, owner, type, data}.
type body struct {
	seq       uint16
	owner     []byte // SubjectPublicKeyInfo of the account key
	valueType uint32
	data      []byte // msgpack of a deviceData
}

// deviceData names the device: {dev, pk}.
type deviceData struct {
	id  []byte // SHA-1 of pk
	key []byte // SubjectPublicKeyInfo of the device key
}

// Announcement returns the DHT value with which a device makes itself known
// under its account, signed by the account key. Neither key may be nil.
func Announcement(account *rsa.PrivateKey, device *rsa.PublicKey) ([]byte, error) {
	b, err := newBody(&account.PublicKey, device)
	if err != nil {
		return nil, fmt.Errorf("making announcement: %w", err)
	}
	a := announcement{body: b} // the DHT itself replaces id 0
	if a.signature, err = sign(account, b.append(nil)); err != nil {
		return nil, fmt.Errorf("signing announcement: %w", err)
	}
	return a.append(nil), nil
}

func newBody(account, device *rsa.PublicKey) (body, error) {
	owner, err := x509.MarshalPKIXPublicKey(account)
	if err != nil {
		return body{}, fmt.Errorf("encoding account key: %w", err)
	}
	d, err := newDeviceData(device)
	if err != nil {
		return body{}, err
	}
	return body{owner: owner, valueType: userData, data: d.append(nil)}, nil
}

func newDeviceData(device *rsa.PublicKey) (deviceData, error) {
	key, err := x509.MarshalPKIXPublicKey(device)
	if err != nil {
		return deviceData{}, fmt.Errorf("encoding device key: %w", err)
	}
	id := sha1.Sum(key)
	return deviceData{id: id[:], key: key}, nil
}

func (a announcement) append(b []byte) []byte {
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendUint64(msgp.AppendString(b, "id"), a.id)
	b = msgp.AppendMapHeader(msgp.AppendString(b, "dat"), 2)
	b = a.body.append(msgp.AppendString(b, "body"))
	return msgp.AppendBytes(msgp.AppendString(b, "sig"), a.signature)
}

// append writes the bytes that are signed. Clients decode a body, write it
// again in this order and shortest form, and check the signature over that.
func (v body) append(b []byte) []byte {
	b = msgp.AppendMapHeader(b, 4)
	b = msgp.AppendUint16(msgp.AppendString(b, "seq"), v.seq)
	b = msgp.AppendBytes(msgp.AppendString(b, "owner"), v.owner)
	b = msgp.AppendUint32(msgp.AppendString(b, "type"), v.valueType)
	return msgp.AppendBytes(msgp.AppendString(b, "data"), v.data)
}

func (d deviceData) append(b []byte) []byte {
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendBytes(msgp.AppendString(b, "dev"), d.id)
	return msgp.AppendBytes(msgp.AppendString(b, "pk"), d.key)
}
