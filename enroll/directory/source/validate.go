// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	maxConnections = 32
	maxPageSize    = 5000
	maxSizeLimit   = 10_000
	maxTimeout     = Duration(5 * time.Minute)
)

var attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*$|^[0-9]+(\.[0-9]+)+$`)

// Validate returns all that is wrong with a configuration, joined; each
// problem begins with the name of its field. Empty fields count as their
// defaults.
func (c Config) Validate() error {
	switch c.Kind {
	case KindLocal:
		return nil
	case KindLDAP, KindAD:
	default:
		return invalid("kind", "%q is unknown; it is ldap or ad", c.Kind)
	}
	_, known := presetNamed(c.Preset)
	problems := []error{}
	if !known {
		problems = append(problems, invalid("preset", "%q is unknown; there are %s", c.Preset, strings.Join(Presets(), ", ")))
	} else if p, _ := presetNamed(c.Preset); c.Preset != "" && p.config.Kind != c.Kind {
		problems = append(problems, invalid("preset", "%q is for sources of kind %s, and this is one of kind %s", c.Preset, p.config.Kind, c.Kind))
	}
	d := c.WithDefaults()
	problems = append(problems, d.checkServers(), d.checkTLS(), d.checkLogin(), d.checkSearch(), d.checkMapping(), d.checkLimits())
	return errors.Join(problems...)
}

func invalid(field, format string, a ...any) error {
	return fmt.Errorf("%s: %s", field, fmt.Sprintf(format, a...))
}

func (c Config) checkServers() error {
	var problems []error
	if len(c.URLs) == 0 && (c.Kind != KindAD || c.Domain == "") {
		hint := "give at least one, such as ldaps://ldap.example.org"
		if c.Kind == KindAD {
			hint += ", or the domain, to look its controllers up"
		}
		problems = append(problems, invalid("urls", "%s", hint))
	}
	schemes := map[string]bool{}
	for _, text := range c.URLs {
		u, err := url.Parse(text)
		switch {
		case err != nil:
			problems = append(problems, invalid("urls", "%q is no URL", text))
			continue
		case u.Scheme != "ldap" && u.Scheme != "ldaps":
			problems = append(problems, invalid("urls", "%q has to begin with ldap:// or ldaps://", text))
			continue
		case u.Hostname() == "":
			problems = append(problems, invalid("urls", "%q names no server", text))
		case u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
			problems = append(problems, invalid("urls", "%q has more than a server and a port; base and account have fields of their own", text))
		case !validPort(u.Port()):
			problems = append(problems, invalid("urls", "%q has a port that is none", text))
		}
		schemes[u.Scheme] = true
	}
	if len(schemes) > 1 {
		problems = append(problems, invalid("urls", "some begin with ldap:// and some with ldaps://; give all the same"))
	}
	if strings.ContainsAny(c.Domain, " /@\\:") {
		problems = append(problems, invalid("domain", "%q is no domain name", c.Domain))
	}
	if strings.ContainsAny(c.NetBIOS, "@\\/") {
		problems = append(problems, invalid("netbios", "%q is no NetBIOS name; give only what stands before the backslash", c.NetBIOS))
	}
	if c.GlobalCatalogue && c.Kind != KindAD {
		problems = append(problems, invalid("global_catalogue", "only Active Directory has one"))
	}
	return errors.Join(problems...)
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 1<<16
}

func (c Config) checkLogin() error {
	var problems []error
	if err := checkBindName(c.BindDN); err != nil {
		problems = append(problems, err)
	}
	switch c.Login {
	case LoginSearch:
	case LoginDirect:
		if err := checkBindTemplate(c.BindTemplate); err != nil {
			problems = append(problems, err)
		}
	default:
		problems = append(problems, invalid("login", "%q is unknown; it is search or direct", c.Login))
	}
	if !token.MatchString(c.Filter) && c.Login == LoginSearch {
		problems = append(problems, invalid("filter", "%s is the same for every login; it needs %%u where the name belongs", c.Filter))
	}
	problems = append(problems,
		checkFilter("filter", expand(c.Filter, func(byte) string { return "x" })),
		checkFilter("users_filter", c.UsersFilter), checkFilter("group_filter", c.GroupFilter))
	return errors.Join(problems...)
}

func checkBindName(name string) error {
	if !strings.Contains(name, "=") {
		if name != "" && !strings.ContainsAny(name, `@\`) {
			return invalid("bind_dn", `%q is neither a DN such as cn=reader,dc=example,dc=org nor user@domain nor DOMAIN\user`, name)
		}
		return nil
	}
	if _, err := ldap.ParseDN(name); err != nil {
		return invalid("bind_dn", "%q is no DN: %v", name, err)
	}
	return nil
}

func checkBindTemplate(template string) error {
	filled := expand(template, func(byte) string { return "x" })
	switch {
	case template == "":
		return invalid("bind_template", "login direct needs one, such as uid=%%u,ou=people,dc=example,dc=org")
	case !token.MatchString(template):
		return invalid("bind_template", "%s is the same for every login; it needs %%u where the name belongs", template)
	case !strings.Contains(template, "="):
		return nil
	}
	if _, err := ldap.ParseDN(filled); err != nil {
		return invalid("bind_template", "%s makes no DN: %v", template, err)
	}
	return nil
}

func checkFilter(field, filter string) error {
	if _, err := ldap.CompileFilter(bracketed(filter)); err != nil {
		return invalid(field, "%s is no filter: %v", filter, err)
	}
	return nil
}

func (c Config) checkSearch() error {
	var problems []error
	for _, list := range []struct {
		field string
		dns   []string
	}{{"bases", c.Bases}, {"group_bases", c.GroupBases}} {
		for _, base := range list.dns {
			if _, err := ldap.ParseDN(base); err != nil || base == "" {
				problems = append(problems, invalid(list.field, "%q is no DN such as ou=people,dc=example,dc=org", base))
			}
		}
	}
	if !slices.Contains([]string{ScopeSub, ScopeOne, ScopeBase}, c.Scope) {
		problems = append(problems, invalid("scope", "%q is unknown; it is sub, one or base", c.Scope))
	}
	memberships := []string{MembershipMemberOf, MembershipMember, MembershipMemberUID, MembershipInChain}
	if !slices.Contains(memberships, c.Membership) {
		problems = append(problems, invalid("membership", "%q is unknown; there are %s", c.Membership, strings.Join(memberships, ", ")))
	}
	if c.Membership == MembershipInChain && c.Kind != KindAD {
		problems = append(problems, invalid("membership", "in-chain is a rule of Active Directory"))
	}
	if c.Accounts != AccountsAhead && c.Accounts != AccountsLogin {
		problems = append(problems, invalid("accounts", "%q is unknown; it is ahead or login", c.Accounts))
	}
	return errors.Join(problems...)
}

func (c Config) checkMapping() error {
	var problems []error
	for _, f := range c.Mapping.fields() {
		for _, a := range *f.attributes {
			if !attributeName.MatchString(a) {
				problems = append(problems, invalid("mapping."+f.name, "%q is no name of an attribute", a))
			}
		}
	}
	return errors.Join(problems...)
}

func (c Config) checkLimits() error {
	var problems []error
	for _, d := range []struct {
		field string
		value Duration
	}{{"connect_timeout", c.ConnectTimeout}, {"timeout", c.Timeout}} {
		if d.value < 0 || d.value > maxTimeout {
			problems = append(problems, invalid(d.field, "%s is out of range; at most %s", time.Duration(d.value), time.Duration(maxTimeout)))
		}
	}
	for _, n := range []struct {
		field      string
		value, max int
	}{{"page_size", c.PageSize, maxPageSize}, {"size_limit", c.SizeLimit, maxSizeLimit}, {"connections", c.Connections, maxConnections}} {
		if n.value < 1 || n.value > n.max {
			problems = append(problems, invalid(n.field, "%d is out of range; 1 to %d", n.value, n.max))
		}
	}
	return errors.Join(problems...)
}
