// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/peer"
	"jamibox/turn/port"
)

// script is a control connection whose client says what a fuzzer made up.
type script struct {
	t      *testing.T
	frames [][]byte
	closed atomic.Bool
}

func (s *script) Next(p []byte) (int, error) {
	if len(s.frames) == 0 || s.closed.Load() {
		return 0, io.EOF
	}
	n := copy(p, s.frames[0])
	s.frames = s.frames[1:]
	return n, nil
}

// Write checks that answers can be understood.
func (s *script) Write(p []byte) (int, error) {
	m, err := message.Decode(p)
	if err != nil || m.Type.Class == stun.ClassRequest {
		s.t.Errorf("answered with %x: %v", p, err)
	}
	return len(p), nil
}

func (s *script) Client() netip.AddrPort { return somePeer }
func (s *script) Server() netip.AddrPort { return somePeer }
func (s *script) Over() ledger.Transport { return ledger.OverTCP }

func (s *script) Close() error {
	s.closed.Store(true)
	return nil
}

var _ Stream = (*script)(nil) // type check

// cut makes frames of a fuzzer's bytes: each begins with its length. The higher
// bit of that has a request made of the rest, signed, so that fuzzing gets past
// the credentials.
func cut(data []byte, c *client) [][]byte {
	var frames [][]byte
	for len(data) > 2 && len(frames) < 16 {
		head := binary.BigEndian.Uint16(data)
		n := min(int(head&0x0fff), len(data)-2)
		frame := data[2 : 2+n]
		data = data[2+n:]
		if head&0x8000 != 0 && len(frame) > 1 {
			frame = c.signAll(stun.Method(frame[0]), frame[1:])
		}
		frames = append(frames, frame)
	}
	return frames
}

// signAll makes a request with attributes made of any bytes: two of type, one
// of length, the value.
func (c *client) signAll(method stun.Method, data []byte) []byte {
	var attrs []stun.Setter
	for len(data) > 3 {
		n := min(int(data[2]), len(data)-3)
		// Nothing can be signed behind a FINGERPRINT.
		if t := stun.AttrType(binary.BigEndian.Uint16(data)); t != stun.AttrFingerprint {
			attrs = append(attrs, raw(t, data[3:3+n]...))
		}
		data = data[3+n:]
	}
	return c.sign(method, attrs...).Raw
}

// seed is the inverse of cut.
func seed(signed bool, frame ...byte) []byte {
	head := uint16(len(frame))
	if signed {
		head |= 0x8000
	}
	return append(binary.BigEndian.AppendUint16(nil, head), frame...)
}

var (
	allocateSeed = seed(true, byte(stun.MethodAllocate), 0x00, 0x19, 4, 6, 0, 0, 0)
	// To port 9 of fuzzedPeer, with the cookie over it.
	peerSeed = []byte{0x00, 0x12, 8, 0, 1, 0x21, 0x1b, 0x5e, 0x71, 0xa4, 0x43}
)

func FuzzControl(f *testing.F) {
	f.Add(seed(false, plain(stun.MethodAllocate).Raw...))
	f.Add(seed(false, 0x40, 0, 0xff, 0xfc))
	f.Add(allocateSeed)
	for _, method := range []stun.Method{
		stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodConnect, stun.MethodConnectionBind,
		stun.MethodChannelBind, stun.MethodAllocate,
	} {
		f.Add(append(allocateSeed, seed(true, append([]byte{byte(method)}, peerSeed...)...)...))
	}
	f.Add(append(allocateSeed, seed(true, byte(stun.MethodRefresh), 0, 0x0d, 4, 0, 0, 0, 0)...))
	b := newBox(f, onlyFuzzedPeer)
	c := newClient(f, b, "alice")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.ErrorIs(t, b.ServeControl(&script{t: t, frames: cut(data, c)}), io.EOF)
		require.Zero(t, b.Ledger.Len())
		require.Zero(t, b.pool.Len())
		require.Zero(t, b.pending.len())
	})
}

// fuzzedPeer is where connections of fuzzing may go, and nowhere else.
var fuzzedPeer = netip.MustParsePrefix("127.99.0.1/32")

func onlyFuzzedPeer(b *box) {
	b.Peers = peer.New(peer.Rules{
		AllowLoopback: true,
		Allow:         []netip.Prefix{fuzzedPeer},
		Deny:          []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
	}, port.Range{})
}

// FuzzBind gives a data connection a first message and what follows it.
func FuzzBind(f *testing.F) {
	bind := byte(stun.MethodConnectionBind)
	f.Add(seed(true, bind, 0x00, 0x2a, 4, 0, 0, 0, 1), []byte{})
	f.Add(seed(true, bind), []byte("x"))
	f.Add(seed(false, plain(stun.MethodConnectionBind).Raw...), plain(stun.MethodConnectionBind).Raw)
	f.Add(seed(false, plain(stun.MethodConnectionBind).Raw...), []byte{0, 1, 0xff, 0xec})
	b := newBox(f)
	c := newClient(f, b, "alice")
	f.Fuzz(func(t *testing.T, first, next []byte) {
		frames := cut(first, c)
		if len(frames) == 0 {
			return
		}
		m, err := message.Decode(frames[0])
		if err != nil {
			return
		}
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			go func() { _, _ = io.Copy(io.Discard, far) }()
			// It may have been closed.
			_, _ = far.Write(next)
		}()
		require.Error(t, b.Bind(halfPipe{near}, m, somePeer))
	})
}

// halfPipe is a pipe that passes for a data connection.
type halfPipe struct{ net.Conn }

func (p halfPipe) CloseWrite() error { return p.Close() }
