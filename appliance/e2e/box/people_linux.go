// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package box

import (
	"context"
	"encoding/json"
	"fmt"
)

// User is a person of the organisation.
type User struct {
	Name, Password, FirstName, LastName string
}

// AddUser makes a local user.
func (b *Box) AddUser(ctx context.Context, u User) error {
	file, err := b.secret(u.Name, u.Password)
	if err != nil {
		return err
	}
	_, err = b.Command(ctx, "user", "add", u.Name, "--password-file", file, "--first-name", u.FirstName, "--last-name", u.LastName)
	return err
}

// DisableUser shuts a user out until EnableUser.
func (b *Box) DisableUser(ctx context.Context, name string) error {
	_, err := b.Command(ctx, "user", "disable", name)
	return err
}

// EnableUser lets a disabled user in again.
func (b *Box) EnableUser(ctx context.Context, name string) error {
	_, err := b.Command(ctx, "user", "enable", name)
	return err
}

// Device is a device of a user as the admin sees it.
type Device struct {
	ID    string `json:"device_id"` // long id, 64 hex
	State string `json:"state"`
}

// Devices returns all devices, revoked or not, that a user ever enrolled.
func (b *Box) Devices(ctx context.Context, user string) ([]Device, error) {
	out, err := b.Command(ctx, "device", "list", user, "--json")
	if err != nil {
		return nil, err
	}
	var devices []Device
	if err := json.Unmarshal([]byte(out), &devices); err != nil {
		return nil, fmt.Errorf("reading the devices of %s from %q: %w", user, out, err)
	}
	return devices, nil
}

// RevokeDevice revokes a device by its long id, as the admin does.
func (b *Box) RevokeDevice(ctx context.Context, id string) error {
	_, err := b.Command(ctx, "device", "revoke", id)
	return err
}
