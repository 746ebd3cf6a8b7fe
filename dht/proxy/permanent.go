// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"jamibox/dht/node"
	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

const (
	// permanentLife is how long a value is kept alive after a client has put it.
	// Clients repeat themselves two hours before.
	permanentLife = 24 * time.Hour
	// A value is put again before its life is over, and after repeatPause at the
	// latest: other nodes come and go.
	repeatPause  = 10 * time.Minute
	repeatMargin = 30 * time.Second
	// repeatTick is how often it is looked at which values are due, and repeaters
	// how many are put at the same time.
	repeatTick = 5 * time.Second
	repeaters  = 8
)

// errCrowded is returned for what goes beyond the limits.
var errCrowded = errors.New("limit reached")

// keeper keeps values alive. It is safe for concurrent use.
type keeper struct {
	node   Node
	limits Limits
	logger *slog.Logger

	mu       sync.Mutex // guards all below
	values   map[wire.ID]map[uint64]*permanent
	bySource map[netip.Addr]int
	count    int
	bytes    int
}

// permanent is a value that is kept alive. It is never changed, but for due.
type permanent struct {
	packed []byte
	source netip.Addr
	until  time.Time
	due    time.Time // guarded by the keeper's mutex
}

func newKeeper(node Node, limits Limits, logger *slog.Logger) *keeper {
	return &keeper{
		node: node, limits: limits, logger: logger,
		values: make(map[wire.ID]map[uint64]*permanent), bySource: make(map[netip.Addr]int),
	}
}

// keep has the packed value kept alive from now on, in place of one with its id.
// It returns errCrowded if there are too many.
func (k *keeper) keep(key wire.ID, id uint64, packed []byte, source netip.Addr, now time.Time) (*permanent, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(key, id)
	if k.count >= k.limits.Permanent || k.bySource[source] >= k.limits.PermanentPerSource ||
		k.bytes+len(packed) > k.limits.PermanentBytes {
		return nil, errCrowded
	}
	p := &permanent{packed: packed, source: source, until: now.Add(permanentLife), due: now.Add(pauseOf(packed))}
	if k.values[key] == nil {
		k.values[key] = make(map[uint64]*permanent)
	}
	k.values[key][id] = p
	k.bySource[source]++
	k.count++
	k.bytes += len(packed)
	return p, nil
}

// pauseOf returns when to put the value again.
func pauseOf(packed []byte) time.Duration {
	v, err := wire.ParseValue(packed)
	if err != nil {
		// It was packed here, so this does not happen.
		return repeatPause
	}
	return min(storage.Life(v.Type), repeatPause) - repeatMargin
}

// same returns the id of a value that is kept alive under the key and has the
// content of v, which has no id yet.
func (k *keeper) same(key wire.ID, v *wire.Value) (uint64, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, p := range k.values[key] {
		if other, err := wire.ParseValue(p.packed); err == nil && other.SameContent(v) {
			return id, true
		}
	}
	return 0, false
}

// drop ends the keeping of a value, unless it was replaced.
func (k *keeper) drop(key wire.ID, id uint64, p *permanent) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.values[key][id] == p {
		k.remove(key, id)
	}
}

func (k *keeper) remove(key wire.ID, id uint64) {
	p := k.values[key][id]
	if p == nil {
		return
	}
	if delete(k.values[key], id); len(k.values[key]) == 0 {
		delete(k.values, key)
	}
	if k.bySource[p.source]--; k.bySource[p.source] == 0 {
		delete(k.bySource, p.source)
	}
	k.count--
	k.bytes -= len(p.packed)
}

// run puts values again when they are due, until ctx is done.
func (k *keeper) run(ctx context.Context) {
	ticker := time.NewTicker(repeatTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			k.repeat(ctx, now)
		}
	}
}

// due is a value that is to be put again.
type due struct {
	key       wire.ID
	id        uint64
	permanent *permanent
}

// repeat puts what is due.
func (k *keeper) repeat(ctx context.Context, now time.Time) {
	var group errgroup.Group
	group.SetLimit(repeaters)
	for _, d := range k.takeDue(now) {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, searchTimeout)
			defer cancel()
			_, err := k.node.Put(ctx, d.key, d.permanent.packed)
			switch {
			case errors.Is(err, node.ErrRefused):
				// Its owner has put a newer one by other means.
				k.drop(d.key, d.id, d.permanent)
				k.logger.Debug("dht value is no longer kept alive", "key", d.key.String(), "err", err)
			case err != nil:
				k.logger.Debug("dht value put again in part only", "key", d.key.String(), "err", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		// The tasks return none.
		k.logger.Error("putting dht values again", "err", err)
	}
}

// takeDue returns what is due, and forgets what nobody has asked for in a day.
func (k *keeper) takeDue(now time.Time) (all []due) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, values := range k.values {
		for id, p := range values {
			switch {
			case !now.Before(p.until):
				k.remove(key, id)
			case !now.Before(p.due):
				p.due = now.Add(pauseOf(p.packed))
				all = append(all, due{key, id, p})
			}
		}
	}
	return all
}

// size returns how many values are kept alive, and their bytes.
func (k *keeper) size() (count, bytes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count, k.bytes
}

// keys returns under how many keys values are kept alive.
func (k *keeper) keys() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.values)
}
