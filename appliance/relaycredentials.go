// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"context"
	"fmt"

	"jamibox/enroll/organization"
	"jamibox/enroll/store"
	"jamibox/turn/credential"
)

func relaySecrets(s organization.RelaySecrets) credential.Secrets {
	return credential.Secrets{
		Names: s.Names, Current: s.Current, Previous: s.Previous, PreviousUntil: s.PreviousUntil,
	}
}

// loadDenied has the relay refuse the devices that may not use the box, before
// it serves anyone. Until the set-up there are none.
func (r *relay) loadDenied(ctx context.Context, s *store.Store) error {
	if _, err := r.org.Current(); err != nil {
		return nil
	}
	creds, err := r.credentials()
	if err != nil {
		return err
	}
	barred, err := s.BarredDevices(ctx)
	if err != nil {
		return fmt.Errorf("listing the devices that the relay refuses: %w", err)
	}
	creds.SetDenied(barred)
	return nil
}

// applySecrets makes passwords from other secrets from now on.
func (r *relay) applySecrets(s organization.RelaySecrets) error {
	creds, err := r.credentials()
	if err != nil {
		return err
	}
	return creds.Rotate(relaySecrets(s))
}
