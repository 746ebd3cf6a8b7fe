// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/names"
)

func (f *Face) lookupName(c *fiber.Ctx) error {
	name, err := url.PathUnescape(c.Params("name"))
	if err != nil {
		return f.Answer(c, names.ErrInvalid)
	}
	return f.writeName(c)(f.Names.ByName(c.UserContext(), name))
}

func (f *Face) lookupAddress(c *fiber.Ctx) error {
	return f.writeName(c)(f.Names.ByAddress(c.UserContext(), c.Params("address")))
}

func (f *Face) writeName(c *fiber.Ctx) func(names.Entry, error) error {
	return func(e names.Entry, err error) error {
		if err != nil {
			return f.Answer(c, err)
		}
		return c.JSON(fiber.Map{"name": e.Name, "addr": "0x" + e.Address})
	}
}
