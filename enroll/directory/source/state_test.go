// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStates(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	today := now.Unix() / 86400
	d := func(offset int64) string { return strconv.FormatInt(today+offset, 10) }
	ft := func(at time.Time) string { return strconv.FormatInt((at.Unix()+11644473600)*10_000_000, 10) }
	past, future := now.AddDate(0, 0, -1).Format("20060102150405Z"), now.AddDate(0, 0, 1).Format("20060102150405Z")
	for _, tt := range []struct {
		name       string
		kind       Kind
		attributes []string
		want       StateCode
	}{
		{"AD/normal", KindAD, []string{"userAccountControl", "512", "pwdLastSet", "1", "accountExpires", "0"}, Active},
		{"AD/never", KindAD, []string{"accountExpires", "9223372036854775807"}, Active},
		{"AD/disabled", KindAD, []string{"userAccountControl", "514"}, Disabled},
		{"AD/expired", KindAD, []string{"accountExpires", ft(now.Add(-time.Second))}, Expired},
		{"AD/expires later", KindAD, []string{"accountExpires", ft(now.Add(time.Second))}, Active},
		{"AD/locked", KindAD, []string{"msDS-User-Account-Control-Computed", "16"}, Locked},
		{"AD/lock bit that no server sets", KindAD, []string{"userAccountControl", "528"}, Active},
		{"AD/must change", KindAD, []string{"pwdLastSet", "0", "msDS-User-Account-Control-Computed", "8388608"}, MustChange},
		{"AD/password expired", KindAD, []string{"pwdLastSet", "1", "msDS-User-Account-Control-Computed", "8388608"}, PasswordExpired},
		{"AD/password never expires", KindAD, []string{"pwdLastSet", "0", "userAccountControl", "66048"}, Active},
		{"AD/smart card", KindAD, []string{"userAccountControl", "262656"}, Restricted},
		{"AD/nonsense", KindAD, []string{"userAccountControl", "x", "accountExpires", "-5", "pwdLastSet", ""}, Active},
		{"AD/does not look at shadow", KindAD, []string{"shadowExpire", "1"}, Active},
		{"ppolicy/disabled", KindLDAP, []string{"pwdAccountLockedTime", "000001010000Z"}, Disabled},
		{"ppolicy/locked", KindLDAP, []string{"pwdAccountLockedTime", past}, Locked},
		{"ppolicy/ended", KindLDAP, []string{"pwdEndTime", past}, Expired},
		{"ppolicy/ends later", KindLDAP, []string{"pwdEndTime", future}, Active},
		{"ppolicy/not begun", KindLDAP, []string{"pwdStartTime", future}, NotYetValid},
		{"ppolicy/reset", KindLDAP, []string{"pwdReset", "TRUE"}, MustChange},
		{"ppolicy/not reset", KindLDAP, []string{"pwdReset", "FALSE"}, Active},
		{"389DS/locked", KindLDAP, []string{"nsAccountLock", "true"}, Disabled},
		{"389DS/other case", KindLDAP, []string{"nsaccountlock", "TRUE"}, Disabled},
		{"389DS/not locked", KindLDAP, []string{"nsAccountLock", "FALSE"}, Active},
		{"389DS/must change", KindLDAP, []string{"passwordExpirationTime", "19700101000000Z"}, MustChange},
		{"389DS/password expired", KindLDAP, []string{"passwordExpirationTime", past}, PasswordExpired},
		{"389DS/retries", KindLDAP, []string{"accountUnlockTime", future}, Locked},
		{"389DS/retries over", KindLDAP, []string{"accountUnlockTime", past}, Active},
		{"FreeIPA/principal expired", KindLDAP, []string{"krbPrincipalExpiration", past}, Expired},
		{"FreeIPA/password expired", KindLDAP, []string{"krbPasswordExpiration", past}, PasswordExpired},
		{"eDirectory/disabled", KindLDAP, []string{"loginDisabled", "TRUE"}, Disabled},
		{"shadow/expired", KindLDAP, []string{"shadowExpire", d(-1)}, Expired},
		{"shadow/last day", KindLDAP, []string{"shadowExpire", d(0)}, Active},
		{"shadow/zero", KindLDAP, []string{"shadowExpire", "0"}, Expired},
		{"shadow/never", KindLDAP, []string{"shadowExpire", "-1"}, Active},
		{"shadow/aged", KindLDAP, []string{"shadowMax", "90", "shadowLastChange", d(-91)}, PasswordExpired},
		{"shadow/last day of age", KindLDAP, []string{"shadowMax", "90", "shadowLastChange", d(-90)}, Active},
		{"shadow/never aged", KindLDAP, []string{"shadowMax", "99999", "shadowLastChange", "1"}, Active},
		{"shadow/inactive", KindLDAP, []string{"shadowMax", "90", "shadowInactive", "3", "shadowLastChange", d(-94)}, Expired},
		{"shadow/not yet inactive", KindLDAP, []string{"shadowMax", "90", "shadowInactive", "3", "shadowLastChange", d(-93)}, PasswordExpired},
		{"shadow/must change", KindLDAP, []string{"shadowLastChange", "0"}, MustChange},
		{"barred beats what only stops a login", KindLDAP, []string{"pwdReset", "TRUE", "shadowExpire", "1"}, Expired},
		{"nothing known", KindLDAP, nil, Active},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Config{Kind: tt.kind}.State(entry("x", tt.attributes...), now)
			require.Equal(t, tt.want, s.Code)
			require.Equal(t, tt.want == Active, s.MayLogin())
			require.Equal(t, tt.want == Active, s.Reason == "")
			require.Equal(t, tt.want == Disabled || tt.want == Expired, s.Barred())
			require.Equal(t, tt.want == Active || tt.want == Locked, s.AfterBind().MayLogin())
		})
	}
}
