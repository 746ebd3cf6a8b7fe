// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// ExpiringDevice is a device whose newest certificate ends.
type ExpiringDevice struct {
	Device
	Username string
}

// ExpiringDevices returns up to limit devices whose newest certificate ends
// before the given time, the first to end first; those that ended are among
// them. Revoked and replaced devices and those of revoked users are left out.
func (s *Store) ExpiringDevices(ctx context.Context, before time.Time, limit int) ([]ExpiringDevice, error) {
	var rows []ExpiringDevice
	err := s.read.WithContext(ctx).Model(&Device{}).Select("devices.*", "u.username").
		Joins("JOIN users u ON u.id = devices.user_id").
		Where("devices.not_after < ? AND devices.revoked_at IS NULL AND devices.replaced_at IS NULL AND u.state <> ?",
			before.UTC(), UserRevoked).
		Order("devices.not_after, devices.id").Limit(limit).Scan(&rows).Error
	return rows, err
}
