// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"net/netip"
	"time"
)

// Transport is what a client reaches the relay over.
type Transport string

// The transports between client and relay.
const (
	OverUDP Transport = "udp"
	OverTCP Transport = "tcp"
	OverTLS Transport = "tls"
)

// Protocol is what the relay speaks to peers.
type Protocol string

// The relayed protocols: RFC 8656 and RFC 6062.
const (
	UDP Protocol = "udp"
	TCP Protocol = "tcp"
)

// Reason is why an allocation ended.
type Reason string

// The reasons.
const (
	Expired    Reason = "expired"     // not refreshed in time
	Released   Reason = "released"    // the client asked for lifetime 0
	ClientGone Reason = "client_gone" // its connection ended
	Ended      Reason = "ended"       // by an admin
	Revoked    Reason = "revoked"     // its device is refused
	Evicted    Reason = "evicted"     // unused, and made room for another
	Stopped    Reason = "stopped"     // with the relay
	Failed     Reason = "failed"      // the relay could not go on
)

// Traffic is an amount of relayed data. Bytes are payload; packets are not
// known of TCP.
type Traffic struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func (t Traffic) plus(other Traffic) Traffic {
	return Traffic{Packets: t.Packets + other.Packets, Bytes: t.Bytes + other.Bytes}
}

// Allocation is what was known of an allocation at one moment.
type Allocation struct {
	ID       uint64         `json:"id"`
	Username string         `json:"username"`
	Client   netip.AddrPort `json:"client"`
	Server   netip.AddrPort `json:"server"`
	Relayed  netip.AddrPort `json:"relayed"`
	Over     Transport      `json:"over"`
	Protocol Protocol       `json:"protocol"`
	// Peers are those that the client named first, each as "address" or as
	// "address:port".
	Peers []string `json:"peers"`
	// Up counts what the client sent to peers, Down what came from them,
	// without what was denied.
	Up   Traffic `json:"up"`
	Down Traffic `json:"down"`
	// Denied counts packets and connections, either way, that the rules on
	// peers stopped.
	Denied uint64 `json:"denied"`
	// Connections is how many data connections were open.
	Connections int       `json:"connections"`
	Opened      time.Time `json:"opened"`
	Expires     time.Time `json:"expires"`
	// Closed and Reason are zero while the allocation lives.
	Closed time.Time `json:"closed,omitzero"`
	Reason Reason    `json:"reason,omitempty"`
}
