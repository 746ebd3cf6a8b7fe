// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"log/slog"
	"sync"
	"time"
)

// Options are the settings FileSource and Internal share. The zero value is
// usable: no logs, the usual intervals, the real clock.
type Options struct {
	// Logger may be nil.
	Logger *slog.Logger
	// Interval is the time between two looks; 0 means 5 s for files and one
	// minute for the internal certificate.
	Interval time.Duration
	// Now is the clock that validity is measured with; nil means time.Now.
	Now func() time.Time
}

func (o Options) withDefaults(interval time.Duration) Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Interval <= 0 {
		o.Interval = interval
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// trouble remembers the error of the last try, so that one that lasts is
// logged once and not at every look.
type trouble struct {
	mu  sync.Mutex
	err error
}

// note keeps err, which may be nil, and reports whether it is a new one.
func (t *trouble) note(err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := err != nil && (t.err == nil || t.err.Error() != err.Error())
	t.err = err
	return fresh
}

func (t *trouble) last() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}
