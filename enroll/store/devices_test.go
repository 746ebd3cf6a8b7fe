// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEnrolDevice(t *testing.T) {
	year := start.AddDate(1, 0, 1)
	for name, c := range map[string]struct {
		before func(t *testing.T, s *Store, alice, bob User)
		err    error
	}{
		"new":      {func(*testing.T, *Store, User, User) {}, nil},
		"same key": {func(t *testing.T, s *Store, alice, _ User) { enrol(t, s, alice, "k", "old name", start) }, nil},
		"same key after expiry, replaced meanwhile": {func(t *testing.T, s *Store, alice, _ User) {
			enrol(t, s, alice, "k", "laptop", start.AddDate(-2, 0, 0))
			enrol(t, s, alice, "other", "laptop", start)
		}, nil},
		"error/another user's key": {func(t *testing.T, s *Store, _, bob User) { enrol(t, s, bob, "k", "laptop", start) }, ErrForeignDevice},
		"error/revoked": {func(t *testing.T, s *Store, alice, _ User) {
			c := enrol(t, s, alice, "k", "laptop", start)
			require.NoError(t, s.RevokeDevice(t.Context(), c.Device.ID, alice.AccountID, 1, start))
		}, ErrRevokedDevice},
		"error/user disabled meanwhile": {func(t *testing.T, s *Store, alice, _ User) {
			require.NoError(t, s.SetUserState(t.Context(), alice.ID, UserDisabled))
		}, ErrInactiveUser},
		"error/user revoked meanwhile": {func(t *testing.T, s *Store, alice, _ User) {
			require.NoError(t, s.RevokeUser(t.Context(), alice, 0, start))
		}, ErrInactiveUser},
		"error/serial taken": {func(t *testing.T, s *Store, alice, _ User) {
			d, c := newDevice(alice, "k", "", year)
			d.DeviceID, d.ShortID, c.Fingerprint = hexID("x", 64), hexID("x", 40), []byte("x")
			_, err := s.EnrolDevice(t.Context(), d, c)
			require.NoError(t, err)
		}, ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			s, path := open(t)
			alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
			c.before(t, s, alice, bob)
			devices, certificates := count(t, path, "devices"), count(t, path, "certificates")
			known, knownErr := s.DeviceByID(t.Context(), hexID("k", 64))

			d, cert := newDevice(alice, "k", "laptop", year)
			got, err := s.EnrolDevice(t.Context(), d, cert)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				require.Equal(t, devices, count(t, path, "devices"))
				require.Equal(t, certificates, count(t, path, "certificates"))
				return
			}
			require.NoError(t, err)
			require.Equal(t, certificates+1, count(t, path, "certificates"))
			stored, err := s.DeviceByID(t.Context(), d.DeviceID)
			require.NoError(t, err)
			require.Equal(t, got.ID, stored.ID)
			require.Equal(t, "laptop", stored.Alias)
			require.Nil(t, stored.ReplacedAt)
			if knownErr == nil {
				require.Equal(t, known.ID, stored.ID)
				require.True(t, known.CreatedAt.Equal(stored.CreatedAt))
				require.True(t, known.CreatedAt.Equal(got.CreatedAt))
			}
		})
	}
	s, _ := open(t)
	_, err := s.EnrolDevice(t.Context(), Device{UserID: 77}, Certificate{})
	require.ErrorIs(t, err, ErrNotFound)
}

