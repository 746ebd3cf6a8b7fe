// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	minPasswordRunes = 8
	maxPasswordBytes = 1024

	// argon2id with the parameters that OWASP names first for a server: 19 MiB,
	// two passes, one lane.
	argonMemory  = 19 * 1024
	argonTime    = 2
	argonThreads = 1
	argonKeyLen  = 32
	argonSaltLen = 16

	// A hash that came from elsewhere must not cost more than this.
	maxArgonMemory = 256 * 1024
	maxArgonTime   = 16
	maxArgonKeyLen = 64
)

var errForeignHash = errors.New("the stored password hash has an unknown form")

// hasher makes and checks argon2id hashes, as many at a time as there are
// processors: each takes 19 MiB.
type hasher struct{ slots chan struct{} }

func newHasher() hasher { return hasher{slots: make(chan struct{}, runtime.NumCPU())} }

// checkPassword returns why a new password cannot be used, or nil.
func checkPassword(password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPasswordRunes:
		return fmt.Errorf("%w: the password needs at least %d characters", ErrInvalid, minPasswordRunes)
	case len(password) > maxPasswordBytes:
		return fmt.Errorf("%w: the password is longer than %d bytes", ErrInvalid, maxPasswordBytes)
	}
	return nil
}

// hash returns the PHC string of a password with a fresh salt.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSaltLen)
	rand.Read(salt)
	key, err := h.derive(ctx, password, salt, argonTime, argonMemory, argonThreads, argonKeyLen)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// matches tells whether password has the PHC string.
func (h hasher) matches(ctx context.Context, phc, password string) (bool, error) {
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errForeignHash
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errForeignHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return false, errForeignHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 || time == 0 || threads == 0 ||
		memory > maxArgonMemory || time > maxArgonTime || len(want) > maxArgonKeyLen {
		return false, errForeignHash
	}
	got, err := h.derive(ctx, password, salt, time, memory, threads, uint32(len(want)))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func (h hasher) derive(ctx context.Context, password string, salt []byte, time, memory uint32, threads uint8, length uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to check a password: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(password), salt, time, memory, threads, length), nil
}
