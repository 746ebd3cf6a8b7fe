// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"time"

	"github.com/go-ldap/ldap/v3"
)

// StateCode is the state of an account in its directory.
type StateCode string

// The states.
const (
	Active StateCode = "active"
	// Disabled is switched off by an administrator.
	Disabled StateCode = "disabled"
	// Expired is an account, not a password, whose time is over.
	Expired StateCode = "expired"
	// Locked is closed for a time after wrong passwords.
	Locked          StateCode = "locked"
	PasswordExpired StateCode = "password_expired"
	MustChange      StateCode = "must_change_password"
	NotYetValid     StateCode = "not_yet_valid"
	LogonHours      StateCode = "logon_hours"
	Workstation     StateCode = "workstation"
	// Restricted is refused for another reason, which Reason tells.
	Restricted StateCode = "restricted"
)

// State is what a directory says of an account.
type State struct {
	Code StateCode `json:"code"`
	// Reason is for administrators: which attribute or answer says so. It is
	// empty for Active.
	Reason string `json:"reason,omitempty"`
}

// MayLogin tells whether a right password is enough.
func (s State) MayLogin() bool { return s.Code == Active || s.Code == "" }

// Barred tells whether the person is to lose access: what else stops a login
// is no reason to take away the devices.
func (s State) Barred() bool { return s.Code == Disabled || s.Code == Expired }

// AfterBind returns the state once the server has accepted the password: it
// would not have, were the account still locked. Entries may say so for longer.
func (s State) AfterBind() State {
	if s.Code == Locked {
		return State{Code: Active}
	}
	return s
}

// State returns what an entry says of its account.
func (c Config) State(e *ldap.Entry, now time.Time) State {
	r := reader{e}
	judges := []func(reader, time.Time) State{ppolicyState, dsState, shadowState}
	if c.Kind == KindAD {
		judges = []func(reader, time.Time) State{adState}
	}
	worst := State{Code: Active}
	for _, judge := range judges {
		s := judge(r, now)
		if s.Barred() {
			return s
		}
		if worst.MayLogin() {
			worst = s
		}
	}
	return worst
}

func because(code StateCode, reason string) State { return State{Code: code, Reason: reason} }
