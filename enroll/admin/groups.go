// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"context"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/group"
)

// Group is a group as the API shows one.
type Group struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	MayEnrol    bool   `json:"may_enrol"`
	// DeviceLimit is how many devices a member may have; 0 is no limit.
	DeviceLimit int `json:"device_limit"`
	// Finds holds names of groups; nil is everyone.
	Finds []string `json:"finds"`
	// Shows holds what clients are shown of members; nil is everything.
	Shows []group.Field `json:"shows"`
	// Policy is the name of the policy that members are given; nil is none.
	Policy   *string   `json:"policy"`
	Mappings []Mapping `json:"mappings"`
	// Members is how many there are.
	Members   int       `json:"members"`
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
}

// Mapping is a group of a directory whose members are members of a group here.
type Mapping struct {
	Source string `json:"source"`
	Key    string `json:"key"`
	Name   string `json:"name"`
}

// Member is a member of a group.
type Member struct {
	User
	// ByHand is set of one who was put into the group, and may be in it by a
	// directory group as well.
	ByHand bool `json:"by_hand"`
}

func newGroup(g group.Group) Group {
	shown := Group{
		Name: g.Name, Description: g.Description, MayEnrol: g.MayEnrol, DeviceLimit: g.DeviceLimit,
		Finds: g.Finds, Shows: g.Shows, Mappings: make([]Mapping, len(g.Mappings)), Members: g.Members,
		CreatedAt: g.CreatedAt, ChangedAt: g.ChangedAt,
	}
	if g.Policy != "" {
		shown.Policy = &g.Policy
	}
	for i, m := range g.Mappings {
		shown.Mappings[i] = Mapping(m)
	}
	return shown
}

func (f *Face) mountGroups(r fiber.Router) {
	r.Get("/groups", f.listGroups)
	r.Post("/groups", f.createGroup)
	r.Get("/groups/:name", f.showGroup)
	r.Patch("/groups/:name", f.updateGroup)
	r.Delete("/groups/:name", f.removeGroup)
	r.Get("/groups/:name/members", f.listMembers)
	r.Put("/groups/:name/members/:user", f.addMember)
	r.Delete("/groups/:name/members/:user", f.removeMember)
	r.Post("/groups/:name/map", f.mapGroup)
	r.Post("/groups/:name/unmap", f.unmapGroup)
	r.Get("/users/:name/groups", f.listGroupsOf)
	r.Get("/admission", f.admission)
	r.Put("/admission", f.setAdmission)
}

func (f *Face) listGroups(c *fiber.Ctx) error {
	groups, err := f.Groups.List(c.UserContext())
	if err != nil {
		return err
	}
	list := make([]Group, len(groups))
	for i, g := range groups {
		list[i] = newGroup(g)
	}
	return c.JSON(fiber.Map{"groups": list})
}

func (f *Face) createGroup(c *fiber.Ctx) error {
	var body groupChange
	if err := decode(c, &body); err != nil {
		return err
	}
	g, err := f.Groups.Create(c.UserContext(), body.change())
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusCreated).JSON(newGroup(g))
}

func (f *Face) showGroup(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	g, err := f.Groups.Get(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(newGroup(g))
}

func (f *Face) updateGroup(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	var body groupChange
	if err := decode(c, &body); err != nil {
		return err
	}
	g, err := f.Groups.Update(c.UserContext(), name, body.change())
	if err != nil {
		return err
	}
	return c.JSON(newGroup(g))
}

func (f *Face) removeGroup(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	if err := f.Groups.Remove(c.UserContext(), name); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// listMembers answers with a page of members, in the order of their names.
func (f *Face) listMembers(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	page, err := queryNumber(c, "page", 0, 0, maxPage)
	if err != nil {
		return err
	}
	members, total, err := f.Groups.Members(c.UserContext(), name, page*usersPerPage, usersPerPage)
	if err != nil {
		return err
	}
	list := make([]Member, len(members))
	for i, m := range members {
		list[i] = Member{User: f.newUser(m.User), ByHand: m.ByHand}
	}
	return c.JSON(fiber.Map{"members": list, "total": total})
}

// pathMember returns group and user of the path.
func pathMember(c *fiber.Ctx) (group, user string, err error) {
	if group, err = pathName(c); err != nil {
		return "", "", err
	}
	if user, err = url.PathUnescape(c.Params("user")); err != nil {
		return "", "", badRequest{"the user name in the path is not valid: " + err.Error()}
	}
	return group, user, nil
}

func (f *Face) addMember(c *fiber.Ctx) error {
	group, user, err := pathMember(c)
	if err != nil {
		return err
	}
	if err := f.Groups.AddMember(c.UserContext(), group, user); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (f *Face) removeMember(c *fiber.Ctx) error {
	group, user, err := pathMember(c)
	if err != nil {
		return err
	}
	if err := f.Groups.RemoveMember(c.UserContext(), group, user); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (f *Face) mapGroup(c *fiber.Ctx) error {
	return f.changeMapping(c, f.Groups.Map)
}

func (f *Face) unmapGroup(c *fiber.Ctx) error {
	return f.changeMapping(c, f.Groups.Unmap)
}

// changeMapping maps or unmaps the directory group that the body names.
func (f *Face) changeMapping(c *fiber.Ctx, change func(ctx context.Context, group, source, directoryGroup string) error) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	var body struct {
		Source string `json:"source"`
		Group  string `json:"group"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := change(c.UserContext(), name, body.Source, body.Group); err != nil {
		return err
	}
	g, err := f.Groups.Get(c.UserContext(), name)
	if err != nil {
		return err
	}
	return c.JSON(newGroup(g))
}

// listGroupsOf answers with the names of a user's groups.
func (f *Face) listGroupsOf(c *fiber.Ctx) error {
	name, err := pathName(c)
	if err != nil {
		return err
	}
	user, err := f.Accounts.Find(c.UserContext(), name)
	if err != nil {
		return err
	}
	groups, err := f.Groups.Of(c.UserContext(), user.ID)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"groups": groups})
}

// Admission says who may enrol without a group that may.
type Admission struct {
	Admission group.Admission `json:"admission"`
}

func (f *Face) admission(c *fiber.Ctx) error {
	a, err := f.Groups.Admission(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(Admission{a})
}

func (f *Face) setAdmission(c *fiber.Ctx) error {
	var body Admission
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := f.Groups.SetAdmission(c.UserContext(), body.Admission); err != nil {
		return err
	}
	return c.JSON(body)
}
