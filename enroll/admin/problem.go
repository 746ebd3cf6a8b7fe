// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/bulk"
	"jamibox/enroll/device"
	"jamibox/enroll/directory/sources"
	"jamibox/enroll/directory/sync"
	"jamibox/enroll/group"
	"jamibox/enroll/organization"
	"jamibox/enroll/policy"
)

// problem is the body of an error answer (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Code is stable; programs decide on it.
	Code string `json:"code"`
}

// badRequest is an error that the body or the query caused.
type badRequest struct{ detail string }

func (b badRequest) Error() string { return b.detail }

var problems = []struct {
	err    error
	status int
	code   string
}{
	// It wraps the errors of the values, so it comes before them.
	{ErrInvalidPlan, fiber.StatusUnprocessableEntity, "invalid_setup"},
	{account.ErrInvalid, fiber.StatusUnprocessableEntity, "invalid_value"},
	{device.ErrInvalid, fiber.StatusUnprocessableEntity, "invalid_value"},
	{bulk.ErrFile, fiber.StatusUnprocessableEntity, "invalid_file"},
	{bulk.ErrRunning, fiber.StatusConflict, "import_running"},
	{group.ErrInvalid, fiber.StatusUnprocessableEntity, "invalid_value"},
	{group.ErrTaken, fiber.StatusConflict, "name_taken"},
	{group.ErrNotFound, fiber.StatusNotFound, "group_not_found"},
	{group.ErrNotMember, fiber.StatusNotFound, "not_a_member"},
	{organization.ErrLifetime, fiber.StatusUnprocessableEntity, "invalid_value"},
	{organization.ErrOverlap, fiber.StatusUnprocessableEntity, "invalid_value"},
	{policy.ErrInvalid, fiber.StatusUnprocessableEntity, "invalid_client_setting"},
	{policy.ErrValue, fiber.StatusUnprocessableEntity, "invalid_value"},
	{policy.ErrTaken, fiber.StatusConflict, "name_taken"},
	{policy.ErrInUse, fiber.StatusConflict, "policy_in_use"},
	{policy.ErrNotFound, fiber.StatusNotFound, "policy_not_found"},
	{account.ErrTaken, fiber.StatusConflict, "name_taken"},
	{account.ErrElsewhere, fiber.StatusConflict, "user_of_directory"},
	{account.ErrRevoked, fiber.StatusConflict, "user_revoked"},
	{account.ErrNotFound, fiber.StatusNotFound, "user_not_found"},
	{ErrNoAllocation, fiber.StatusNotFound, "allocation_not_found"},
	{organization.ErrRotating, fiber.StatusConflict, "rotation_running"},
	{device.ErrNotFound, fiber.StatusNotFound, "device_not_found"},
	{account.ErrToken, fiber.StatusUnauthorized, "not_logged_in"},
	{account.ErrCredentials, fiber.StatusUnauthorized, "wrong_credentials"},
	{account.ErrTooManyAttempts, fiber.StatusTooManyRequests, "too_many_attempts"},
	{sources.ErrInvalid, fiber.StatusUnprocessableEntity, "invalid_source"},
	{sources.ErrTaken, fiber.StatusConflict, "source_name_taken"},
	{sources.ErrLocal, fiber.StatusConflict, "local_source"},
	{sources.ErrInUse, fiber.StatusConflict, "source_in_use"},
	{sources.ErrNoCertificates, fiber.StatusBadGateway, "no_certificates"},
	{sources.ErrNotFound, fiber.StatusNotFound, "source_not_found"},
	{sync.ErrNotFound, fiber.StatusNotFound, "source_not_found"},
	{sync.ErrNoRun, fiber.StatusNotFound, "sync_not_found"},
	{sync.ErrRunning, fiber.StatusConflict, "sync_running"},
	{sync.ErrNoReader, fiber.StatusConflict, "no_service_account"},
	{sync.ErrNotServing, fiber.StatusServiceUnavailable, "starting"},
	{sync.ErrInvalid, fiber.StatusUnprocessableEntity, "invalid_value"},
	{errSetupCode, fiber.StatusForbidden, "wrong_setup_code"},
	{organization.ErrSetUp, fiber.StatusNotFound, "already_set_up"},
	{organization.ErrNotSetUp, fiber.StatusServiceUnavailable, "not_set_up"},
}

// Answer writes err as problem+json. What nobody foresaw is a 500 with an id
// that leads to the cause in the log.
func Answer(c *fiber.Ctx, logger *slog.Logger, err error) error {
	var bad badRequest
	if errors.As(err, &bad) {
		return write(c, fiber.StatusBadRequest, "bad_request", bad.detail)
	}
	var router *fiber.Error
	if errors.As(err, &router) {
		return write(c, router.Code, codeOf(router.Code), router.Message)
	}
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return write(c, p.status, p.code, err.Error())
		}
	}
	id := rand.Text()[:10]
	logger.Error("request failed", "id", id, "method", c.Method(), "path", c.Path(), "err", err)
	return write(c, fiber.StatusInternalServerError, "internal",
		fmt.Sprintf("the server has a problem; its log tells more under the id %s", id))
}

// codeOf returns the code of an error that only has a status: 405 is
// "method_not_allowed".
func codeOf(status int) string {
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

func write(c *fiber.Ctx, status int, code, detail string) error {
	body := problem{Title: fiber.NewError(status).Message, Status: status, Detail: detail, Code: code}
	return c.Status(status).JSON(body, "application/problem+json")
}
