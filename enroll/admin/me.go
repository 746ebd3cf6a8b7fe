// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
)

func (f *Face) showMe(c *fiber.Ctx) error { return c.JSON(f.newUser(userOf(c))) }

// changeMyPassword asks for the old password again: a stolen token must not
// be enough to keep the owner out.
func (f *Face) changeMyPassword(c *fiber.Ctx) error {
	var body struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	user := userOf(c)
	if user.SourceID != nil {
		return account.ErrElsewhere
	}
	if _, err := f.Accounts.Authenticate(c.UserContext(), user.Username, body.Old); err != nil {
		return err
	}
	if err := f.Accounts.SetPassword(c.UserContext(), user.Username, body.New); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (f *Face) listMyDevices(c *fiber.Ctx) error { return f.writeDevices(c, userOf(c)) }

func (f *Face) renameMyDevice(c *fiber.Ctx) error {
	user := userOf(c)
	return f.rename(c, &user)
}