// A machine whose certificate ended comes back with another key and the same name.
func TestReplacedDevices(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
	old := start.AddDate(-1, 0, 0) // ends at start
	ended := enrol(t, s, alice, "ended", "laptop", old)
	alive := enrol(t, s, alice, "alive", "laptop", old.Add(time.Hour))
	renewed := enrol(t, s, alice, "renewed", "laptop", old)
	enrol(t, s, alice, "renewed", "laptop", old.Add(time.Hour))
	phone := enrol(t, s, alice, "phone", "phone", old)
	bobs := enrol(t, s, bob, "bobs", "laptop", old)
	revoked := enrol(t, s, alice, "revoked", "laptop", old)
	require.NoError(t, s.RevokeDevice(ctx, revoked.Device.ID, alice.AccountID, 0, old))

	enrol(t, s, alice, "new", "laptop", start.In(time.FixedZone("west", -11*3600)))
	for name, c := range map[string]struct {
		credential Credential
		replaced   bool
	}{
		"ended": {ended, true}, "alive": {alive, false}, "renewed": {renewed, false}, "other name": {phone, false},
		"other user": {bobs, false}, "revoked": {revoked, false},
	} {
		d, err := s.DeviceByRow(ctx, c.credential.Device.ID)
		require.NoError(t, err)
		require.Equal(t, c.replaced, d.ReplacedAt != nil, name)
	}
	n, err := s.CountDevices(ctx)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	list, err := s.DevicesOf(ctx, alice.ID)
	require.NoError(t, err)
	require.Len(t, list, 6)
	require.Equal(t, renewed.Device.ID, list[2].ID)
	require.True(t, start.Add(time.Hour).Equal(list[2].NotAfter), "the newest certificate counts")
}

func TestLoginSupersedesAtFirstUse(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice := addUser(t, s, "alice")
	other := enrol(t, s, alice, "phone", "phone", start)
	first := enrol(t, s, alice, "laptop", "laptop", start)
	login := func(c Credential, at time.Time) error {
		c, err := s.CredentialByFingerprint(ctx, c.Certificate.Fingerprint)
		require.NoError(t, err)
		return s.Login(ctx, c, Token{TokenHash: []byte(at.String() + c.Certificate.Serial), UserID: alice.ID, DeviceRow: &c.Device.ID, ExpiresAt: at},
			"Jami", "10.0.0.1", at)
	}
	state := func(c Credential) (used, superseded bool) {
		c, err := s.CredentialByFingerprint(ctx, c.Certificate.Fingerprint)
		require.NoError(t, err)
		return c.Certificate.UsedAt != nil, c.Certificate.SupersededAt != nil
	}
	require.NoError(t, login(first, start))
	second := enrol(t, s, alice, "laptop", "laptop", start.Add(time.Hour))
	third := enrol(t, s, alice, "laptop", "laptop", start.Add(2*time.Hour))
	require.NoError(t, login(first, start.Add(3*time.Hour)), "the newer ones may never have arrived")
	_, superseded := state(first)
	require.False(t, superseded)

	require.NoError(t, login(second, start.Add(4*time.Hour)))
	for name, c := range map[string]struct {
		credential       Credential
		used, superseded bool
	}{
		"older": {first, true, true}, "this": {second, true, false}, "newer": {third, false, false}, "other device": {other, false, false},
	} {
		used, superseded := state(c.credential)
		require.Equal(t, c.used, used, name)
		require.Equal(t, c.superseded, superseded, name)
	}
	d, err := s.DeviceByRow(ctx, first.Device.ID)
	require.NoError(t, err)
	require.True(t, start.Add(4*time.Hour).Equal(d.LastSeenAt))
	require.Equal(t, "10.0.0.1", d.Remote)

	// Revoked between the look and the login: nothing is written.
	tokens := count(t, path, "tokens")
	require.NoError(t, s.RevokeDevice(ctx, third.Device.ID, alice.AccountID, 0, start))
	require.Equal(t, 0, count(t, path, "tokens"), "of %d", tokens)
	require.ErrorIs(t, login(third, start.Add(5*time.Hour)), ErrRevokedDevice)
	require.Zero(t, count(t, path, "tokens"))
	used, _ := state(third)
	require.False(t, used)
}

