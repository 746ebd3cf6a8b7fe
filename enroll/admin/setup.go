// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
)

// ErrInvalidPlan tells that the box cannot be set up as asked; the text names
// each field, its value and what was expected.
var ErrInvalidPlan = errors.New("the set-up cannot be done as asked")

var errSetupCode = errors.New("the set-up code is wrong; it stands in the output of jamibox serve")

// SetupRequest is all that a set-up needs; empty fields get their defaults.
type SetupRequest struct {
	Organization  string   `json:"organization"`
	Admin         string   `json:"admin"`
	AdminPassword string   `json:"admin_password"`
	PublicURL     string   `json:"public_url"`
	Advertise     []string `json:"advertise"`
	CASubject     struct {
		CommonName         string `json:"common_name"`
		Organization       string `json:"organization"`
		OrganizationalUnit string `json:"organizational_unit"`
		Country            string `json:"country"`
		Province           string `json:"province"`
		Locality           string `json:"locality"`
	} `json:"ca_subject"`
	CAKeyType       string                `json:"ca_key_type"`
	CALifetime      organization.Lifetime `json:"ca_lifetime"`
	AccountLifetime organization.Lifetime `json:"account_lifetime"`
	DeviceLifetime  organization.Lifetime `json:"device_lifetime"`
	CRLLifetime     organization.Lifetime `json:"crl_lifetime"`
	AccountKeyBits  int                   `json:"account_key_bits"`
	TLS             organization.TLSFiles `json:"tls"`
}

// Plan returns what the request asks for.
func (r SetupRequest) Plan() organization.Plan {
	return organization.Plan{
		Settings: organization.Settings{
			Name: r.Organization, PublicURL: r.PublicURL, Advertise: r.Advertise,
			DeviceLifetime: r.DeviceLifetime, AccountLifetime: r.AccountLifetime, CRLLifetime: r.CRLLifetime,
			AccountKeyBits: r.AccountKeyBits,
		},
		Subject:   pki.Subject(r.CASubject),
		CAKeyType: r.CAKeyType, CALifetime: r.CALifetime,
		TLS: r.TLS,
	}.WithDefaults()
}

// setupBody has the lifetimes as text, so that a wrong one is told by name.
type setupBody struct {
	SetupRequest
	CALifetime      string `json:"ca_lifetime"`
	AccountLifetime string `json:"account_lifetime"`
	DeviceLifetime  string `json:"device_lifetime"`
	CRLLifetime     string `json:"crl_lifetime"`
}

func (b setupBody) request() (SetupRequest, error) {
	r := b.SetupRequest
	var problems []error
	for _, l := range []struct {
		name, text string
		field      *organization.Lifetime
	}{
		{"ca_lifetime", b.CALifetime, &r.CALifetime},
		{"account_lifetime", b.AccountLifetime, &r.AccountLifetime},
		{"device_lifetime", b.DeviceLifetime, &r.DeviceLifetime},
		{"crl_lifetime", b.CRLLifetime, &r.CRLLifetime},
	} {
		if l.text == "" {
			continue
		}
		if err := l.field.Set(l.text); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", l.name, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return r, fmt.Errorf("%w:\n%w", ErrInvalidPlan, err)
	}
	return r, nil
}

func (f *Face) setupState(c *fiber.Ctx) error {
	_, err := f.Org.Current()
	return c.JSON(fiber.Map{"set_up": err == nil})
}

// setUp answers POST /setup, once: afterwards there is no such page.
func (f *Face) setUp(c *fiber.Ctx) error {
	if _, err := f.Org.Current(); err == nil {
		return organization.ErrSetUp
	}
	if !f.Setup.Allowed(c.Get("X-Setup-Code")) {
		return errSetupCode
	}
	var body setupBody
	if err := decode(c, &body); err != nil {
		return err
	}
	r, err := body.request()
	if err != nil {
		return err
	}
	// On a small machine the CA's key can take longer to make than a request
	// may wait for other things.
	if err := f.Setup.SetUp(context.WithoutCancel(c.UserContext()), r); err != nil {
		return err
	}
	return c.Status(fiber.StatusCreated).JSON(fiber.Map{"set_up": true})
}
