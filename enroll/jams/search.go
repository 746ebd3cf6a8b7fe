// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/directory"
)

// profile is one person found. All members are texts, since clients skip
// others, and all are always there: Android prints "null" for a missing name
// and fails without an id.
type profile struct {
	ID             string `json:"id"`
	Username       string `json:"username"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	ProfilePicture string `json:"profilePicture"`
	Organization   string `json:"organization"`
	// What follows no client of today reads; all skip members that they do not
	// know.
	DisplayName  string `json:"displayName,omitempty"`
	Email        string `json:"email,omitempty"`
	PhoneNumber  string `json:"phoneNumber,omitempty"`
	MobileNumber string `json:"mobileNumber,omitempty"`
	Department   string `json:"department,omitempty"`
	Title        string `json:"title,omitempty"`
}

const queryKey = "queryString="

var pageKey = regexp.MustCompile(`(?:^|&)page=([0-9]{1,6})(?:&|$)`)

// search answers GET /api/auth/directory/search. The query is read from the
// raw request target, since clients do not encode what was typed.
func (f *Face) search(c *fiber.Ctx) error {
	_, query, _ := strings.Cut(string(c.Request().Header.RequestURI()), "?")
	before, text, found := strings.Cut(query, queryKey)
	if !found {
		return f.Answer(c, refusal{fiber.StatusBadRequest, "queryString is missing"})
	}
	text, page := directory.SplitPage(text)
	if m := pageKey.FindStringSubmatch(before); m != nil {
		page, _ = strconv.Atoi(m[1]) // six digits always fit
	}
	q := directory.ParseQuery(text)
	result, err := f.Directory.Search(c.UserContext(), bearerOf(c).User, q, page, q.Everyone())
	if err != nil {
		return f.Answer(c, err)
	}
	profiles := make([]profile, len(result.People))
	for i, p := range result.People {
		profiles[i] = profile{
			ID: p.User.AccountID, Username: p.User.Username,
			FirstName: p.User.FirstName, LastName: p.User.LastName, Organization: p.User.Organization,
			ProfilePicture: base64.StdEncoding.EncodeToString(p.Picture), DisplayName: p.User.DisplayName,
			Email: p.User.Email, PhoneNumber: p.User.Phone, MobileNumber: p.User.Mobile,
			Department: p.User.Department, Title: p.User.Title,
		}
	}
	return c.JSON(fiber.Map{"profiles": profiles, "numPages": result.Pages})
}
