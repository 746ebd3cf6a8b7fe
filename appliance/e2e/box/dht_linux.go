// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package box

import (
	"context"
	"encoding/json"
	"fmt"
)

// DHTNode is what the box tells of its builtin DHT node.
type DHTNode struct {
	Good     int               `json:"good"`
	Dubious  int               `json:"dubious"`
	Requests map[string]uint64 `json:"requests"`
}

// DHTProxy is what the box tells of its DHT proxy.
type DHTProxy struct {
	Requests  map[string]uint64 `json:"requests"`
	Refused   map[string]uint64 `json:"refused"`
	Listeners int               `json:"listeners"`
	Permanent int               `json:"permanent"`
}

// DHT is what the box tells of the DHT.
type DHT struct {
	Node  DHTNode
	Proxy DHTProxy
}

// DHT returns what the box tells of the DHT.
func (b *Box) DHT(ctx context.Context) (DHT, error) {
	out, err := b.Command(ctx, "status", "--json")
	if err != nil {
		return DHT{}, err
	}
	var status struct {
		Details struct {
			DHT struct {
				Builtin DHTNode `json:"builtin"`
			} `json:"dht"`
			Proxy DHTProxy `json:"dht_proxy"`
		} `json:"details"`
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return DHT{}, fmt.Errorf("reading what the box tells of the DHT from %q: %w", out, err)
	}
	return DHT{Node: status.Details.DHT.Builtin, Proxy: status.Details.Proxy}, nil
}
