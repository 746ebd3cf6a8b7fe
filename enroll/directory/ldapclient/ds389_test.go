// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

func TestDS389States(t *testing.T) {
	t.Parallel()
	s := directorytest.StartDS389(t)
	admin := s.Connect(t)
	add := func(uid string, attributes ...string) {
		t.Helper()
		r := ldap.NewAddRequest(personDN(uid), nil)
		r.Attribute("objectClass", []string{"inetOrgPerson"})
		for name, value := range map[string]string{"uid": uid, "cn": uid, "sn": uid, "userPassword": directorytest.Password} {
			r.Attribute(name, []string{value})
		}
		require.NoError(t, admin.Add(r))
		for i := 0; i < len(attributes); i += 2 {
			modify(t, admin, personDN(uid), attributes[i], attributes[i+1])
		}
	}
	for attribute, value := range map[string]string{"passwordLockout": "on", "passwordMaxFailure": "3", "passwordExp": "on", "passwordWarning": "86400"} {
		modify(t, admin, "cn=config", attribute, value)
	}
	add("fine")
	add("disabled", "nsAccountLock", "true")
	add("locked")
	add("expired", "passwordExpirationTime", generalized(time.Now().Add(-time.Hour)))
	add("soon", "passwordExpirationTime", generalized(time.Now().Add(time.Hour)))
	modify(t, admin, "cn=config", "passwordMustChange", "on")
	add("mustchange")

	cfg := openLDAP(s.URL())
	cfg.Preset, cfg.BindDN = "389ds", ""
	c := newClient(t, cfg, "", Options{})
	for range 3 {
		_, err := logIn(t.Context(), c, "locked", "guess", nil)
		require.NotNil(t, err)
	}
	for _, tt := range []struct{ name, login, password, want string }{
		{"fine", "fine", directorytest.Password, "ok"},
		{"wrong password", "fine", "guess", "wrong"},
		{"unknown", "nobody", directorytest.Password, "unknown"},
		{"empty password", "fine", "", "wrong"},
		{"disabled", "disabled", directorytest.Password, "disabled"},
		{"disabled/wrong password", "disabled", "guess", "disabled"},
		{"locked", "locked", directorytest.Password, "locked"},
		{"locked/wrong password", "locked", "guess", "locked"},
		{"password expired", "expired", directorytest.Password, "password_expired"},
		{"password expires soon", "soon", directorytest.Password, "ok"},
		{"must change", "mustchange", directorytest.Password, "must_change_password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := logIn(t.Context(), c, tt.login, tt.password, nil)
			require.Equal(t, tt.want, outcome(err), "%v", err)
		})
	}
	for uid, want := range map[string]source.StateCode{
		"fine": source.Active, "disabled": source.Disabled, "locked": source.Locked, "expired": source.PasswordExpired, "mustchange": source.MustChange,
	} {
		require.Equal(t, want, c.Config().State(find(t, c, uid), time.Now()).Code, uid)
	}
	r := c.Check(t.Context(), "fine", directorytest.Password)
	require.True(t, r.OK, "%+v", r.Checks)
	require.Equal(t, "389 Directory Server", r.Make)
	require.NotEmpty(t, r.Sample.Person.ExternalID)
}
