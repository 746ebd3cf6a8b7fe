// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"encoding/base64"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/device"
)

// enrol answers POST /api/auth/device. Each value of the answer is a text: one
// list or object anywhere makes the client throw the account away.
func (f *Face) enrol(c *fiber.Ctx) error {
	who, given, err := basic(c)
	if err != nil {
		return f.Answer(c, err)
	}
	if !given {
		return f.Answer(c, account.ErrCredentials)
	}
	var body struct {
		CSR        string `json:"csr"`
		DeviceName string `json:"deviceName"`
	}
	if err := json.Unmarshal(c.Body(), &body); err != nil {
		return f.Answer(c, refusal{fiber.StatusBadRequest, "the body is not the expected JSON object: " + err.Error()})
	}
	ctx := c.UserContext()
	user, err := f.Accounts.Authenticate(ctx, who.Username, who.Password)
	if err != nil {
		return f.Answer(c, err)
	}
	actor := audit.ActorOf(ctx)
	actor.Name = "user:" + user.Username
	ctx = audit.With(ctx, actor)

	enrolment, err := f.Devices.Enrol(ctx, user, device.Request{
		CSR: []byte(body.CSR), Name: body.DeviceName, UserAgent: c.Get(fiber.HeaderUserAgent),
	})
	if err != nil {
		return f.Answer(c, err)
	}
	// From here on a failure leaves an enrolled device without its answer; the
	// client tries again with the same or another key, and both work.
	answer, err := f.Policy.For(ctx, user.ID, enrolment.Device.DeviceID)
	if err != nil {
		return f.Answer(c, err)
	}
	picture, err := f.Store.PictureOf(ctx, user.ID)
	if err != nil {
		return f.Answer(c, err)
	}
	answer["certificateChain"] = enrolment.Chain
	answer["deviceReceipt"] = enrolment.Receipt.Text
	answer["receiptSignature"] = enrolment.Receipt.Signature
	answer["nameServer"] = nameServerPath
	answer["displayName"] = account.DisplayName(user)
	answer["userPhoto"] = base64.StdEncoding.EncodeToString(picture)
	if _, set := answer["Account.displayName"]; !set {
		answer["Account.displayName"] = account.DisplayName(user)
	}
	return c.JSON(answer)
}

// policyData answers GET /api/auth/policyData with the settings that came with
// the enrolment, as they are today.
func (f *Face) policyData(c *fiber.Ctx) error {
	b := bearerOf(c)
	settings, err := f.Policy.For(c.UserContext(), b.User.ID, b.Device.DeviceID)
	if err != nil {
		return f.Answer(c, err)
	}
	return c.JSON(settings)
}
