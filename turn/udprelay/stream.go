// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"

	"jamibox/turn/ledger"
)

// Stream is a client's connection, cut into messages. Write and Close may be
// called while Next waits.
type Stream interface {
	// Next puts the next whole message into p, ChannelData with its padding,
	// and returns its length. io.EOF and net.ErrClosed are an orderly end.
	Next(p []byte) (int, error)
	// Write sends whole messages. It bounds the time that it takes.
	Write(p []byte) (int, error)
	Client() netip.AddrPort
	Server() netip.AddrPort
	Over() ledger.Transport
	// Close makes Next return. It may be called more than once.
	Close() error
}

// maxFrames is how many messages are read ahead of the core.
const maxFrames = 16

// streamLink is a client's stream.
type streamLink struct {
	stream Stream
	relay  *Relay
	frames chan frame // closed at the end of the stream
	woken  chan struct{}
	held   *[]byte // the message that receive returned last
	err    error   // set before frames is closed

	mu sync.Mutex // held while writing
}

type frame struct {
	buffer *[]byte
	size   int
}

func newStreamLink(s Stream, r *Relay) *streamLink {
	return &streamLink{
		stream: s,
		relay:  r,
		frames: make(chan frame, maxFrames),
		woken:  make(chan struct{}, 1),
	}
}

// feed reads messages until the stream ends.
func (l *streamLink) feed() {
	defer close(l.frames)
	for {
		buffer := l.relay.pools.frames.Get().(*[]byte)
		n, err := l.stream.Next(*buffer)
		if err != nil {
			l.relay.pools.frames.Put(buffer)
			l.err = err
			return
		}
		l.frames <- frame{buffer, n}
	}
}

func (l *streamLink) receive() ([]byte, netip.AddrPort, error) {
	if l.held != nil {
		l.relay.pools.frames.Put(l.held)
		l.held = nil
	}
	select {
	case f, ok := <-l.frames:
		if !ok {
			if errors.Is(l.err, io.EOF) {
				return nil, netip.AddrPort{}, net.ErrClosed
			}
			return nil, netip.AddrPort{}, l.err
		}
		l.held = f.buffer
		return (*f.buffer)[:f.size], l.stream.Client(), nil
	case <-l.woken:
		return nil, netip.AddrPort{}, errWoken
	}
}

func (l *streamLink) more() bool { return len(l.frames) > 0 }

func (l *streamLink) wake() {
	select {
	case l.woken <- struct{}{}:
	default: // it is to be woken already
	}
}

func (l *streamLink) answer(msg []byte, _ netip.AddrPort) { l.write(msg) }

func (l *streamLink) carry(b *box) { l.write(b.data) }

// write ends the stream if the client does not take what is sent: it could not
// understand what follows.
func (l *streamLink) write(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.stream.Write(p); err != nil {
		l.relay.cfg.Logger.Debug("sending to a client", "remote", l.stream.Client(), "err", err)
		l.close()
	}
}

func (l *streamLink) close() {
	if err := l.stream.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		l.relay.cfg.Logger.Debug("closing a client's stream", "remote", l.stream.Client(), "err", err)
	}
}

func (l *streamLink) server() netip.AddrPort { return l.stream.Server() }

func (l *streamLink) over() ledger.Transport { return l.stream.Over() }
