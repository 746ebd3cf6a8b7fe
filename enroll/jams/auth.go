// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
)

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// basic returns the credentials of an Authorization header; false if there is
// none of that scheme.
func basic(c *fiber.Ctx) (credentials, bool, error) {
	scheme, value, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return credentials{}, false, nil
	}
	bad := refusal{fiber.StatusBadRequest, "the Authorization header is not valid"}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil || !utf8.Valid(raw) {
		return credentials{}, true, bad
	}
	user, password, ok := strings.Cut(string(raw), ":")
	if !ok {
		return credentials{}, true, bad
	}
	return credentials{user, password}, true, nil
}

// login answers POST /api/login: by name and password (header or body) with a
// USER token, by client certificate with a DEVICE token.
func (f *Face) login(c *fiber.Ctx) error {
	who, given, err := basic(c)
	if err != nil {
		return f.Answer(c, err)
	}
	if !given && len(c.Body()) > 0 {
		if err := json.Unmarshal(c.Body(), &who); err != nil {
			return f.Answer(c, refusal{fiber.StatusBadRequest, "the body is not a JSON object: " + err.Error()})
		}
		given = who.Username != ""
	}
	if given {
		return f.loginUser(c, who)
	}
	cert, err := f.ClientCertificate(c)
	if err != nil {
		return f.Answer(c, err)
	}
	if cert == nil {
		// Never 401: behind a proxy that drops the certificate it would make
		// every client of the site delete its key.
		return f.Answer(c, refusal{fiber.StatusForbidden, "no client certificate was presented; " +
			"if a reverse proxy stands before the server, it must pass the certificate on"})
	}
	token, err := f.Devices.Login(c.UserContext(), cert, c.Get(fiber.HeaderUserAgent))
	if err != nil {
		return f.Answer(c, err)
	}
	return writeToken(c, token, account.ScopeDevice)
}

func (f *Face) loginUser(c *fiber.Ctx, who credentials) error {
	user, err := f.Accounts.Authenticate(c.UserContext(), who.Username, who.Password)
	if err != nil {
		return f.Answer(c, err)
	}
	token, err := f.Accounts.IssueUserToken(c.UserContext(), user)
	if err != nil {
		return f.Answer(c, err)
	}
	return writeToken(c, token, account.ScopeUser)
}

// writeToken always names the lifetime: a client that misses it takes the
// token as ended and logs in before each request.
func writeToken(c *fiber.Ctx, token, scope string) error {
	return c.JSON(fiber.Map{
		"access_token": token,
		"token_type":   "Bearer",
		"scope":        scope,
		"expires_in":   int(account.TokenLifetime.Seconds()),
	})
}

const bearerLocal = "bearer"

// bearer lets only requests with a good token pass.
func (f *Face) bearer(c *fiber.Ctx) error {
	scheme, token, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return f.Answer(c, account.ErrToken)
	}
	b, err := f.Accounts.Bearer(c.UserContext(), strings.TrimSpace(token))
	if err != nil {
		return f.Answer(c, err)
	}
	actor := audit.ActorOf(c.UserContext())
	actor.Name = "user:" + b.User.Username
	c.SetUserContext(audit.With(c.UserContext(), actor))
	c.Locals(bearerLocal, b)
	return c.Next()
}

func bearerOf(c *fiber.Ctx) account.Bearer {
	b, _ := c.Locals(bearerLocal).(account.Bearer)
	return b
}
