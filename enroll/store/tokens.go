// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// Token is an access token of a Jami client or a user; only its hash is kept.
type Token struct {
	TokenHash []byte `gorm:"primaryKey"`
	UserID    int64
	// DeviceRow is nil for a token of scope USER.
	DeviceRow *int64
	Scope     string
	ExpiresAt time.Time
	// ConversationsSeen is set once the client asked for conversations, which
	// no client of before December 2023 does.
	ConversationsSeen bool
}

// AddToken stores a token.
func (s *Store) AddToken(ctx context.Context, t Token) error {
	return own(s.write.WithContext(ctx).Create(&t).Error)
}

// Token returns the token with the hash, ended or not.
func (s *Store) Token(ctx context.Context, hash []byte) (Token, error) {
	return one[Token](s.read.WithContext(ctx).Where("token_hash = ?", hash))
}

// MarkConversationsSeen notes that the token's client synchronises conversations.
func (s *Store) MarkConversationsSeen(ctx context.Context, hash []byte) error {
	return s.write.WithContext(ctx).Model(&Token{}).Where("token_hash = ?", hash).
		Update("conversations_seen", true).Error
}

// DeleteExpiredTokens drops the tokens that ended before now.
func (s *Store) DeleteExpiredTokens(ctx context.Context, now time.Time) error {
	return s.write.WithContext(ctx).Where("expires_at < ?", now.UTC()).Delete(&Token{}).Error
}
