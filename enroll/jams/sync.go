// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/contacts"
)

func (f *Face) syncContacts(c *fiber.Ctx) error { return f.sync(c, contacts.Contacts()) }

func (f *Face) syncRequests(c *fiber.Ctx) error { return f.sync(c, contacts.Requests()) }

// syncConversations also notes that this client is of December 2023 or later:
// older ones never ask.
func (f *Face) syncConversations(c *fiber.Ctx) error {
	if t := bearerOf(c).Token; !t.ConversationsSeen {
		if err := f.Store.MarkConversationsSeen(c.UserContext(), t.TokenHash); err != nil {
			return f.Answer(c, err)
		}
	}
	return f.sync(c, contacts.Conversations())
}

func (f *Face) sync(c *fiber.Ctx, kind contacts.Kind) error {
	merged, err := f.Contacts.Sync(c.UserContext(), bearerOf(c).User, kind, c.Body())
	if err != nil {
		return f.Answer(c, err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(merged)
}
