// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

const (
	relaySecretSize = 32
	// MaxOverlap is how long old relay passwords can be accepted beside new ones.
	MaxOverlap = year
)

var (
	// ErrOverlap tells that an overlap is negative or longer than MaxOverlap.
	ErrOverlap = fmt.Errorf("the overlap must be between 0 and %s", MaxOverlap)
	// ErrRotating tells that the passwords from before the last rotation are
	// still accepted. A further rotation would shut out, before the time that
	// was promised, the devices that have not fetched their new ones.
	ErrRotating = errors.New("the overlap of the last rotation has not ended")
)

// RelaySecrets are the master secrets of the relay's credentials.
type RelaySecrets struct {
	// Names makes the user names of devices; it never changes.
	Names []byte `json:"-"`
	// Current makes the passwords; the same as Names until the first rotation.
	Current []byte `json:"current"`
	// Previous made the passwords that are accepted as well until
	// PreviousUntil; nil if there are none.
	Previous      []byte    `json:"previous,omitempty"`
	PreviousUntil time.Time `json:"previous_until,omitzero"`
}

// Overlapping tells whether passwords of the previous secret are accepted.
func (r RelaySecrets) Overlapping(now time.Time) bool {
	return r.Previous != nil && now.Before(r.PreviousUntil)
}

// rotated returns the secrets after a rotation.
func (r RelaySecrets) rotated(now time.Time, overlap time.Duration) RelaySecrets {
	next := RelaySecrets{Names: r.Names, Current: make([]byte, relaySecretSize)}
	rand.Read(next.Current) // never fails: crypto/rand ends the process instead
	if overlap > 0 {
		next.Previous, next.PreviousUntil = r.Current, now.Add(overlap).UTC().Truncate(time.Second)
	}
	return next
}

// loadRelaySecrets reads the secrets; a box whose secrets were never rotated
// has but one.
func loadRelaySecrets(ctx context.Context, s *store.Store, box *seal.Box) (RelaySecrets, error) {
	first, err := unsealSetting(ctx, s, box, relayName)
	if err != nil {
		return RelaySecrets{}, err
	}
	rotated, err := unsealSetting(ctx, s, box, relayRotatedName)
	if errors.Is(err, store.ErrNotFound) {
		return RelaySecrets{Names: first, Current: first}, nil
	}
	if err != nil {
		return RelaySecrets{}, err
	}
	secrets := RelaySecrets{Names: first}
	if err := json.Unmarshal(rotated, &secrets); err != nil {
		return RelaySecrets{}, err
	}
	return secrets, nil
}

// Rotator rotates the relay's secrets. It is safe for concurrent use.
type Rotator struct {
	store *store.Store
	box   *seal.Box
	org   *Holder
	now   func() time.Time
}

// NewRotator returns a rotator of what org holds.
func NewRotator(s *store.Store, box *seal.Box, org *Holder) *Rotator {
	return &Rotator{store: s, box: box, org: org, now: time.Now}
}

// Rotate makes a new secret for passwords, stores it, has the holder hand it
// out, and calls apply with it. The present passwords are accepted until the
// overlap has passed; with none, all that were ever given out end at once.
// Errors: ErrOverlap, ErrRotating (not with an overlap of 0), ErrNotSetUp; any
// other is a fault of the server.
func (r *Rotator) Rotate(ctx context.Context, overlap time.Duration, apply func(RelaySecrets) error) (RelaySecrets, error) {
	if overlap < 0 || overlap > MaxOverlap.Duration() {
		return RelaySecrets{}, ErrOverlap
	}
	r.org.changing.Lock()
	defer r.org.changing.Unlock()
	org, err := r.org.Current()
	if err != nil {
		return RelaySecrets{}, err
	}
	now := r.now()
	if overlap > 0 && org.Relay.Overlapping(now) {
		return RelaySecrets{}, fmt.Errorf("%w: old passwords are accepted until %s; rotate again afterwards, or now with overlap 0, "+
			"which refuses all passwords given out so far", ErrRotating, org.Relay.PreviousUntil.Format(time.RFC3339))
	}
	next := org.Relay.rotated(now, overlap)
	text, err := json.Marshal(next)
	if err != nil {
		return RelaySecrets{}, fmt.Errorf("encoding the relay secrets: %w", err)
	}
	if err := r.store.SetSetting(ctx, relayRotatedName, r.box.Seal(text, relayRotatedName)); err != nil {
		return RelaySecrets{}, fmt.Errorf("storing the relay secrets: %w", err)
	}
	changed := *org
	changed.Relay = next
	r.org.current.Store(&changed)
	if err := apply(next); err != nil {
		return RelaySecrets{}, fmt.Errorf("applying the relay secrets: %w", err)
	}
	return next, nil
}
