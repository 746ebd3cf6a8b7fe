// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// UserState says what a user may do.
type UserState string

// The states of a user. A revoked user never comes back; the name stays taken.
const (
	UserActive   UserState = "active"
	UserDisabled UserState = "disabled"
	UserRevoked  UserState = "revoked"
)

// User is a person of the organisation, with the profile that colleagues see.
type User struct {
	ID int64
	// AccountID is the Jami id, 40 hex digits.
	AccountID string
	Username  string
	// Folded is the username as compared; it is unique for ever.
	Folded       string
	State        UserState
	PasswordHash string
	FirstName    string
	LastName     string
	Email        string
	Phone        string
	Organization string
	// SourceID is the source that the user belongs to; nil: this box itself,
	// which then keeps the password.
	SourceID *int64
	// ExternalID is the stable id that the source knows the user by.
	ExternalID  string
	DisplayName string
	Department  string
	Title       string
	Mobile      string
	// BarredAt is when the source said that the user must not be served any
	// more; nil: it says nothing against the user.
	BarredAt     *time.Time
	BarredReason string
	// SearchText holds the folded words that a directory search looks in.
	SearchText string
	CreatedAt  time.Time
	ChangedAt  time.Time
}

// Served tells whether the user gets service: neither an administrator nor the
// user's source is against it.
func (u User) Served() bool { return u.State == UserActive && u.BarredAt == nil }

// Released tells whether the user's source was removed, and nothing has taken
// its place yet.
func (u User) Released() bool { return u.SourceID == nil && u.ExternalID != "" && u.PasswordHash == "" }

// Account is the Jami account of a user: its key signs the user's devices.
type Account struct {
	UserID      int64 `gorm:"primaryKey"`
	SealedKey   []byte
	Certificate []byte
	// Serial is the certificate's, lower-case hex.
	Serial    string
	NotAfter  time.Time
	RevokedAt *time.Time
}

// Picture is a user's portrait, PNG or JPEG.
type Picture struct {
	UserID int64 `gorm:"primaryKey"`
	// Data is empty where the file in a directory is no usable picture.
	Data []byte
	// Origin is SHA-256 of the file in a directory; nil: it was given here.
	Origin []byte
}

// CreateUser stores a user with account and, unless empty, picture, all or
// nothing, and sets user.ID. ErrExists: the name is or was another user's, or
// the source has an account for this external id.
func (s *Store) CreateUser(ctx context.Context, user *User, account Account, picture []byte) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if taken, err := nameTaken(tx, user.Folded, 0); err != nil {
			return err
		} else if taken {
			return ErrExists
		}
		if err := tx.Create(user).Error; err != nil {
			return err
		}
		account.UserID = user.ID
		if err := tx.Create(&account).Error; err != nil {
			return err
		}
		if len(picture) == 0 {
			return nil
		}
		return tx.Create(&Picture{UserID: user.ID, Data: picture}).Error
	})
}

// UserByName returns the user with the folded name.
func (s *Store) UserByName(ctx context.Context, folded string) (User, error) {
	return one[User](s.read.WithContext(ctx).Where("folded = ?", folded))
}

// UserByID returns the user with the row id.
func (s *Store) UserByID(ctx context.Context, id int64) (User, error) {
	return one[User](s.read.WithContext(ctx).Where("id = ?", id))
}

// UserByAccountID returns the user with the Jami id.
func (s *Store) UserByAccountID(ctx context.Context, accountID string) (User, error) {
	return one[User](s.read.WithContext(ctx).Where("account_id = ?", accountID))
}

// AccountOf returns the account of a user.
func (s *Store) AccountOf(ctx context.Context, userID int64) (Account, error) {
	return one[Account](s.read.WithContext(ctx).Where("user_id = ?", userID))
}

// RevokedAccounts returns the accounts whose certificates were revoked.
func (s *Store) RevokedAccounts(ctx context.Context) ([]Account, error) {
	return all[Account](s.read.WithContext(ctx).
		Select("user_id", "serial", "revoked_at", "not_after").Where("revoked_at IS NOT NULL"))
}

// SetAccountCertificate replaces the certificate of a user's account; the key stays.
func (s *Store) SetAccountCertificate(ctx context.Context, userID int64, der []byte, serial string, notAfter time.Time) error {
	return changed(s.write.WithContext(ctx).Model(&Account{}).Where("user_id = ?", userID).
		Updates(map[string]any{"certificate": der, "serial": serial, "not_after": notAfter}))
}

// PictureOf returns a user's picture; nil if there is none.
func (s *Store) PictureOf(ctx context.Context, userID int64) ([]byte, error) {
	rows, err := all[Picture](s.read.WithContext(ctx).Where("user_id = ?", userID))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Data, nil
}

// Pictures returns the pictures of several users by user id.
func (s *Store) Pictures(ctx context.Context, userIDs []int64) (map[int64][]byte, error) {
	rows, err := all[Picture](s.read.WithContext(ctx).Where("user_id IN ?", userIDs))
	pictures := make(map[int64][]byte, len(rows))
	for _, p := range rows {
		pictures[p.UserID] = p.Data
	}
	return pictures, err
}

