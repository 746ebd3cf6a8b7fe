// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"jamibox/enroll/organization"
	"jamibox/turn"
	"jamibox/turn/credential"
)

// relay is the TURN server from the moment the organisation exists: its
// credentials come from the organisation's secret, its addresses from the
// set-up where the configuration names none. It is safe for concurrent use.
type relay struct {
	cfg         turn.Config
	org         *organization.Holder
	certificate turn.Certificate // set before Run
	logger      *slog.Logger

	mu     sync.Mutex
	creds  *credential.Credentials // guarded by mu
	server *turn.Server            // guarded by mu
}

func newRelay(cfg turn.Config, org *organization.Holder, logger *slog.Logger) *relay {
	return &relay{cfg: cfg, org: org, logger: logger}
}

func (r *relay) Name() string { return "turn" }

func (r *relay) Run(ctx context.Context, ready func()) error {
	server, err := r.build()
	if err != nil {
		return err
	}
	return server.Run(ctx, ready)
}

// build makes the server once: what it counts is to survive its restarts.
func (r *relay) build() (*turn.Server, error) {
	org, err := r.org.Current()
	if err != nil {
		return nil, err
	}
	cfg := r.cfg
	if len(cfg.Advertise) == 0 {
		cfg.Advertise = org.Advertise
	}
	creds, err := r.credentials()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server != nil {
		return r.server, nil
	}
	r.server = turn.New(turn.Options{Config: cfg, Credentials: creds, Certificate: r.certificate, Logger: r.logger})
	return r.server, nil
}

func (r *relay) credentials() (*credential.Credentials, error) {
	org, err := r.org.Current()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.creds == nil {
		if r.creds, err = credential.New(r.cfg.Realm, relaySecrets(org.Relay)); err != nil {
			return nil, fmt.Errorf("making the relay's credentials: %w", err)
		}
	}
	return r.creds, nil
}

// Check proves that the relay works.
func (r *relay) Check(ctx context.Context) error {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	if server == nil {
		return turn.ErrNotRunning
	}
	return server.Check(ctx)
}

func (r *relay) status() (turn.Status, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return turn.Status{}, false
	}
	return r.server.Status(), true
}

// Deny refuses a device. Before the set-up there are no devices.
func (r *relay) Deny(deviceID string) {
	if creds, err := r.credentials(); err == nil {
		creds.Deny(deviceID)
	}
}

// Allow takes back Deny.
func (r *relay) Allow(deviceID string) {
	if creds, err := r.credentials(); err == nil {
		creds.Allow(deviceID)
	}
}
