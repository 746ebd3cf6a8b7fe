// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"fmt"
	"strings"
)

const (
	presetAD       = "ad"
	presetOpenLDAP = "openldap"
)

type preset struct {
	config Config
	// Where people and groups are below the server's naming context.
	usersBelow, groupsBelow string
}

const (
	adUsers    = "(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))"
	adFilter   = "(|(sAMAccountName=%u)(userPrincipalName=%u))"
	inetUsers  = "(&(objectClass=inetOrgPerson)(uid=*))"
	inetFilter = "(uid=%u)"
	inetGroups = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
	people     = "(objectClass=person)"
)

func inetMapping() Mapping {
	return Mapping{
		ID: []string{"entryUUID"}, Username: []string{"uid"},
		FirstName: []string{"givenName"}, LastName: []string{"sn"}, DisplayName: []string{"displayName", "cn"},
		Email: []string{"mail"}, Phone: []string{"telephoneNumber"}, Mobile: []string{"mobile"},
		Organization: []string{"o"}, Department: []string{"departmentNumber", "ou"}, Title: []string{"title"},
		Picture: []string{"jpegPhoto"},
	}
}

func adMapping() Mapping {
	return Mapping{
		ID: []string{"objectGUID"}, Username: []string{"sAMAccountName"},
		FirstName: []string{"givenName"}, LastName: []string{"sn"}, DisplayName: []string{"displayName", "cn"},
		Email: []string{"mail", "proxyAddresses"},
		Phone: []string{"telephoneNumber", "otherTelephone"}, Mobile: []string{"mobile", "otherMobile"},
		Organization: []string{"company"}, Department: []string{"department"}, Title: []string{"title"},
		Picture: []string{"thumbnailPhoto", "jpegPhoto"},
	}
}

// Presets returns the names of the presets.
func Presets() []string {
	return []string{presetAD, "samba", presetOpenLDAP, "389ds", "freeipa", "lldap"}
}

// presetNamed returns the preset of the name; that of "" is for servers of
// any make.
func presetNamed(name string) (preset, bool) {
	inet := preset{config: Config{
		Kind: KindLDAP, UsersFilter: inetUsers, Filter: inetFilter, GroupFilter: inetGroups,
		Membership: MembershipMemberOf, Mapping: inetMapping(),
	}}
	switch name {
	case presetAD, "samba":
		return preset{config: Config{
			Kind: KindAD, UsersFilter: adUsers, Filter: adFilter, GroupFilter: "(objectClass=group)",
			Membership: MembershipInChain, Mapping: adMapping(),
		}}, true
	case "", presetOpenLDAP:
	case "389ds":
		inet.config.Mapping.ID = []string{"entryUUID", "nsUniqueId"}
	case "freeipa":
		inet.usersBelow, inet.groupsBelow = "cn=users,cn=accounts", "cn=groups,cn=accounts"
		inet.config.Mapping.ID = []string{"ipaUniqueID"}
		inet.config.UsersFilter, inet.config.GroupFilter = people, "(objectClass=ipausergroup)"
	case "lldap":
		inet.usersBelow, inet.groupsBelow = "ou=people", "ou=groups"
		inet.config.UsersFilter, inet.config.GroupFilter = people, "(objectClass=groupOfUniqueNames)"
	default:
		return preset{}, false
	}
	return inet, true
}

// Preset returns what a preset fills in.
func Preset(name string) (Config, error) {
	p, ok := presetNamed(name)
	if !ok || name == "" {
		return Config{}, fmt.Errorf("preset %q is unknown; there are %s", name, strings.Join(Presets(), ", "))
	}
	p.config.Preset = name
	return p.config, nil
}

// BasesIn returns where people and groups are on a server whose naming
// context is given, "" if it is not known: as configured, else where the
// preset's servers keep them.
func (c Config) BasesIn(namingContext string) (users, groups []string) {
	p, _ := presetNamed(c.presetName())
	below := func(prefix string) []string {
		if prefix == "" || namingContext == "" {
			return []string{namingContext}
		}
		return []string{prefix + "," + namingContext}
	}
	users, groups = c.Bases, c.GroupBases
	if len(users) == 0 {
		users = below(p.usersBelow)
	}
	switch {
	case len(groups) > 0:
	case namingContext == "":
		groups = users
	default:
		groups = below(p.groupsBelow)
	}
	return users, groups
}
