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
