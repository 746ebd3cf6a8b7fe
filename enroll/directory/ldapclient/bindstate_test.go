// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func TestVerdict(t *testing.T) {
	windows := func(data string) string {
		return "80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data " + data + ", v4563\x00"
	}
	for _, tt := range []struct {
		name  string
		code  uint16
		words string
		want  string
	}{
		{"Windows/wrong", 49, windows("52e"), "wrong"},
		{"Windows/unknown", 49, windows("525"), "wrong"},
		{"Windows/hours", 49, windows("530"), "logon_hours"},
		{"Windows/workstation", 49, windows("531"), "workstation"},
		{"Windows/password expired", 49, windows("532"), "password_expired"},
		{"Windows/disabled", 49, windows("533"), "disabled"},
		{"Windows/groups", 49, windows("568"), "restricted"},
		{"Windows/account expired", 49, windows("701"), "expired"},
		{"Windows/must change", 49, windows("773"), "must_change_password"},
		{"Windows/locked", 49, windows("775"), "locked"},
		{"Windows/channel binding", 49, windows("80090346"), "restricted"},
		{"Windows/not known yet", 49, windows("abc"), "restricted"},
		{"Windows/signing", 8, "00002028: LdapErr: DSID-0C090273, comment: The server requires binds to turn on integrity checking", "misconfigured"},
		{"389DS/inactivated", 53, "Account inactivated. Contact system administrator.", "disabled"},
		{"389DS/locked", 19, "Exceed password retry limit. Please try later.", "locked"},
		{"389DS/password expired", 49, "password expired!", "password_expired"},
		{"389DS/other unwillingness", 53, "Server is read-only", "misconfigured"},
		{"wrong", 49, "", "wrong"},
		{"gone", 32, "", "wrong"},
		{"no DN", 34, "invalid DN", "wrong"},
		{"no password stored", 48, "", "wrong"},
		{"not allowed", 50, "", "restricted"},
		{"encryption wanted", 13, "confidentiality required", "misconfigured"},
		{"no simple binds", 7, "", "misconfigured"},
		{"protocol", 2, "", "misconfigured"},
		{"elsewhere", 10, "", "misconfigured"},
		{"busy", 51, "", "unavailable"},
		{"stopping", 52, "", "unavailable"},
		{"operations error", 1, "", "unavailable"},
		{"other", 80, "", "unavailable"},
		{"limit", 11, "", "misconfigured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{}
			err := c.verdict(server{host: "dc"}, nil, ldap.NewError(tt.code, errors.New(tt.words)))
			require.Equal(t, tt.want, outcome(err), "%v", err)
			require.NotContains(t, err.Error(), "\x00")
		})
	}
	t.Run("over the wire", func(t *testing.T) {
		address := startFake(t, fakeServer{bindCode: 49, bindWords: windows("533")})
		cfg := openLDAP("ldap://" + address)
		err := newClient(t, cfg, directorytest.ReaderPassword, Options{}).Bind(t.Context(), "cn=x", "y", nil)
		require.Equal(t, "disabled", outcome(err))
	})
}

func FuzzDiagnostic(f *testing.F) {
	for _, data := range []string{"52e", "533", "773", "0", "ffffffff", "123456789", "x", ""} {
		f.Add(fmt.Sprintf("80090308: LdapErr: comment: AcceptSecurityContext error, data %s, v1db1", data))
	}
	f.Add("password expired!")
	f.Add("data 533 data 52e")
	f.Add("\xff\xfe data 775")
	f.Fuzz(func(t *testing.T, words string) {
		state, wrong := credentialsState(words)
		require.Equal(t, wrong, state.MayLogin(), "either the password is wrong or there is a reason")
		require.Equal(t, wrong, state.Reason == "")
		err := (&Client{}).verdict(server{}, nil, ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New(words)))
		var refused *Refused
		require.ErrorAs(t, err, &refused)
		require.Equal(t, wrong, refused.Wrong)
		require.Contains(t, []source.StateCode{"", source.LogonHours, source.Workstation, source.PasswordExpired, source.Disabled, source.Restricted,
			source.Expired, source.MustChange, source.Locked}, refused.State.Code)
	})
}
