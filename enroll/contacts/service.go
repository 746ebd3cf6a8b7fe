// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"jamibox/enroll/store"
)

const (
	maxEntries = 20_000
	// A client sends its list in one body, which the server bounds; members
	// that are kept from others must not make it grow without end.
	maxBytes = 16 << 20
)

// Service keeps the lists of all users. It is safe for concurrent use.
type Service struct {
	store  *store.Store
	logger *slog.Logger
	// What a list may hold.
	maxEntries, maxBytes int
}

// New returns the service.
func New(s *store.Store, logger *slog.Logger) *Service {
	return &Service{store: s, logger: logger, maxEntries: maxEntries, maxBytes: maxBytes}
}

// Sync merges a device's list (a JSON array) into the user's and returns the
// merged one. Entries that clients could not read are left out and logged.
// Errors: ErrNotAList, ErrTooMany; any other is a fault of the server.
func (s *Service) Sync(ctx context.Context, user store.User, kind Kind, body []byte) ([]byte, error) {
	incoming, refused, err := kind.parse(body, s.maxEntries)
	if err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		s.logger.Warn("synchronised entries refused", "user", user.Username, "kind", kind.name,
			"count", len(refused), "err", refused[0])
	}
	merged := newList(kind)
	var answer []byte
	err = s.store.SyncEntries(ctx, user.ID, kind.name, func(stored []store.SyncedEntry) ([]store.SyncedEntry, error) {
		for _, row := range stored {
			var e entry
			if err := json.Unmarshal([]byte(row.Body), &e); err != nil {
				return nil, fmt.Errorf("reading stored %s %s: %w", kind.name, row.EntryKey, err)
			}
			merged.entries[row.EntryKey] = e
		}
		for _, e := range incoming {
			merged.add(e)
		}
		if len(merged.entries) > s.maxEntries {
			return nil, fmt.Errorf("%w: %d entries, at most %d are kept", ErrTooMany, len(merged.entries), s.maxEntries)
		}
		var err error
		if answer, err = merged.json(); err != nil {
			return nil, fmt.Errorf("encoding the merged list: %w", err)
		}
		if len(answer) > s.maxBytes {
			return nil, fmt.Errorf("%w: %d bytes, at most %d are kept", ErrTooMany, len(answer), s.maxBytes)
		}
		return merged.rows()
	})
	if errors.Is(err, ErrTooMany) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("merging the %s list of %q: %w", kind.name, user.Username, err)
	}
	return answer, nil
}

// rows returns the entries to be stored.
func (l *list) rows() ([]store.SyncedEntry, error) {
	rows := make([]store.SyncedEntry, 0, len(l.changed))
	for id := range l.changed {
		body, err := json.Marshal(l.entries[id])
		if err != nil {
			return nil, fmt.Errorf("encoding %s %s: %w", l.kind.name, id, err)
		}
		rows = append(rows, store.SyncedEntry{EntryKey: id, Body: string(body)})
	}
	return rows, nil
}
