// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/group"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

const secret = "correct horse battery"

// testKeys are made once for all tests, as many as the users of one.
var testKeys = sync.OnceValue(func() [][]byte {
	ders := make([][]byte, 4)
	for i := range ders {
		key, err := pki.GenerateAccountKey(enrolltest.AccountKeyBits)
		if err != nil {
			panic(err)
		}
		if ders[i], err = pki.MarshalPrivateKey(key); err != nil {
			panic(err)
		}
	}
	return ders
})

type nobody struct{}

func (nobody) Deny(string)  {}
func (nobody) Allow(string) {}

type fixture struct {
	*enrolltest.Box
	*Service
	accounts *account.Service
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	b := enrolltest.New(t)
	for _, der := range testKeys() {
		require.NoError(t, b.Store.AddAccountKey(t.Context(), store.AccountKey{
			Bits: enrolltest.AccountKeyBits, SealedKey: b.Seal.Seal(der, "account key pool"),
		}))
	}
	accounts := account.New(b.Store, b.Seal, b.Org, account.NewKeyPool(b.Store, b.Seal, b.Org, b.Logger), b.Audit, nobody{}, b.Logger)
	return fixture{b, New(b.Store, b.Seal, accounts, group.New(b.Store, b.Audit), b.Org, b.Audit, b.Logger), accounts}
}

func (f fixture) addGroup(t *testing.T, name string) {
	t.Helper()
	_, err := f.groups.Create(t.Context(), group.Change{Name: &name})
	require.NoError(t, err)
}

// finish runs the service until no import is running.
func (f fixture) finish(t *testing.T) State {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	var state State
	require.Eventually(t, func() bool {
		var ok bool
		var err error
		state, ok, err = f.State(t.Context())
		return err == nil && ok && !state.EndedAt.IsZero()
	}, time.Minute, 5*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	return state
}

func (f fixture) users(t *testing.T) []string {
	t.Helper()
	rows, err := f.Store.Users(t.Context(), store.UserQuery{Limit: 100})
	require.NoError(t, err)
	names := []string{}
	for _, u := range rows {
		names = append(names, u.Username)
	}
	return names
}

func TestImport(t *testing.T) {
	f := newFixture(t)
	f.addGroup(t, "Staff")
	f.addGroup(t, "choir")
	file := []byte("username,password,first_name,phone,groups\nAnn," + secret + ",Änn,'+33 1,staff|CHOIR\nbob,\"" + secret + " , 2\",,,\n")
	_, ok, err := f.State(t.Context())
	require.NoError(t, err)
	require.False(t, ok)
	n, err := f.Import(t.Context(), file, true)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Empty(t, f.users(t), "a dry run")
	_, ok, err = f.State(t.Context())
	require.NoError(t, err)
	require.False(t, ok)

	ctx := audit.With(t.Context(), audit.Actor{Name: "admin:anna", Remote: "10.0.0.1"})
	n, err = f.Import(ctx, file, false)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	_, err = f.Import(ctx, file, false)
	require.ErrorIs(t, err, ErrRunning)
	raw, err := os.ReadFile(f.Path + "-wal")
	require.NoError(t, err)
	require.Contains(t, string(raw), "users imported", "it is in the file")
	require.NotContains(t, string(raw), secret)

	state := f.finish(t)
	require.Equal(t, 2, state.Made)
	require.Empty(t, state.Failed)
	require.Equal(t, []string{"Ann", "bob"}, f.users(t))
	ann, err := f.accounts.Authenticate(t.Context(), "ann", secret)
	require.NoError(t, err)
	require.Equal(t, "Änn", ann.FirstName)
	require.Equal(t, "+33 1", ann.Phone)
	groups, err := f.groups.Of(t.Context(), ann.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"choir", "Staff"}, groups)
	_, err = f.accounts.Authenticate(t.Context(), "bob", secret+" , 2")
	require.NoError(t, err)
	job, err := f.Store.Setting(t.Context(), jobSetting)
	require.NoError(t, err)
	require.Empty(t, job, "the passwords are not kept")
	events, err := f.Store.Audit(t.Context(), 100)
	require.NoError(t, err)
	made := 0
	for _, e := range events {
		if e.Action == "user created" {
			require.Equal(t, "admin:anna", e.Actor)
			made++
		}
	}
	require.Equal(t, 2, made)

	_, err = f.Import(t.Context(), []byte("username,password\ncarol,"+secret+"\n"), false)
	require.NoError(t, err, "the next one")
	require.Equal(t, 1, f.finish(t).Made)
}

func TestAllOrNothing(t *testing.T) {
	f := newFixture(t)
	f.addGroup(t, "staff")
	f.AddUser(t, "taken", nil)
	file := "username,password,first_name,email,groups\n" +
		"good," + secret + ",,,staff\n" +
		"TAKEN," + secret + ",,,\n" +
		"Good," + secret + ",,,\n" +
		",short,,,\n" +
		"a:b," + secret + ",\"a\x01b\"," + strings.Repeat("x", 201) + ",staff|nobody\n"
	_, err := f.Import(t.Context(), []byte(file), false)
	require.ErrorIs(t, err, ErrFile)
	var invalid *Invalid
	require.True(t, errors.As(err, &invalid))
	require.Len(t, invalid.Problems, 8)
	for _, words := range []string{
		"line 3, column username: ", "line 4, column username: \"Good\" is in line 2 already", "line 5, column username: the name is empty",
		"line 5, column password: the password needs at least", "line 6, column username: the name must not contain ':'",
		"line 6, column first_name: ", "line 6, column email: ", `line 6, column groups: there is no group "nobody"`,
	} {
		require.ErrorContains(t, err, words)
	}
	require.NotContains(t, err.Error(), secret)
	require.Equal(t, []string{"taken"}, f.users(t))
	_, ok, err := f.State(t.Context())
	require.NoError(t, err)
	require.False(t, ok)

	_, err = f.Import(t.Context(), []byte("username,password\n"+strings.Repeat("x,y\n", 100)), true)
	require.ErrorContains(t, err, "and 149 more")
}

