// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// OrganizationIssuer is the issuer name of the organisation CA's revocation
// list; other lists go by the account id of their issuer.
const OrganizationIssuer = "organization"

// RevocationList is the newest CRL of an issuer.
type RevocationList struct {
	Issuer     string `gorm:"primaryKey"`
	Number     int64
	DER        []byte
	NextUpdate time.Time
	// Stale tells that something was revoked since.
	Stale bool
}

// RevocationList returns the stored list of an issuer.
func (s *Store) RevocationList(ctx context.Context, issuer string) (RevocationList, error) {
	return one[RevocationList](s.read.WithContext(ctx).Where("issuer = ?", issuer))
}

// RenewRevocationList stores the list that sign returns for the next number;
// numbers only grow (RFC 5280, section 5.2.3). While sign reads what is revoked
// nobody can write, so no revocation falls between the list and its flag.
func (s *Store) RenewRevocationList(ctx context.Context, issuer string,
	sign func(number int64) (der []byte, nextUpdate time.Time, err error),
) (RevocationList, error) {
	list := RevocationList{Issuer: issuer}
	err := s.tx(ctx, func(tx *gorm.DB) error {
		old, err := one[RevocationList](tx.Where("issuer = ?", issuer))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		list.Number = old.Number + 1
		if list.DER, list.NextUpdate, err = sign(list.Number); err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&list).Error
	})
	return list, err
}

// OutdateRevocationLists has every list made anew when it is next asked for.
func (s *Store) OutdateRevocationLists(ctx context.Context) error {
	return s.write.WithContext(ctx).Model(&RevocationList{}).Where("stale = ?", false).Update("stale", true).Error
}

// RevokingAccount is an account that revoked devices.
type RevokingAccount struct {
	AccountID string
	// Devices is how many it revoked so far; it never shrinks.
	Devices int
}

// RevokingAccounts returns the accounts that revoked a device with a certificate
// that has not ended by its own at now.
func (s *Store) RevokingAccounts(ctx context.Context, now time.Time) ([]RevokingAccount, error) {
	var rows []RevokingAccount
	err := s.read.WithContext(ctx).Model(&Device{}).Select("u.account_id, COUNT(DISTINCT devices.id) AS devices").
		Joins("JOIN users u ON u.id = devices.user_id").Joins("JOIN certificates c ON c.device_row = devices.id").
		Where("devices.revoked_at IS NOT NULL").
		Group("u.id").Having("MAX(c.not_after) > ?", now.UTC()).Order("u.id").Scan(&rows).Error
	return rows, err
}
