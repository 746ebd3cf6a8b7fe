// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import "time"

// The times of a node's life.
const (
	// goodAfterHeard and goodAfterReply are how long a node is good.
	goodAfterHeard = 10 * time.Minute
	goodAfterReply = 120 * time.Minute
	// silence is the age of the last datagram at which a node is pinged, and
	// confirm the age of the last reply at which even one that talks is.
	silence = 90 * time.Second
	confirm = 10 * time.Minute
	// askPause lies between two pings to an endpoint. The three tries of the
	// first are over by then.
	askPause = 10 * time.Second
	// maxTries is how many tries in a row a node leaves unanswered until it is
	// expired. Tries that are lost within tryPause count as one: a burst that
	// was dropped says no more than a single datagram.
	maxTries = 3
	tryPause = time.Second
	// claimLife is how long an answer counts that came from another endpoint
	// than the one that the node's id is known at.
	claimLife = time.Minute
	// An expired node is pinged after retryPause, then after twice that, and so
	// on maxRetries times.
	retryPause = time.Minute
	maxRetries = 6
)

// Config bounds what a Table keeps and sends. The zero value is not usable; see
// DefaultConfig.
type Config struct {
	// Nodes bounds the records of nodes, expired ones included.
	Nodes int
	// NodesPerAddress bounds the records of live nodes at one IPv4 address or in
	// one IPv6 network of 64 bits.
	NodesPerAddress int
	// Pings bounds the endpoints not yet known that are pinged in a second, and
	// the pings that one call of Due returns.
	Pings int
}

// DefaultConfig returns bounds for a site of 5,000 clients behind one address: all
// fit in three times over, and if all come at the same moment, they are pinged
// within five seconds. A full table takes 35 MB.
func DefaultConfig() Config {
	return Config{Nodes: 65536, NodesPerAddress: 16384, Pings: 1024}
}
