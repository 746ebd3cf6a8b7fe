// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"
)

// certificateIDs are what OpenSSL found for the recorded certificates.
func certificateIDs() [][2]string {
	return [][2]string{
		{"0d7d39637999fe566dccff2ffc35d06337e86e50", "24ca34fd0e2a4740f6ce76f56a35c5e412f3f5bf29c1bbd93e1d72fbee79f493"},
		{"a4f732bdfa9d0c04ff06039fd96286ec53a4595b", "de0dee6aa679cabfe94f803149fe8c26287974790b851af90c44381053890041"},
		{"394b1faea1e48807d706ffd974411ad7ecdb5f3a", "f7aa10a9bb2251e6f13ac824f4f651d3af07027cf95f0758226ea2a4ba22f758"},
		{"e8bf704a54299369b0cab1a0bc919c8ae4208de3", "f94a03c64f195766194a95d9eb52d96d7001830408bc132b591350cdacdfd1f8"},
	}
}

func TestCertificateKey(t *testing.T) {
	certificates := valuesOf(t, "type 8")
	require.Len(t, certificates, len(certificateIDs()))
	for i, want := range certificateIDs() {
		data := certificates[i].Data
		key, err := CertificateKey(data)
		require.NoError(t, err)
		require.Equal(t, want[0], key.ID().String())
		long := key.LongID()
		require.Equal(t, want[1], hex.EncodeToString(long[:]))
		require.Equal(t, [2]ID{key.ID(), HashOf(long[:])}, key.CertificateKeys())

		start := bytes.Index(data, []byte("-----BEGIN"))
		require.Positive(t, start, "peers wrap the text")
		block, _ := pem.Decode(data[start:])
		require.NotNil(t, block)
		for name, other := range map[string][]byte{"bare PEM": data[start:], "DER": block.Bytes} {
			got, err := CertificateKey(other)
			require.NoError(t, err, name)
			require.Equal(t, key, got, name)
		}
	}
	// The test is worth nothing without such a serial number.
	block, _ := pem.Decode(certificates[0].Data[bytes.IndexByte(certificates[0].Data, '-'):])
	serial := bytes.Index(block.Bytes, []byte("\x02\x08\x92"))
	require.Positive(t, serial, "the first certificate has a negative serial number")
}

func TestCertificateKeyRefuses(t *testing.T) {
	data := valuesOf(t, "type 8")[0].Data
	start := bytes.Index(data, []byte("-----BEGIN"))
	block, _ := pem.Decode(data[start:])
	for name, c := range map[string][]byte{
		"error/empty":       nil,
		"error/text":        []byte("no certificate here"),
		"error/marker only": []byte("-----BEGIN CERTIFICATE-----"),
		"error/cut PEM":     data[:start+200],
		"error/cut DER":     block.Bytes[:len(block.Bytes)/2],
		"error/wrapped DER": append([]byte("\xc5\x05\x00"), block.Bytes...),
		"error/no DER":      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"error/other PEM":   pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: block.Bytes}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CertificateKey(c)
			require.ErrorIs(t, err, ErrCertificate)
		})
	}
}

func TestParsePublicKey(t *testing.T) {
	der := valuesOf(t, "type 0 signed")[0].Owner
	for name, c := range map[string][]byte{
		"error/empty":         nil,
		"error/cut off":       der[:len(der)-1],
		"error/bytes behind":  append(bytes.Clone(der), 0),
		"error/no algorithm":  []byte("\x30\x04\x03\x02\x00\x01"),
		"error/other content": []byte("\x30\x03\x02\x01\x01"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePublicKey(c)
			require.ErrorIs(t, err, ErrKey)
		})
	}
}
