// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Signal is one signal of the daemon.
type Signal struct {
	At     time.Time
	Member string // for instance registrationStateChanged
	Args   []any
}

// Mark is a point in the order of a client's signals.
type Mark int

// signalLog keeps every signal. It is safe for concurrent use.
type signalLog struct {
	mu      sync.Mutex
	signals []Signal
	grown   chan struct{} // closed at the next signal
}

func newSignalLog() *signalLog { return &signalLog{grown: make(chan struct{})} }

// record keeps what comes in until the connection closes the channel.
func (l *signalLog) record(incoming <-chan *dbus.Signal) {
	for s := range incoming {
		member := s.Name[strings.LastIndexByte(s.Name, '.')+1:]
		l.mu.Lock()
		l.signals = append(l.signals, Signal{At: time.Now(), Member: member, Args: s.Body})
		close(l.grown)
		l.grown = make(chan struct{})
		l.mu.Unlock()
	}
}

// since returns the signals from a mark on and a channel that is closed at the
// next one.
func (l *signalLog) since(from Mark) ([]Signal, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.signals[from:len(l.signals):len(l.signals)], l.grown
}

// Mark is the present end of the signals: WaitSignal from here sees only what
// comes later.
func (c *Client) Mark() Mark {
	c.signals.mu.Lock()
	defer c.signals.mu.Unlock()
	return Mark(len(c.signals.signals))
}

// Signals returns what came since a mark.
func (c *Client) Signals(from Mark) []Signal {
	signals, _ := c.signals.since(from)
	return signals
}

// WaitSignal returns the first signal since a mark that has this name and
// matches; match may be nil. It returns early when the daemon ends by itself.
func (c *Client) WaitSignal(ctx context.Context, from Mark, member string, match func(args []any) bool) (Signal, error) {
	for {
		signals, grown := c.signals.since(from)
		for _, s := range signals {
			if s.Member == member && (match == nil || match(s.Args)) {
				return s, nil
			}
		}
		from += Mark(len(signals))
		select {
		case <-grown:
		case <-c.ended():
			return Signal{}, fmt.Errorf("%s: waiting for the signal %s: %w: %w", c.opts.Name, member, ErrEnded, c.daemon.Err())
		case <-ctx.Done():
			return Signal{}, fmt.Errorf("%s: waiting for the signal %s: %w", c.opts.Name, member, context.Cause(ctx))
		}
	}
}
