// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import "jamibox/turn/ledger"

// Status is a snapshot of the relay.
type Status struct {
	// Listen holds the addresses bound, as "host:port/udp" or "host:port/tcp".
	// It and the fields up to Streams are zero while the relay is not serving.
	Listen []string `json:"listen"`
	// Advertised holds the addresses that clients are told.
	Advertised []string `json:"advertised"`
	// Ports is the range of relayed ports, "first-last".
	Ports string `json:"ports"`
	// Streams is how many connections clients have over TCP and TLS.
	Streams int `json:"streams"`
	// Allocations is how many relayed addresses are open.
	Allocations int `json:"allocations"`
	// AuthFailures counts requests refused for their credentials.
	AuthFailures uint64 `json:"auth_failures"`
	// Counters count since the server was made, as does AuthFailures.
	ledger.Counters
}

// Status returns the present state.
func (s *Server) Status() Status {
	status := Status{Allocations: s.ledger.Len(), AuthFailures: s.auth.Failures(), Counters: s.ledger.Counters()}
	if r := s.live.Load(); r != nil {
		status.Listen = addrStrings(r.addrs())
		status.Advertised = s.cfg.AdvertisedAddrs()
		status.Ports = r.book.ports.String()
		status.Streams = r.streams.len()
	}
	return status
}
