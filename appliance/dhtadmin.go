// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"jamibox/dht"
	"jamibox/enroll/admin"
)

// dhtAdmin is the DHT node for its administrator. It is safe for concurrent use.
type dhtAdmin struct {
	node func() *bootstrap // returns nil where the service is off
	// service returns the state of the node and why.
	service func() (state, detail string)
}

// dhtUnknown is what the engine dhtnode does not tell.
const dhtUnknown = "dhtnode does not tell its nodes, values, listeners and requests; dht.engine = builtin does"

func (a *Appliance) dhtAdmin() dhtAdmin {
	return dhtAdmin{node: func() *bootstrap { return a.dht }, service: a.dhtState}
}

// dhtState returns the supervisor's word on the node, or "off".
func (a *Appliance) dhtState() (state, detail string) {
	if a.dht != nil {
		for _, s := range a.supervisor.Status() {
			if s.Name == a.dht.Name() {
				return string(s.State), s.Detail
			}
		}
	}
	return "off", ""
}

// State implements admin.DHT.
func (d dhtAdmin) State() admin.DHTState {
	var s admin.DHTState
	s.State, s.Detail = d.service()
	node := d.node()
	if node == nil {
		return s
	}
	status := node.Status()
	s.Engine, s.NodeID, s.Port, s.PID, s.Listed = status.Engine, status.NodeID, status.Port, status.PID, status.Nodes
	if !status.Started.IsZero() {
		started := status.Started.UTC()
		s.StartedAt = &started
	}
	if p := status.LastProbe; !p.At.IsZero() {
		probed := p.At.UTC()
		s.ProbedAt, s.ProbeSeconds = &probed, p.RTT.Seconds()
	}
	switch {
	case status.Builtin != nil:
		s.Node = describeNode(status.Builtin)
	case status.Port != 0:
		s.Unknown = dhtUnknown
	}
	return s
}

func describeNode(n *dht.NodeStatus) *admin.DHTNode {
	d := &admin.DHTNode{
		Addresses: texts(n.Addrs), IPv4: admin.DHTNodeCounts(n.IPv4), IPv6: admin.DHTNodeCounts(n.IPv6),
		Neighbours: []admin.DHTNeighbour{}, Types: []admin.DHTValues{},
		Keys: n.Keys, Values: n.Values, Bytes: n.Bytes, Listeners: n.Listeners,
		Requests: n.Requests, PerSecond: n.RequestsPerSecond, Rejected: n.Rejected, Puts: n.Puts,
		Dropped:    admin.DHTDropped{Requests: n.Dropped, RequestsPerSource: n.DroppedPerSource, Answers: n.DroppedAnswers},
		Replicated: n.Replicated, ExpiredValues: n.ExpiredValues, EvictedValues: n.EvictedValues, Pushes: n.Pushes,
	}
	for _, other := range n.Neighbours {
		d.Neighbours = append(d.Neighbours, admin.DHTNeighbour(other))
	}
	for _, t := range n.Types {
		d.Types = append(d.Types, admin.DHTValues(t))
	}
	return d
}