func TestRevokeDevice(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice := addUser(t, s, "alice")
	laptop, phone := enrol(t, s, alice, "laptop", "laptop", start), enrol(t, s, alice, "phone", "phone", start)
	for _, c := range []Credential{laptop, phone} {
		require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte(c.Device.DeviceID), UserID: alice.ID, DeviceRow: &c.Device.ID, ExpiresAt: start}))
	}
	for _, issuer := range []string{alice.AccountID, OrganizationIssuer, hexID("bob", 40)} {
		renew(t, s, issuer)
	}
	require.NoError(t, s.RevokeDevice(ctx, laptop.Device.ID, alice.AccountID, 1, start))
	require.Equal(t, 1, count(t, path, "tokens"))
	require.Equal(t, map[string]bool{alice.AccountID: true, OrganizationIssuer: false, hexID("bob", 40): false}, stale(t, s, alice))

	require.NoError(t, s.RevokeDevice(ctx, laptop.Device.ID, alice.AccountID, 4, start.Add(time.Hour)))
	d, err := s.DeviceByID(ctx, laptop.Device.DeviceID)
	require.NoError(t, err)
	require.Equal(t, 1, d.RevocationReason)
	require.True(t, start.Equal(*d.RevokedAt))

	renew(t, s, alice.AccountID)
	require.NoError(t, s.RevokeUser(ctx, alice, 4, start))
	require.Equal(t, map[string]bool{alice.AccountID: true, OrganizationIssuer: true, hexID("bob", 40): false}, stale(t, s, alice))

	revoked, err := s.RevokedCertificates(ctx, alice.ID, start)
	require.NoError(t, err)
	require.Len(t, revoked, 2)
	require.Equal(t, laptop.Certificate.Serial, revoked[0].Serial)
	require.Equal(t, 4, revoked[1].RevocationReason)
	revoked, err = s.RevokedCertificates(ctx, alice.ID, start.AddDate(1, 0, 0))
	require.NoError(t, err)
	require.Empty(t, revoked, "those that ended by themselves")

	issued, err := s.IssuedCertificate(ctx, alice.ID, laptop.Certificate.Serial)
	require.NoError(t, err)
	require.NotNil(t, issued.RevokedAt)
	_, err = s.IssuedCertificate(ctx, alice.ID+1, laptop.Certificate.Serial)
	require.ErrorIs(t, err, ErrNotFound, "another account's serial")
}

func renew(t *testing.T, s *Store, issuer string) RevocationList {
	t.Helper()
	list, err := s.RenewRevocationList(t.Context(), issuer, func(int64) ([]byte, time.Time, error) {
		return []byte("crl"), start.AddDate(0, 0, 7), nil
	})
	require.NoError(t, err)
	return list
}

func stale(t *testing.T, s *Store, user User) map[string]bool {
	t.Helper()
	states := make(map[string]bool)
	for _, issuer := range []string{user.AccountID, OrganizationIssuer, hexID("bob", 40)} {
		list, err := s.RevocationList(t.Context(), issuer)
		require.NoError(t, err)
		states[issuer] = list.Stale
	}
	return states
}

func TestRevokingAccounts(t *testing.T) {
	s, _ := open(t)
	alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
	laptop, phone := enrol(t, s, alice, "laptop", "laptop", start), enrol(t, s, alice, "phone", "phone", start)
	enrol(t, s, alice, "phone", "phone", start.AddDate(0, 6, 0))
	old := enrol(t, s, bob, "old", "old", start.AddDate(-1, 0, -1))
	revoking := func(now time.Time) map[string]int {
		t.Helper()
		rows, err := s.RevokingAccounts(t.Context(), now)
		require.NoError(t, err)
		devices := make(map[string]int)
		for _, r := range rows {
			devices[r.AccountID] = r.Devices
		}
		return devices
	}
	require.Empty(t, revoking(start))
	require.NoError(t, s.RevokeDevice(t.Context(), old.Device.ID, bob.AccountID, 0, start))
	require.Empty(t, revoking(start), "its certificate has ended")
	require.NoError(t, s.RevokeDevice(t.Context(), phone.Device.ID, alice.AccountID, 0, start))
	require.Equal(t, map[string]int{alice.AccountID: 1}, revoking(start), "with two certificates")
	require.NoError(t, s.RevokeDevice(t.Context(), laptop.Device.ID, alice.AccountID, 0, start))
	require.Equal(t, map[string]int{alice.AccountID: 2}, revoking(start))
	require.Equal(t, map[string]int{alice.AccountID: 2}, revoking(start.AddDate(1, 0, 1)), "one of the phone's is still good")
	require.Empty(t, revoking(start.AddDate(2, 0, 0)))
}
