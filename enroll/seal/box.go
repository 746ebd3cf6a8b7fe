// SPDX-License-Identifier: GPL-3.0-or-later

package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// version opens every sealed byte string, so that the algorithm can change.
const version = 1

const headerSize = 1 + chacha20poly1305.NonceSizeX

// ErrWrongKey is returned when sealed data does not open. The cipher cannot
// tell a wrong key from changed data or a wrong context.
var ErrWrongKey = errors.New("the data was sealed with another key file, or it was changed since: restore the key file that belongs to this data")

// Box seals and unseals with one master key. Safe for concurrent use.
type Box struct {
	master []byte
	aead   cipher.AEAD
}

// New returns a Box for a master key of KeySize bytes, which it copies.
func New(key []byte) (*Box, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("master key has %d bytes, %d are needed", len(key), KeySize)
	}
	b := &Box{master: append([]byte(nil), key...)}
	aead, err := chacha20poly1305.NewX(b.expand("seal v1"))
	if err != nil {
		return nil, fmt.Errorf("preparing cipher: %w", err)
	}
	b.aead = aead
	return b, nil
}

// Seal encrypts plaintext with XChaCha20-Poly1305 and binds it to context,
// which names its place ("account key of 70c4...") so that sealed data cannot
// be moved to another place unnoticed. Both may be empty.
func (b *Box) Seal(plaintext []byte, context string) []byte {
	sealed := make([]byte, headerSize, headerSize+len(plaintext)+b.aead.Overhead())
	sealed[0] = version
	rand.Read(sealed[1:headerSize]) // never fails: crypto/rand ends the process instead
	return b.aead.Seal(sealed, sealed[1:headerSize], plaintext, associated(context))
}

// Unseal opens what Seal returned for the same context. It returns ErrWrongKey
// when key, context or data do not belong together.
func (b *Box) Unseal(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < headerSize+b.aead.Overhead() {
		return nil, fmt.Errorf("sealed data is cut off: %d bytes", len(sealed))
	}
	if sealed[0] != version {
		return nil, fmt.Errorf("sealed data has version %d, this program knows version %d", sealed[0], version)
	}
	plaintext, err := b.aead.Open(nil, sealed[1:headerSize], sealed[headerSize:], associated(context))
	if err != nil {
		return nil, ErrWrongKey
	}
	return plaintext, nil
}

// Derive returns 32 bytes that depend on the master key and purpose only
// (HKDF-SHA256, RFC 5869); knowing them tells nothing of the master key.
func (b *Box) Derive(purpose string) []byte {
	return b.expand("derive v1 " + purpose)
}

func (b *Box) expand(info string) []byte {
	key, err := hkdf.Key(sha256.New, b.master, nil, info, KeySize)
	if err != nil {
		panic(err) // only for lengths HKDF cannot produce; ours is constant
	}
	return key
}

// The version is authenticated too, or an attacker could choose the algorithm.
func associated(context string) []byte {
	return append([]byte{version}, context...)
}
