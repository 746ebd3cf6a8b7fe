// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import "time"

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
}

// Probe is one probe that was answered.
type Probe struct {
	At time.Time `json:"at"`
	// RTT is the time from the first ping to its answer, in nanoseconds in JSON.
	RTT time.Duration `json:"rtt"`
}
