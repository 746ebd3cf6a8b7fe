// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"sync"
	"time"

	"jamibox/enroll/store"
)

const (
	// cacheTime spares the database and the directories those who type the same
	// again, or turn back.
	cacheTime = 5 * time.Second
	maxCached = 500
)

// cacheKey is what an answer depends on.
type cacheKey struct {
	query   string
	page    int
	counted bool
	view    string
}

type hit struct {
	users []store.User
	pages int
	until time.Time
}

// cache keeps answers for some seconds. It is safe for concurrent use.
type cache struct {
	now func() time.Time

	mu   sync.Mutex
	hits map[cacheKey]hit // guarded by mu
}

func newCache() *cache { return &cache{now: time.Now, hits: map[cacheKey]hit{}} }

func (c *cache) get(key cacheKey) (hit, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hits[key]
	return h, ok && c.now().Before(h.until)
}

func (c *cache) put(key cacheKey, h hit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.hits) >= maxCached {
		c.makeRoom()
	}
	h.until = c.now().Add(cacheTime)
	c.hits[key] = h
}

// makeRoom drops what is out of date or, if nothing is, everything; c.mu is held.
func (c *cache) makeRoom() {
	for key, h := range c.hits {
		if !c.now().Before(h.until) {
			delete(c.hits, key)
		}
	}
	if len(c.hits) >= maxCached {
		clear(c.hits)
	}
}
