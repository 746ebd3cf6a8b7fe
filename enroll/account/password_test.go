// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPasswordRoundTrip(t *testing.T) {
	h := newHasher()
	for _, p := range []string{password, "пароль и ещё", strings.Repeat("x", maxPasswordBytes), "$argon2id$v=19$m=1,t=1,p=1$"} {
		phc, err := h.hash(t.Context(), p)
		require.NoError(t, err)
		require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, phc)
		require.NotContains(t, phc, p)
		ok, err := h.matches(t.Context(), phc, p)
		require.NoError(t, err)
		require.True(t, ok)
		ok, err = h.matches(t.Context(), phc, p+"x")
		require.NoError(t, err)
		require.False(t, ok)
		again, err := h.hash(t.Context(), p)
		require.NoError(t, err)
		require.NotEqual(t, phc, again, "the salt is fresh")
	}
}

// The reference implementation's own example (argon2 -id -t 2 -k 65536 -p 1).
func TestForeignParameters(t *testing.T) {
	h := newHasher()
	phc := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, err := h.matches(t.Context(), phc, "password")
	require.NoError(t, err)
	require.True(t, ok)
}

func TestForeignHash(t *testing.T) {
	h := newHasher()
	good, err := h.hash(t.Context(), password)
	require.NoError(t, err)
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, phc := range map[string]string{
		"empty": "", "bcrypt": "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "argon2i": replace("argon2id", "argon2i"),
		"version": replace("v=19", "v=16"), "no time": replace("t=2", "t=0"), "no lanes": replace("p=1", "p=0"),
		"lanes": replace("p=1", "p=256"), "memory": replace("m=19456", "m=99999999999"), "too much memory": replace("m=19456", "m=4194304"),
		"too much time": replace("t=2", "t=100000"), "salt": good[:31] + "!" + good[32:], "short": good[:len(good)-44], "cut off": good[:20], "tail": good + "$",
		"long key": good[:len(good)-43] + strings.Repeat("A", 400),
	} {
		_, err := h.matches(t.Context(), phc, password)
		require.ErrorIs(t, err, errForeignHash, name)
	}
}

func TestCheckPassword(t *testing.T) {
	for p, problem := range map[string]string{
		"": "at least 8", "1234567": "at least 8", "ééééééé": "at least 8", "12345678": "", "éééééééé": "",
		strings.Repeat("x", 1024): "", strings.Repeat("x", 1025): "longer than 1024",
	} {
		err := checkPassword(p)
		if problem == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, problem)
	}
}

func TestHashWaitsForAPlace(t *testing.T) {
	h := newHasher()
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.hash(ctx, password)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.matches(ctx, noHash, password)
	require.ErrorIs(t, err, context.Canceled)
}
