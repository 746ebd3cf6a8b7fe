// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"

	"jamibox/enroll/tlsidentity"
)

func TestMain(m *testing.M) {
	// fasthttp keeps the clock of its Date header going for ever.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// box is a listener on loopback with a certificate for it.
type box struct {
	*Listener
	roots *x509.CertPool
}

func newBox(t *testing.T, opts Options) box {
	t.Helper()
	certificate, err := tlsidentity.Ephemeral([]string{"localhost", "127.0.0.1"})
	require.NoError(t, err)
	return newBoxWith(t, certificate, opts)
}

func newBoxWith(t *testing.T, certificate *tls.Certificate, opts Options) box {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var identity tlsidentity.Identity
	require.NoError(t, identity.Set(certificate, tlsidentity.SourceEphemeral))
	l := New(inner, ServerConfig(identity.GetCertificate), opts)
	t.Cleanup(func() { l.Close() })
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	return box{l, roots}
}

// serve answers every request with the number of client certificates.
func (b box) serve(t *testing.T) {
	t.Helper()
	server := &fasthttp.Server{
		CloseOnShutdown: true,
		// Its worker pool outlives the server by this time.
		MaxIdleWorkerDuration: 10 * time.Millisecond,
		Handler: func(ctx *fasthttp.RequestCtx) {
			if !ctx.IsTLS() {
				ctx.SetStatusCode(http.StatusInternalServerError)
				return
			}
			ctx.SetBodyString(strconv.Itoa(len(ctx.TLSConnectionState().PeerCertificates)))
		},
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(b.Listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Shutdown())
		require.NoError(t, <-done)
	})
}

func (b box) get(t *testing.T, config *tls.Config) string {
	t.Helper()
	config.RootCAs = b.roots
	conn, err := tls.Dial("tcp", b.Addr().String(), config)
	require.NoError(t, err)
	defer conn.Close()
	return ask(t, conn)
}

func ask(t *testing.T, conn net.Conn) string {
	t.Helper()
	_, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n"))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	require.NoError(t, err)
	return body.String()
}

// dial opens a plain connection from a loopback address of the caller's choice.
func (b box) dial(t *testing.T, from string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.Dial("tcp", b.Addr().String())
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skipf("this system has no loopback address %s", from)
	}
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// deviceChain is a device, account and organisation certificate, all with RSA
// keys of 4096 bits (the same one, since making them is slow).
func deviceChain(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	require.NoError(t, err)
	var result tls.Certificate
	result.PrivateKey = key
	for i, name := range []string{"Jami device", "account", "organisation"} {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)),
			Subject:      pkix.Name{CommonName: name},
			// Expired and not our business here.
			NotBefore: time.Now().Add(-2 * time.Hour),
			NotAfter:  time.Now().Add(-time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		require.NoError(t, err)
		result.Certificate = append(result.Certificate, der)
	}
	return result
}

// negativeSerial is a certificate like those of old Jami clients.
func negativeSerial(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial := []byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x18}
	template := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	at := bytes.Index(der, serial)
	require.Positive(t, at)
	der[at] |= 0x80
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestClientCertificateReachesFasthttp(t *testing.T) {
	b := newBox(t, Options{})
	b.serve(t)
	chain := deviceChain(t)
	negative := negativeSerial(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version)+"/none", func(t *testing.T) {
			require.Equal(t, "0", b.get(t, &tls.Config{MaxVersion: version}))
		})
		t.Run(tls.VersionName(version)+"/chain of three", func(t *testing.T) {
			require.Equal(t, "3", b.get(t, &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{chain}}))
		})
		t.Run(tls.VersionName(version)+"/negative serial", func(t *testing.T) {
			require.Equal(t, "1", b.get(t, &tls.Config{MaxVersion: version,
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &negative, nil }}))
		})
		t.Run(tls.VersionName(version)+"/resumed", func(t *testing.T) {
			config := &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{chain}, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			require.Equal(t, "3", b.get(t, config))
			require.Equal(t, "3", b.get(t, config))
		})
	}
	require.Empty(t, b.Refusals())
}

func TestSlowClientsStopNobody(t *testing.T) {
	t.Run("own address", func(t *testing.T) {
		b := newBox(t, Options{MaxPending: 4})
		b.serve(t)
		b.dial(t, "127.0.0.2")
		b.dial(t, "127.0.0.2")
		third := b.dial(t, "127.0.0.2")
		_, err := third.Read(make([]byte, 1))
		require.Error(t, err)
		require.Equal(t, "0", b.get(t, &tls.Config{}))
		require.Len(t, b.Refusals(), 1)
		require.Equal(t, ReasonCrowded, b.Refusals()[0].Reason)
		require.Equal(t, "127.0.0.2", b.Refusals()[0].Remote.String())
	})
	t.Run("many addresses", func(t *testing.T) {
		b := newBox(t, Options{MaxPending: 4, HandshakeTimeout: time.Minute})
		b.pending.grace = 20 * time.Millisecond
		b.serve(t)
		started := time.Now()
		for _, from := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"} {
			b.dial(t, from)
		}
		require.Equal(t, "0", b.get(t, &tls.Config{}))
		require.Less(t, time.Since(started), time.Minute)
		require.Eventually(t, func() bool {
			r := b.Refusals()
			return len(r) > 0 && r[len(r)-1].Reason == ReasonCrowded
		}, 5*time.Second, 5*time.Millisecond)
	})
}

func TestClose(t *testing.T) {
	t.Run("before accept", func(t *testing.T) {
		b := newBox(t, Options{})
		require.NoError(t, b.Close())
		_, err := b.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
		require.NoError(t, b.Close())
	})
	t.Run("during handshake and with nobody accepting", func(t *testing.T) {
		b := newBox(t, Options{MaxPending: 100})
		accepted := make(chan error, 1)
		go func() {
			conn, err := b.Accept()
			if err == nil {
				conn.Close()
			}
			accepted <- err
		}()
		slow := b.dial(t, "127.0.0.1")
		first, err := tls.Dial("tcp", b.Addr().String(), &tls.Config{RootCAs: b.roots})
		require.NoError(t, err)
		defer first.Close()
		require.NoError(t, <-accepted)
		second, err := tls.Dial("tcp", b.Addr().String(), &tls.Config{RootCAs: b.roots})
		require.NoError(t, err)
		defer second.Close()
		require.NoError(t, b.Close())
		for _, conn := range []net.Conn{slow, second} {
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err)
		}
		require.Empty(t, b.Refusals())
	})
}

// flaky fails as often as errs has entries, then accepts.
type flaky struct {
	net.Listener
	errs []error
}

func (f *flaky) Accept() (net.Conn, error) {
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return nil, err
	}
	return f.Listener.Accept()
}

func TestAcceptErrors(t *testing.T) {
	tests := map[string]struct {
		errs []error
		want error
	}{
		"out of descriptors for a while": {[]error{&net.OpError{Op: "accept", Err: syscall.EMFILE}, &net.OpError{Op: "accept", Err: syscall.EMFILE}}, nil},
		"gone for good":                  {[]error{&net.OpError{Op: "accept", Err: syscall.EINVAL}}, syscall.EINVAL},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, Options{})
			l := New(&flaky{b.inner, tt.errs}, b.config, Options{})
			defer l.Close()
			b.Listener = l
			if tt.want == nil {
				b.serve(t)
				require.Equal(t, "0", b.get(t, &tls.Config{}))
				return
			}
			for range 2 {
				_, err := l.Accept()
				require.ErrorIs(t, err, tt.want)
			}
		})
	}
}