// UpdateProfile stores the profile fields of user and its search text. A nil
// picture leaves the picture as it is, an empty one removes it.
func (s *Store) UpdateProfile(ctx context.Context, user User, picture []byte) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		err := changed(tx.Model(&User{}).Where("id = ?", user.ID).Updates(map[string]any{
			"first_name": user.FirstName, "last_name": user.LastName, "email": user.Email,
			"phone": user.Phone, "organization": user.Organization, "display_name": user.DisplayName,
			"department": user.Department, "title": user.Title, "mobile": user.Mobile,
			"search_text": user.SearchText, "changed_at": time.Now().UTC(),
		}))
		if err != nil || picture == nil {
			return err
		}
		if err := tx.Where("user_id = ?", user.ID).Delete(&Picture{}).Error; err != nil || len(picture) == 0 {
			return err
		}
		return tx.Create(&Picture{UserID: user.ID, Data: picture}).Error
	})
}

// SetPasswordHash stores a user's new password hash and ends the user's tokens
// of scope USER.
func (s *Store) SetPasswordHash(ctx context.Context, userID int64, hash string) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("user_id = ? AND device_row IS NULL", userID).Delete(&Token{}).Error; err != nil {
			return err
		}
		return changed(tx.Model(&User{}).Where("id = ?", userID).
			Updates(map[string]any{"password_hash": hash, "changed_at": time.Now().UTC()}))
	})
}

// SetUserState moves a user between active and disabled and ends all tokens of
// a user who is not active. A revoked user is ErrNotFound: nothing brings one back.
func (s *Store) SetUserState(ctx context.Context, userID int64, state UserState) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if state != UserActive {
			if err := tx.Where("user_id = ?", userID).Delete(&Token{}).Error; err != nil {
				return err
			}
		}
		err := changed(tx.Model(&User{}).Where("id = ? AND state <> ?", userID, UserRevoked).
			Updates(map[string]any{"state": state, "changed_at": time.Now().UTC()}))
		if err != nil || state != UserActive {
			return err
		}
		// Of a source that was removed nobody else could lift it.
		return tx.Model(&User{}).Where("id = ? AND source_id IS NULL", userID).
			Updates(map[string]any{"barred_at": nil, "barred_reason": ""}).Error
	})
}

// RevokeUser revokes a user for good, with the account certificate and all
// devices, and ends all tokens.
func (s *Store) RevokeUser(ctx context.Context, user User, reason int, now time.Time) error {
	now = now.UTC()
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("user_id = ?", user.ID).Delete(&Token{}).Error; err != nil {
			return err
		}
		if err := changed(tx.Model(&User{}).Where("id = ?", user.ID).
			Updates(map[string]any{"state": UserRevoked, "changed_at": now})); err != nil {
			return err
		}
		if err := tx.Model(&Account{}).Where("user_id = ? AND revoked_at IS NULL", user.ID).
			Update("revoked_at", now).Error; err != nil {
			return err
		}
		if err := tx.Model(&Device{}).Where("user_id = ? AND revoked_at IS NULL", user.ID).
			Updates(map[string]any{"revoked_at": now, "revocation_reason": reason}).Error; err != nil {
			return err
		}
		return tx.Model(&RevocationList{}).Where("issuer IN ?", []string{OrganizationIssuer, user.AccountID}).
			Update("stale", true).Error
	})
}

// UserQuery selects users.
type UserQuery struct {
	// AnyOf holds alternatives; a user matches an alternative whose words all
	// occur in the search text. None: every user matches.
	AnyOf [][]string
	// States limits the answer to these states; none means all.
	States []UserState
	// Unbarred leaves out the users whose source is against them.
	Unbarred bool
	// Source limits the answer to the users of a source, 0 to those of the box
	// itself; nil does not.
	Source *int64
	// ExternalIDs limits the answer to the people whom their sources know by
	// these ids; nil does not.
	ExternalIDs []string
	// Groups limits the answer to the members of these groups; nil does not.
	Groups        []int64
	Offset, Limit int
}

// Users returns a page of the matching users in the order of their names.
func (s *Store) Users(ctx context.Context, q UserQuery) ([]User, error) {
	return all[User](q.where(s.read.WithContext(ctx)).Order("folded").Offset(q.Offset).Limit(q.Limit))
}

// CountUsers returns how many users match; offset and limit do not count.
func (s *Store) CountUsers(ctx context.Context, q UserQuery) (int, error) {
	var n int64
	err := q.where(s.read.WithContext(ctx).Model(&User{})).Count(&n).Error
	return int(n), err
}

func (q UserQuery) where(db *gorm.DB) *gorm.DB {
	if len(q.States) > 0 {
		db = db.Where("state IN ?", q.States)
	}
	if q.Unbarred {
		db = db.Where("barred_at IS NULL")
	}
	if q.Source != nil {
		db = ofSource(db, *q.Source)
	}
	if q.ExternalIDs != nil {
		db = db.Where("external_id IN ? AND external_id <> ''", q.ExternalIDs)
	}
	if q.Groups != nil {
		db = inGroups(db, q.Groups)
	}
	if len(q.AnyOf) == 0 {
		return db
	}
	var any *gorm.DB
	for _, words := range q.AnyOf {
		every := db.Session(&gorm.Session{NewDB: true})
		for _, w := range words {
			every = every.Where("instr(search_text, ?) > 0", w)
		}
		if any == nil {
			any = db.Session(&gorm.Session{NewDB: true}).Where(every)
		} else {
			any = any.Or(every)
		}
	}
	return db.Where(any)
}
