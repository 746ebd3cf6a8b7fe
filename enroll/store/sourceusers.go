// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// UserBySource returns the user whom a source knows by this stable id.
func (s *Store) UserBySource(ctx context.Context, sourceID int64, externalID string) (User, error) {
	return one[User](s.read.WithContext(ctx).
		Where("source_id = ? AND external_id = ? AND external_id <> ''", sourceID, externalID))
}

// ReleasedUser returns the user with this stable id whose source was removed,
// and who was not given a password here since.
func (s *Store) ReleasedUser(ctx context.Context, externalID string) (User, error) {
	return one[User](s.read.WithContext(ctx).
		Where("source_id IS NULL AND external_id = ? AND external_id <> '' AND password_hash = ''", externalID))
}

// ClaimUser makes a user whose source was removed one of another source.
// ErrNotFound: somebody was faster.
func (s *Store) ClaimUser(ctx context.Context, userID, sourceID int64) error {
	return changed(s.write.WithContext(ctx).Model(&User{}).
		Where("id = ? AND source_id IS NULL AND password_hash = ''", userID).
		Updates(map[string]any{"source_id": sourceID, "changed_at": time.Now().UTC()}))
}

// NameTaken tells whether a folded name is a user's, or was the former name of
// one who is not userID.
func (s *Store) NameTaken(ctx context.Context, folded string, userID int64) (bool, error) {
	return nameTaken(s.read.WithContext(ctx), folded, userID)
}

func nameTaken(db *gorm.DB, folded string, userID int64) (bool, error) {
	var n int64
	err := db.Raw("SELECT (SELECT count(*) FROM users WHERE folded = ? AND id <> ?) + "+
		"(SELECT count(*) FROM former_names WHERE folded = ? AND user_id <> ?)", folded, userID, folded, userID).Scan(&n).Error
	return n > 0, err
}

// formerName is a name that a renamed user had.
type formerName struct {
	Folded string `gorm:"primaryKey"`
	UserID int64
}

func (formerName) TableName() string { return "former_names" }

// RenameUser gives a user another name; the old one stays reserved for this
// user. ErrExists: the name is or was another user's.
func (s *Store) RenameUser(ctx context.Context, userID int64, username, folded, searchText string) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		user, err := one[User](tx.Where("id = ?", userID))
		if err != nil {
			return err
		}
		taken, err := nameTaken(tx, folded, userID)
		if err != nil {
			return err
		}
		if taken {
			return ErrExists
		}
		if folded != user.Folded {
			if err := tx.Where("folded = ?", folded).Delete(&formerName{}).Error; err != nil {
				return err
			}
			if err := tx.Create(&formerName{Folded: user.Folded, UserID: userID}).Error; err != nil {
				return err
			}
		}
		return tx.Model(&User{}).Where("id = ?", userID).Updates(map[string]any{
			"username": username, "folded": folded, "search_text": searchText, "changed_at": time.Now().UTC(),
		}).Error
	})
}

// BarUser bars a user on the word of the user's source and ends all tokens. A
// user who was barred before keeps the first time. Whether the user was not
// barred yet is returned.
func (s *Store) BarUser(ctx context.Context, userID int64, reason string, now time.Time) (bool, error) {
	fresh := false
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("user_id = ?", userID).Delete(&Token{}).Error; err != nil {
			return err
		}
		err := changed(tx.Model(&User{}).Where("id = ? AND barred_at IS NULL", userID).
			Updates(map[string]any{"barred_at": now.UTC(), "barred_reason": reason}))
		if errors.Is(err, ErrNotFound) {
			return changed(tx.Model(&User{}).Where("id = ?", userID).Update("barred_reason", reason))
		}
		fresh = err == nil
		return err
	})
	return fresh, err
}

// UnbarUser lifts what BarUser did. Whether the user was barred is returned.
func (s *Store) UnbarUser(ctx context.Context, userID int64) (bool, error) {
	err := changed(s.write.WithContext(ctx).Model(&User{}).Where("id = ? AND barred_at IS NOT NULL", userID).
		Updates(map[string]any{"barred_at": nil, "barred_reason": ""}))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// PictureOrigin returns SHA-256 of the file that a user's picture was made
// from; nil if there is none from a directory.
func (s *Store) PictureOrigin(ctx context.Context, userID int64) ([]byte, error) {
	rows, err := all[Picture](s.read.WithContext(ctx).Select("origin").Where("user_id = ?", userID))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Origin, nil
}

// SetPicture replaces a user's picture by one from a directory; a nil origin
// removes it.
func (s *Store) SetPicture(ctx context.Context, userID int64, data, origin []byte) error {
	if origin == nil {
		return s.write.WithContext(ctx).Where("user_id = ?", userID).Delete(&Picture{}).Error
	}
	if data == nil {
		data = []byte{}
	}
	return own(s.write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).
		Create(&Picture{UserID: userID, Data: data, Origin: origin}).Error)
}
