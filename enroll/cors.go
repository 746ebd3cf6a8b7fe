// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
)

// crossOrigin lets pages of the configured origins call the API. Without any,
// browsers keep to pages of the box itself. It adds nothing to what a caller
// may do: the API knows callers by the token they send, never by a cookie, so a
// page that is allowed here by mistake still has to know one.
func (s *Server) crossOrigin(app *fiber.App) {
	origins := s.o.Config.Server.AllowedOrigins
	if len(origins) == 0 {
		return
	}
	app.Use("/api", cors.New(cors.Config{
		AllowOrigins: strings.Join(origins, ","),
		AllowMethods: "GET,HEAD,POST,PUT,PATCH,DELETE",
		AllowHeaders: "Authorization,Content-Type",
		MaxAge:       int((10 * time.Minute).Seconds()),
	}))
}
