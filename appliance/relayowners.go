// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"jamibox/enroll/store"
)

// owners finds the devices behind the user names of the relay, which cannot be
// reversed: it remembers the name of each device. It is safe for concurrent
// use.
type owners struct {
	store *store.Store

	mu   sync.Mutex
	rows map[string]int64 // by user name; guarded by mu
	last int64            // the newest row that was read; guarded by mu
}

func newOwners(s *store.Store) *owners {
	return &owners{store: s, rows: make(map[string]int64)}
}

// find returns those of the user names that are devices'. name makes the user
// name of a device, always the same.
func (o *owners) find(ctx context.Context, usernames []string, name func(deviceID string) string) (map[string]store.DeviceOwner, error) {
	rows, err := o.rowsOf(ctx, usernames, name)
	if err != nil {
		return nil, err
	}
	devices, err := o.store.DeviceOwners(ctx, slices.Sorted(maps.Keys(rows)))
	if err != nil {
		return nil, fmt.Errorf("listing the devices that use the relay: %w", err)
	}
	found := make(map[string]store.DeviceOwner, len(devices))
	for _, d := range devices {
		found[rows[d.ID]] = d
	}
	return found, nil
}

// rowsOf returns the user names by row id. Only for one that is not remembered
// it asks for the devices that are new since it last did.
func (o *owners) rowsOf(ctx context.Context, usernames []string, name func(string) string) (map[int64]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.ContainsFunc(usernames, func(u string) bool { return o.rows[u] == 0 }) {
		added, err := o.store.DevicesAfter(ctx, o.last)
		if err != nil {
			return nil, fmt.Errorf("listing the new devices: %w", err)
		}
		for _, d := range added {
			o.rows[name(d.DeviceID)], o.last = d.ID, d.ID
		}
	}
	rows := make(map[int64]string)
	for _, u := range usernames {
		if row, ok := o.rows[u]; ok {
			rows[row] = u
		}
	}
	return rows, nil
}
