// SPDX-License-Identifier: GPL-3.0-or-later

package receipt

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"jamibox/enroll/pki"
)

// Receipt is what a client gets for a device: the members deviceReceipt and
// receiptSignature of the enrolment answer.
type Receipt struct {
	// Text is JSON, and must reach the client in exactly these bytes.
	Text string
	// Signature is base64 of the account key's signature over Text.
	Signature string
}

// content is the JSON of a receipt.
type content struct {
	Announce string `json:"announce"` // base64 of the announcement
	Device   string `json:"dev"`      // short device id
	Ethereum string `json:"eth"`      // must be there, may be empty
	Account  string `json:"id"`
}

// New makes the receipt of a device, signed by its account's key. The same keys
// give the same receipt. Neither key may be nil.
func New(account *rsa.PrivateKey, device *rsa.PublicKey) (Receipt, error) {
	r, err := newReceipt(account, device)
	if err != nil {
		return Receipt{}, fmt.Errorf("making device receipt: %w", err)
	}
	return r, nil
}

func newReceipt(account *rsa.PrivateKey, device *rsa.PublicKey) (Receipt, error) {
	announcement, err := Announcement(account, device)
	if err != nil {
		return Receipt{}, err
	}
	accountID, err := pki.AccountID(&account.PublicKey)
	if err != nil {
		return Receipt{}, err
	}
	deviceID, err := pki.ShortDeviceID(device)
	if err != nil {
		return Receipt{}, err
	}
	text, err := json.Marshal(content{
		Announce: base64.StdEncoding.EncodeToString(announcement),
		Device:   deviceID,
		Account:  accountID,
	})
	if err != nil {
		return Receipt{}, err
	}
	signature, err := sign(account, text)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Text: string(text), Signature: base64.StdEncoding.EncodeToString(signature)}, nil
}

// Clients are hard-wired to PKCS #1 v1.5 with SHA-512.
func sign(account *rsa.PrivateKey, data []byte) ([]byte, error) {
	sum := sha512.Sum512(data)
	return rsa.SignPKCS1v15(rand.Reader, account, crypto.SHA512, sum[:])
}

func checkSignature(account *rsa.PublicKey, data, signature []byte) error {
	sum := sha512.Sum512(data)
	return rsa.VerifyPKCS1v15(account, crypto.SHA512, sum[:], signature)
}
