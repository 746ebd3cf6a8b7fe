// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

func (f *Face) status(c *fiber.Ctx) error { return c.JSON(f.Status(c.UserContext())) }

// tlsRoot hands out the root that clients have to trust. It is public.
func (f *Face) tlsRoot(c *fiber.Ctx) error {
	if _, err := f.Org.Current(); err != nil {
		return err
	}
	pem, own := f.RootPEM()
	if !own {
		return fiber.NewError(fiber.StatusNotFound, "the box has no root of its own: its certificate was given as files")
	}
	c.Set(fiber.HeaderContentType, "application/x-pem-file")
	return c.Send(pem)
}

// Event is one entry of the audit log.
type Event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Target string    `json:"target"`
	Remote string    `json:"remote"`
	Detail string    `json:"detail"`
}

const maxEvents = 1000

func (f *Face) auditLog(c *fiber.Ctx) error {
	limit, err := queryNumber(c, "limit", 100, 1, maxEvents)
	if err != nil {
		return err
	}
	rows, err := f.Store.Audit(c.UserContext(), limit)
	if err != nil {
		return err
	}
	events := make([]Event, len(rows))
	for i, e := range rows {
		events[i] = Event{At: e.At, Actor: e.Actor, Action: e.Action, Target: e.Target, Remote: e.Remote, Detail: e.Detail}
	}
	return c.JSON(fiber.Map{"events": events})
}

// resetBreaker lets devices be refused again after a mass refusal was stopped.
func (f *Face) resetBreaker(c *fiber.Ctx) error {
	f.Devices.Breaker().Reset()
	return c.SendStatus(fiber.StatusNoContent)
}
