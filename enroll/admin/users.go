// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// User is a user as the API shows one.
type User struct {
	Username     string `json:"username"`
	AccountID    string `json:"account_id"`
	State        string `json:"state"`
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name"`
	Email        string `json:"email"`
	Phone        string `json:"phone"`
	Organization string `json:"organization"`
	// Source is where the user comes from: "local" is this box itself.
	Source string `json:"source"`
	// BarredAt is when the source said that the user is not to be served; nil
	// while it does not.
	BarredAt     *time.Time `json:"barred_at"`
	BarredReason string     `json:"barred_reason"`
	CreatedAt    time.Time  `json:"created_at"`
}

func (f *Face) newUser(u store.User) User {
	return User{
		Username: u.Username, AccountID: u.AccountID, State: string(u.State),
		FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Phone: u.Phone, Organization: u.Organization,
		Source: f.Sources.NameOf(u.SourceID), BarredAt: u.BarredAt, BarredReason: u.BarredReason, CreatedAt: u.CreatedAt,
	}
}

// profile is the part of a body that describes a person; absent members stay
// as they are. Picture is base64 of an image file, "" removes it.
type profile struct {
	FirstName    *string `json:"first_name"`
	LastName     *string `json:"last_name"`
	Email        *string `json:"email"`
	Phone        *string `json:"phone"`
	Organization *string `json:"organization"`
	Picture      []byte  `json:"picture"`
}

// over returns the profile of u changed by p.
func (p profile) over(u store.User) account.Profile {
	pick := func(given *string, old string) string {
		if given != nil {
			return *given
		}
		return old
	}
	return account.Profile{
		FirstName: pick(p.FirstName, u.FirstName), LastName: pick(p.LastName, u.LastName),
		Email: pick(p.Email, u.Email), Phone: pick(p.Phone, u.Phone),
		Organization: pick(p.Organization, u.Organization), Picture: p.Picture,
		DisplayName: u.DisplayName, Mobile: u.Mobile, Department: u.Department, Title: u.Title,
	}
}

const (
	usersPerPage = 100
	maxPage      = 1_000_000
	// More than anybody types.
	maxQueryRunes = 200
)

// listUsers answers with a page of users, in the order of their names.
func (f *Face) listUsers(c *fiber.Ctx) error {
	page, err := queryNumber(c, "page", 0, 0, maxPage)
	if err != nil {
		return err
	}
	query := c.Query("query")
	if utf8.RuneCountInString(query) > maxQueryRunes {
		return badRequest{fmt.Sprintf("query: at most %d characters are expected", maxQueryRunes)}
	}
	q := store.UserQuery{Offset: page * usersPerPage, Limit: usersPerPage}
	if text := account.FoldText(query); text != "" {
		q.AnyOf = [][]string{{text}}
	}
	if number := account.SearchedNumber(query); number != "" {
		q.AnyOf = append(q.AnyOf, []string{number})
	}
	users, err := f.Store.Users(c.UserContext(), q)
	if err != nil {
		return err
	}
	total, err := f.Store.CountUsers(c.UserContext(), q)
	if err != nil {
		return err
	}
	list := make([]User, len(users))
	for i, u := range users {
		list[i] = f.newUser(u)
	}
	return c.JSON(fiber.Map{"users": list, "total": total})
}

func (f *Face) createUser(c *fiber.Ctx) error {
	var body struct {
		Username string `json:"username"`
		Password string `json:"password"`
		profile
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	user, err := f.Accounts.Create(c.UserContext(), account.NewUser{
		Username: body.Username, Password: body.Password, Profile: body.over(store.User{}),
	})
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusCreated).JSON(f.newUser(user))
}

// pathName returns the user name in the path.
func pathName(c *fiber.Ctx) (string, error) {
	name, err := url.PathUnescape(c.Params("name"))
	if err != nil {
		return "", badRequest{"the user name in the path is not valid: " + err.Error()}
	}
	return name, nil
}

// withUser calls do with the user that the path names, and answers with the
// user as it is afterwards.
func (f *Face) withUser(c *fiber.Ctx, do func(name string) error) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	if err := do(name); err != nil {
		return err
	}
	user, err := f.Accounts.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(f.newUser(user))
}

func (f *Face) showUser(c *fiber.Ctx) error {
	return f.withUser(c, func(string) error { return nil })
}

func (f *Face) updateUser(c *fiber.Ctx) error {
	return f.withUser(c, func(name string) error {
		var body profile
		if err := decode(c, &body); err != nil {
			return err
		}
		user, err := f.Accounts.Find(c.UserContext(), name)
		if err != nil {
			return err
		}
		_, err = f.Accounts.UpdateProfile(c.UserContext(), name, body.over(user))
		return err
	})
}

func (f *Face) setPassword(c *fiber.Ctx) error {
	return f.withUser(c, func(name string) error {
		var body struct {
			Password string `json:"password"`
		}
		if err := decode(c, &body); err != nil {
			return err
		}
		return f.Accounts.SetPassword(c.UserContext(), name, body.Password)
	})
}

func (f *Face) disableUser(c *fiber.Ctx) error {
	return f.withUser(c, func(name string) error { return f.Accounts.SetEnabled(c.UserContext(), name, false) })
}

func (f *Face) enableUser(c *fiber.Ctx) error {
	return f.withUser(c, func(name string) error { return f.Accounts.SetEnabled(c.UserContext(), name, true) })
}

// affiliationChanged is the CRLReason (RFC 5280, section 5.3.1) of devices
// whose user left.
const affiliationChanged = 3

func (f *Face) revokeUser(c *fiber.Ctx) error {
	return f.withUser(c, func(name string) error { return f.Accounts.Revoke(c.UserContext(), name, affiliationChanged) })
}
