// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"math/rand/v2"
	"time"
)

const (
	// bucketSize is the number of nodes beyond which our own bucket is split,
	// and the length of a node list.
	bucketSize = 8
	// quiet is the age of the last answer from a bucket at which it is searched.
	quiet = 10 * time.Minute
	// searchPause lies between two searches of one bucket.
	searchPause = 2 * time.Minute
	// growth is how long our own neighbourhood is searched after it has grown.
	growth = 150 * time.Second
)

// buckets cut the ids into ranges around our own. Bucket i holds those that
// share exactly i leading bits with it, but the last one, our own bucket, all
// that share as many or more.
type buckets struct {
	// By number of shared bits: nodes listed, last answer, last search.
	count    [idBits + 1]int
	replied  [idBits + 1]time.Duration
	searched [idBits + 1]time.Duration

	grown time.Duration // when our own bucket got its last new node
	round time.Duration // when the buckets are looked at next
}

func newBuckets() buckets {
	b := buckets{grown: -growth}
	for i := range b.searched {
		b.searched[i] = -searchPause
	}
	return b
}

// last returns our own bucket, and how many nodes are in it: the largest range
// around our id with no more nodes than a bucket holds.
func (b *buckets) last() (bucket, nodes int) {
	for bucket, nodes = idBits, b.count[idBits]; bucket > 0; bucket-- {
		if nodes+b.count[bucket-1] > bucketSize {
			break
		}
		nodes += b.count[bucket-1]
	}
	return bucket, nodes
}

// grow counts a node that is listed now.
func (b *buckets) grow(shared uint8, at time.Duration) {
	b.count[shared]++
	last, nodes := b.last()
	if int(shared) < last {
		return
	}
	b.grown = at
	if last == 0 && nodes == 1 {
		// The first node is asked at once.
		b.round = at
		return
	}
	// A young neighbourhood is not left waiting for a slow round.
	b.round = min(b.round, at+fastRound())
}

// fastRound is the pause after a round of maintenance that sent something.
func fastRound() time.Duration {
	return 5*time.Second + rand.N(20*time.Second)
}

// slowRound is the pause after a round that sent nothing.
func slowRound() time.Duration {
	return time.Minute + rand.N(2*time.Minute)
}
