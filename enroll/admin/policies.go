// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/policy"
)

// Policy is a policy as the API shows one.
type Policy struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Priority decides between the policies of a user: the highest counts.
	Priority int `json:"priority"`
	// Settings hold nil of a secret.
	Settings policy.Settings `json:"settings"`
	// Groups holds the names of the groups that have the policy.
	Groups    []string  `json:"groups"`
	Warnings  []string  `json:"warnings"`
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
}

func newPolicy(p policy.Policy) Policy {
	shown := Policy{
		Name: p.Name, Description: p.Description, Priority: p.Priority, Settings: p.Settings,
		Groups: p.Groups, Warnings: policy.Warnings(p.Settings), CreatedAt: p.CreatedAt, ChangedAt: p.ChangedAt,
	}
	if shown.Groups == nil {
		shown.Groups = []string{}
	}
	return shown
}

// policyChange is what a body sets of a policy; absent members stay as they are.
type policyChange struct {
	Name        *string          `json:"name"`
	Description *string          `json:"description"`
	Priority    *int             `json:"priority"`
	Settings    *policy.Settings `json:"settings"`
}

// change returns the change, or why the settings are none.
func (p policyChange) change() (policy.Change, error) {
	if p.Settings != nil {
		if err := checkTexts(*p.Settings); err != nil {
			return policy.Change{}, err
		}
	}
	return policy.Change(p), nil
}

// checkTexts returns an error if a setting other than a secret is null.
func checkTexts(settings policy.Settings) error {
	for key, value := range settings {
		if value == nil && !policy.IsSecret(key) {
			return badRequest{key + ": a text is expected, not a JSON null"}
		}
	}
	return nil
}

func (f *Face) mountPolicies(r fiber.Router) {
	r.Get("/client-settings", f.clientSettings)
	r.Put("/client-settings", f.setClientSettings)
	r.Get("/users/:name/client-settings", f.effectiveSettings)
	r.Get("/policies", f.listPolicies)
	r.Post("/policies", f.createPolicy)
	r.Get("/policies/:name", f.showPolicy)
	r.Patch("/policies/:name", f.updatePolicy)
	r.Delete("/policies/:name", f.removePolicy)
}

func (f *Face) clientSettings(c *fiber.Ctx) error {
	added, err := f.Policy.Added(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(added)
}

func (f *Face) setClientSettings(c *fiber.Ctx) error {
	var body policy.Settings
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := checkTexts(body); err != nil {
		return err
	}
	added, err := f.Policy.SetAdded(c.UserContext(), body)
	if err != nil {
		return err
	}
	return c.JSON(added)
}

// EffectiveSetting is a setting as a user's devices are sent it.
type EffectiveSetting struct {
	Key string `json:"key"`
	// Value is nil if it is a secret, or differs from device to device.
	Value  *string       `json:"value"`
	Origin policy.Origin `json:"origin"`
	// Policy is the name of the policy that the setting comes from, if one is
	// its origin.
	Policy string `json:"policy,omitempty"`
}

// EffectiveSettings is what a user's devices are sent.
type EffectiveSettings struct {
	Settings []EffectiveSetting `json:"settings"`
	Warnings []string           `json:"warnings"`
}

func (f *Face) effectiveSettings(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	user, err := f.Accounts.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	settings, warnings, err := f.Policy.Effective(c.UserContext(), user.ID)
	if err != nil {
		return err
	}
	answer := EffectiveSettings{make([]EffectiveSetting, len(settings)), warnings}
	for i, s := range settings {
		answer.Settings[i] = EffectiveSetting(s)
	}
	return c.JSON(answer)
}

func (f *Face) listPolicies(c *fiber.Ctx) error {
	policies, err := f.Policy.List(c.UserContext())
	if err != nil {
		return err
	}
	list := make([]Policy, len(policies))
	for i, p := range policies {
		list[i] = newPolicy(p)
	}
	return c.JSON(fiber.Map{"policies": list})
}

func (f *Face) createPolicy(c *fiber.Ctx) error {
	var body policyChange
	if err := decode(c, &body); err != nil {
		return err
	}
	change, err := body.change()
	if err != nil {
		return err
	}
	p, err := f.Policy.Create(c.UserContext(), change)
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusCreated).JSON(newPolicy(p))
}

func (f *Face) showPolicy(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	p, err := f.Policy.Get(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(newPolicy(p))
}

func (f *Face) updatePolicy(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	var body policyChange
	if err := decode(c, &body); err != nil {
		return err
	}
	change, err := body.change()
	if err != nil {
		return err
	}
	p, err := f.Policy.Update(c.UserContext(), name, change)
	if err != nil {
		return err
	}
	return c.JSON(newPolicy(p))
}

func (f *Face) removePolicy(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	if err := f.Policy.Remove(c.UserContext(), name); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
