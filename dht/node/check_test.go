// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

func signed(t *testing.T, key *rsa.PrivateKey, id uint64, seq uint16, data string) []byte {
	v := wire.Value{ID: id, Seq: seq, Data: []byte(data)}
	require.NoError(t, v.Sign(key))
	return v.Append(nil)
}

func TestSignedValues(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	owner, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p, key := newPeer(t, n.v4), randomID()
	good := signed(t, owner, 1, 5, "good")
	bad := signed(t, owner, 2, 5, "good")
	bad[len(bad)-1] ^= 1
	for name, c := range map[string]struct {
		packed []byte
		want   storage.Outcome
	}{
		"signature holds":       {good, storage.Stored},
		"error/wrong signature": {bad, storage.RefusedSignature},
	} {
		t.Run(name, func(t *testing.T) {
			before := n.Stats().Storage.Puts[c.want]
			require.Equal(t, wire.KindReply, p.put(key, c.packed).Kind, "success in any case")
			require.Equal(t, before+1, n.Stats().Storage.Puts[c.want])
		})
	}
	require.Equal(t, [][]byte{good}, p.get(key))
	newer := signed(t, owner, 1, 6, "better")
	p.put(key, newer)
	require.Equal(t, [][]byte{newer}, p.get(key))
}

// TestCertificates stores certificates as peers do, at both keys, with serial
// numbers of both signs.
func TestCertificates(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	device, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, serial := range map[string]int64{"positive serial": 0x7fffffffffff, "negative serial": -0x7fffffffffff} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1 << 40), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, device.Public(), device)
		require.NoError(t, err)
		// crypto/x509 makes no negative ones, but nobody checks the signature.
		if serial < 0 {
			at := len(der) - len(der[serialAt(der):])
			der[at] |= 0x80
		}
		spki, err := x509.MarshalPKIXPublicKey(device.Public())
		require.NoError(t, err)
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		v := wire.Value{ID: 1, Type: wire.TypeCertificate, Data: msgp.AppendBytes(nil, text)}
		packed := v.Append(nil)
		for i, key := range wire.PublicKey(spki).CertificateKeys() {
			t.Run(name+[...]string{", short id", ", long id"}[i], func(t *testing.T) {
				p := newPeer(t, n.v4)
				require.EqualValues(t, 1, p.put(key, packed).ValueID)
				require.Equal(t, [][]byte{packed}, p.get(key))
			})
		}
		t.Run(name+", error/foreign key", func(t *testing.T) {
			p, key := newPeer(t, n.v4), randomID()
			require.EqualValues(t, 1, p.put(key, packed).ValueID)
			require.Empty(t, p.get(key))
		})
	}
}

// serialAt returns where the bytes of the serial number begin: behind the
// headers of two sequences, the version, and its own header.
func serialAt(der []byte) int {
	const version = 5
	at := 0
	for range 2 {
		at += 2
		if der[at-1] > 0x80 {
			at += int(der[at-1] & 0x7f)
		}
	}
	return at + version + 2
}

// TestTooManySignatures puts more than can wait to be checked.
func TestTooManySignatures(t *testing.T) {
	s, _ := handling(t)
	owner, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	from := netip.MustParseAddrPort("192.0.2.1:4222")
	packed := signed(t, owner, 1, 1, "data")
	for range maxJobs {
		s.put(&put{from: from, key: randomID()}, packed)
	}
	require.Len(t, s.jobs, maxJobs)
	require.Empty(t, s.out.take(), "answers come after the check")
	s.put(&put{from: from, key: randomID()}, packed)
	require.Len(t, s.jobs, maxJobs)
	require.EqualValues(t, 1, s.counts.unchecked)
	require.Len(t, s.out.take(), 1, "answered all the same")
}

func TestSignaturesThatWaitAreBoundedInBytes(t *testing.T) {
	s, _ := handling(t)
	v := wire.Value{ID: 1, Type: wire.TypeCertificate, Data: make([]byte, 60_000)}
	packed := v.Append(nil)
	for range maxJobs {
		s.put(&put{key: randomID()}, packed)
	}
	require.LessOrEqual(t, s.checking, maxJobBytes)
	require.Len(t, s.jobs, maxJobBytes/len(packed))
}
