// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind is the kind of a source.
type Kind string

// The kinds of sources.
const (
	KindLocal Kind = "local"
	KindLDAP  Kind = "ldap"
	KindAD    Kind = "ad"
)

// How connections are protected.
const (
	TLSNone     = "none"
	TLSStartTLS = "starttls"
	TLSLDAPS    = "ldaps"
)

// How far below a base is searched.
const (
	ScopeSub  = "sub"
	ScopeOne  = "one"
	ScopeBase = "base"
)

// How the entry of a login is found.
const (
	// LoginSearch looks for the entry with the service account, then binds.
	LoginSearch = "search"
	// LoginDirect makes the DN out of the login with BindTemplate.
	LoginDirect = "direct"
)

// How the groups of a person are found.
const (
	MembershipMemberOf  = "memberOf"
	MembershipMember    = "member"
	MembershipMemberUID = "memberUid"
	// MembershipInChain is Active Directory's own resolution of nested groups,
	// and the primary group.
	MembershipInChain = "in-chain"
)

// When accounts are made for people of a source.
const (
	AccountsAhead = "ahead"
	AccountsLogin = "login"
)

// Config is what the administrator says about a source, as it is stored and as
// the API shows it. There are no secrets in it.
type Config struct {
	Kind Kind `json:"kind"`
	// Preset fills what is empty; "" is none.
	Preset string `json:"preset,omitempty"`

	// URLs are tried in their order. All have the same scheme.
	URLs []string `json:"urls,omitempty"`
	// Domain is the DNS name of the domain: of user@domain, and of kind ad the
	// one whose controllers are looked up where URLs is empty.
	Domain string `json:"domain,omitempty"`
	// NetBIOS is the domain's legacy name, of DOMAIN\user.
	NetBIOS string `json:"netbios,omitempty"`
	// GlobalCatalogue looks up catalogue servers, on ports 3268 and 3269.
	GlobalCatalogue bool `json:"global_catalogue,omitempty"`

	// TLS is TLSNone, TLSStartTLS or TLSLDAPS; "" follows the URLs.
	TLS string `json:"tls,omitempty"`
	// CA is PEM; "" is the system's.
	CA string `json:"ca,omitempty"`
	// Pins are SHA-256 sums, in hexadecimal digits, of certificates that are
	// trusted instead of CA: a server's own, whatever names and dates are in
	// it, or one that signed the server's.
	Pins               []string `json:"pins,omitempty"`
	InsecureSkipVerify bool     `json:"insecure_skip_verify,omitempty"`
	// MinTLS is "1.0" to "1.3".
	MinTLS string `json:"min_tls,omitempty"`
	// Ciphers are names such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, for TLS
	// up to 1.2; none for the usual ones.
	Ciphers []string `json:"ciphers,omitempty"`
	// AllowPlaintextBind lets passwords go over a connection without TLS.
	AllowPlaintextBind bool `json:"allow_plaintext_bind,omitempty"`

	// BindDN is the service account: a DN, user@domain or DOMAIN\user; "" is
	// anonymous.
	BindDN string `json:"bind_dn,omitempty"`
	// Bases are where people are; none for what the server calls its default.
	Bases []string `json:"bases,omitempty"`
	// Scope is ScopeSub, ScopeOne or ScopeBase.
	Scope string `json:"scope,omitempty"`

	// Login is LoginSearch or LoginDirect.
	Login string `json:"login,omitempty"`
	// BindTemplate is what LoginDirect binds as: a DN such as
	// "uid=%u,ou=people,dc=example,dc=org", or "%u@ad.example".
	BindTemplate string `json:"bind_template,omitempty"`
	// Filter is the filter of a login; see LoginFilter.
	Filter string `json:"filter,omitempty"`
	// UsersFilter is the filter of all people; "" is Filter for any login.
	UsersFilter string `json:"users_filter,omitempty"`

	// GroupBases are where groups are; none for anywhere on the server.
	GroupBases  []string `json:"group_bases,omitempty"`
	GroupFilter string   `json:"group_filter,omitempty"`
	// Membership is one of the Membership constants.
	Membership string `json:"membership,omitempty"`

	Mapping Mapping `json:"mapping,omitzero"`
	// PhonePrefix is put before numbers that have none, such as "+33 1".
	PhonePrefix string `json:"phone_prefix,omitempty"`
	// Organization is that of people whose entry names none.
	Organization string `json:"organization,omitempty"`
	// Realm is what %r stands for in templates.
	Realm string `json:"realm,omitempty"`

	ConnectTimeout Duration `json:"connect_timeout,omitempty"`
	// Timeout bounds each question to the server.
	Timeout  Duration `json:"timeout,omitempty"`
	PageSize int      `json:"page_size,omitempty"`
	// SizeLimit is how many entries a search of a person may bring.
	SizeLimit int `json:"size_limit,omitempty"`
	// Connections is how many the service account keeps open at most.
	Connections int `json:"connections,omitempty"`

	// Accounts is AccountsAhead or AccountsLogin.
	Accounts string `json:"accounts,omitempty"`
}

// Mapping says which attributes hold what. Of several the first that has a
// value is taken; of emails and phones all are.
type Mapping struct {
	ID           []string `json:"id,omitempty"`
	Username     []string `json:"username,omitempty"`
	FirstName    []string `json:"first_name,omitempty"`
	LastName     []string `json:"last_name,omitempty"`
	DisplayName  []string `json:"display_name,omitempty"`
	Email        []string `json:"email,omitempty"`
	Phone        []string `json:"phone,omitempty"`
	Mobile       []string `json:"mobile,omitempty"`
	Organization []string `json:"organization,omitempty"`
	Department   []string `json:"department,omitempty"`
	Title        []string `json:"title,omitempty"`
	Picture      []string `json:"picture,omitempty"`
}

// Duration is a time.Duration that is text in JSON, such as "5s".
type Duration time.Duration

// MarshalJSON writes the text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the text.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("reading a duration: expected text such as \"5s\": %w", err)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("reading a duration: %w", err)
	}
	*d = Duration(parsed)
	return nil
}
