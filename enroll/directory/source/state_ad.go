// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"fmt"
	"time"
)

const (
	attrAccountControl  = "userAccountControl"
	attrComputed        = "msDS-User-Account-Control-Computed"
	attrAccountExpires  = "accountExpires"
	attrPasswordLastSet = "pwdLastSet"
)

// Bits of userAccountControl and of its computed companion.
const (
	adDisabled             = 0x2
	adLocked               = 0x10
	adPasswordNeverExpires = 0x10000
	adSmartCard            = 0x40000
	adPasswordExpired      = 0x800000
)

func adStateAttributes() []string {
	return []string{attrAccountControl, attrComputed, attrAccountExpires, attrPasswordLastSet}
}

func adState(r reader, now time.Time) State {
	control, _ := r.number(attrAccountControl)
	computed, _ := r.number(attrComputed)
	if control&adDisabled != 0 {
		return because(Disabled, "disabled in the directory (userAccountControl)")
	}
	// The computed attribute does not tell an expired account.
	if end, ok := r.fileTime(attrAccountExpires); ok && !now.Before(end) {
		return because(Expired, fmt.Sprintf("the account expired on %s (accountExpires)", date(end)))
	}
	set, hasSet := r.number(attrPasswordLastSet)
	switch {
	case computed&adLocked != 0:
		return because(Locked, "locked after wrong passwords (msDS-User-Account-Control-Computed)")
	case control&adSmartCard != 0:
		return because(Restricted, "the account may log in with a smart card only (userAccountControl)")
	case hasSet && set == 0 && control&adPasswordNeverExpires == 0:
		return because(MustChange, "the password has to be changed first (pwdLastSet)")
	case computed&adPasswordExpired != 0:
		return because(PasswordExpired, "the password has expired (msDS-User-Account-Control-Computed)")
	}
	return State{Code: Active}
}
