// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"
)

// decodeKey reads a private key: PEM or DER; PKCS#1, PKCS#8 or SEC 1;
// encrypted or not.
func decodeKey(data []byte, passphrase string) (crypto.Signer, error) {
	data = withoutBOM(data)
	if !isPEM(data) {
		if isEncryptedPKCS8(data) {
			return decodeEncryptedPKCS8(data, passphrase)
		}
		signer, err := decodePlainKey(data)
		if err != nil {
			return nil, fmt.Errorf("%w: the key file holds no private key in PEM or DER form; name the key in tls.key", ErrKeyMissing)
		}
		return signer, nil
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "ENCRYPTED PRIVATE KEY":
			return decodeEncryptedPKCS8(block.Bytes, passphrase)
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			return decodeKeyBlock(block, passphrase)
		case "OPENSSH PRIVATE KEY":
			return nil, fmt.Errorf("%w: the key file is an OpenSSH key; TLS needs the key that belongs to the certificate", ErrUnreadable)
		}
	}
	return nil, fmt.Errorf("%w: no private key beside the certificate; name the key file in tls.key", ErrKeyMissing)
}

func decodeKeyBlock(block *pem.Block, passphrase string) (crypto.Signer, error) {
	der := block.Bytes
	//lint:ignore SA1019 The old encryption is weak, but such files exist and the weakness is their owner's.
	encrypted := x509.IsEncryptedPEMBlock(block)
	if encrypted {
		if passphrase == "" {
			return nil, fmt.Errorf("%w: set tls.passphrase", ErrPassphraseMissing)
		}
		//lint:ignore SA1019 See above.
		plain, err := x509.DecryptPEMBlock(block, []byte(passphrase))
		if errors.Is(err, x509.IncorrectPasswordError) {
			return nil, ErrPassphraseWrong
		}
		if err != nil {
			return nil, fmt.Errorf("%w: private key: %w", ErrUnreadable, err)
		}
		der = plain
	}
	signer, err := decodePlainKey(der)
	if err != nil && encrypted {
		// One wrong passphrase in 256 yields a padding that looks right.
		return nil, ErrPassphraseWrong
	}
	return signer, err
}

func decodePlainKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: private key: %w", ErrUnreadable, err)
	}
	return asSigner(key)
}

// isEncryptedPKCS8 recognises EncryptedPrivateKeyInfo (RFC 5958 section 3).
func isEncryptedPKCS8(der []byte) bool {
	var info struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Data []byte
	}
	_, err := asn1.Unmarshal(der, &info)
	return err == nil
}

func decodeEncryptedPKCS8(der []byte, passphrase string) (signer crypto.Signer, err error) {
	if passphrase == "" {
		return nil, fmt.Errorf("%w: set tls.passphrase", ErrPassphraseMissing)
	}
	// The library panics on damaged data that is no whole number of cipher blocks.
	defer func() {
		if recover() != nil {
			signer, err = nil, fmt.Errorf("%w: the encrypted private key is damaged", ErrUnreadable)
		}
	}()
	key, err := pkcs8.ParsePKCS8PrivateKey(der, []byte(passphrase))
	if err != nil && err.Error() == "pkcs8: incorrect password" {
		return nil, ErrPassphraseWrong
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the private key is encrypted in an unknown way (%w); convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc",
			ErrUnreadable, err)
	}
	return asSigner(key)
}

func asSigner(key any) (crypto.Signer, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: a key of type %T cannot sign", ErrUnreadable, key)
	}
	return signer, nil
}
