// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/enroll/account"
	"jamibox/enroll/device"
	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/group"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

func TestMain(m *testing.M) {
	// The cache of statements of a closed database lives on in GORM.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"))
}

// person is an entry of a fake directory.
type person struct {
	id, uid, cn, dn string
	disabled        bool
	picture         []byte
	groups          []string
	// hidden is how often the entry is left out of what is read of everybody,
	// as one that is moved meanwhile is.
	hidden int
	// modified says that a look at what was modified lately finds the entry.
	modified bool
}

func (p person) entry(attributes []string) *ldap.Entry {
	all := map[string][]string{
		"entryUUID": {p.id}, "uid": {p.uid}, "cn": {p.cn}, "mail": {p.uid + "@example.test"}, "memberOf": p.groups,
	}
	if p.disabled {
		all["nsAccountLock"] = []string{"TRUE"}
	}
	if p.picture != nil {
		all["jpegPhoto"] = []string{string(p.picture)}
	}
	asked := map[string][]string{}
	for _, a := range attributes {
		if values := all[a]; len(values) > 0 && values[0] != "" {
			asked[a] = values
		}
	}
	return ldap.NewEntry(p.dn, asked)
}

// fake is a directory in memory, for what real servers do not do on demand. It
// answers in pages of two.
type fake struct {
	mu     sync.Mutex
	people []*person
	groups []ldapclient.Group
	// fault, unless nil, comes after the pages of so many people.
	fault      error
	faultAfter int
	// silent cuts the answer off without saying so.
	silent bool
	// groupsFault, unless nil, is what asking for groups comes to.
	groupsFault error
	// onPage, unless nil, is called before each page of everybody.
	onPage func()
	// asked are the attributes that were asked of everybody.
	asked []string
}

var wanted = regexp.MustCompile(`\(entryUUID=([^)]*)\)`)

func (f *fake) Pages(ctx context.Context, filter string, attributes []string, each func([]*ldap.Entry) error) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []*person
	ids := wanted.FindAllStringSubmatch(filter, -1)
	everybody := len(ids) == 0 && !strings.Contains(filter, "modifyTimestamp")
	for _, p := range f.people {
		switch {
		case len(ids) > 0:
			if slices.ContainsFunc(ids, func(m []string) bool { return m[1] == p.id }) {
				found = append(found, p)
			}
		case strings.Contains(filter, "modifyTimestamp"):
			if p.modified {
				found = append(found, p)
			}
		default:
			if p.hidden > 0 {
				p.hidden--
			} else {
				found = append(found, p)
			}
		}
	}
	if everybody {
		f.asked = attributes
	}
	n := 0
	for page := range slices.Chunk(found, 2) {
		if everybody && f.fault != nil && n >= f.faultAfter {
			return false, f.fault
		}
		if everybody && f.onPage != nil {
			f.onPage()
		}
		var entries []*ldap.Entry
		for _, p := range page {
			entries = append(entries, p.entry(attributes))
		}
		n += len(entries)
		if err := each(entries); err != nil {
			return false, err
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	if everybody && f.fault != nil {
		return false, f.fault
	}
	return !f.silent || !everybody, nil
}

func (f *fake) Groups(context.Context) ([]ldapclient.Group, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.groups, f.groupsFault == nil, f.groupsFault
}

// with changes the directory.
func (f *fake) with(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) add(name string) *person {
	p := &person{id: "id-" + name, uid: name, cn: "Name of " + name, dn: "uid=" + name + ",ou=people,dc=example,dc=test"}
	f.with(func(f *fake) { f.people = append(f.people, p) })
	return p
}

func (f *fake) remove(name string) {
	f.with(func(f *fake) {
		f.people = slices.DeleteFunc(f.people, func(p *person) bool { return p.uid == name })
	})
}

// bars remembers what the relay was told.
type bars struct {
	mu     sync.Mutex
	denied map[string]bool // guarded by mu
}

func (b *bars) Deny(id string)  { b.set(id, true) }
func (b *bars) Allow(id string) { b.set(id, false) }

func (b *bars) set(id string, denied bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.denied[id] = denied
}

func (b *bars) isDenied(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.denied[id]
}

// fixture is a box with one directory, whose clock the test sets.
type fixture struct {
	*enrolltest.Box
	job      *Job
	dir      *fake
	relay    *bars
	accounts *account.Service
	devices  *device.Service
	source   store.Source

	mu     sync.Mutex
	config source.Config // guarded by mu
	ahead  time.Duration // guarded by mu; by how much the job's clock is
}

type everyone struct{}

func (everyone) Admits(context.Context, int64, string) (bool, error) { return true, nil }

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{Box: enrolltest.New(t), dir: &fake{}, relay: &bars{denied: map[string]bool{}}}
	keys := account.NewKeyPool(f.Box.Store, f.Seal, f.Org, f.Logger)
	f.accounts = account.New(f.Box.Store, f.Seal, f.Org, keys, f.Audit, f.relay, f.Logger)
	f.devices = device.New(f.Box.Store, f.accounts, group.New(f.Box.Store, f.Audit), f.Org, f.Audit, f.relay,
		func(string) pki.URLs { return pki.URLs{} }, f.Logger)
	now := time.Now().UTC()
	f.source = store.Source{
		Name: "Staff", Folded: "staff", Kind: "ldap", Enabled: true, Config: "{}", CreatedAt: now, ChangedAt: now,
	}
	require.NoError(t, f.Box.Store.AddSource(t.Context(), &f.source))
	f.config = source.Config{Kind: source.KindLDAP, Preset: "openldap"}
	f.job = New(Options{
		Store: f.Box.Store, Accounts: f.accounts, Devices: f.devices, Admission: everyone{}, Audit: f.Audit,
		Logger: slog.New(slog.DiscardHandler), Keys: func(context.Context) (bool, error) { return true, nil },
		Directories: func() []Directory { return []Directory{f.directory()} },
	})
	f.job.now = func() time.Time {
		f.mu.Lock()
		defer f.mu.Unlock()
		return time.Now().Add(f.ahead)
	}
	return f
}

