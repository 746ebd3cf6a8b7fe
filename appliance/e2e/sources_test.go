// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/box"
	"jamibox/enroll/directory/directorytest"
)

// The people of the directories, with their passwords there.
var (
	erika = box.User{Name: "erika", Password: directorytest.Password, FirstName: "Erika", LastName: "Library"}
	frank = box.User{Name: "frank", Password: directorytest.Password, FirstName: "Frank", LastName: "Domain"}
)

// staff is a cast whose people come from directories: the laptop is erika's,
// who is in OpenLDAP, the phone frank's, who is in Active Directory.
type staff struct {
	*cast
	domain *directorytest.Samba
}

// TestSources proves that people of an OpenLDAP server and of an Active
// Directory enrol with their ordinary passwords and find each other, and that
// somebody whom the directory disables loses access.
func TestSources(t *testing.T) {
	t.Parallel()
	s := &staff{cast: &cast{world: newWorld(t, box.Options{})}}
	s.connectDirectories(t)
	s.laptop = &device{Client: s.client(t, "laptop", s.lab.Left)}
	s.phone = &device{Client: s.client(t, "phone", s.lab.Right)}
	for _, scenario := range []struct {
		name string
		play func(*testing.T)
	}{
		{"enrolment", s.enrolment},
		{"search", s.search},
		{"messages", s.messages},
		{"disabled in the directory", s.disabled},
	} {
		if !s.play(t, scenario.name, scenario.play) {
			t.FailNow()
		}
	}
}

// connectDirectories starts the directories beside the server and adds them.
func (s *staff) connectDirectories(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	dir := folder(t)
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	var library *directorytest.Slapd
	authority := directorytest.NewAuthority(t, "Library CA")
	inside(t, s.lab.Server, func() {
		ip := directorytest.IP(t)
		credentials := authority.Issue(t, []string{ip}, nil)
		library = directorytest.StartSlapd(t, directorytest.SlapdOptions{
			LDIF: directorytest.Person(erika.Name, "givenName", erika.FirstName, "sn", erika.LastName),
			IP:   ip, Credentials: &credentials,
		})
		s.domain = directorytest.StartSamba(t, directorytest.SambaOptions{
			LDIF: directorytest.DomainUser(frank.Name, "givenName", frank.FirstName, "sn", frank.LastName),
		})
	})
	for _, args := range [][]string{
		{"source", "add", "library", "--kind", "ldap", "--preset", "openldap", "--url", library.URL(), "--tls", "starttls",
			"--ca-file", file("library.pem", authority.PEM()), "--base", directorytest.People,
			"--bind-dn", directorytest.Reader, "--bind-password-file", file("library.password", directorytest.ReaderPassword)},
		{"source", "add", "domain", "--kind", "ad", "--preset", "samba", "--url", s.domain.URLS(), "--domain", directorytest.Realm,
			"--netbios", directorytest.NetBIOS, "--ca-file", file("domain.pem", s.domain.CA.PEM()),
			"--bind-dn", "Administrator@" + directorytest.Realm, "--bind-password-file", file("domain.password", directorytest.AdminPassword)},
		{"source", "sync-settings", "--interval", syncInterval.String(), "--grace", "0s"},
	} {
		_, err := s.box.Command(ctx, args...)
		require.NoError(t, err)
	}
}

// syncInterval is the shortest that the box accepts.
const syncInterval = 10 * time.Second

func (s *staff) enrolment(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	visitor := frank
	visitor.Name += "@" + directorytest.Realm
	var group errgroup.Group
	for d, u := range map[*device]box.User{s.laptop: erika, s.phone: visitor} {
		group.Go(func() error {
			enrolled, err := enrol(ctx, d.Client, box.PublicURL, u)
			if err == nil {
				*d = *enrolled
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, []string{s.laptop.id}, s.deviceIDs(t, erika))
	require.Equal(t, []string{s.phone.id}, s.deviceIDs(t, frank))
}

// search proves that they find each other in the client's own search.
func (s *staff) search(t *testing.T) {
	ctx := within(t, 3*time.Minute)
	for name, c := range map[string]struct {
		by, found *device
		who       box.User
		query     string
	}{
		"user name":  {s.laptop, s.phone, frank, "frank"},
		"last name":  {s.phone, s.laptop, erika, "libra"},
		"full name":  {s.laptop, s.phone, frank, "frank dom"},
		"other case": {s.phone, s.laptop, erika, "ERIKA"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := c.by.SearchUser(ctx, c.by.account, c.query)
			require.NoError(t, err)
			require.Len(t, answer.People, 1)
			require.Equal(t, c.found.uri, answer.People[0]["id"])
			require.Equal(t, c.who.Name, answer.People[0]["username"])
			require.Equal(t, c.who.LastName, answer.People[0]["lastName"])
		})
	}
}

func (s *staff) messages(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	s.conversation = befriend(t, ctx, s.laptop, s.phone)
	s.exchange(t, ctx, "between directories", s.laptop, s.phone)
}

// disabled proves that the synchronisation notices it, without anybody's doing.
func (s *staff) disabled(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	// The first run over a new source bars nobody on such a scale: one has to go
	// well before.
	require.NoError(t, s.laptop.Poll(ctx, "a run over the domain has ended", func(ctx context.Context) (bool, error) {
		_, err := s.box.Command(ctx, "source", "sync", "domain")
		if err != nil && strings.Contains(err.Error(), "is being synchronised") {
			return false, nil
		}
		return err == nil, err
	}))
	require.NoError(t, s.phone.Stop())
	inside(t, s.lab.Server, func() {
		change := ldap.NewModifyRequest(directorytest.DN("CN", frank.Name, directorytest.DomainUsers), nil)
		change.Replace("userAccountControl", []string{"514"})
		require.NoError(t, s.domain.Connect(t).Modify(change))
	})
	began := time.Now()
	// One period, and room for a machine that has much else to do.
	due, cancel := context.WithTimeout(ctx, syncInterval+time.Minute)
	defer cancel()
	require.NoError(t, s.laptop.Poll(due, "the device is revoked", func(ctx context.Context) (bool, error) {
		devices, err := s.box.Devices(ctx, frank.Name)
		return err == nil && len(devices) == 1 && devices[0].State == "revoked", err
	}))
	t.Logf("disabled in the directory, the device was revoked after %s", time.Since(began).Round(time.Second))
	devices, err := s.box.Devices(ctx, erika.Name)
	require.NoError(t, err)
	require.NotEqual(t, "revoked", devices[0].State)

	s.shutOut(t, ctx, s.phone, s.laptop)
	s.silent(t, ctx, s.phone, s.laptop)
}
