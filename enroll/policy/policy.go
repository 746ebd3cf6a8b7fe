// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"jamibox/enroll/audit"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// Relay is the relay as a device is told of it.
type Relay struct {
	// Server is a host or IP address, with a port unless it is 3478.
	Server                    string
	Username, Password, Realm string
}

// Network says where the services of the box are. It is asked for each
// device, since each has relay credentials of its own.
type Network interface {
	// Bootstrap returns "host:port" of each DHT node. It is never empty: an
	// empty setting would send clients to the public node.
	Bootstrap() []string
	// Proxy returns the URL of the DHT proxy, empty if there is none, and whether
	// clients are to use it.
	Proxy() (url string, use bool)
	// Relay returns the relay with a device's credentials; false if there is none.
	// The empty id, which no device has, asks for the rest of it.
	Relay(deviceID string) (Relay, bool)
}

// Service composes client settings. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	box     *seal.Box
	network Network
	audit   *audit.Log
	now     func() time.Time
	// changes is held from reading what is changed until it is stored.
	changes sync.Mutex
}

// New returns the service.
func New(s *store.Store, box *seal.Box, network Network, log *audit.Log) *Service {
	return &Service{store: s, box: box, network: network, audit: log, now: time.Now}
}

// For returns all settings of a device of a user, ready to be sent: what an
// isolated network needs, then what was added for everyone, then the policies of
// the user's groups. All values are text.
// An empty deviceID stands for a client that has shown a password only: it is
// told nothing of the box's relay, and keeps what it knows.
func (s *Service) For(ctx context.Context, userID int64, deviceID string) (map[string]string, error) {
	settings := s.own()
	if deviceID != "" {
		s.addRelay(settings, deviceID)
	}
	layers, err := s.layers(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, l := range layers {
		for name := range l.values {
			if settings[name], err = s.open(l.kept, name); err != nil {
				return nil, err
			}
		}
	}
	return settings, nil
}

// own returns what the box itself tells every client.
func (s *Service) own() map[string]string {
	proxy, useProxy := s.network.Proxy()
	return map[string]string{
		"Account.hostname":         strings.Join(s.network.Bootstrap(), ";"),
		"Account.bootstrapListUrl": "",
		"Account.dhtProxyListUrl":  "",
		// Android and iOS switch a public proxy on when they enrol.
		"Account.proxyEnabled":     strconv.FormatBool(useProxy),
		"Account.proxyListEnabled": "false",
		"Account.proxyServer":      proxy,
		"Account.upnpEnabled":      "false",
		"Account.peerDiscovery":    "true",
		"DHT.AllowFromTrusted":     "true",
		"DHT.PublicInCalls":        "false",
		// A client that is not sent this key clears its own list.
		"Account.defaultModerators": "",
	}
}

func (s *Service) addRelay(settings map[string]string, deviceID string) {
	relay, ok := s.network.Relay(deviceID)
	if !ok {
		settings["TURN.enable"] = "false"
		return
	}
	settings["TURN.enable"] = "true"
	settings["TURN.server"] = relay.Server
	settings["TURN.username"] = relay.Username
	settings["TURN.password"] = relay.Password
	settings["TURN.realm"] = relay.Realm
}

// layer is a set of settings that goes before those under it, key by key.
type layer struct {
	origin Origin
	// policy is the name of the policy that it is, if it is one.
	policy string
	kept
}

// layers returns what is laid over the box's own settings for a user, the lowest
// first.
func (s *Service) layers(ctx context.Context, userID int64) ([]layer, error) {
	added, err := s.added(ctx)
	if err != nil {
		return nil, err
	}
	layers := []layer{{Everyone, "", added}}
	rows, err := s.store.PoliciesOf(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("listing the policies of a user: %w", err)
	}
	for _, row := range rows {
		k, err := keptBy(row)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer{OfPolicy, row.Name, k})
	}
	return layers, nil
}
