// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
)

// secured has the clients come over TLS.
func secured(b *box) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	b.over = ledger.OverTLS
	b.listener = tls.NewListener(b.listener, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
	})
}

func TestTLS(t *testing.T) {
	b := newBox(t, secured)
	c, data, peer := accepted(t, b)
	requireEcho(t, data, peer)
	require.Equal(t, ledger.OverTLS, b.Ledger.Live()[0].Over)
	require.NoError(t, c.conn.Close())
	requireEnded(t, data)
	requireEnded(t, peer)
}

func TestTLSResetIsPassedOn(t *testing.T) {
	b := newBox(t, secured)
	_, data, peer := accepted(t, b)
	requireEcho(t, data, peer)
	reset(data)
	requireReset(t, peer)
}
