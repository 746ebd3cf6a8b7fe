// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"bytes"
	"mime"
	"time"

	"github.com/gofiber/fiber/v2"
)

const csvType = "text/csv"

// UserImport is how far an import of users is.
type UserImport struct {
	// State is "none", "running" or "done".
	State string `json:"state"`
	Total int    `json:"total"`
	// Done is how many were tried, Made how many exist.
	Done   int            `json:"done"`
	Made   int            `json:"made"`
	Failed []ImportFailed `json:"failed"`
	// AcceptedAt is there once there was an import, EndedAt once it is done.
	AcceptedAt *time.Time `json:"accepted_at,omitempty"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
}

// ImportFailed says what of a line could not be done.
type ImportFailed struct {
	Line    int    `json:"line"`
	Column  string `json:"column"`
	Message string `json:"message"`
}

func (f *Face) mountBulk(r fiber.Router) {
	r.Post("/user-import", f.importUsers)
	r.Get("/user-import", f.importState)
	r.Get("/user-export", f.exportUsers)
}

// importUsers checks a CSV file and, unless that is all that was asked for, has
// its users made.
func (f *Face) importUsers(c *fiber.Ctx) error {
	kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != csvType {
		return fiber.NewError(fiber.StatusUnsupportedMediaType, "the body must be text/csv")
	}
	dry := c.Query("dry_run")
	if dry != "" && dry != "true" && dry != "false" {
		return badRequest{"dry_run: true or false is expected"}
	}
	n, err := f.Bulk.Import(c.UserContext(), c.BodyRaw(), dry == "true")
	if err != nil {
		return err
	}
	status := fiber.StatusAccepted
	if dry == "true" {
		status = fiber.StatusOK
	}
	return c.Status(status).JSON(fiber.Map{"users": n})
}

func (f *Face) importState(c *fiber.Ctx) error {
	s, ok, err := f.Bulk.State(c.UserContext())
	if err != nil {
		return err
	}
	shown := UserImport{State: "none", Total: s.Total, Done: s.Done, Made: s.Made, Failed: make([]ImportFailed, len(s.Failed))}
	if ok {
		shown.State, shown.AcceptedAt = "running", &s.AcceptedAt
		if !s.EndedAt.IsZero() {
			shown.State, shown.EndedAt = "done", &s.EndedAt
		}
	}
	for i, p := range s.Failed {
		shown.Failed[i] = ImportFailed(p)
	}
	return c.JSON(shown)
}

func (f *Face) exportUsers(c *fiber.Ctx) error {
	var file bytes.Buffer
	if err := f.Bulk.Export(c.UserContext(), &file); err != nil {
		return err
	}
	c.Attachment("users.csv")
	c.Set(fiber.HeaderContentType, csvType+"; charset=utf-8")
	return c.Send(file.Bytes())
}
