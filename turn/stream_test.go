// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

func TestFrameSize(t *testing.T) {
	tests := map[string]struct {
		head [4]byte
		size int
		err  error
	}{
		"binding request":             {[4]byte{0, 1, 0, 0}, 20, nil},
		"stun with attributes":        {[4]byte{0, 3, 0, 36}, 56, nil},
		"longest stun":                {[4]byte{0, 3, 0x0f, 0xec}, 4096, nil},
		"error/stun too long":         {[4]byte{0, 3, 0x0f, 0xf0}, 0, errFrameLen},
		"error/stun not aligned":      {[4]byte{0, 3, 0, 35}, 0, errFrameLen},
		"error/stun to overflow pion": {[4]byte{0, 1, 0xff, 0xec}, 0, errFrameLen},
		"empty channel data":          {[4]byte{0x40, 0, 0, 0}, 4, nil},
		"padded channel data":         {[4]byte{0x40, 1, 0, 5}, 12, nil},
		"longest channel data":        {[4]byte{0x7f, 0xff, 0xff, 0xff}, 65540, nil},
		"error/neither":               {[4]byte{0x80, 0, 0, 0}, 0, errFrameKind},
		"error/tls hello":             {[4]byte{0x16, 3, 1, 2}, 0, errFrameLen},
		"http, like channel data":     {[4]byte([]byte("HTTP")), 21588, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			size, err := frameSize(tt.head)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.size, size)
		})
	}
}

// pipe returns a client's connection and the server's end of it.
func pipe(t testing.TB, limits streamLimits) (net.Conn, *stream) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	conn, err := listener.AcceptTCP()
	require.NoError(t, err)
	s, ok := newStreamSet(limits, new(counters)).add(conn)
	require.True(t, ok)
	t.Cleanup(func() { _ = client.Close(); _ = s.Close() })
	return client, s
}

func channelData(n int) []byte {
	frame := make([]byte, 4+(n+3)/4*4)
	frame[0] = 0x40
	binary.BigEndian.PutUint16(frame[2:], uint16(n))
	for i := range n {
		frame[4+i] = byte(i)
	}
	return frame
}

func TestStreamRead(t *testing.T) {
	client, s := pipe(t, defaultStreamLimits())
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	sent := bytes.Join([][]byte{binding, channelData(9), channelData(60000), channelData(2000), binding}, nil)
	go func() {
		_, _ = client.Write(sent)
		_ = client.Close()
	}()
	// Reads smaller and larger than messages; never two messages in one.
	var got []byte
	for _, want := range []struct{ room, n int }{{1600, 20}, {10, 10}, {10, 6}, {1600, 1600}, {1600, 404}, {1600, 20}} {
		buf := make([]byte, want.room)
		n, err := s.Read(buf)
		require.NoError(t, err)
		require.Equal(t, want.n, n)
		got = append(got, buf[:n]...)
	}
	require.Equal(t, bytes.Join([][]byte{binding, channelData(9), channelData(2000), binding}, nil), got)
	_, err := s.Read(make([]byte, 1600))
	require.ErrorIs(t, err, io.EOF)
}

func TestStreamTimeouts(t *testing.T) {
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	tests := map[string]struct {
		send   []byte
		change func(*streamLimits)
	}{
		"silent from the start": {nil, func(l *streamLimits) { l.greeting = time.Millisecond }},
		"idle":                  {binding, func(l *streamLimits) { l.idle = time.Millisecond }},
		"half a head":           {binding[:3], func(l *streamLimits) { l.greeting = time.Millisecond }},
		"half a message":        {binding[:10], func(l *streamLimits) { l.message = time.Millisecond }},
		"half an oversize one":  {channelData(60000)[:5000], func(l *streamLimits) { l.message = 50 * time.Millisecond }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			limits := defaultStreamLimits()
			tt.change(&limits)
			client, s := pipe(t, limits)
			_, err := client.Write(tt.send)
			require.NoError(t, err)
			for err == nil {
				_, err = s.Read(make([]byte, 1600))
			}
			require.True(t, isTimeout(err), "%v", err)
		})
	}
	t.Run("client that takes nothing", func(t *testing.T) {
		limits := defaultStreamLimits()
		limits.write = 10 * time.Millisecond
		_, s := pipe(t, limits)
		var err error
		for err == nil {
			_, err = s.Write(make([]byte, 64<<10))
		}
		require.True(t, isTimeout(err), "%v", err)
		_, err = s.Read(make([]byte, 1600))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func FuzzStream(f *testing.F) {
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	f.Add(binding)
	f.Add(append(binding, channelData(5)...))
	f.Add(channelData(5000)[:40])
	f.Add([]byte{0, 1, 0xff, 0xec, 0x21, 0x12, 0xa4, 0x42})
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	client, s := pipe(f, defaultStreamLimits())
	require.NoError(f, client.Close())
	f.Fuzz(func(t *testing.T, sent []byte) {
		s.rest = 0
		s.in.Reset(bytes.NewReader(sent))
		buf := make([]byte, 1600)
		for total := 0; ; {
			n, err := s.Read(buf)
			total += n
			require.LessOrEqual(t, total, len(sent))
			if err != nil {
				return
			}
			require.Positive(t, n, "a read without bytes would let pion spin")
		}
	})
}

func TestStreamLimits(t *testing.T) {
	tests := map[string]func(*streamLimits){
		"total":      func(l *streamLimits) { l.total = 2 },
		"per source": func(l *streamLimits) { l.perSource = 2 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(testConfig())
			change(&s.limits)
			running(t, s)
			address := udpAddr(s).String()
			first := dial(t, "tcp", address, "", "")
			_, err := first.SendBindingRequest()
			require.NoError(t, err)
			_, err = dial(t, "tcp", address, "", "").SendBindingRequest()
			require.NoError(t, err)

			// The reset may come while still dialling.
			refused, err := net.Dial("tcp", address)
			if err == nil {
				require.NoError(t, refused.SetReadDeadline(time.Now().Add(patience)))
				_, err = refused.Read(make([]byte, 1))
				require.NoError(t, refused.Close())
			}
			require.ErrorContains(t, err, "reset")
			require.EqualValues(t, 1, s.Status().RefusedStreams)

			require.NoError(t, first.conn.Close())
			require.Eventually(t, func() bool { return s.Status().Streams == 1 }, patience, time.Millisecond)
			_, err = dial(t, "tcp", address, "", "").SendBindingRequest()
			require.NoError(t, err)
		})
	}
}

func TestHostileStreams(t *testing.T) {
	s := newTestServer(testConfig())
	running(t, s)
	for name, sent := range map[string]string{
		"stun length that overflows":         "\x00\x01\xff\xec\x21\x12\xa4\x42" + strings.Repeat("\x00", 12),
		"not stun":                           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"stun without cookie":                strings.Repeat("\x00", 40),
		"channel data length that overflows": "\x40\x00\xff\xfc" + strings.Repeat("\x00", 65532) + "\x80\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", udpAddr(s).String())
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = conn.Write([]byte(sent))
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err)
			require.False(t, isTimeout(err), "the connection must be ended")
			require.Eventually(t, func() bool { return s.Status().Streams == 0 }, patience, time.Millisecond)
		})
	}
}
