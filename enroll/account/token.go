// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/store"
)

// The scopes of a token.
const (
	ScopeDevice = "DEVICE"
	ScopeUser   = "USER"
)

// TokenLifetime is how long a token is good.
const TokenLifetime = time.Hour

// ErrToken tells that a token is unknown or has ended.
var ErrToken = errors.New("the access token is unknown or has ended; log in again")

// NewToken returns a random token and the hash under which it is stored.
func NewToken() (token string, hash []byte) {
	raw := make([]byte, 32)
	rand.Read(raw)
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, hashToken(token)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// IssueUserToken returns a new token of scope USER.
func (s *Service) IssueUserToken(ctx context.Context, user store.User) (string, error) {
	token, hash := NewToken()
	err := s.store.AddToken(ctx, store.Token{
		TokenHash: hash, UserID: user.ID, Scope: ScopeUser, ExpiresAt: s.now().Add(TokenLifetime).UTC(),
	})
	if err != nil {
		return "", fmt.Errorf("storing a token for %q: %w", user.Username, err)
	}
	return token, nil
}

// Bearer is the user, and for scope DEVICE the device, that a token stands for.
type Bearer struct {
	Token  store.Token
	User   store.User
	Device store.Device
}

// Bearer returns whom a token stands for. Errors: ErrToken; any other is a
// fault of the server.
func (s *Service) Bearer(ctx context.Context, token string) (Bearer, error) {
	var b Bearer
	var err error
	b.Token, err = s.store.Token(ctx, hashToken(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.now().Before(b.Token.ExpiresAt) {
		return b, ErrToken
	}
	if err != nil {
		return b, fmt.Errorf("looking for a token: %w", err)
	}
	if b.User, err = s.store.UserByID(ctx, b.Token.UserID); err != nil {
		return b, fmt.Errorf("reading the user of a token: %w", err)
	}
	if !b.User.Served() {
		return b, ErrToken
	}
	if b.Token.DeviceRow == nil {
		return b, nil
	}
	if b.Device, err = s.store.DeviceByRow(ctx, *b.Token.DeviceRow); err != nil {
		return b, fmt.Errorf("reading the device of a token: %w", err)
	}
	if b.Device.RevokedAt != nil {
		return b, ErrToken
	}
	return b, nil
}
