// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Registration states of an account.
const (
	Registered     = "REGISTERED"
	NeedsMigration = "ERROR_NEED_MIGRATION"
	GenericError   = "ERROR_GENERIC"
)

// Keys of account details.
const (
	KeyState      = "Account.registrationStatus" // volatile
	KeyAnnounced  = "Account.deviceAnnounced"    // volatile
	KeyUsername   = "Account.username"           // the Jami ID
	KeyDeviceID   = "Account.deviceID"           // 64 hex
	KeyPassword   = "Account.archivePassword"    // written only
	KeyHostname   = "Account.hostname"           // the bootstrap list
	KeyManager    = "Account.managerUri"
	KeyNameServer = "RingNS.uri"
)

// ErrAccountGone says that the client threw the account away, which is what it
// does when the first enrolment fails.
var ErrAccountGone = errors.New("the account vanished from the client")

// Template returns the details of a new account of a type, as "RING".
func (c *Client) Template(ctx context.Context, kind string) (map[string]string, error) {
	var details map[string]string
	return details, c.call(ctx, &details, "getAccountTemplate", kind)
}

// AddAccount adds an account with these details and returns its id in the
// client.
func (c *Client) AddAccount(ctx context.Context, details map[string]string) (string, error) {
	var id string
	return id, c.call(ctx, &id, "addAccount", details)
}

// AddManagedAccount enrols at a server as a person does: URL, user name,
// password, and a label. It returns the account's id in the client while the
// enrolment is still on its way.
func (c *Client) AddManagedAccount(ctx context.Context, url, user, password, alias string) (string, error) {
	details, err := c.Template(ctx, "RING")
	if err != nil {
		return "", err
	}
	details["Account.type"] = "RING"
	details["Account.alias"] = alias
	details[KeyManager] = url
	details["Account.managerUsername"] = user
	details[KeyPassword] = password
	return c.AddAccount(ctx, details)
}

// Accounts returns the ids of the accounts in the client.
func (c *Client) Accounts(ctx context.Context) ([]string, error) {
	var ids []string
	return ids, c.call(ctx, &ids, "getAccountList")
}

// Details returns the settings of an account.
func (c *Client) Details(ctx context.Context, account string) (map[string]string, error) {
	var details map[string]string
	return details, c.call(ctx, &details, "getAccountDetails", account)
}

// VolatileDetails returns what is true of an account only at the moment.
func (c *Client) VolatileDetails(ctx context.Context, account string) (map[string]string, error) {
	var details map[string]string
	return details, c.call(ctx, &details, "getVolatileAccountDetails", account)
}

// SetDetails changes settings of an account; those not named stay.
func (c *Client) SetDetails(ctx context.Context, account string, changes map[string]string) error {
	details, err := c.Details(ctx, account)
	if err != nil {
		return err
	}
	for key, value := range changes {
		details[key] = value
	}
	return c.call(ctx, nil, "setAccountDetails", account, details)
}

// State returns the registration state of an account.
func (c *Client) State(ctx context.Context, account string) (string, error) {
	details, err := c.VolatileDetails(ctx, account)
	return details[KeyState], err
}

// WaitState waits for a registration state. The error is ErrAccountGone if the
// account vanishes, and names the state it was last seen in otherwise.
func (c *Client) WaitState(ctx context.Context, account, want string) error {
	return c.WaitDetail(ctx, account, KeyState, want)
}

// WaitDetail waits until a volatile detail has a value; errors as WaitState.
func (c *Client) WaitDetail(ctx context.Context, account, key, want string) error {
	var last string
	err := c.Poll(ctx, fmt.Sprintf("account %s has %s=%s", account, key, want), func(ctx context.Context) (bool, error) {
		ids, err := c.Accounts(ctx)
		if err != nil {
			return false, err
		}
		if !slices.Contains(ids, account) {
			return false, ErrAccountGone
		}
		details, err := c.VolatileDetails(ctx, account)
		if err != nil {
			return false, err
		}
		last = details[key]
		return last == want, nil
	})
	if err != nil {
		return fmt.Errorf("%w (last %q)", err, last)
	}
	return nil
}

// WaitGone waits until the client threw an account away.
func (c *Client) WaitGone(ctx context.Context, account string) error {
	return c.Poll(ctx, "account "+account+" is gone", func(ctx context.Context) (bool, error) {
		ids, err := c.Accounts(ctx)
		return err == nil && !slices.Contains(ids, account), err
	})
}

// Devices returns the user's devices that the client knows: long id to name.
func (c *Client) Devices(ctx context.Context, account string) (map[string]string, error) {
	var devices map[string]string
	return devices, c.call(ctx, &devices, "getKnownRingDevices", account)
}

// RevokeDevice revokes a device of the same user and returns the status that
// the client reports when it is done: 0 success, 1 wrong password, 2 other.
func (c *Client) RevokeDevice(ctx context.Context, account, password, device string) (int32, error) {
	mark := c.Mark()
	// The 2023 client answers false even when it has begun.
	if err := c.call(ctx, nil, "revokeDevice", account, password, device); err != nil {
		return 0, err
	}
	s, err := c.WaitSignal(ctx, mark, "deviceRevocationEnded", func(args []any) bool {
		return args[0] == account && args[1] == device
	})
	if err != nil {
		return 0, err
	}
	return s.Args[2].(int32), nil
}

// DeviceCertificate reads the certificate that an account enrolled with from
// the home of the client.
func (c *Client) DeviceCertificate(account string) (*x509.Certificate, error) {
	file := filepath.Join(c.opts.Dir, "data", "jami", account, "ring_device.crt")
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the device certificate of %s: %w", c.opts.Name, err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("reading the device certificate of %s: no PEM block in %s", c.opts.Name, file)
	}
	return x509.ParseCertificate(block.Bytes)
}
