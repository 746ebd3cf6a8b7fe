// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

func (f *Face) mountAuthority(r fiber.Router) {
	r.Get("/ca", f.ca)
	r.Get("/ca/lifetimes", f.lifetimes)
	r.Patch("/ca/lifetimes", f.setLifetimes)
	r.Post("/ca/revocation-list", f.publishRevocationList)
	r.Get("/devices/expiring", f.expiringDevices)
}

// ca shows the organisation's CA certificate.
func (f *Face) ca(c *fiber.Ctx) error {
	org, err := f.Org.Current()
	if err != nil {
		return err
	}
	cert := org.CA.Certificate
	return c.JSON(fiber.Map{
		"certificate": pki.ChainPEM(cert), "subject": cert.Subject.String(),
		"not_before": cert.NotBefore, "not_after": cert.NotAfter,
	})
}

func lifetimesOf(s organization.Settings) organization.Lifetimes {
	return organization.Lifetimes{Device: s.DeviceLifetime, Account: s.AccountLifetime, CRL: s.CRLLifetime}
}

func (f *Face) lifetimes(c *fiber.Ctx) error {
	org, err := f.Org.Current()
	if err != nil {
		return err
	}
	return c.JSON(lifetimesOf(org.Settings))
}

// setLifetimes changes the lifetimes that the body holds.
func (f *Face) setLifetimes(c *fiber.Ctx) error {
	var body organization.Lifetimes
	if err := decode(c, &body); err != nil {
		return err
	}
	settings, err := f.Registrar.SetLifetimes(c.UserContext(), body)
	if err != nil {
		return err
	}
	return c.JSON(lifetimesOf(settings))
}

// publishRevocationList has all lists made anew: the organisation's at once,
// those of the accounts when they are next asked for.
func (f *Face) publishRevocationList(c *fiber.Ctx) error {
	if err := f.Store.OutdateRevocationLists(c.UserContext()); err != nil {
		return err
	}
	der, err := f.Revocation.CRL(c.UserContext(), store.OrganizationIssuer)
	if err != nil {
		return err
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("reading the list just made: %w", err)
	}
	f.Audit.Record(c.UserContext(), "revocation lists published", "organization", "number "+list.Number.String())
	return c.JSON(fiber.Map{"number": list.Number.String(), "next_update": list.NextUpdate})
}

const maxExpiring = 1000

// ExpiringDevice is a device whose certificate ends, or has ended.
type ExpiringDevice struct {
	Username   string    `json:"username"`
	DeviceID   string    `json:"device_id"`
	Name       string    `json:"name"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// expiringDevices lists whose devices will have to be enrolled anew.
func (f *Face) expiringDevices(c *fiber.Ctx) error {
	days, err := queryNumber(c, "days", 30, 0, 36500)
	if err != nil {
		return err
	}
	rows, err := f.Store.ExpiringDevices(c.UserContext(), time.Now().AddDate(0, 0, days), maxExpiring)
	if err != nil {
		return err
	}
	list := make([]ExpiringDevice, len(rows))
	for i, d := range rows {
		list[i] = ExpiringDevice{
			Username: d.Username, DeviceID: d.DeviceID, Name: d.Alias, LastSeenAt: d.LastSeenAt, ExpiresAt: d.NotAfter,
		}
	}
	return c.JSON(fiber.Map{"devices": list})
}
