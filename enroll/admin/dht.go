// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

// DHT is the DHT node as an administrator sees it. It is safe for concurrent
// use.
type DHT interface {
	// State returns what the node is doing.
	State() DHTState
}

// DHTState is what is known of the node. All but State, Detail and Engine is
// missing while it is not running.
type DHTState struct {
	// State is the state of the service, or "off".
	State  string `json:"state"`
	Detail string `json:"detail"`
	// Engine is "builtin" or "dhtnode", empty when the service is off.
	Engine string `json:"engine"`
	// NodeID is in 40 hexadecimal digits.
	NodeID string `json:"node_id,omitempty"`
	Port   uint16 `json:"port,omitempty"`
	// PID is there where the node is a program of its own.
	PID       int        `json:"pid,omitempty"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	// ProbedAt is when the node last stored and returned a value of the box, and
	// ProbeSeconds the time that its answer to a ping took then.
	ProbedAt     *time.Time `json:"probed_at,omitempty"`
	ProbeSeconds float64    `json:"probe_seconds,omitempty"`
	// Listed is how many other nodes the probe was told of, at most 8 of each
	// address family.
	Listed int `json:"listed,omitempty"`
	// Node is what the builtin node tells of itself.
	Node *DHTNode `json:"node,omitempty"`
	// Unknown names what a running node does not tell.
	Unknown string `json:"unknown,omitempty"`
}

// DHTNode is what the builtin node tells of itself. Counts begin at its start;
// those that are zero are left out of maps.
type DHTNode struct {
	Addresses []string      `json:"addresses"`
	IPv4      DHTNodeCounts `json:"ipv4"`
	IPv6      DHTNodeCounts `json:"ipv6"`
	// Neighbours are some of the good nodes, those closest to our own id.
	Neighbours []DHTNeighbour `json:"neighbours"`
	Keys       int            `json:"keys"`
	Values     int            `json:"values"`
	Bytes      int64          `json:"bytes"`
	Types      []DHTValues    `json:"types"`
	Listeners  int            `json:"listeners"`
	// Requests counts those that were served, by method, and PerSecond is their
	// mean in the last minute.
	Requests  map[string]uint64  `json:"requests"`
	PerSecond map[string]float64 `json:"requests_per_second"`
	// Rejected counts messages that were not heeded by reason, Puts the values
	// that were put by what became of them.
	Rejected map[string]uint64 `json:"rejected"`
	Puts     map[string]uint64 `json:"puts"`
	Dropped  DHTDropped        `json:"dropped"`
	// Replicated counts values that nodes were given which came or came back.
	Replicated    uint64 `json:"replicated"`
	ExpiredValues uint64 `json:"expired_values"`
	EvictedValues uint64 `json:"evicted_values"`
	Pushes        uint64 `json:"pushes"`
}

// DHTNodeCounts counts the other nodes of an address family.
type DHTNodeCounts struct {
	Good    int `json:"good"`
	Dubious int `json:"dubious"`
	Expired int `json:"expired"`
	Buckets int `json:"buckets"`
}

// DHTNeighbour is another node.
type DHTNeighbour struct {
	NodeID string `json:"node_id"`
	Addr   string `json:"address"`
}

// DHTValues is what is stored of one type of values.
type DHTValues struct {
	Type   string `json:"type"`
	Values int    `json:"values"`
	Bytes  int64  `json:"bytes"`
}

// DHTDropped counts what went beyond a limit.
type DHTDropped struct {
	Requests          uint64 `json:"requests"`
	RequestsPerSource uint64 `json:"requests_per_source"`
	Answers           uint64 `json:"answers"`
}

func (f *Face) dhtState(c *fiber.Ctx) error { return c.JSON(f.DHT.State()) }
