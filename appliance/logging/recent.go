// SPDX-License-Identifier: GPL-3.0-or-later

package logging

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	recentRecords = 500
	// recentValueBytes bounds one value, so that stacks cannot fill the memory.
	recentValueBytes = 2048
)

// Record is one line of the log, already redacted.
type Record struct {
	Time    time.Time `json:"time"` // UTC
	Level   string    `json:"level"`
	Message string    `json:"message"`
	Attrs   []Attr    `json:"attrs,omitempty"`
}

// Attr is one fact of a Record. Groups are written before the key, with dots.
type Attr struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Recent keeps the last 500 records. It is made by New.
type Recent struct {
	mu      sync.Mutex
	records []Record // guarded by mu; a ring once it is full
	next    int      // guarded by mu; where the ring's oldest record is
}

// Records returns a copy, oldest first. It is safe for concurrent use.
func (r *Recent) Records() []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.records[r.next:], r.records[:r.next])
}

func (r *Recent) add(rec Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.records) < recentRecords {
		r.records = append(r.records, rec)
		return
	}
	r.records[r.next] = rec
	r.next = (r.next + 1) % recentRecords
}

// recentHandler is the slog.Handler that fills a Recent.
type recentHandler struct {
	recent *Recent
	level  slog.Level
	groups []string
	attrs  []Attr // of earlier With calls
}

func (h *recentHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *recentHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = flatten(attrs, h.groups, a)
		return true
	})
	h.recent.add(Record{Time: r.Time.UTC(), Level: strings.ToLower(r.Level.String()), Message: r.Message, Attrs: attrs})
	return nil
}

func (h *recentHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		with.attrs = flatten(with.attrs, h.groups, a)
	}
	return &with
}

func (h *recentHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.groups = append(slices.Clip(h.groups), name)
	return &with
}

// flatten appends a to attrs, and the members of a group one by one.
func flatten(attrs []Attr, groups []string, a slog.Attr) []Attr {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() == slog.KindGroup {
		if a.Key != "" {
			groups = append(slices.Clip(groups), a.Key)
		}
		for _, member := range a.Value.Group() {
			attrs = flatten(attrs, groups, member)
		}
		return attrs
	}
	if a.Equal(slog.Attr{}) {
		return attrs // slog: handlers ignore empty attributes
	}
	a = clean(groups, a)
	value := a.Value.String()
	if len(value) > recentValueBytes {
		value = strings.ToValidUTF8(value[:recentValueBytes], "") + "…"
	}
	return append(attrs, Attr{Key: strings.Join(append(slices.Clip(groups), a.Key), "."), Value: value})
}
