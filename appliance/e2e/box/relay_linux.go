// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package box

import (
	"context"
	"encoding/json"
	"fmt"
)

// Traffic is an amount of relayed payload.
type Traffic struct {
	Bytes uint64 `json:"bytes"`
}

// Allocation is a relayed address that a device has or had.
type Allocation struct {
	ID        uint64  `json:"id"`
	DeviceID  string  `json:"device_id"`  // empty for the credentials that all clients have built in
	RelayUser string  `json:"relay_user"` // as the device is called by the relay
	Protocol  string  `json:"protocol"`   // udp or tcp, spoken to peers
	Up        Traffic `json:"up"`         // from the device to its peers
	Down      Traffic `json:"down"`
	Reason    string  `json:"reason"` // why it ended
}

// Allocations returns what the relay carries at the moment.
func (b *Box) Allocations(ctx context.Context) ([]Allocation, error) {
	return b.allocations(ctx, "list")
}

// ClosedAllocations returns what the relay carried, newest first.
func (b *Box) ClosedAllocations(ctx context.Context) ([]Allocation, error) {
	return b.allocations(ctx, "closed")
}

func (b *Box) allocations(ctx context.Context, which string) ([]Allocation, error) {
	out, err := b.Command(ctx, "relay", which, "--json")
	if err != nil {
		return nil, err
	}
	var list []Allocation
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("reading the relay's allocations from %q: %w", out, err)
	}
	return list, nil
}

// Flow is traffic in both directions.
type Flow struct {
	Up   Traffic `json:"up"`
	Down Traffic `json:"down"`
}

// RelayTraffic returns what the relay has carried since it was started, by the
// protocol spoken to peers.
func (b *Box) RelayTraffic(ctx context.Context) (map[string]Flow, error) {
	out, err := b.Command(ctx, "status", "--json")
	if err != nil {
		return nil, err
	}
	var status struct {
		Details struct {
			Turn struct {
				Relayed map[string]Flow `json:"relayed"`
			} `json:"turn"`
		} `json:"details"`
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return nil, fmt.Errorf("reading what the relay carried from %q: %w", out, err)
	}
	return status.Details.Turn.Relayed, nil
}
