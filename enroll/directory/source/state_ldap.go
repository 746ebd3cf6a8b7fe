// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"fmt"
	"strings"
	"time"
)

const (
	attrPolicyLocked = "pwdAccountLockedTime"
	attrPolicyReset  = "pwdReset"
	attrPolicyStart  = "pwdStartTime"
	attrPolicyEnd    = "pwdEndTime"
	// attrPolicyChanged tells whoever remembers a password that it is another.
	attrPolicyChanged = "pwdChangedTime"

	attrShadowExpire     = "shadowExpire"
	attrShadowLastChange = "shadowLastChange"
	attrShadowMax        = "shadowMax"
	attrShadowInactive   = "shadowInactive"

	attrNsAccountLock     = "nsAccountLock"
	attrPasswordExpires   = "passwordExpirationTime"
	attrAccountUnlock     = "accountUnlockTime"
	attrKerberosPassword  = "krbPasswordExpiration"
	attrKerberosPrincipal = "krbPrincipalExpiration"
	attrLoginDisabled     = "loginDisabled"
)

// lockedForGood is the year that stands for a lock by an administrator.
const lockedForGood = "0000"

// shadowNever is a greatest age of passwords that means none.
const shadowNever = 99999

func ldapStateAttributes() []string {
	return []string{
		attrPolicyLocked, attrPolicyReset, attrPolicyStart, attrPolicyEnd, attrPolicyChanged,
		attrShadowExpire, attrShadowLastChange, attrShadowMax, attrShadowInactive,
		attrNsAccountLock, attrPasswordExpires, attrAccountUnlock,
		attrKerberosPassword, attrKerberosPrincipal, attrLoginDisabled,
	}
}

// ppolicyState reads what OpenLDAP's password policy keeps in entries.
func ppolicyState(r reader, now time.Time) State {
	if strings.HasPrefix(r.text(attrPolicyLocked), lockedForGood) {
		return because(Disabled, "locked by an administrator (pwdAccountLockedTime)")
	}
	if end, ok := r.generalized(attrPolicyEnd); ok && !now.Before(end) {
		return because(Expired, fmt.Sprintf("the account ended on %s (pwdEndTime)", date(end)))
	}
	if since, ok := r.generalized(attrPolicyLocked); ok {
		return because(Locked, fmt.Sprintf("locked after wrong passwords since %s (pwdAccountLockedTime)", date(since)))
	}
	if start, ok := r.generalized(attrPolicyStart); ok && now.Before(start) {
		return because(NotYetValid, fmt.Sprintf("the account begins on %s (pwdStartTime)", date(start)))
	}
	if r.isTrue(attrPolicyReset) {
		return because(MustChange, "the password has to be changed first (pwdReset)")
	}
	return State{Code: Active}
}

// dsState reads what 389 Directory Server, FreeIPA and eDirectory keep.
func dsState(r reader, now time.Time) State {
	if r.isTrue(attrNsAccountLock) {
		return because(Disabled, "disabled in the directory (nsAccountLock)")
	}
	if r.isTrue(attrLoginDisabled) {
		return because(Disabled, "disabled in the directory (loginDisabled)")
	}
	if end, ok := r.generalized(attrKerberosPrincipal); ok && !now.Before(end) {
		return because(Expired, fmt.Sprintf("the account expired on %s (krbPrincipalExpiration)", date(end)))
	}
	if until, ok := r.generalized(attrAccountUnlock); ok && (now.Before(until) || until.Unix() == 0) {
		return because(Locked, "locked after wrong passwords (accountUnlockTime)")
	}
	for _, a := range []string{attrPasswordExpires, attrKerberosPassword} {
		end, ok := r.generalized(a)
		switch {
		case !ok || now.Before(end):
		case end.Unix() == 0:
			return because(MustChange, fmt.Sprintf("the password has to be changed first (%s)", a))
		default:
			return because(PasswordExpired, fmt.Sprintf("the password expired on %s (%s)", date(end), a))
		}
	}
	return State{Code: Active}
}

// shadowState reads the POSIX shadow attributes (RFC 2307), days that the
// server itself does not look at.
func shadowState(r reader, now time.Time) State {
	const day = 24 * 60 * 60
	today := now.Unix() / day
	ended := func(n int64) string { return time.Unix(n*day, 0).UTC().Format(time.DateOnly) }
	if expire, ok := r.number(attrShadowExpire); ok && expire >= 0 && today > expire {
		return because(Expired, fmt.Sprintf("the account expired on %s (shadowExpire)", ended(expire)))
	}
	changed, ok := r.number(attrShadowLastChange)
	switch {
	case !ok || changed < 0:
		return State{Code: Active}
	case changed == 0:
		return because(MustChange, "the password has to be changed first (shadowLastChange)")
	}
	greatest, ok := r.number(attrShadowMax)
	if !ok || greatest < 0 || greatest >= shadowNever || today <= changed+greatest {
		return State{Code: Active}
	}
	if inactive, ok := r.number(attrShadowInactive); ok && inactive >= 0 && today > changed+greatest+inactive {
		return because(Expired, fmt.Sprintf("the password expired on %s, and the account with it (shadowMax, shadowInactive)", ended(changed+greatest)))
	}
	return because(PasswordExpired, fmt.Sprintf("the password expired on %s (shadowMax)", ended(changed+greatest)))
}
