// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

const day24 = 24 * time.Hour

func generalized(t time.Time) string { return t.UTC().Format("20060102150405Z") }

func days(d int) string { return strconv.Itoa(int(time.Now().Unix()/86400) + d) }

func shadow(uid string, attributes ...string) string {
	return directorytest.Person(uid, append([]string{"objectClass", "shadowAccount"}, attributes...)...)
}

// policyDirectory has an account in each state that OpenLDAP knows.
func policyDirectory(t *testing.T) *directorytest.Slapd {
	t.Helper()
	const long = "pwdPolicySubentry"
	policy := func(name string) string { return directorytest.DN("cn", name, directorytest.Policies) }
	old := generalized(time.Now().Add(-30 * day24))
	return directorytest.StartSlapd(t, directorytest.SlapdOptions{WithPolicy: true, LDIF: strings.Join([]string{
		directorytest.Policy("default"),
		directorytest.Policy("aging", "pwdMaxAge", "86400"),
		directorytest.Policy("grace", "pwdMaxAge", "86400", "pwdGraceAuthnLimit", "3"),
		directorytest.Policy("soon", "pwdMaxAge", "8640000", "pwdExpireWarning", "8600000"),
		directorytest.Person("fine"), directorytest.Person("counted"),
		directorytest.Person("disabled", "pwdAccountLockedTime", "000001010000Z"),
		directorytest.Person("locked"),
		directorytest.Person("lockedonce"),
		directorytest.Person("expired", long, policy("aging"), "pwdChangedTime", old),
		directorytest.Person("grace", long, policy("grace"), "pwdChangedTime", old),
		directorytest.Person("soon", long, policy("soon"), "pwdChangedTime", old),
		directorytest.Person("mustchange", "pwdReset", "TRUE"),
		directorytest.Person("ended", "pwdEndTime", old),
		directorytest.Person("tobegin", "pwdStartTime", generalized(time.Now().Add(30*day24))),
		directorytest.Entry(directorytest.DN("uid", "nopassword", directorytest.People),
			"objectClass", "inetOrgPerson", "uid", "nopassword", "cn", "n", "sn", "n"),
		shadow("shadowfine", "shadowExpire", days(10), "shadowMax", "99999", "shadowLastChange", days(-1000)),
		shadow("shadowexpired", "shadowExpire", days(-10)),
		shadow("shadowzero", "shadowExpire", "0"),
		shadow("shadownever", "shadowExpire", "-1"),
		shadow("shadowaged", "shadowMax", "90", "shadowLastChange", days(-100)),
		shadow("shadowdead", "shadowMax", "90", "shadowInactive", "5", "shadowLastChange", days(-100)),
		shadow("shadowchange", "shadowLastChange", "0"),
	}, "")})
}

func TestOpenLDAPStates(t *testing.T) {
	t.Parallel()
	s := policyDirectory(t)
	c := slapdClient(t, s, nil)
	lock := func(uid string) {
		for range 3 {
			_, err := logIn(t.Context(), c, uid, "guess", nil)
			require.Equal(t, "wrong", outcome(err))
		}
	}
	lock("locked")
	for _, tt := range []struct{ name, login, password, want, words string }{
		{"fine", "fine", "", "ok", ""},
		{"fine/upper case", "FINE", "", "ok", ""},
		{"wrong password", "fine", "guess", "wrong", "wrong password"},
		{"unknown name", "nobody", "", "unknown", ""},
		{"disabled", "disabled", "", "disabled", "password policy"},
		{"disabled/wrong password", "disabled", "guess", "disabled", "by an administrator"},
		{"locked", "locked", "", "locked", "locked"},
		{"locked/wrong password", "locked", "guess", "locked", "locked"},
		{"password expired", "expired", "", "password_expired", "password has expired"},
		{"password expired/wrong password hides it", "expired", "guess", "wrong", ""},
		{"grace logins left", "grace", "", "ok", "2 grace logins are left"},
		{"password expires soon", "soon", "", "ok", "the password expires in"},
		{"must change", "mustchange", "", "must_change_password", "has to be changed"},
		{"account ended", "ended", "", "expired", "pwdEndTime"},
		{"not yet valid", "tobegin", "", "not_yet_valid", "pwdStartTime"},
		{"no password stored", "nopassword", "", "wrong", ""},
		{"shadow/fine", "shadowfine", "", "ok", ""},
		{"shadow/expired", "shadowexpired", "", "expired", "shadowExpire"},
		{"shadow/expired at 0", "shadowzero", "", "expired", "shadowExpire"},
		{"shadow/never", "shadownever", "", "ok", ""},
		{"shadow/password aged", "shadowaged", "", "password_expired", "shadowMax"},
		{"shadow/account inactive", "shadowdead", "", "expired", "shadowInactive"},
		{"shadow/must change", "shadowchange", "", "must_change_password", "shadowLastChange"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trace := &Trace{}
			password := tt.password
			if password == "" {
				password = directorytest.Password
			}
			_, err := logIn(t.Context(), c, tt.login, password, trace)
			require.Equal(t, tt.want, outcome(err))
			words := ""
			for _, step := range trace.Steps() {
				words += step.What + " " + step.Detail + ": " + step.Result + "\n"
			}
			if err != nil {
				words += err.Error()
			}
			require.Contains(t, words, tt.words)
			require.NotContains(t, words, password, "a password in the trace")
		})
	}
	t.Run("right password after the lock is lifted", func(t *testing.T) {
		lock("lockedonce")
		r := ldap.NewModifyRequest(directorytest.DN("uid", "lockedonce", directorytest.People), nil)
		r.Delete("pwdAccountLockedTime", nil)
		require.NoError(t, s.Connect(t).Modify(r))
		_, err := logIn(t.Context(), c, "lockedonce", directorytest.Password, nil)
		require.NoError(t, err)
	})
	t.Run("right password after wrong ones begins the count anew", func(t *testing.T) {
		for range 3 {
			for _, password := range []string{"guess", "guess", directorytest.Password} {
				_, err := logIn(t.Context(), c, "counted", password, nil)
				require.Equal(t, password == directorytest.Password, err == nil)
			}
		}
	})
	t.Run("empty password is never sent", func(t *testing.T) {
		before := s.Log()
		_, err := logIn(t.Context(), c, "fine", "", nil)
		require.Equal(t, "wrong", outcome(err))
		require.Equal(t, "wrong", outcome(c.Bind(t.Context(), directorytest.DN("uid", "fine", directorytest.People), "", nil)))
		require.NotContains(t, strings.TrimPrefix(s.Log(), before), "BIND dn=\"uid=fine")
	})
	t.Run("unknown DN and no DN", func(t *testing.T) {
		require.Equal(t, "wrong", outcome(c.Bind(t.Context(), directorytest.DN("uid", "ghost", directorytest.People), "x", nil)))
		require.Equal(t, "wrong", outcome(c.Bind(t.Context(), "no name", "x", nil)))
	})
}

