// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"errors"
	"mime"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/clientcert"
	"jamibox/enroll/contacts"
	"jamibox/enroll/device"
	"jamibox/enroll/group"
	"jamibox/enroll/names"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/revocation"
)

// refusal is an error that the request itself caused.
type refusal struct {
	status  int
	message string
}

func (r refusal) Error() string { return r.message }

// statuses maps the domain's errors. What is not here is a fault of the
// server and becomes 503, which harms no client.
var statuses = []struct {
	err    error
	status int
}{
	{device.ErrBadCertificate, fiber.StatusUnauthorized},
	{account.ErrCredentials, fiber.StatusUnauthorized},
	{account.ErrToken, fiber.StatusUnauthorized},
	{account.ErrTooManyAttempts, fiber.StatusTooManyRequests},
	{device.ErrUserDisabled, fiber.StatusForbidden},
	{device.ErrRevoked, fiber.StatusForbidden},
	{device.ErrTooMany, fiber.StatusForbidden},
	{group.ErrNotAdmitted, fiber.StatusForbidden},
	{device.ErrForeign, fiber.StatusConflict},
	{device.ErrNotFound, fiber.StatusNotFound},
	{pki.ErrBadRequest, fiber.StatusBadRequest},
	{clientcert.ErrMalformed, fiber.StatusBadRequest},
	{contacts.ErrNotAList, fiber.StatusBadRequest},
	{contacts.ErrTooMany, fiber.StatusRequestEntityTooLarge},
	{names.ErrInvalid, fiber.StatusBadRequest},
	{names.ErrNotFound, fiber.StatusNotFound},
	{names.ErrElsewhere, fiber.StatusServiceUnavailable},
	{revocation.ErrNotFound, fiber.StatusNotFound},
}

// Answer writes an error as this dialect's clients expect it: they read the
// status, people who look with other tools the message.
func (f *Face) Answer(c *fiber.Ctx, err error) error {
	var own refusal
	if errors.As(err, &own) {
		return write(c, own.status, own.message)
	}
	var router *fiber.Error
	if errors.As(err, &router) {
		return write(c, router.Code, router.Message)
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return write(c, s.status, err.Error())
		}
	}
	c.Set(fiber.HeaderRetryAfter, "30")
	if errors.Is(err, organization.ErrNotSetUp) || errors.Is(err, device.ErrUncertain) ||
		errors.Is(err, revocation.ErrBusy) || errors.Is(err, account.ErrUnavailable) {
		return write(c, fiber.StatusServiceUnavailable, err.Error())
	}
	f.Logger.Error("request failed", "method", c.Method(), "path", c.Path(), "err", err)
	return write(c, fiber.StatusServiceUnavailable, "the server has a problem; try again later")
}

func write(c *fiber.Ctx, status int, message string) error {
	return c.Status(status).JSON(fiber.Map{"status": status, "message": message})
}

// limit refuses a body of more than n bytes.
func limit(n int) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if len(c.Body()) > n {
			return refusal{fiber.StatusRequestEntityTooLarge, "the body is too large"}
		}
		return c.Next()
	}
}

// jsonBody refuses a body that says it is anything else than JSON.
func jsonBody(c *fiber.Ctx) error {
	text := c.Get(fiber.HeaderContentType)
	if text == "" {
		return c.Next()
	}
	if kind, _, err := mime.ParseMediaType(text); err != nil || kind != fiber.MIMEApplicationJSON {
		return refusal{fiber.StatusUnsupportedMediaType, "the body must be application/json"}
	}
	return c.Next()
}
