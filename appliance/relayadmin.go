// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"jamibox/enroll/admin"
	"jamibox/enroll/audit"
	"jamibox/enroll/organization"
	"jamibox/enroll/seal"
	"jamibox/turn"
	"jamibox/turn/ledger"
)

// relayAdmin is the relay for its administrator, with the people behind it. It
// is safe for concurrent use.
type relayAdmin struct {
	relay   *relay
	owners  *owners
	rotator *organization.Rotator
	audit   *audit.Log
	// service returns the state of the relay and why.
	service func() (state, detail string)
}

func (a *Appliance) relayAdmin(box *seal.Box, logger *slog.Logger) *relayAdmin {
	return &relayAdmin{
		relay: a.relay, owners: newOwners(a.store),
		rotator: organization.NewRotator(a.store, box, a.org),
		audit:   audit.New(a.store, logger.With("service", "turn")),
		service: a.relayState,
	}
}

// relayState returns the supervisor's word on the relay, or "off".
func (a *Appliance) relayState() (state, detail string) {
	for _, s := range a.supervisor.Status() {
		if s.Name == a.relay.Name() {
			return string(s.State), s.Detail
		}
	}
	return "off", ""
}

// State implements admin.Relay.
func (r *relayAdmin) State() admin.RelayState {
	status, _ := r.relay.status()
	cfg := r.relay.cfg
	s := admin.RelayState{
		Listen: texts(status.Listen), Advertised: texts(status.Advertised), Ports: status.Ports, Realm: cfg.Realm,
		Allocations: status.Allocations, Streams: status.Streams,
		Limits: admin.RelayLimits{
			Allocations: cfg.MaxAllocations, AllocationsPerDevice: cfg.MaxAllocationsPerDevice,
			AllocationsPerSource: cfg.MaxAllocationsPerSource, ConnectionsPerDevice: cfg.MaxConnectionsPerDevice,
			SilentStreamsPerSource: cfg.MaxSilentStreamsPerSource, BytesPerSecondPerDevice: cfg.MaxBytesPerSecondPerDevice,
		},
		Opened: status.Opened, Answers: map[string]uint64{},
		AuthFailures: status.AuthFailures, QuotaRefusals: status.QuotaRefusals, Throttled: status.Throttled,
		RefusedStreams: status.RefusedStreams, DeniedPeers: status.Denied,
		Traffic: map[string]admin.RelayFlow{string(ledger.UDP): {}, string(ledger.TCP): {}},
	}
	s.State, s.Detail = r.service()
	for code, n := range status.ByCode {
		s.Answers[strconv.Itoa(code)] = n
	}
	for protocol, flow := range status.Relayed {
		s.Traffic[string(protocol)] = admin.RelayFlow{Up: admin.RelayTraffic(flow.Up), Down: admin.RelayTraffic(flow.Down)}
	}
	if org, err := r.relay.org.Current(); err == nil && org.Relay.Overlapping(time.Now()) {
		s.PreviousUntil = &org.Relay.PreviousUntil
	}
	return s
}

// texts keeps a list that is not there from becoming a JSON null.
func texts(list []string) []string { return append([]string{}, list...) }

// Allocations implements admin.Relay.
func (r *relayAdmin) Allocations(ctx context.Context) ([]admin.Allocation, error) {
	if server := r.relay.latest(); server != nil {
		return r.named(ctx, server.Allocations())
	}
	return []admin.Allocation{}, nil
}

// ClosedAllocations implements admin.Relay.
func (r *relayAdmin) ClosedAllocations(ctx context.Context) ([]admin.Allocation, error) {
	if server := r.relay.latest(); server != nil {
		return r.named(ctx, server.ClosedAllocations())
	}
	return []admin.Allocation{}, nil
}

// latest returns the server of the present or the last run, nil before the
// first.
func (r *relay) latest() *turn.Server {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.server
}

// named describes allocations with the devices behind them.
func (r *relayAdmin) named(ctx context.Context, allocations []ledger.Allocation) ([]admin.Allocation, error) {
	creds, err := r.relay.credentials()
	if err != nil {
		return nil, err
	}
	usernames := make([]string, len(allocations))
	for i, a := range allocations {
		usernames[i] = a.Username
	}
	owners, err := r.owners.find(ctx, usernames, creds.Username)
	if err != nil {
		return nil, err
	}
	list := make([]admin.Allocation, len(allocations))
	for i, a := range allocations {
		list[i] = describe(a)
		owner := owners[a.Username]
		list[i].User, list[i].DeviceID, list[i].DeviceName = owner.Username, owner.DeviceID, owner.Alias
	}
	return list, nil
}

func describe(a ledger.Allocation) admin.Allocation {
	d := admin.Allocation{
		ID: a.ID, RelayUser: a.Username,
		Client: a.Client.String(), Server: a.Server.String(), Relayed: a.Relayed.String(),
		Over: string(a.Over), Protocol: string(a.Protocol), Peers: texts(a.Peers), Connections: a.Connections,
		Up: admin.RelayTraffic(a.Up), Down: admin.RelayTraffic(a.Down), Denied: a.Denied,
		OpenedAt: a.Opened.UTC(), ExpiresAt: a.Expires.UTC(), Reason: string(a.Reason),
	}
	if !a.Closed.IsZero() {
		closed := a.Closed.UTC()
		d.ClosedAt = &closed
	}
	return d
}

// EndAllocation implements admin.Relay.
func (r *relayAdmin) EndAllocation(ctx context.Context, id uint64) error {
	missing := fmt.Errorf("%d: %w", id, admin.ErrNoAllocation)
	server := r.relay.latest()
	if server == nil {
		return missing
	}
	allocations := server.Allocations()
	i := slices.IndexFunc(allocations, func(a ledger.Allocation) bool { return a.ID == id })
	if i < 0 {
		return missing
	}
	named, err := r.named(ctx, allocations[i:i+1])
	if err != nil {
		return err
	}
	if !server.EndAllocation(id) {
		return missing
	}
	a := named[0]
	r.audit.Record(ctx, "relay allocation ended", a.DeviceID, fmt.Sprintf("user %s, client %s, relayed %s", a.User, a.Client, a.Relayed))
	return nil
}

// RotateSecret implements admin.Relay.
func (r *relayAdmin) RotateSecret(ctx context.Context, overlap time.Duration) (time.Time, error) {
	secrets, err := r.rotator.Rotate(ctx, overlap, r.relay.applySecrets)
	if err != nil {
		return time.Time{}, err
	}
	detail := "old passwords are refused from now on"
	if overlap > 0 {
		detail = "old passwords are accepted until " + secrets.PreviousUntil.Format(time.RFC3339)
	}
	r.audit.Record(ctx, "relay secret rotated", "", detail)
	return secrets.PreviousUntil, nil
}