func TestOpenLDAPService(t *testing.T) {
	t.Parallel()
	s := policyDirectory(t)
	fine, err := source.ParseLogin("fine")
	require.NoError(t, err)
	t.Run("wrong service password is not the person's fault, and not repeated", func(t *testing.T) {
		c := newClient(t, openLDAP(s.URL()), "other", Options{})
		for range 3 {
			_, err = c.Find(t.Context(), fine, nil)
			require.Equal(t, "misconfigured", outcome(err))
			require.ErrorContains(t, err, "service account cn=reader")
		}
		binds := func() int { return strings.Count(s.Log(), "BIND dn=\""+directorytest.Reader+"\" method=128") }
		require.Eventually(t, func() bool { return binds() > 0 }, 10*time.Second, 10*time.Millisecond)
		require.Equal(t, 1, binds(), "wrong passwords lock the account")
	})
	for name, edit := range map[string]func(*source.Config){
		"must change":       func(c *source.Config) { c.BindDN = directorytest.DN("uid", "mustchange", directorytest.People) },
		"base missing":      func(c *source.Config) { c.Bases = []string{"ou=gone," + directorytest.Base} },
		"other suffix":      func(c *source.Config) { c.Bases = []string{"dc=other"} },
		"plaintext refused": func(c *source.Config) { c.AllowPlaintextBind = false },
	} {
		t.Run("misconfigured/"+name, func(t *testing.T) {
			cfg := openLDAP(s.URL())
			edit(&cfg)
			password := directorytest.ReaderPassword
			if strings.HasPrefix(cfg.BindDN, "uid=") {
				password = directorytest.Password
			}
			_, err := newClient(t, cfg, password, Options{}).Find(t.Context(), fine, nil)
			require.Equal(t, "misconfigured", outcome(err))
		})
	}
	t.Run("anonymous", func(t *testing.T) {
		c := slapdClient(t, s, func(c *source.Config) { c.BindDN = "" })
		_, err := logIn(t.Context(), c, "fine", directorytest.Password, nil)
		require.NoError(t, err)
	})
	t.Run("default base", func(t *testing.T) {
		c := slapdClient(t, s, func(c *source.Config) { c.Bases = nil })
		_, err := logIn(t.Context(), c, "fine", directorytest.Password, nil)
		require.NoError(t, err)
	})
	t.Run("direct bind without service account", func(t *testing.T) {
		c := slapdClient(t, s, func(c *source.Config) {
			c.BindDN, c.Login, c.BindTemplate = "", source.LoginDirect, "uid=%u,"+directorytest.People
		})
		p, err := logIn(t.Context(), c, "fine", directorytest.Password, nil)
		require.NoError(t, err)
		require.Equal(t, "fine", p.Username)
		require.NotEmpty(t, p.ExternalID)
		for login, want := range map[string]string{
			"ghost": "wrong", "mustchange": "must_change_password", "fine,ou=people": "wrong", "fine@example.test": "wrong",
		} {
			_, err := logIn(t.Context(), c, login, directorytest.Password, nil)
			require.Equal(t, want, outcome(err), login)
		}
	})
	t.Run("closed", func(t *testing.T) {
		c := slapdClient(t, s, nil)
		require.NoError(t, c.Close())
		_, err := c.Find(t.Context(), fine, nil)
		require.ErrorIs(t, err, ErrClosed)
	})
}
