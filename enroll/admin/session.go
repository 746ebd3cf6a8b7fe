// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import "github.com/gofiber/fiber/v2"

// login opens an administrator's session.
func (f *Face) login(c *fiber.Ctx) error {
	var body struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	token, err := f.Accounts.LoginAdministrator(c.UserContext(), body.Name, body.Password)
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusCreated).JSON(fiber.Map{"token": token})
}

// logout ends the session whose token the request bears.
func (f *Face) logout(c *fiber.Ctx) error {
	if err := f.Accounts.LogoutAdministrator(c.UserContext(), bearerToken(c)); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
