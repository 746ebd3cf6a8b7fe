// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/directory/sync"
)

// shownRuns of a source are listed.
const shownRuns = 20

func (f *Face) mountSync(r fiber.Router) {
	r.Get("/sync-settings", f.syncSettings)
	r.Put("/sync-settings", f.setSyncSettings)
	r.Post("/sources/:name/sync", f.startSync)
	r.Get("/sources/:name/sync", f.showSync)
	r.Get("/sources/:name/sync/:id", f.showSyncRun)
}

func (f *Face) startSync(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	var body struct {
		DryRun bool `json:"dry_run"`
		Accept bool `json:"accept"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	id, err := f.Sync.Start(c.UserContext(), name, sync.RunOptions{Dry: body.DryRun, Accept: body.Accept})
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusAccepted).JSON(fiber.Map{"id": id})
}

func (f *Face) showSync(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	state, err := f.Sync.State(c.UserContext(), name)
	if err != nil {
		return err
	}
	runs, err := f.Sync.Runs(c.UserContext(), name, shownRuns)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"state": state, "runs": runs})
}

func (f *Face) showSyncRun(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return sync.ErrNoRun
	}
	report, err := f.Sync.Report(c.UserContext(), name, id)
	if err != nil {
		return err
	}
	return c.JSON(report)
}

func (f *Face) syncSettings(c *fiber.Ctx) error {
	s, err := f.Sync.Settings(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(s)
}

// setSyncSettings changes what the body names and leaves the rest.
func (f *Face) setSyncSettings(c *fiber.Ctx) error {
	s, err := f.Sync.Settings(c.UserContext())
	if err != nil {
		return err
	}
	if err := decode(c, &s); err != nil {
		return err
	}
	if err := f.Sync.SetSettings(c.UserContext(), s); err != nil {
		return err
	}
	return c.JSON(s)
}
