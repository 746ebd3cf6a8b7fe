// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"log/slog"
	"sync"

	"jamibox/dht/wire"
)

// hub has all listeners at a key share one listener of the node. It is safe for
// concurrent use.
type hub struct {
	node   Node
	logger *slog.Logger

	mu      sync.Mutex // guards all below, and the watches
	watches map[wire.ID]*watch
	running sync.WaitGroup
}

// watch is a listener of the node, with those who follow it.
type watch struct {
	values    map[uint64][]byte
	followers map[*queue]struct{}
	stop      context.CancelFunc
}

func newHub(node Node, logger *slog.Logger) *hub {
	return &hub{node: node, logger: logger, watches: make(map[wire.ID]*watch)}
}

// follow has the queue told of the values under the key, those that are there
// first, until leave is called. The context ends them all.
func (h *hub) follow(ctx context.Context, key wire.ID, q *queue) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watches[key]
	if w == nil {
		w = h.watch(ctx, key)
	}
	w.followers[q] = struct{}{}
	for _, packed := range w.values {
		q.add(event{packed: packed})
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(w.followers, q)
		if len(w.followers) == 0 {
			h.end(key, w)
		}
	}
}

func (h *hub) watch(ctx context.Context, key wire.ID) *watch {
	ctx, stop := context.WithCancel(ctx)
	w := &watch{values: make(map[uint64][]byte), followers: make(map[*queue]struct{}), stop: stop}
	h.watches[key] = w
	h.running.Go(func() {
		// The node calls tell in turn, so h.mu is never held when the node is called.
		err := h.node.Listen(ctx, key, func(packed []byte, expired bool) { h.tell(w, event{packed, expired}) })
		if err != nil {
			h.logger.Debug("dht proxy no longer listens at a key", "key", key.String(), "err", err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.end(key, w)
		for q := range w.followers {
			q.fail()
		}
	})
	return w
}

// end forgets a watch, of which there may be a newer one already.
func (h *hub) end(key wire.ID, w *watch) {
	w.stop()
	if h.watches[key] == w {
		delete(h.watches, key)
	}
}

func (h *hub) tell(w *watch, e event) {
	v, err := wire.ParseValue(e.packed)
	if err != nil {
		// The node could read it.
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.expired {
		delete(w.values, v.ID)
	} else {
		w.values[v.ID] = e.packed
	}
	for q := range w.followers {
		q.add(e)
	}
}

// keys returns at how many keys somebody listens.
func (h *hub) keys() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watches)
}

// wait returns when the node is no longer listening for anybody; the context of
// follow must be done.
func (h *hub) wait() { h.running.Wait() }
