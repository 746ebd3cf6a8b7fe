// SPDX-License-Identifier: GPL-3.0-or-later

package jams

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ocsp answers a POST (RFC 6960, appendix A.1), which is what clients send.
func (f *Face) ocsp(c *fiber.Ctx) error { return f.writeOCSP(c, c.Body()) }

// ocspByGet answers the GET form: the request is base64 in the path.
func (f *Face) ocspByGet(c *fiber.Ctx) error {
	text, err := url.PathUnescape(c.Params("*"))
	if err != nil {
		return f.writeOCSP(c, nil)
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return f.writeOCSP(c, nil)
	}
	return f.writeOCSP(c, der)
}

func (f *Face) writeOCSP(c *fiber.Ctx, der []byte) error {
	answer, err := f.Revocation.OCSP(c.UserContext(), strings.ToLower(c.Params("account")), der)
	if err != nil {
		f.Logger.Error("OCSP request failed", "err", err)
	}
	c.Set(fiber.HeaderContentType, "application/ocsp-response")
	return c.Send(answer)
}

// crl answers GET /api/crl/{issuer}.crl with DER.
func (f *Face) crl(c *fiber.Ctx) error {
	der, err := f.Revocation.CRL(c.UserContext(), strings.TrimSuffix(strings.ToLower(c.Params("issuer")), ".crl"))
	if err != nil {
		return f.Answer(c, err)
	}
	c.Set(fiber.HeaderContentType, "application/pkix-crl")
	return c.Send(der)
}
