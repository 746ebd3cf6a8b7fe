// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"jamibox/enroll/directory/source"
)

// Live is the directories that users come from, as they are at the moment. It
// is safe for concurrent use.
type Live interface {
	// Sources returns the enabled directories, without the box itself.
	Sources(ctx context.Context) []LiveSource
}

// LiveSource is a directory that can be searched.
type LiveSource struct {
	ID   int64
	Name string
	// Search returns at most limit people in whose entry each word occurs.
	Search func(ctx context.Context, words []string, limit int) ([]source.Person, error)
}

const (
	// liveTime is what a person waits for a directory at most.
	liveTime = 2 * time.Second
	// downTime is how long a directory that failed is left alone.
	downTime = 30 * time.Second
)

// asker searches directories and remembers which of them do not answer. It is
// safe for concurrent use.
type asker struct {
	live   Live
	logger *slog.Logger
	limit  time.Duration
	now    func() time.Time

	mu   sync.Mutex
	down map[int64]time.Time // when to try again; guarded by mu
}

func newAsker(live Live, logger *slog.Logger) *asker {
	return &asker{live: live, logger: logger, limit: liveTime, now: time.Now, down: map[int64]time.Time{}}
}

// found is what a directory knows.
type found struct {
	source int64
	ids    []string
}

// ask starts the search in all directories and returns their number and where
// the answers come; each answers, with nothing if it fails. One that was down is
// only tried: nobody waits for it.
func (a *asker) ask(ctx context.Context, words []string, limit int) (int, <-chan found) {
	if a.live == nil {
		return 0, nil
	}
	sources := a.live.Sources(ctx)
	answers := make(chan found, len(sources))
	n := 0
	for _, s := range sources {
		switch wait, try := a.turn(s.ID); {
		case wait:
			n++
			go func() { answers <- a.search(ctx, s, words, limit) }()
		case try:
			go a.search(context.WithoutCancel(ctx), s, words, limit)
		}
	}
	return n, answers
}

// turn tells whether to wait for a directory, or only to try whether it is back.
func (a *asker) turn(id int64) (wait, try bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	again, isDown := a.down[id]
	if !isDown {
		return true, false
	}
	if a.now().Before(again) {
		return false, false
	}
	a.down[id] = a.now().Add(downTime)
	return false, true
}

// search returns whom a directory finds within the limit of time, even if it
// does not heed its context.
func (a *asker) search(ctx context.Context, s LiveSource, words []string, limit int) found {
	inTime, cancel := context.WithTimeout(ctx, a.limit)
	type answer struct {
		people []source.Person
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		defer cancel()
		people, err := s.Search(inTime, words, limit)
		done <- answer{people, err}
	}()
	var got answer
	select {
	case got = <-done:
	case <-inTime.Done():
		got.err = inTime.Err()
		select { // both may have happened
		case got = <-done:
		default:
		}
	}
	a.note(ctx, s, got.err)
	result := found{source: s.ID}
	for _, p := range got.people {
		result.ids = append(result.ids, p.ExternalID)
	}
	return result
}

// note remembers whether a directory answers. A search that nobody waits for
// any more says nothing about it.
func (a *asker) note(ctx context.Context, s LiveSource, err error) {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	a.mu.Lock()
	_, was := a.down[s.ID]
	if err != nil {
		a.down[s.ID] = a.now().Add(downTime)
	} else {
		delete(a.down, s.ID)
	}
	a.mu.Unlock()
	switch {
	case err != nil && !was:
		a.logger.Warn("directory not searched", "source", s.Name, "err", err)
	case err == nil && was:
		a.logger.Info("directory searched again", "source", s.Name)
	}
}
