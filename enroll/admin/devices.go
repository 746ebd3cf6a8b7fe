// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/store"
)

// Device is a device as the API shows one.
type Device struct {
	DeviceID   string     `json:"device_id"`
	ShortID    string     `json:"short_id"`
	Name       string     `json:"name"`
	State      string     `json:"state"`
	UserAgent  string     `json:"user_agent"`
	Remote     string     `json:"remote"`
	EnrolledAt time.Time  `json:"enrolled_at"`
	LastSeenAt time.Time  `json:"last_seen_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
}

func (f *Face) writeDevices(c *fiber.Ctx, user store.User) error {
	devices, err := f.Devices.List(c.UserContext(), user)
	if err != nil {
		return err
	}
	list := make([]Device, len(devices))
	for i, d := range devices {
		list[i] = Device{
			DeviceID: d.DeviceID, ShortID: d.ShortID, Name: d.Alias, State: f.Devices.State(d),
			UserAgent: d.UserAgent, Remote: d.Remote,
			EnrolledAt: d.CreatedAt, LastSeenAt: d.LastSeenAt, ExpiresAt: d.NotAfter, RevokedAt: d.RevokedAt,
		}
	}
	return c.JSON(fiber.Map{"devices": list})
}

func (f *Face) listDevices(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	user, err := f.Accounts.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	return f.writeDevices(c, user)
}

func (f *Face) rename(c *fiber.Ctx, owner *store.User) error {
	var body struct {
		Name string `json:"name"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := f.Devices.Rename(c.UserContext(), owner, c.Params("id"), body.Name); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (f *Face) renameDevice(c *fiber.Ctx) error { return f.rename(c, nil) }

func (f *Face) revokeDevice(c *fiber.Ctx) error {
	var body struct {
		// Reason is a CRLReason (RFC 5280, section 5.3.1); 0 is unspecified.
		Reason int `json:"reason"`
	}
	if len(c.BodyRaw()) > 0 {
		if err := decode(c, &body); err != nil {
			return err
		}
	}
	if err := f.Devices.Revoke(c.UserContext(), nil, c.Params("id"), body.Reason); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