// TestStopped goes on where the box was stopped, also where it was stopped before
// it could note what it had done.
func TestStopped(t *testing.T) {
	f := newFixture(t)
	f.addGroup(t, "staff")
	file := "username,password,groups\n"
	for i := range 4 {
		file += fmt.Sprintf("user%d,%s,staff\n", i, secret)
	}
	_, err := f.Import(t.Context(), []byte(file), false)
	require.NoError(t, err)
	p, err := f.progress(t.Context())
	require.NoError(t, err)
	// The first is made and noted, the second made and not noted.
	for i := range 2 {
		_, err := f.accounts.Create(t.Context(), account.NewUser{Username: fmt.Sprintf("user%d", i), Password: secret})
		require.NoError(t, err)
	}
	p.Done, p.Made = 1, 1
	require.NoError(t, f.saveProgress(t.Context(), p))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	require.NoError(t, f.Run(stopped))

	state := f.finish(t)
	require.Equal(t, 4, state.Done)
	require.Equal(t, 4, state.Made)
	require.Empty(t, state.Failed)
	_, total, err := f.groups.Members(t.Context(), "staff", 0, 10)
	require.NoError(t, err)
	require.Equal(t, 3, total, "the second is in it as well")
}

// TestOvertaken: what others did meanwhile is told, and stops nobody else.
func TestOvertaken(t *testing.T) {
	f := newFixture(t)
	f.addGroup(t, "staff")
	_, err := f.Import(t.Context(), []byte("username,password,first_name,groups\nann,"+secret+",Ann,staff\nbob,"+secret+",,\n"+
		"carol,"+secret+",,staff\n"), false)
	require.NoError(t, err)
	for _, name := range []string{"ann", "bob"} {
		_, err := f.accounts.Create(t.Context(), account.NewUser{Username: name, Password: "another password"})
		require.NoError(t, err)
	}
	require.NoError(t, f.groups.Remove(t.Context(), "staff"))
	state := f.finish(t)
	require.Equal(t, 3, state.Done)
	require.Equal(t, 1, state.Made)
	var failed []string
	for _, p := range state.Failed {
		failed = append(failed, p.String())
	}
	require.Len(t, failed, 3)
	for i, words := range []string{"line 2, column username: \"ann\"", "line 3, column username: \"bob\"", "line 4, column groups: \"staff\""} {
		require.Contains(t, failed[i], words)
	}
}

func TestExport(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"staff", "choir"} {
		f.addGroup(t, name)
	}
	f.AddUser(t, "ann", func(u *store.User) {
		u.FirstName, u.LastName, u.Email, u.Phone, u.Organization = `Änn "A"`, "=1+1", "a@b", "+33 1", "'s, Hertogenbosch"
	})
	bob := f.AddUser(t, "-bob", nil)
	gone := f.AddUser(t, "gone", nil)
	require.NoError(t, f.Store.SetUserState(t.Context(), bob.ID, store.UserDisabled))
	require.NoError(t, f.Store.RevokeUser(t.Context(), gone, 0, time.Now()))
	source := store.Source{Name: "corp", Folded: "corp", Kind: "ldap", Config: "{}", CreatedAt: time.Now(), ChangedAt: time.Now()}
	require.NoError(t, f.Store.AddSource(t.Context(), &source))
	f.AddUser(t, "elsewhere", func(u *store.User) { u.SourceID, u.ExternalID = &source.ID, "1" })
	for _, name := range []string{"staff", "choir"} {
		require.NoError(t, f.groups.AddMember(t.Context(), name, "ann"))
	}
	var file bytes.Buffer
	require.NoError(t, f.Export(t.Context(), &file))
	require.Equal(t, "\ufeffusername,first_name,last_name,email,phone,organization,groups\n"+
		"'-bob,,,,,,\n"+
		"ann,\"Änn \"\"A\"\"\",'=1+1,a@b,'+33 1,\"'s, Hertogenbosch\",choir|staff\n", file.String())

	// With passwords it makes the same users elsewhere.
	lines := strings.Split(strings.TrimSpace(file.String()), "\n")
	lines[0] += ",password"
	for i := range lines[1:] {
		lines[i+1] += "," + secret
	}
	other := newFixture(t)
	for _, name := range []string{"staff", "choir"} {
		other.addGroup(t, name)
	}
	_, err := other.Import(t.Context(), []byte(strings.Join(lines, "\n")), false)
	require.NoError(t, err)
	require.Empty(t, other.finish(t).Failed)
	var again bytes.Buffer
	require.NoError(t, other.Export(t.Context(), &again))
	require.Equal(t, file.String(), again.String())
}

func TestExportOfManyUsers(t *testing.T) {
	f := newFixture(t)
	for i := range 2*usersAtOnce + 1 {
		f.AddUser(t, fmt.Sprintf("user%05d", i), nil)
	}
	var file bytes.Buffer
	require.NoError(t, f.Export(t.Context(), &file))
	require.Equal(t, 2*usersAtOnce+2, strings.Count(file.String(), "\n"))
}
