// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Keeper stores the material of the internal mode, sealed.
type Keeper interface {
	// LoadTLS returns false while nothing is stored.
	LoadTLS(ctx context.Context) (Material, bool, error)
	SaveTLS(ctx context.Context, m Material) error
}

// Internal serves a certificate below the box's own root and renews it by
// itself. The root stays. It is safe for concurrent use.
type Internal struct {
	identity *Identity
	keeper   Keeper
	names    func() []string
	opts     Options
	problem  trouble

	mu       sync.Mutex
	material Material         // guarded by mu
	serving  *tls.Certificate // from material; nil until loaded; guarded by mu
}

// NewInternal loads nothing yet. identity, keeper and names must not be nil;
// names says at any time what the certificate must cover (see BoxNames).
func NewInternal(identity *Identity, keeper Keeper, names func() []string, opts Options) *Internal {
	return &Internal{identity: identity, keeper: keeper, names: names, opts: opts.withDefaults(time.Minute)}
}

// Refresh loads what is stored, renews the server certificate if needed, and
// serves it. It returns ErrNoMaterial while nothing is stored. On other errors
// the certificate served so far stays.
func (n *Internal) Refresh(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.load(ctx)
	if err == nil {
		err = n.renew(ctx)
	}
	n.problem.note(err)
	return err
}

// Run renews the server certificate when less than a third of its life is
// left or the names have changed, until ctx is done. While nothing is stored
// it waits for the set-up to do so. It returns nil.
func (n *Internal) Run(ctx context.Context) error {
	ticker := time.NewTicker(n.opts.Interval)
	defer ticker.Stop()
	for {
		n.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Err returns why the last look did not succeed, or nil.
func (n *Internal) Err() error { return n.problem.last() }

// RootPEM returns the root that clients have to trust, or nil until it is loaded.
func (n *Internal) RootPEM() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.serving == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.material.RootCertificate})
}

func (n *Internal) look(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	if n.serving == nil {
		err = n.load(ctx)
	}
	if err == nil {
		err = n.renew(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	if n.problem.note(err) && !errors.Is(err, ErrNoMaterial) {
		n.opts.Logger.Error("own server certificate not renewed", "err", err)
	}
}

// load serves what is stored. The caller holds mu.
func (n *Internal) load(ctx context.Context) error {
	material, found, err := n.keeper.LoadTLS(ctx)
	if err != nil {
		return fmt.Errorf("loading own TLS identity: %w", err)
	}
	if !found {
		return ErrNoMaterial
	}
	return n.serve(material)
}

// renew replaces the server certificate if it is due. It is served only once
// it is stored, so that a restart shows clients the same one. The caller holds mu.
func (n *Internal) renew(ctx context.Context) error {
	names, now := n.names(), n.opts.Now()
	if !due(n.serving.Leaf, names, now) {
		return nil
	}
	material, err := n.material.withServer(names, now)
	if err != nil {
		return fmt.Errorf("renewing own server certificate: %w", err)
	}
	if err := n.keeper.SaveTLS(ctx, material); err != nil {
		return fmt.Errorf("storing renewed server certificate: %w", err)
	}
	if err := n.serve(material); err != nil {
		return err
	}
	n.opts.Logger.Info("own server certificate renewed",
		"names", certificateNames(n.serving.Leaf), "not_after", n.serving.Leaf.NotAfter)
	return nil
}

func (n *Internal) serve(material Material) error {
	certificate, err := material.certificate()
	if err != nil {
		return err
	}
	if err := n.identity.Set(certificate, SourceInternal); err != nil {
		return err
	}
	n.material, n.serving = material, certificate
	return nil
}
