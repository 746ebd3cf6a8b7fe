// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
)

// maxKeyBits bounds the work of one check. Jami's keys have 4096 bits.
const maxKeyBits = 8192

// Errors of Value.Verify.
var (
	ErrSignature = errors.New("signature does not belong to the value")
	ErrKeyKind   = fmt.Errorf("owner's key is not RSA of at most %d bits", maxKeyBits)
)

// Verify checks that the owner signed the value. It returns ErrSignature, for a
// value without signature too, or ErrKeyKind.
func (v *Value) Verify() error {
	if !v.Signed() {
		return ErrSignature
	}
	parsed, err := x509.ParsePKIXPublicKey(v.Owner)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeyKind, err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() > maxKeyBits {
		return ErrKeyKind
	}
	digest := sha512.Sum512(v.AppendBody(nil))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA512, digest[:], v.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Sign makes the holder of the RSA key, which it must be, the owner of the
// value and signs it.
func (v *Value) Sign(key crypto.Signer) error {
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok || public.N.BitLen() > maxKeyBits {
		return fmt.Errorf("signing value %d: %w", v.ID, ErrKeyKind)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return fmt.Errorf("packing the key that signs value %d: %w", v.ID, err)
	}
	v.Owner = der
	digest := sha512.Sum512(v.AppendBody(nil))
	if v.Signature, err = key.Sign(rand.Reader, digest[:], crypto.SHA512); err != nil {
		return fmt.Errorf("signing value %d: %w", v.ID, err)
	}
	return nil
}
