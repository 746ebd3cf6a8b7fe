// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"context"
	"log/slog"
	"strings"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/bulk"
	"jamibox/enroll/device"
	"jamibox/enroll/directory/sources"
	"jamibox/enroll/directory/sync"
	"jamibox/enroll/group"
	"jamibox/enroll/organization"
	"jamibox/enroll/policy"
	"jamibox/enroll/revocation"
	"jamibox/enroll/store"
)

// Prefix is where the API lies.
const Prefix = "/api/v1"

// Setup does the set-up while there is none.
type Setup interface {
	// Allowed tells whether code is the one-time code that was printed.
	Allowed(code string) bool
	// SetUp creates everything and makes the box serve.
	SetUp(ctx context.Context, r SetupRequest) error
}

// Face holds what the routes need. All fields must be set.
type Face struct {
	Accounts *account.Service
	Devices  *device.Service
	Groups   *group.Service
	Bulk     *bulk.Service
	Sources  *sources.Registry
	Sync     *sync.Job
	Policy   *policy.Service
	Org      *organization.Holder
	// Registrar changes what Org holds.
	Registrar  *organization.Registrar
	Revocation *revocation.Service
	Audit      *audit.Log
	Store      *store.Store
	Setup      Setup
	Relay      Relay
	DHT        DHT
	// Status returns the state of the box, ready for JSON.
	Status func(context.Context) any
	// RootPEM returns the root certificate that clients have to trust; false
	// if the box did not make its own.
	RootPEM func() ([]byte, bool)
	Logger  *slog.Logger
}

// Mount adds the routes for people: set-up by code, administrators by session,
// users by token.
func (f *Face) Mount(r fiber.Router) {
	api := r.Group(Prefix)
	api.Get("/setup", f.setupState)
	api.Post("/setup", f.setUp)
	api.Get("/tls/root", f.tlsRoot)
	api.Post("/session", f.login)
	api.Delete("/session", f.logout)

	me := api.Group("/me", f.asUser)
	me.Get("", f.showMe)
	me.Put("/password", f.changeMyPassword)
	me.Get("/devices", f.listMyDevices)
	me.Patch("/devices/:id", f.renameMyDevice)

	f.mountAdministration(api.Group("", f.asAdministrator))
}

// MountLocal adds the administrators' routes for the local socket, which only
// the owner of the data folder can open.
func (f *Face) MountLocal(r fiber.Router) {
	api := r.Group(Prefix)
	api.Get("/tls/root", f.tlsRoot)
	f.mountAdministration(api)
}

func (f *Face) mountAdministration(r fiber.Router) {
	r.Get("/status", f.status)
	r.Use(f.onceSetUp)
	r.Get("/users", f.listUsers)
	r.Post("/users", f.createUser)
	r.Get("/users/:name", f.showUser)
	r.Patch("/users/:name", f.updateUser)
	r.Put("/users/:name/password", f.setPassword)
	r.Post("/users/:name/disable", f.disableUser)
	r.Post("/users/:name/enable", f.enableUser)
	r.Post("/users/:name/revoke", f.revokeUser)
	r.Get("/users/:name/devices", f.listDevices)
	r.Patch("/devices/:id", f.renameDevice)
	r.Post("/devices/:id/revoke", f.revokeDevice)
	f.mountPolicies(r)
	f.mountAuthority(r)
	r.Get("/audit", f.auditLog)
	r.Post("/breaker/reset", f.resetBreaker)
	f.mountSources(r)
	f.mountSync(r)
	f.mountRelay(r)
	r.Get("/dht", f.dhtState)
	f.mountGroups(r)
	f.mountDirectory(r)
	f.mountBulk(r)
}

// onceSetUp lets nobody ask for what only a set-up makes.
func (f *Face) onceSetUp(c *fiber.Ctx) error {
	if _, err := f.Org.Current(); err != nil {
		return err
	}
	return c.Next()
}

// bearerToken returns the token of an Authorization header, or "".
func bearerToken(c *fiber.Ctx) string {
	scheme, token, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (f *Face) asAdministrator(c *fiber.Ctx) error {
	admin, err := f.Accounts.Administrator(c.UserContext(), bearerToken(c))
	if err != nil {
		return err
	}
	actAs(c, "admin:"+admin.Name)
	return c.Next()
}

const userLocal = "user"

func (f *Face) asUser(c *fiber.Ctx) error {
	b, err := f.Accounts.Bearer(c.UserContext(), bearerToken(c))
	if err != nil {
		return err
	}
	if b.Token.Scope != account.ScopeUser {
		return account.ErrToken
	}
	actAs(c, "user:"+b.User.Username)
	c.Locals(userLocal, b.User)
	return c.Next()
}

func userOf(c *fiber.Ctx) store.User {
	u, _ := c.Locals(userLocal).(store.User)
	return u
}

func actAs(c *fiber.Ctx, name string) {
	actor := audit.ActorOf(c.UserContext())
	actor.Name = name
	c.SetUserContext(audit.With(c.UserContext(), actor))
}
