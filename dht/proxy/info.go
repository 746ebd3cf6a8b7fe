// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"net/http"
	"net/netip"
	"time"

	"jamibox/dht/node"
	"jamibox/dht/routing"
)

// nodeInfo tells a client of the node that it has in place of one of its own.
type nodeInfo struct {
	IPv4          familyInfo `json:"ipv4"`
	IPv6          familyInfo `json:"ipv6"`
	NodeID        string     `json:"node_id"`
	Ops           int        `json:"ops"`
	PortIPv4      uint16     `json:"port_ipv4"`
	PortIPv6      uint16     `json:"port_ipv6"`
	PublicIP      string     `json:"public_ip,omitempty"`
	StorageSize   int64      `json:"storage_size"`
	StorageValues int        `json:"storage_values"`
}

// familyInfo counts the nodes of an address family.
type familyInfo struct {
	Dubious  int `json:"dubious"`
	Good     int `json:"good"`
	Incoming int `json:"incoming"`
}

// infoOf returns what to tell of the node, and false if it does not run.
func infoOf(stats node.Stats) (nodeInfo, bool) {
	info := nodeInfo{
		IPv4: infoOfFamily(stats.IPv4), IPv6: infoOfFamily(stats.IPv6), NodeID: stats.ID.String(), Ops: stats.Waiting,
		StorageSize: stats.Storage.Bytes, StorageValues: stats.Storage.Values,
	}
	for _, addr := range stats.Addrs {
		// Clients count as connected if there is a good node. Ours is one, also
		// where all others are phones behind it.
		if addr.Addr().Is4() {
			info.PortIPv4 = addr.Port()
			info.IPv4.Good++
		} else {
			info.PortIPv6 = addr.Port()
			info.IPv6.Good++
		}
	}
	return info, len(stats.Addrs) > 0
}

func infoOfFamily(c routing.Counts) familyInfo {
	return familyInfo{Good: c.Good, Dubious: c.Dubious}
}

// serveInfo tells of the node, and where the client is seen.
func (s *Server) serveInfo(_ *life, w http.ResponseWriter, _ *http.Request, from netip.Addr) {
	info, ok := infoOf(s.node.Stats())
	if !ok {
		s.refuse(w, reasonNode, http.StatusServiceUnavailable, "dht node does not answer")
		return
	}
	info.PublicIP = from.Unmap().String()
	s.answer(w, info)
}

// proxyStats is what the proxy tells anybody of itself.
type proxyStats struct {
	LastUpdated    int64    `json:"lastUpdated"`
	Listeners      int      `json:"listenCount"`
	Node           nodeInfo `json:"nodeInfo"`
	PushListeners  int      `json:"pushListenersCount"`
	PutKeys        int      `json:"putCount"`
	RequestRate    float64  `json:"requestRate"`
	Started        int64    `json:"serverStartTime"`
	TotalPermanent int      `json:"totalPermanentPuts"`
}

// serveStats tells of the proxy. The rate of requests is that since its start.
func (s *Server) serveStats(_ *life, w http.ResponseWriter, _ *http.Request, _ netip.Addr) {
	info, ok := infoOf(s.node.Stats())
	if !ok {
		s.refuse(w, reasonNode, http.StatusServiceUnavailable, "dht node does not answer")
		return
	}
	now, stats := time.Now(), s.Stats()
	answer := proxyStats{
		LastUpdated: now.Unix(), Listeners: stats.Listeners - stats.Subscriptions, Node: info,
		PushListeners: stats.Subscriptions, PutKeys: s.keeper.keys(), Started: stats.Started.Unix(), TotalPermanent: stats.Permanent,
	}
	if up := now.Sub(stats.Started).Seconds(); up > 0 {
		answer.RequestRate = float64(s.counters.total()) / up
	}
	s.answer(w, answer)
}
