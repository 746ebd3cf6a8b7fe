// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
)

// oldAgent is the whole User-Agent of clients from before April 2025.
const oldAgent = "Jami"

// revokedByUser is the reason recorded when a user revokes an own device:
// cessationOfOperation (RFC 5280, section 5.3.1).
const revokedByUser = 5

type listedDevice struct {
	DeviceID string `json:"deviceId"`
	Alias    string `json:"alias"`
	Revoked  bool   `json:"revoked"`
}

// listDevices answers GET /api/auth/devices. A client of before December 2023
// dies of a sibling device that it does not know yet, so that it is shown
// itself only; it finds its siblings on the DHT. Clients of before 2025 add
// every listed device, so revoked ones are left out for them.
func (f *Face) listDevices(c *fiber.Ctx) error {
	b := bearerOf(c)
	devices, err := f.Devices.List(c.UserContext(), b.User)
	if err != nil {
		return f.Answer(c, err)
	}
	old := c.Get(fiber.HeaderUserAgent) == oldAgent
	alone := old && !b.Token.ConversationsSeen
	list := []listedDevice{}
	for _, d := range devices {
		state := f.Devices.State(d)
		if alone && d.ID != b.Device.ID || old && state == "revoked" || state == "replaced" || state == "expired" {
			continue
		}
		list = append(list, listedDevice{DeviceID: d.DeviceID, Alias: d.Alias, Revoked: state == "revoked"})
	}
	return c.JSON(list)
}

// revokeDevice answers DELETE /api/auth/device/{id}. The answer must be an
// object without "errorDetails": with one, even empty, the client's dialog
// never ends.
func (f *Face) revokeDevice(c *fiber.Ctx) error {
	b := bearerOf(c)
	if b.Token.Scope != account.ScopeUser {
		return f.Answer(c, refusal{fiber.StatusForbidden, "revoking a device needs the user's password: log in with it first"})
	}
	if err := f.Devices.Revoke(c.UserContext(), &b.User, c.Params("id"), revokedByUser); err != nil {
		return f.Answer(c, err)
	}
	return c.JSON(fiber.Map{"deviceId": c.Params("id"), "revoked": true})
}
