// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"jamibox/enroll/organization"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
	"jamibox/enroll/tlsidentity"
)

// materialName is where the box's own root and server key lie in the store.
const materialName = "tls material"

// tlsKeeper keeps the box's own TLS identity, sealed.
type tlsKeeper struct {
	store *store.Store
	box   *seal.Box
}

func (k tlsKeeper) LoadTLS(ctx context.Context) (tlsidentity.Material, bool, error) {
	var m tlsidentity.Material
	sealed, err := k.store.Setting(ctx, materialName)
	if errors.Is(err, store.ErrNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("reading the TLS identity: %w", err)
	}
	plain, err := k.box.Unseal(sealed, materialName)
	if err != nil {
		return m, false, fmt.Errorf("opening the TLS identity: %w", err)
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		return m, false, fmt.Errorf("reading the TLS identity: %w", err)
	}
	return m, true, nil
}

func (k tlsKeeper) SaveTLS(ctx context.Context, m tlsidentity.Material) error {
	plain, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the TLS identity: %w", err)
	}
	return k.store.SetSetting(ctx, materialName, k.box.Seal(plain, materialName))
}

// tlsSource serves a throw-away certificate until the set-up, then the box's
// own or the one given as files.
type tlsSource struct {
	cfg      Config
	org      *organization.Holder
	identity *tlsidentity.Identity
	internal *tlsidentity.Internal
	// watched is there once given files are served.
	watched atomic.Pointer[tlsidentity.FileSource]
	mu      sync.Mutex // one load at a time
	logger  *slog.Logger
}

func newTLSSource(o Options) *tlsSource {
	t := &tlsSource{cfg: o.Config, org: o.Organization, identity: new(tlsidentity.Identity), logger: o.Logger}
	t.internal = tlsidentity.NewInternal(t.identity, tlsKeeper{o.Store, o.Box}, t.names, tlsidentity.Options{Logger: o.Logger})
	return t
}

func (t *tlsSource) names() []string {
	names := t.cfg.TLS.Names
	if org, err := t.org.Current(); err == nil {
		names = append(append([]string(nil), names...), org.Advertise...)
	}
	return tlsidentity.BoxNames(names, publicURL(t.cfg, t.org))
}

// files returns the files in use; false where the box makes its own identity.
// The configuration goes before what was given at set-up.
func (t *tlsSource) files() (tlsidentity.Config, bool) {
	if t.cfg.TLS.Mode == tlsidentity.SourceFiles {
		return t.cfg.TLS, true
	}
	if org, err := t.org.Current(); err == nil && org.TLS.Certificate != "" {
		return filesConfig(org.TLS), true
	}
	return tlsidentity.Config{}, false
}

func filesConfig(f organization.TLSFiles) tlsidentity.Config {
	return tlsidentity.Config{
		Mode: tlsidentity.SourceFiles, Certificate: f.Certificate, Key: f.Key, Passphrase: f.Passphrase, CAFile: f.CAFile,
	}
}

// load has a certificate served, or says why none can be.
func (t *tlsSource) load(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cfg, ok := t.files(); ok {
		source := t.watched.Load()
		if source == nil {
			source = tlsidentity.NewFileSource(cfg, t.identity, tlsidentity.Options{Logger: t.logger})
		}
		if err := source.Load(); err != nil {
			return fmt.Errorf("loading the TLS certificate: %w", err)
		}
		t.watched.Store(source)
		return nil
	}
	if _, err := t.org.Current(); err == nil {
		return t.internal.Refresh(ctx)
	}
	cert, err := tlsidentity.Ephemeral(t.names())
	if err != nil {
		return fmt.Errorf("making a certificate for the set-up: %w", err)
	}
	return t.identity.Set(cert, tlsidentity.SourceEphemeral)
}

// run keeps the certificate fresh, from the set-up on.
func (t *tlsSource) run(ctx context.Context) error {
	select {
	case <-t.org.SetUp():
	case <-ctx.Done():
		return nil
	}
	if err := t.load(ctx); err != nil {
		return err
	}
	if source := t.watched.Load(); source != nil {
		return source.Run(ctx)
	}
	return t.internal.Run(ctx)
}

// err returns why the certificate is not as it should be, or nil.
func (t *tlsSource) err() error {
	if source := t.watched.Load(); source != nil {
		return source.Err()
	}
	if _, err := t.org.Current(); err != nil {
		return nil
	}
	return t.internal.Err()
}

// rootPEM returns the box's own root; false where the certificate was given.
func (t *tlsSource) rootPEM() ([]byte, bool) {
	if _, files := t.files(); files {
		return nil, false
	}
	pem := t.internal.RootPEM()
	return pem, pem != nil
}
