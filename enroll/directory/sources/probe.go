// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"errors"
	"sync"
	"time"

	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
)

const (
	probeEvery = 15 * time.Second
	// nobody is no one's id; looking for it costs a directory next to nothing.
	nobody = "00000000-0000-0000-0000-000000000000"
)

// Run asks each directory something small now and then, so that the
// administrator sees one that is down before the people do, and logins do not
// wait for it. It returns when ctx ends.
func (r *Registry) Run(ctx context.Context) error {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		r.probe(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *Registry) probe(ctx context.Context) {
	var group sync.WaitGroup
	for _, l := range *r.live.Load() {
		if !l.usable() || !l.hasReader() {
			continue
		}
		group.Go(func() {
			before := l.health.show()
			_, err := l.client.Entry(ctx, nobody)
			if ctx.Err() != nil || errors.Is(err, ldapclient.ErrClosed) {
				return
			}
			l.health.note(err, r.now())
			r.logChange(l, before.State)
		})
	}
	group.Wait()
}

// logChange tells the log that a directory went down or came back.
func (r *Registry) logChange(l *live, before string) {
	switch now := l.health.show(); {
	case now.State == before:
	case now.State == StateDown:
		r.logger.Warn("source is down", "source", l.row.Name, "err", now.LastError)
	case before == StateDown:
		r.logger.Info("source is up again", "source", l.row.Name)
	}
}

// hasReader tells whether anybody but the people themselves may read the
// directory.
func (l *live) hasReader() bool {
	return l.cfg.BindDN != "" || l.cfg.WithDefaults().Login == source.LoginSearch
}
