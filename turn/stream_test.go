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

	"jamibox/turn/message"
)

// pipe returns a client's connection and the server's end of it.
func pipe(t testing.TB, limits streamLimits) (net.Conn, *stream) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	conn, err := listener.AcceptTCP()
	require.NoError(t, err)
	s, ok := newStreamSet(limits).add(conn, nil)
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
	client, s := pipe(t, DefaultConfig().streamLimits())
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	sent := bytes.Join([][]byte{binding, channelData(9), channelData(60000), channelData(2000), binding}, nil)
	go func() {
		_, _ = client.Write(sent)
		_ = client.Close()
	}()
	buf := make([]byte, message.MaxFrame)
	for i, want := range [][]byte{binding, channelData(9), channelData(2000), binding} {
		n, err := s.Next(buf)
		require.NoError(t, err)
		require.Equal(t, want, buf[:n])
		if i == 0 {
			s.unread(buf[:n])
			s.buffer()
			n, err = s.Next(buf)
			require.NoError(t, err)
			require.Equal(t, want, buf[:n], "a message put back comes once more")
		}
	}
	_, err := s.Next(buf)
	require.ErrorIs(t, err, io.EOF)
}

// TestStreamReadsNoFurther is what data connections rest on: what follows their
// request belongs to the peer.
func TestStreamReadsNoFurther(t *testing.T) {
	client, s := pipe(t, DefaultConfig().streamLimits())
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	_, err := client.Write(append(binding, "early data"...))
	require.NoError(t, err)
	n, err := s.Next(make([]byte, message.MaxFrame))
	require.NoError(t, err)
	require.Equal(t, len(binding), n)
	early := make([]byte, len("early data"))
	_, err = io.ReadFull(s.conn, early)
	require.NoError(t, err)
	require.Equal(t, "early data", string(early))
}

func TestStreamTimeouts(t *testing.T) {
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	tests := map[string]struct {
		send   []byte
		change func(*streamLimits)
	}{
		"silent from the start": {nil, func(l *streamLimits) { l.silence = time.Millisecond }},
		"silent after a while":  {binding, func(l *streamLimits) { l.silence = 10 * time.Millisecond }},
		"half a head":           {binding[:3], func(l *streamLimits) { l.silence = time.Millisecond }},
		"half a message":        {binding[:10], func(l *streamLimits) { l.message = time.Millisecond }},
		"half an oversize one":  {channelData(60000)[:5000], func(l *streamLimits) { l.message = 50 * time.Millisecond }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			limits := DefaultConfig().streamLimits()
			tt.change(&limits)
			client, s := pipe(t, limits)
			_, err := client.Write(tt.send)
			require.NoError(t, err)
			for err == nil {
				_, err = s.Next(make([]byte, message.MaxFrame))
			}
			require.True(t, isTimeout(err), "%v", err)
		})
	}
	t.Run("idle with an allocation", func(t *testing.T) {
		limits := DefaultConfig().streamLimits()
		limits.silence, limits.idle = time.Minute, time.Millisecond
		_, s := pipe(t, limits)
		_, err := s.Write(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse)).Raw)
		require.NoError(t, err)
		_, err = s.Next(make([]byte, message.MaxFrame))
		require.True(t, isTimeout(err), "%v", err)
	})
	t.Run("client that takes nothing", func(t *testing.T) {
		limits := DefaultConfig().streamLimits()
		limits.write = 10 * time.Millisecond
		_, s := pipe(t, limits)
		var err error
		for err == nil {
			_, err = s.Write(make([]byte, 64<<10))
		}
		require.True(t, isTimeout(err), "%v", err)
		_, err = s.Next(make([]byte, message.MaxFrame))
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
	client, s := pipe(f, DefaultConfig().streamLimits())
	require.NoError(f, client.Close())
	f.Fuzz(func(t *testing.T, sent []byte) {
		s.in = bytes.NewReader(sent)
		buf := make([]byte, message.MaxFrame)
		for total := 0; ; {
			n, err := s.Next(buf)
			total += n
			require.LessOrEqual(t, total, len(sent))
			if err != nil {
				return
			}
			require.GreaterOrEqual(t, n, headLen)
		}
	})
}

func TestStreamLimits(t *testing.T) {
	for name, change := range map[string]func(*streamLimits){
		"total":             func(l *streamLimits) { l.total = 2 },
		"per source":        func(l *streamLimits) { l.perSource = 2 },
		"silent per source": func(l *streamLimits) { l.silentPerSource = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			limits := DefaultConfig().streamLimits()
			change(&limits)
			set := newStreamSet(limits)
			first, second := accepted(t), accepted(t)
			s, ok := set.add(first, nil)
			require.True(t, ok)
			_, ok = set.add(second, nil)
			require.True(t, ok)
			_, ok = set.add(accepted(t), nil)
			require.False(t, ok)
			if limits.silentPerSource == 2 {
				s.prove()
				_, ok = set.add(accepted(t), nil)
				require.True(t, ok, "a client with credentials is not silent")
				return
			}
			require.NoError(t, s.Close())
			set.remove(s)
			_, ok = set.add(accepted(t), nil)
			require.True(t, ok)
		})
	}
}

// accepted returns the server's end of a connection.
func accepted(t *testing.T) *net.TCPConn {
	t.Helper()
	_, s := pipe(t, DefaultConfig().streamLimits())
	return s.tcp
}

func TestRefusedStream(t *testing.T) {
	cfg := testConfig()
	cfg.MaxSilentStreamsPerSource = 1
	s := newTestServer(cfg)
	running(t, s)
	first := dial(t, "tcp", tcpAddr(s).String(), "", "")
	_, err := first.SendBindingRequest()
	require.NoError(t, err)

	// The reset may come while still dialling.
	refused, err := net.Dial("tcp", tcpAddr(s).String())
	if err == nil {
		require.NoError(t, refused.SetReadDeadline(time.Now().Add(patience)))
		_, err = refused.Read(make([]byte, 1))
		require.NoError(t, refused.Close())
	}
	require.ErrorContains(t, err, "reset")
	require.EqualValues(t, 1, s.Status().RefusedStreams)

	require.NoError(t, first.conn.Close())
	require.Eventually(t, func() bool { return s.Status().Streams == 0 }, patience, time.Millisecond)
	dialDevice(t, s, "tcp", "laptop").allocate(t)
	dialDevice(t, s, "tcp", "desk").allocate(t)
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
