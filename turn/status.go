// SPDX-License-Identifier: GPL-3.0-or-later

package turn

// Status is a snapshot of the relay. The counters count since the server was
// made.
type Status struct {
	// Listen holds the addresses bound, as "host:port/udp" or "host:port/tcp".
	// It and the fields up to Streams are zero while the relay is not serving.
	Listen []string `json:"listen"`
	// Advertised is the IP address of relayed addresses.
	Advertised string `json:"advertised"`
	// Ports is the range of relayed ports, "first-last".
	Ports string `json:"ports"`
	// Allocations is how many relayed addresses are open.
	Allocations int `json:"allocations"`
	// Streams is how many TCP clients are connected.
	Streams int `json:"streams"`

	// AuthFailures counts requests refused for their credentials.
	AuthFailures uint64 `json:"auth_failures"`
	// RefusedStreams counts TCP connections refused by the limits.
	RefusedStreams uint64 `json:"refused_streams"`
	// DeniedToPeers counts packets dropped because clients may not send to
	// that peer, DeniedFromPeers those that came from such a peer.
	DeniedToPeers   uint64 `json:"denied_to_peers"`
	DeniedFromPeers uint64 `json:"denied_from_peers"`
	// Up counts what clients sent to peers, Down what arrived from peers at
	// relayed addresses, without what was denied. Bytes are payload.
	Up   Traffic `json:"up"`
	Down Traffic `json:"down"`
}

// Traffic is an amount of relayed packets.
type Traffic struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// Status returns the present state.
func (s *Server) Status() Status {
	status := Status{
		AuthFailures:    s.count.authFailures.Load(),
		RefusedStreams:  s.count.refusedStreams.Load(),
		DeniedToPeers:   s.count.deniedTo.Load(),
		DeniedFromPeers: s.count.deniedFrom.Load(),
		Up:              s.count.up.load(),
		Down:            s.count.down.load(),
	}
	if r := s.live.Load(); r != nil {
		status.Listen = addrStrings(r.addrs())
		status.Advertised = r.relays.advertised.String()
		status.Ports = r.relays.ports.String()
		status.Allocations = r.relays.inUse.len()
		status.Streams = r.streams.len()
	}
	return status
}
