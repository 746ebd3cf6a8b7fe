// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// PoolSize is how many account keys are made ahead of their users.
const PoolSize = 16

// retryAfter spaces the looks whether the pool is full, should a fill have
// failed.
const retryAfter = time.Minute

const poolContext = "account key pool"

// KeyPool makes account keys ahead of time, since a 4096-bit key takes a
// second and is by far the slowest step of creating a user. It is safe for
// concurrent use.
type KeyPool struct {
	store  *store.Store
	box    *seal.Box
	org    *organization.Holder
	logger *slog.Logger
	taken  chan struct{}
}

// NewKeyPool returns a pool; Run fills it.
func NewKeyPool(s *store.Store, box *seal.Box, org *organization.Holder, logger *slog.Logger) *KeyPool {
	return &KeyPool{store: s, box: box, org: org, logger: logger, taken: make(chan struct{}, 1)}
}

// Run keeps the pool full until ctx ends.
func (p *KeyPool) Run(ctx context.Context) error {
	select {
	case <-p.org.SetUp():
	case <-ctx.Done():
		return nil
	}
	retry := time.NewTicker(retryAfter)
	defer retry.Stop()
	for {
		// Keys made ahead are a convenience: without them users still get one.
		if err := p.fill(ctx); err != nil && ctx.Err() == nil {
			p.logger.Error("account keys not made ahead", "err", err)
		}
		select {
		case <-p.taken:
		case <-retry.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *KeyPool) fill(ctx context.Context) error {
	org, err := p.org.Current()
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		n, err := p.store.CountAccountKeys(ctx, org.AccountKeyBits)
		if err != nil {
			return fmt.Errorf("counting account keys: %w", err)
		}
		if n >= PoolSize {
			return nil
		}
		key, err := generate(ctx, org.AccountKeyBits)
		if err != nil {
			return fmt.Errorf("making an account key: %w", err)
		}
		der, err := pki.MarshalPrivateKey(key)
		if err != nil {
			return fmt.Errorf("encoding an account key: %w", err)
		}
		row := store.AccountKey{Bits: org.AccountKeyBits, SealedKey: p.box.Seal(der, poolContext)}
		if err := p.store.AddAccountKey(ctx, row); err != nil {
			return fmt.Errorf("storing an account key: %w", err)
		}
	}
	return nil
}

// Full tells whether as many keys lie ready as are made ahead. The error is
// organization.ErrNotSetUp, or a fault of the server.
func (p *KeyPool) Full(ctx context.Context) (bool, error) {
	org, err := p.org.Current()
	if err != nil {
		return false, err
	}
	n, err := p.store.CountAccountKeys(ctx, org.AccountKeyBits)
	if err != nil {
		return false, fmt.Errorf("counting account keys: %w", err)
	}
	return n >= PoolSize, nil
}

// generate makes an account key, or returns the error of ctx as soon as that
// ends: the making itself cannot be interrupted, and on a slow machine takes
// longer than a box that is told to stop may. The key is lost then.
func generate(ctx context.Context, bits int) (*rsa.PrivateKey, error) {
	type made struct {
		key *rsa.PrivateKey
		err error
	}
	done := make(chan made, 1)
	go func() {
		key, err := pki.GenerateAccountKey(bits)
		done <- made{key, err}
	}()
	select {
	case m := <-done:
		return m.key, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// take returns a key of the given size: from the pool, or a new one.
func (p *KeyPool) take(ctx context.Context, bits int) (*rsa.PrivateKey, error) {
	row, err := p.store.TakeAccountKey(ctx, bits)
	if errors.Is(err, store.ErrNotFound) {
		return generate(ctx, bits)
	}
	if err != nil {
		return nil, fmt.Errorf("taking an account key: %w", err)
	}
	select {
	case p.taken <- struct{}{}:
	default:
	}
	return unsealKey(p.box, row.SealedKey, poolContext)
}

// unsealKey returns the RSA key in sealed.
func unsealKey(box *seal.Box, sealed []byte, context string) (*rsa.PrivateKey, error) {
	der, err := box.Unseal(sealed, context)
	if err != nil {
		return nil, fmt.Errorf("opening an account key: %w", err)
	}
	key, err := pki.ParsePrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading an account key: %w", err)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading an account key: it is %T, not RSA", key)
	}
	return rsaKey, nil
}
