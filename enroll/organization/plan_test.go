// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/pki"
)

func TestPlanDefaults(t *testing.T) {
	p := Plan{Settings: Settings{Name: " Example ", PublicURL: " https://box.example:8443/ "}}.WithDefaults()
	require.Equal(t, Plan{
		Settings: Settings{
			Name: "Example", PublicURL: "https://box.example:8443",
			DeviceLifetime: 2 * year, AccountLifetime: 20 * year, CRLLifetime: 7 * day, AccountKeyBits: 4096,
		},
		Subject: pki.Subject{CommonName: "Example CA", Organization: "Example"}, CAKeyType: "rsa-4096", CALifetime: 30 * year,
	}, p)
	require.NoError(t, p.Validate())
	require.Equal(t, p, p.WithDefaults())

	p.Subject.CommonName, p.DeviceLifetime, p.CAKeyType, p.AccountKeyBits = "Root", 40*Lifetime(time.Second), "ecdsa-p384", 2048
	require.Equal(t, p, p.WithDefaults(), "what was asked for stays")
	require.NoError(t, p.Validate())
}

func TestPlanValidate(t *testing.T) {
	for name, c := range map[string]struct {
		edit    func(*Plan)
		problem string
	}{
		"ok/address":           {func(p *Plan) { p.PublicURL = "https://10.0.0.1" }, ""},
		"ok/IPv6":              {func(p *Plan) { p.PublicURL = "https://[2001:db8::1]:443" }, ""},
		"ok/path":              {func(p *Plan) { p.PublicURL = "https://box.example/jami" }, ""},
		"ok/advertise":         {func(p *Plan) { p.Advertise = []string{"10.0.0.1", "2001:db8::1"} }, ""},
		"ok/60 characters":     {func(p *Plan) { p.Name = strings.Repeat("é", 60) }, ""},
		"name/empty":           {func(p *Plan) { p.Name = "" }, `organization: "": a name of 1 to 60 characters`},
		"name/long":            {func(p *Plan) { p.Name = strings.Repeat("é", 61) }, "organization: "},
		"name/newline":         {func(p *Plan) { p.Name = "a\nb" }, `organization: "a\nb"`},
		"name/UTF-8":           {func(p *Plan) { p.Name = "a\xff" }, `organization: "a\xff"`},
		"url/empty":            {func(p *Plan) { p.PublicURL = "" }, `public_url: "": a URL such as https://`},
		"url/host only":        {func(p *Plan) { p.PublicURL = "box.example" }, "public_url: "},
		"url/http":             {func(p *Plan) { p.PublicURL = "http://box.example" }, "must begin with https://"},
		"url/upper case":       {func(p *Plan) { p.PublicURL = "HTTPS://box.example" }, "must begin with https://"},
		"url/no host":          {func(p *Plan) { p.PublicURL = "https://:8443" }, "public_url: "},
		"url/port 0":           {func(p *Plan) { p.PublicURL = "https://box:0" }, "port from 1 to 65535"},
		"url/port too large":   {func(p *Plan) { p.PublicURL = "https://box:65536" }, "port from 1 to 65535"},
		"url/port word":        {func(p *Plan) { p.PublicURL = "https://box:x" }, "public_url: "},
		"url/path in capitals": {func(p *Plan) { p.PublicURL = "https://box/Jami" }, "path must be in lower case"},
		"url/query":            {func(p *Plan) { p.PublicURL = "https://box/?x=1" }, "no query"},
		"url/fragment":         {func(p *Plan) { p.PublicURL = "https://box/#x" }, "no query"},
		"url/user":             {func(p *Plan) { p.PublicURL = "https://a:b@box" }, "no query, fragment or user"},
		"url/space":            {func(p *Plan) { p.PublicURL = "https://bo x" }, "public_url: "},
		"advertise/name":       {func(p *Plan) { p.Advertise = []string{"10.0.0.1", "box"} }, `advertise: "box": an IP address`},
		"advertise/any":        {func(p *Plan) { p.Advertise = []string{"0.0.0.0"} }, `advertise: "0.0.0.0"`},
		"advertise/multicast":  {func(p *Plan) { p.Advertise = []string{"239.0.0.1"} }, "advertise: "},
		"advertise/zone":       {func(p *Plan) { p.Advertise = []string{"fe80::1%eth0"} }, "advertise: "},
		"advertise/port":       {func(p *Plan) { p.Advertise = []string{"10.0.0.1:80"} }, "advertise: "},
		"key type":             {func(p *Plan) { p.CAKeyType = "dsa" }, `ca_key_type: unknown key type "dsa"`},
		"subject":              {func(p *Plan) { p.Subject.Country = "France" }, `ca_subject: country "France"`},
		"bits":                 {func(p *Plan) { p.AccountKeyBits = 1024 }, "account_key_bits: 1024: 2048, 3072 or 4096"},
		"device lifetime":      {func(p *Plan) { p.DeviceLifetime = 1 }, "device_lifetime: 1ns: between 1s and 100y"},
		"account lifetime":     {func(p *Plan) { p.AccountLifetime = year }, "account_lifetime: 1y: between 2y and 100y"},
		"CA lifetime":          {func(p *Plan) { p.CALifetime = 10 * year }, "ca_lifetime: 10y: between 20y and 100y"},
		"CA lifetime/too long": {func(p *Plan) { p.CALifetime = 101 * year }, "ca_lifetime: 101y"},
		"CRL lifetime":         {func(p *Plan) { p.CRLLifetime = Lifetime(time.Second) }, "crl_lifetime: 1s: between 1m0s and 100y"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Plan{Settings: Settings{Name: "Example", PublicURL: "https://box.example"}}.WithDefaults()
			c.edit(&p)
			if err := p.Validate(); c.problem == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.problem)
				require.NotContains(t, err.Error(), "\n", "one problem")
			}
		})
	}
	err := Plan{}.Validate()
	for _, field := range []string{"organization:", "public_url:", "ca_key_type:", "ca_subject:", "account_key_bits:", "device_lifetime:", "crl_lifetime:"} {
		require.ErrorContains(t, err, field, "all are told at once")
	}
}
