// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"jamibox/enroll/directory/source"
)

// sourceFlags are the flags that describe a directory.
type sourceFlags struct {
	config                  source.Config
	caFile, passwordFile    string
	maps                    []string
	connectTimeout, timeout time.Duration
}

func (s *sourceFlags) add(cmd *cobra.Command) {
	f, c := cmd.Flags(), &s.config
	f.StringVar((*string)(&c.Kind), "kind", "", "`ldap` or ad")
	f.StringVar(&c.Preset, "preset", "", "`kind` of server, which fills in what is not given: "+strings.Join(source.Presets(), ", "))
	f.StringArrayVar(&c.URLs, "url", nil, "`URL` of a server, ldap://host[:port] or ldaps://host[:port]; may be repeated, they are tried in order")
	f.StringVar(&c.Domain, "domain", "", "DNS `name` of the domain; without --url the controllers of an AD are looked up in DNS")
	f.StringVar(&c.NetBIOS, "netbios", "", "legacy `name` of the domain, for DOMAIN\\user")
	f.BoolVar(&c.GlobalCatalogue, "global-catalogue", false, "look up global catalogue servers (ports 3268, 3269)")
	f.StringVar(&c.TLS, "tls", "", "`none`, starttls or ldaps (default starttls, or ldaps where the URL says so)")
	f.StringVar(&s.caFile, "ca-file", "", "`file` with the PEM certificates to be trusted instead of the system's")
	f.StringArrayVar(&c.Pins, "pin", nil, "`SHA-256` of a certificate to be trusted instead (see fetch-certificate); may be repeated")
	f.BoolVar(&c.InsecureSkipVerify, "insecure-skip-verify", false, "do not check the server's certificate: anyone on the way can read passwords")
	f.StringVar(&c.MinTLS, "min-tls", "", "least TLS `version`, 1.0 to 1.3 (default 1.2)")
	f.StringArrayVar(&c.Ciphers, "cipher", nil, "`name` of an allowed TLS cipher suite; may be repeated")
	f.BoolVar(&c.AllowPlaintextBind, "allow-plaintext-bind", false, "send passwords over a connection without TLS")
	f.StringVar(&c.BindDN, "bind-dn", "", "service `account`: a DN, user@domain or DOMAIN\\user (default anonymous)")
	f.StringVar(&s.passwordFile, "bind-password-file", "", "`file` with the password of the service account (- for standard input)")
	f.StringArrayVar(&c.Bases, "base", nil, "`DN` below which people are (default what the server says); may be repeated")
	f.StringVar(&c.Scope, "scope", "", "`sub`, one or base (default sub)")
	f.StringVar(&c.Login, "login", "", "`search` for the person and bind, or bind direct (default search)")
	f.StringVar(&c.BindTemplate, "bind-template", "", "what a direct login binds as, `such` as uid=%u,ou=people,dc=example,dc=org")
	f.StringVar(&c.Filter, "filter", "", "`filter` of a login, such as (uid=%u)")
	f.StringVar(&c.UsersFilter, "users-filter", "", "`filter` of all people")
	f.StringArrayVar(&c.GroupBases, "group-base", nil, "`DN` below which groups are; may be repeated")
	f.StringVar(&c.GroupFilter, "group-filter", "", "`filter` of all groups")
	f.StringVar(&c.Membership, "membership", "", "`how` groups of a person are found: memberOf, member, memberUid or in-chain")
	f.StringArrayVar(&s.maps, "map", nil, "`field=attribute[,attribute]`, such as phone=telephoneNumber,homePhone; may be repeated")
	f.StringVar(&c.PhonePrefix, "phone-prefix", "", "country and area of local phone `numbers`, such as \"+33 1\"")
	f.StringVar(&c.Organization, "organization", "", "`organisation` of people whose entry names none")
	f.StringVar(&c.Realm, "realm", "", "what %r stands for in filters (`name`)")
	f.DurationVar(&s.connectTimeout, "connect-timeout", 0, "`time` to connect (default 5s)")
	f.DurationVar(&s.timeout, "timeout", 0, "`time` for each question (default 10s)")
	f.IntVar(&c.PageSize, "page-size", 0, "entries in a page (default 500)")
	f.IntVar(&c.SizeLimit, "size-limit", 0, "entries that a search for people brings (default 200)")
	f.IntVar(&c.Connections, "connections", 0, "connections of the service account (default 3)")
	f.StringVar(&c.Accounts, "accounts", "", "accounts are made `ahead` by the synchronisation, or at the first login (default ahead)")
}

// member returns the setting that a flag stands for; "" if for none.
func member(flag string) string {
	switch flag {
	case "url", "pin", "cipher", "base", "group-base":
		return strings.ReplaceAll(flag, "-", "_") + "s"
	case "ca-file":
		return "ca"
	case "map":
		return "mapping"
	case "bind-password-file", "no-test", "disabled", "help", "config", "data-dir", "json":
		return ""
	}
	return strings.ReplaceAll(flag, "-", "_")
}

// request returns the members of a request for the flags that were given, over
// the settings there are; nil: none. It is empty if no flag was given.
func (s *sourceFlags) request(cmd *cobra.Command, now *source.Config) (map[string]any, error) {
	request := map[string]any{}
	if cmd.Flags().Changed("bind-password-file") {
		password, err := readSecret("bind-password-file", s.passwordFile)
		if err != nil {
			return nil, err
		}
		request["bind_password"] = password
	}
	if err := s.complete(now); err != nil {
		return nil, err
	}
	given, err := fields(s.config)
	if err != nil {
		return nil, err
	}
	config := map[string]any{}
	if now != nil {
		if config, err = fields(*now); err != nil {
			return nil, err
		}
	}
	changed := now == nil
	cmd.Flags().Visit(func(f *pflag.Flag) {
		m := member(f.Name)
		if m == "" {
			return
		}
		changed = true
		delete(config, m)
		if value, set := given[m]; set {
			config[m] = value
		}
	})
	if changed {
		request["config"] = config
	}
	return request, nil
}

// complete fills in the settings that a flag alone does not make.
func (s *sourceFlags) complete(now *source.Config) error {
	for _, list := range []*[]string{&s.config.URLs, &s.config.Pins, &s.config.Ciphers, &s.config.Bases, &s.config.GroupBases} {
		*list = slices.DeleteFunc(*list, func(value string) bool { return value == "" })
	}
	s.config.ConnectTimeout, s.config.Timeout = source.Duration(s.connectTimeout), source.Duration(s.timeout)
	if s.caFile != "" {
		pem, err := os.ReadFile(s.caFile)
		if err != nil {
			return fmt.Errorf("reading the CA certificates: %w", err)
		}
		s.config.CA = string(pem)
	}
	if now != nil {
		s.config.Mapping = now.Mapping
	}
	mapping, err := fields(s.config.Mapping)
	if err != nil {
		return err
	}
	for _, text := range s.maps {
		field, attributes, ok := strings.Cut(text, "=")
		if !ok {
			return usageError{fmt.Errorf("--map %q: field=attribute is expected", text)}
		}
		delete(mapping, field)
		if attributes != "" {
			mapping[field] = strings.Split(attributes, ",")
		}
	}
	raw, err := json.Marshal(mapping)
	if err != nil {
		return fmt.Errorf("encoding the mapping: %w", err)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	s.config.Mapping = source.Mapping{}
	if err := d.Decode(&s.config.Mapping); err != nil {
		return usageError{fmt.Errorf("--map: %w", err)}
	}
	return nil
}

// fields returns what a struct is in JSON.
func fields(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	members := map[string]any{}
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	return members, nil
}
