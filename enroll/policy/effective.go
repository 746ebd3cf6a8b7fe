// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
	"maps"
	"slices"
)

// Origin is where a setting comes from.
type Origin string

// The origins.
const (
	// Box is what makes clients work here.
	Box Origin = "box"
	// Everyone is what was added for everyone.
	Everyone Origin = "everyone"
	// OfPolicy is a policy of one of the user's groups.
	OfPolicy Origin = "policy"
)

// Effective is a setting as a user's devices are sent it.
type Effective struct {
	Key string
	// Value is nil if it is a secret, or differs from device to device.
	Value  *string
	Origin Origin
	// Policy is the name of the policy that the setting comes from; empty for
	// other origins.
	Policy string
}

// Effective returns what a user's devices are sent, by key, and what to know of
// it.
func (s *Service) Effective(ctx context.Context, userID int64) ([]Effective, []string, error) {
	layers, err := s.layers(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	by := map[string]Effective{}
	own := s.own()
	s.addRelay(own, "")
	for name, value := range own {
		e := Effective{Key: name, Value: &value, Origin: Box}
		if name == "TURN.username" || name == "TURN.password" {
			e.Value = nil
		}
		by[name] = e
	}
	added := Settings{}
	for _, l := range layers {
		for name, value := range l.shown() {
			by[name] = Effective{Key: name, Value: value, Origin: l.origin, Policy: l.policy}
			added[name] = value
		}
	}
	list := make([]Effective, 0, len(by))
	for _, name := range slices.Sorted(maps.Keys(by)) {
		list = append(list, by[name])
	}
	warnings := Warnings(added)
	if use, where := by["Account.proxyEnabled"].Value, by["Account.proxyServer"].Value; *use == "true" && *where == "" {
		warnings = append(warnings, "Account.proxyEnabled: the box serves no DHT proxy (dht.proxy_listen), and Account.proxyServer names no other")
	}
	return list, warnings, nil
}
