// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"crypto/x509"
	"log/slog"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/contacts"
	"jamibox/enroll/device"
	"jamibox/enroll/directory"
	"jamibox/enroll/names"
	"jamibox/enroll/policy"
	"jamibox/enroll/revocation"
	"jamibox/enroll/store"
)

// Face holds what the routes need. All fields must be set.
type Face struct {
	Accounts   *account.Service
	Devices    *device.Service
	Contacts   *contacts.Service
	Directory  *directory.Directory
	Names      *names.Server
	Policy     *policy.Service
	Revocation *revocation.Service
	Store      *store.Store
	// ClientCertificate returns the certificate that the client of a request
	// presented, to us or to a trusted proxy; nil if it presented none.
	ClientCertificate func(*fiber.Ctx) (*x509.Certificate, error)
	Logger            *slog.Logger
}

// nameServerPath is where the name server answers. Clients lower-case the
// whole URL.
const nameServerPath = "/api/nameserver"

// Bodies are limited by what real clients send, with much room.
const (
	maxLoginBody = 16 << 10
	maxEnrolBody = 64 << 10
)

// Mount adds the routes to a router that is reached over TLS.
func (f *Face) Mount(r fiber.Router) {
	r.Get("/api/info", f.info)
	r.Post("/api/login", limit(maxLoginBody), jsonBody, f.login)
	r.Post("/api/auth/device", limit(maxEnrolBody), jsonBody, f.enrol)
	r.Delete("/api/auth/device/:id", f.bearer, f.revokeDevice)
	r.Get("/api/auth/devices", f.bearer, f.listDevices)
	r.Post("/api/auth/contacts", jsonBody, f.bearer, f.syncContacts)
	r.Post("/api/auth/conversations", jsonBody, f.bearer, f.syncConversations)
	r.Post("/api/auth/conversationRequests", jsonBody, f.bearer, f.syncRequests)
	r.Get("/api/auth/directory/search", f.bearer, f.search)
	r.Get("/api/auth/policyData", f.bearer, f.policyData)
	r.Get(nameServerPath+"/name/:name", f.lookupName)
	r.Get(nameServerPath+"/addr/:address", f.lookupAddress)
	// A person who searches "bob@box.example" asks https://box.example/name/bob.
	r.Get("/name/:name", f.lookupName)
	r.Get("/addr/:address", f.lookupAddress)
	f.MountRevocation(r)
}

// MountRevocation adds OCSP and CRLs alone, which clients ask for over plain
// HTTP.
func (f *Face) MountRevocation(r fiber.Router) {
	r.Post("/api/ocsp/:account", limit(maxLoginBody), f.ocsp)
	r.Get("/api/ocsp/:account/*", f.ocspByGet)
	r.Get("/api/crl/:issuer", f.crl)
}

// info tells that a server of this dialect is here; the value is a text in
// the original too.
func (f *Face) info(c *fiber.Ctx) error {
	return c.JSON(fiber.Map{"installed": "true"})
}
