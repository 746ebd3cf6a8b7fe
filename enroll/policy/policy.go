// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

// settingName is where the administrator's additions lie in the store.
const settingName = "client settings"

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
	Relay(deviceID string) (Relay, bool)
}

// Service composes client settings. It is safe for concurrent use.
type Service struct {
	store   *store.Store
	network Network
	audit   *audit.Log
}

// New returns the service.
func New(s *store.Store, network Network, log *audit.Log) *Service {
	return &Service{store: s, network: network, audit: log}
}

// For returns all settings of a device, ready to be sent: what an isolated
// network needs, then what the administrator added. All values are text.
// An empty deviceID stands for a client that has shown a password only: it is
// told nothing of the relay, and keeps what it knows.
func (s *Service) For(ctx context.Context, deviceID string) (map[string]string, error) {
	proxy, useProxy := s.network.Proxy()
	settings := map[string]string{
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
	settings["Account.hostname"] = strings.Join(s.network.Bootstrap(), ";")
	if deviceID != "" {
		s.addRelay(settings, deviceID)
	}
	added, err := s.Added(ctx)
	if err != nil {
		return nil, err
	}
	maps.Copy(settings, added)
	return settings, nil
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

// Added returns the settings that the administrator added for everyone.
func (s *Service) Added(ctx context.Context) (map[string]string, error) {
	added := map[string]string{}
	raw, err := s.store.Setting(ctx, settingName)
	if errors.Is(err, store.ErrNotFound) {
		return added, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the client settings: %w", err)
	}
	if err := json.Unmarshal(raw, &added); err != nil {
		return nil, fmt.Errorf("reading the client settings: %w", err)
	}
	return added, nil
}

// SetAdded replaces the settings that the administrator adds for everyone.
// Errors: ErrInvalid with every problem.
func (s *Service) SetAdded(ctx context.Context, added map[string]string) error {
	problems := []error{checkRange(added, "audio"), checkRange(added, "video")}
	for _, key := range slices.Sorted(maps.Keys(added)) {
		problems = append(problems, Check(key, added[key]))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if added == nil {
		added = map[string]string{}
	}
	raw, err := json.Marshal(added)
	if err != nil {
		return fmt.Errorf("encoding the client settings: %w", err)
	}
	if err := s.store.SetSetting(ctx, settingName, raw); err != nil {
		return fmt.Errorf("storing the client settings: %w", err)
	}
	s.audit.Record(ctx, "client settings changed", "everyone", fmt.Sprintf("%d settings", len(added)))
	return nil
}
