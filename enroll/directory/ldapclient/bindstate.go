// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

// Errors of the password policy control (draft-behera-ldap-password-policy).
const (
	policyPasswordExpired  = 0
	policyAccountLocked    = 1
	policyChangeAfterReset = 2
)

// bindState returns what the answer to a bind says of the account beside
// success or failure; Active if nothing. certain tells that the words name a
// wrong name or password.
func bindState(result *ldap.SimpleBindResult, err error) (state source.State, certain bool) {
	if state := controlState(result); !state.MayLogin() {
		return state, false
	}
	if err == nil || isLost(err) {
		return source.State{Code: source.Active}, false
	}
	var diagnostic string
	if e, ok := err.(*ldap.Error); ok && e.Err != nil {
		diagnostic = e.Err.Error()
	}
	switch {
	case isResult(err, ldap.LDAPResultInvalidCredentials):
		return credentialsState(diagnostic)
	case isResult(err, ldap.LDAPResultConstraintViolation):
		return says(source.Locked, "locked after wrong passwords (code 19: "+diagnostic+")"), false
	case isResult(err, ldap.LDAPResultUnwillingToPerform) && containsFold(diagnostic, "inactivated", "disabled", "locked"):
		return says(source.Disabled, "disabled in the directory (code 53: "+diagnostic+")"), false
	}
	return source.State{Code: source.Active}, false
}

func says(code source.StateCode, reason string) source.State {
	return source.State{Code: code, Reason: printable(reason)}
}

func containsFold(text string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(strings.ToLower(text), w) {
			return true
		}
	}
	return false
}

func controlState(result *ldap.SimpleBindResult) source.State {
	if result == nil {
		return source.State{Code: source.Active}
	}
	for _, control := range result.Controls {
		switch p := control.(type) {
		case *ldap.ControlBeheraPasswordPolicy:
			switch p.Error {
			case policyPasswordExpired:
				return says(source.PasswordExpired, "the password has expired (password policy)")
			case policyAccountLocked:
				return says(source.Locked, "the account is locked, disabled, ended or not begun (password policy)")
			case policyChangeAfterReset:
				return says(source.MustChange, "the password has to be changed first (password policy)")
			}
		case *ldap.ControlVChuPasswordMustChange:
			return says(source.MustChange, "the password has expired or has to be changed first (password policy)")
		}
	}
	return source.State{Code: source.Active}
}

// credentialsState reads the words of code 49, with which Active Directory
// tells the reason by a number and 389 Directory Server in words.
func credentialsState(diagnostic string) (state source.State, certain bool) {
	active := source.State{Code: source.Active}
	number := adCode(diagnostic)
	at := " (Active Directory says " + number + ")"
	switch number {
	case "":
		if containsFold(diagnostic, "password expired") {
			return says(source.PasswordExpired, "the password has expired ("+diagnostic+")"), false
		}
		return active, true
	case "52e", "525", "57":
		return active, true
	case "530":
		return says(source.LogonHours, "outside the hours in which the account may log in"+at), false
	case "531":
		return says(source.Workstation, "the account may log in at certain computers only"+at), false
	case "532":
		return says(source.PasswordExpired, "the password has expired"+at), false
	case "533":
		return says(source.Disabled, "disabled in the directory"+at), false
	case "568":
		return says(source.Restricted, "the account is in too many groups"+at), false
	case "701":
		return says(source.Expired, "the account has expired"+at), false
	case "773":
		return says(source.MustChange, "the password has to be changed first"+at), false
	case "775":
		return says(source.Locked, "locked after wrong passwords"+at), false
	case "80090346":
		return says(source.Restricted, "the domain controller demands channel binding, which simple binds cannot give"+at), false
	}
	return says(source.Restricted, fmt.Sprintf("refused for a reason that Active Directory numbers %s", number)), false
}
