// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/directory/sources"
)

func (f *Face) mountSources(r fiber.Router) {
	r.Get("/sources", f.listSources)
	r.Post("/sources", f.addSource)
	r.Post("/sources/test", f.testNewSource)
	r.Post("/sources/certificates", f.fetchCertificates)
	r.Get("/sources/:name", f.showSource)
	r.Patch("/sources/:name", f.updateSource)
	r.Delete("/sources/:name", f.removeSource)
	r.Post("/sources/:name/test", f.testSource)
	r.Get("/login-traces", f.loginTraces)
}

// trial is what a source is tested with.
type trial struct {
	Config       *source.Config `json:"config"`
	BindPassword *string        `json:"bind_password"`
	Login        string         `json:"login"`
	Password     string         `json:"password"`
}

func sourceName(c *fiber.Ctx) (string, error) {
	name, err := url.PathUnescape(c.Params("name"))
	if err != nil {
		return "", badRequest{"the name of the source in the path is not valid: " + err.Error()}
	}
	return name, nil
}

func (f *Face) listSources(c *fiber.Ctx) error {
	list, err := f.Sources.List(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"sources": list})
}

func (f *Face) showSource(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	s, err := f.Sources.Get(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(s)
}

func (f *Face) addSource(c *fiber.Ctx) error {
	body := struct {
		Name         string        `json:"name"`
		Config       source.Config `json:"config"`
		BindPassword string        `json:"bind_password"`
		Enabled      bool          `json:"enabled"`
	}{Enabled: true}
	if err := decode(c, &body); err != nil {
		return err
	}
	s, err := f.Sources.Add(c.UserContext(), sources.NewSource{
		Name: body.Name, Config: body.Config, BindPassword: body.BindPassword, Enabled: body.Enabled,
	})
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusCreated).JSON(s)
}

// updateSource changes what the body has; settings are replaced as a whole.
func (f *Face) updateSource(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	var body struct {
		Config       *source.Config `json:"config"`
		BindPassword *string        `json:"bind_password"`
		Enabled      *bool          `json:"enabled"`
		Position     *int           `json:"position"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	s, err := f.Sources.Update(c.UserContext(), name, sources.Change{
		Config: body.Config, BindPassword: body.BindPassword, Enabled: body.Enabled, Position: body.Position,
	})
	if err != nil {
		return err
	}
	return c.JSON(s)
}

func (f *Face) removeSource(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	if err := f.Sources.Remove(c.UserContext(), name, c.QueryBool("release")); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// testSource tests a stored source, with what the body changes of it.
func (f *Face) testSource(c *fiber.Ctx) error {
	name, err := sourceName(c)
	if err != nil {
		return err
	}
	return f.test(c, name)
}

// testNewSource tests what is not stored yet.
func (f *Face) testNewSource(c *fiber.Ctx) error { return f.test(c, "") }

func (f *Face) test(c *fiber.Ctx, name string) error {
	var body trial
	if err := decode(c, &body); err != nil {
		return err
	}
	if name == "" && body.Config == nil {
		return badRequest{"config: the settings to be tested are expected"}
	}
	report, err := f.Sources.Check(c.UserContext(), sources.Trial{
		Source: name, Config: body.Config, BindPassword: body.BindPassword, Login: body.Login, Password: body.Password,
	})
	if err != nil {
		return err
	}
	return c.JSON(report)
}

// fetchCertificates shows the certificates of a server that is not trusted yet.
func (f *Face) fetchCertificates(c *fiber.Ctx) error {
	var body struct {
		Config source.Config `json:"config"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	chain, err := f.Sources.FetchChain(c.UserContext(), body.Config)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"chain": chain})
}

const maxLoginTraces = 500

// loginTraces tells why logins did and did not work.
func (f *Face) loginTraces(c *fiber.Ctx) error {
	limit, err := queryNumber(c, "limit", 20, 1, maxLoginTraces)
	if err != nil {
		return err
	}
	traces := f.Sources.Traces(c.Query("login"), limit)
	if traces == nil {
		traces = []sources.LoginTrace{}
	}
	return c.JSON(fiber.Map{"traces": traces})
}

var _ account.Sources = (*sources.Registry)(nil)