func (f *fixture) directory() Directory {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Directory{ID: f.source.ID, Name: f.source.Name, Config: f.config, ChangedAt: f.source.ChangedAt, Reader: f.dir}
}

// reconfigure changes the source as an administrator does.
func (f *fixture) reconfigure(change func(*source.Config)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.config)
	f.source.ChangedAt = time.Now().UTC()
}

// pass sets the job's clock forward, or back.
func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead += d
}

// user stores an account of somebody in the directory, without a key.
func (f *fixture) user(t testing.TB, p *person) store.User {
	t.Helper()
	return f.AddUser(t, p.uid, func(u *store.User) {
		u.SourceID, u.ExternalID = &f.source.ID, p.id
		u.CreatedAt = u.CreatedAt.Add(-2 * settled)
	})
}

// staff puts n people with accounts into the directory.
func (f *fixture) staff(t testing.TB, n int) []store.User {
	t.Helper()
	var users []store.User
	for i := range n {
		users = append(users, f.user(t, f.dir.add(fmt.Sprintf("p%03d", i))))
	}
	return users
}

// enrol stores a device of a user.
func (f *fixture) enrol(t testing.TB, user store.User) store.Device {
	t.Helper()
	now := time.Now().UTC()
	id := enrolltest.AccountID("device of "+user.Username) + strings.Repeat("0", 24)
	d, err := f.Box.Store.EnrolDevice(t.Context(), store.Device{
		UserID: user.ID, DeviceID: id, ShortID: id[:40], Alias: "laptop", CreatedAt: now, LastSeenAt: now,
	}, store.Certificate{
		Serial: id, Fingerprint: []byte(id[:32]), DER: []byte{0}, NotAfter: now.AddDate(1, 0, 0), IssuedAt: now,
	})
	require.NoError(t, err)
	return d
}

// sync runs once.
func (f *fixture) sync(t testing.TB, o RunOptions) Report {
	t.Helper()
	r, err := f.job.RunOnce(t.Context(), "staff", o)
	require.NoError(t, err)
	require.NotNil(t, r.EndedAt)
	return r
}

// good runs once and expects that all went well.
func (f *fixture) good(t testing.TB) Report {
	t.Helper()
	r := f.sync(t, RunOptions{})
	require.Equal(t, Done, r.Outcome, r.Reason)
	return r
}

func (f *fixture) reload(t testing.TB, u store.User) store.User {
	t.Helper()
	u, err := f.Box.Store.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	return u
}

// served tells whether a user gets service.
func (f *fixture) served(t testing.TB, u store.User) bool {
	t.Helper()
	return f.reload(t, u).Served()
}

func (f *fixture) countServed(t testing.TB, users []store.User) int {
	t.Helper()
	n := 0
	for _, u := range users {
		if f.served(t, u) {
			n++
		}
	}
	return n
}

func (f *fixture) settings(t testing.TB, change func(*Settings)) {
	t.Helper()
	s, err := f.job.Settings(t.Context())
	require.NoError(t, err)
	change(&s)
	require.NoError(t, f.job.SetSettings(t.Context(), s))
}

// entry returns the stored entry of a person.
func (f *fixture) entry(t testing.TB, id string) store.DirectoryEntry {
	t.Helper()
	e, err := f.Box.Store.EntryBySource(t.Context(), f.source.ID, id)
	require.NoError(t, err)
	return e
}

// unconfirmed answers when it is asked for everybody, and not about single
// people.
type unconfirmed struct{ *fake }

func (u *unconfirmed) Pages(ctx context.Context, filter string, attributes []string, each func([]*ldap.Entry) error) (bool, error) {
	if wanted.MatchString(filter) {
		return false, &ldapclient.Unavailable{Reason: "gone"}
	}
	return u.fake.Pages(ctx, filter, attributes, each)
}
