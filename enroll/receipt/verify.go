// SPDX-License-Identifier: GPL-3.0-or-later

package receipt

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"jamibox/enroll/pki"
)

// maxText bounds a receipt; one for two RSA-8192 keys takes 5 KiB.
const maxText = 16 << 10

// Verify checks a receipt as a client does at each of its starts, and returns
// what the client would stumble over. It is strict where clients differ: what
// any of them refuses is refused. Neither key may be nil.
func Verify(receiptText, signature string, account, device *rsa.PublicKey) error {
	if err := verify(receiptText, signature, account, device); err != nil {
		return fmt.Errorf("verifying device receipt: %w", err)
	}
	return nil
}

func verify(text, signature string, account, device *rsa.PublicKey) error {
	c, err := decodeContent(text)
	if err != nil {
		return err
	}
	if err := verifyIDs(c, account, device); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(c.Announce)
	if err != nil {
		return fmt.Errorf("announcement: %w", err)
	}
	if err := verifyAnnouncement(raw, account, device); err != nil {
		return fmt.Errorf("announcement: %w", err)
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return fmt.Errorf("receipt signature: %w", err)
	}
	if err := checkSignature(account, []byte(text), sig); err != nil {
		return fmt.Errorf("receipt signature is not the account key's: %w", err)
	}
	return nil
}

// decodeContent accepts the four members in any order, but no others: a map
// keeps their names as they are, where a struct would ignore case.
func decodeContent(text string) (content, error) {
	if len(text) > maxText {
		return content{}, fmt.Errorf("%d bytes are too long, at most %d are read", len(text), maxText)
	}
	var members map[string]*string
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return content{}, fmt.Errorf("reading JSON: %w", err)
	}
	var c content
	fields := map[string]*string{"announce": &c.Announce, "dev": &c.Device, "eth": &c.Ethereum, "id": &c.Account}
	for name, field := range fields {
		if members[name] == nil {
			return content{}, fmt.Errorf("member %q is missing", name)
		}
		*field = *members[name]
	}
	if len(members) != len(fields) {
		return content{}, fmt.Errorf("%d members where %d are expected", len(members), len(fields))
	}
	return c, nil
}

func verifyIDs(c content, account, device *rsa.PublicKey) error {
	accountID, err := pki.AccountID(account)
	if err != nil {
		return err
	}
	deviceID, err := pki.ShortDeviceID(device)
	if err != nil {
		return err
	}
	if c.Account != accountID {
		return fmt.Errorf("made for account %q, the account's key is %s", c.Account, accountID)
	}
	if c.Device != deviceID {
		return fmt.Errorf("made for device %q, the device's key is %s", c.Device, deviceID)
	}
	return nil
}

func verifyAnnouncement(raw []byte, account, device *rsa.PublicKey) error {
	a, err := decodeAnnouncement(raw)
	if err != nil {
		return err
	}
	d, err := decodeDeviceData(a.body.data)
	if err != nil {
		return fmt.Errorf("reading data: %w", err)
	}
	owner, err := x509.MarshalPKIXPublicKey(account)
	if err != nil {
		return fmt.Errorf("encoding account key: %w", err)
	}
	want, err := newDeviceData(device)
	if err != nil {
		return err
	}
	switch {
	case a.body.valueType != userData:
		return fmt.Errorf("value type %d, not user data", a.body.valueType)
	case !bytes.Equal(a.body.owner, owner):
		return errors.New("owner is not the account key")
	case !bytes.Equal(d.id, want.id):
		return fmt.Errorf("made for device %x, the device's key is %x", d.id, want.id)
	case !bytes.Equal(d.key, want.key):
		return errors.New("pk is not the device key")
	}
	if err := checkSignature(account, a.body.append(nil), a.signature); err != nil {
		return fmt.Errorf("signature is not the account key's: %w", err)
	}
	return nil
}
