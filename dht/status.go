// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"time"

	"jamibox/dht/node"
)

// Status is what is known of the node at one moment. Apart from Engine all is
// zero while no node is running.
type Status struct {
	Engine string `json:"engine"`
	// Port is the UDP port of the node.
	Port uint16 `json:"port,omitempty"`
	// NodeID is the id that the node answers with, in 40 hexadecimal digits.
	NodeID string `json:"node_id,omitempty"`
	// PID is the id of the node's process, 0 if it has none of its own.
	PID int `json:"pid,omitempty"`
	// Started is when the node first answered.
	Started time.Time `json:"started,omitzero"`
	// LastProbe is the latest probe that the node answered.
	LastProbe Probe `json:"last_probe,omitzero"`
	// Nodes is how many other nodes it listed then, at most 8 of each address
	// family: a sign of life of the network, not its size.
	Nodes int `json:"nodes"`
	// Builtin tells more of the builtin node; nil while there is none.
	Builtin *NodeStatus `json:"builtin,omitempty"`
}

// Probe is one probe that was answered.
type Probe struct {
	At time.Time `json:"at"`
	// RTT is the time from the first ping to its answer, in nanoseconds in JSON.
	RTT time.Duration `json:"rtt"`
}

// NodeStatus is what the builtin node tells of itself. Counts run from its
// start; those that are zero are left out of maps.
type NodeStatus struct {
	// Addrs are the addresses that the node listens at.
	Addrs []string `json:"addrs"`
	// Good nodes answered lately and are told to others, Dubious ones have yet
	// to answer again, Expired ones did not; of both address families.
	Good    int `json:"good"`
	Dubious int `json:"dubious"`
	Expired int `json:"expired"`
	Buckets int `json:"buckets"`
	// IPv4 and IPv6 are the same by address family.
	IPv4 NodeCounts `json:"ipv4"`
	IPv6 NodeCounts `json:"ipv6"`
	// Neighbours are the good nodes closest to our own id, at most
	// maxNeighbours of each address family.
	Neighbours []Neighbour `json:"neighbours"`
	// Values, of Bytes in all, lie under Keys; Listeners wait for more.
	Keys      int           `json:"keys"`
	Values    int           `json:"values"`
	Bytes     int64         `json:"bytes"`
	Listeners int           `json:"listeners"`
	Types     []ValueStatus `json:"types"`
	// Requests counts those that were served, by method.
	Requests map[string]uint64 `json:"requests"`
	// RequestsPerSecond is the mean of the last minute, by method.
	RequestsPerSecond map[string]float64 `json:"requests_per_second"`
	// Rejected counts messages that were not heeded, Puts the values that were
	// put, each by what became of it.
	Rejected map[string]uint64 `json:"rejected"`
	Puts     map[string]uint64 `json:"puts"`
	// Dropped counts requests beyond the limits, DroppedPerSource those of one
	// address, DroppedAnswers what would have been too much for one address.
	Dropped          uint64 `json:"dropped"`
	DroppedPerSource uint64 `json:"dropped_per_source"`
	DroppedAnswers   uint64 `json:"dropped_answers"`
	// Expired and evicted values, and messages to listeners.
	ExpiredValues uint64 `json:"expired_values"`
	EvictedValues uint64 `json:"evicted_values"`
	Pushes        uint64 `json:"pushes"`
	// Replicated counts values that nodes were given which came or came back.
	Replicated uint64 `json:"replicated"`
}

// NodeCounts counts other nodes of one address family.
type NodeCounts struct {
	Good    int `json:"good"`
	Dubious int `json:"dubious"`
	Expired int `json:"expired"`
	Buckets int `json:"buckets"`
}

// maxNeighbours bounds the nodes that are named, which may be thousands.
const maxNeighbours = 16

// Neighbour is another node.
type Neighbour struct {
	NodeID string `json:"node_id"`
	Addr   string `json:"addr"`
}

// ValueStatus is what is stored of one type of values.
type ValueStatus struct {
	Type   string `json:"type"`
	Values int    `json:"values"`
	Bytes  int64  `json:"bytes"`
}

func nodeStatus(s node.Stats) *NodeStatus {
	n := &NodeStatus{
		Good: s.IPv4.Good + s.IPv6.Good, Dubious: s.IPv4.Dubious + s.IPv6.Dubious, Expired: s.IPv4.Expired + s.IPv6.Expired,
		Buckets: s.IPv4.Buckets + s.IPv6.Buckets,
		IPv4:    NodeCounts(s.IPv4), IPv6: NodeCounts(s.IPv6), Neighbours: []Neighbour{},
		Keys: s.Storage.Keys, Values: s.Storage.Values, Bytes: s.Storage.Bytes, Listeners: s.Storage.Listeners,
		Types:    []ValueStatus{},
		Requests: nonZero(s.Requests), Rejected: nonZero(s.Rejected), Puts: make(map[string]uint64),
		Dropped:          s.Dropped.Requests + s.DroppedUnproven.Requests,
		DroppedPerSource: s.Dropped.RequestsPerAddress + s.DroppedUnproven.RequestsPerAddress,
		DroppedAnswers:   s.Dropped.Answers + s.DroppedUnproven.Answers,
		ExpiredValues:    s.Storage.Expired, EvictedValues: s.Storage.Evicted, Pushes: s.Pushes, Replicated: s.Replicated,
	}
	for _, addr := range s.Addrs {
		n.Addrs = append(n.Addrs, addr.String())
	}
	for _, t := range s.Storage.Types {
		if t.Values > 0 {
			n.Types = append(n.Types, ValueStatus{Type: t.Name, Values: t.Values, Bytes: t.Bytes})
		}
	}
	for outcome, count := range s.Storage.Puts {
		if count > 0 {
			n.Puts[outcome.String()] = count
		}
	}
	for what, count := range map[string]uint64{
		"unreadable": s.UnreadablePuts, "too many to check": s.UncheckedPuts,
	} {
		if count > 0 {
			n.Puts[what] = count
		}
	}
	return n
}

func nonZero(counts map[string]uint64) map[string]uint64 {
	some := make(map[string]uint64)
	for what, count := range counts {
		if count > 0 {
			some[what] = count
		}
	}
	return some
}
