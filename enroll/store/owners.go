// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"slices"
)

// DeviceKey is what never changes of a device.
type DeviceKey struct {
	ID       int64
	DeviceID string
}

// DeviceOwner is a device by name, with its user.
type DeviceOwner struct {
	ID       int64
	DeviceID string
	Alias    string
	Username string
}

// DevicesAfter returns all devices whose row ids are larger than row, in their
// order. Devices are never deleted, so that a caller who remembers them asks
// for the new ones alone.
func (s *Store) DevicesAfter(ctx context.Context, row int64) ([]DeviceKey, error) {
	var keys []DeviceKey
	err := s.read.WithContext(ctx).Model(&Device{}).Select("id", "device_id").
		Where("id > ?", row).Order("id").Scan(&keys).Error
	return keys, err
}

// ownersAtOnce bounds the parameters of a query.
const ownersAtOnce = 500

// DeviceOwners returns the devices with these row ids, in no order.
func (s *Store) DeviceOwners(ctx context.Context, rows []int64) ([]DeviceOwner, error) {
	var all []DeviceOwner
	for some := range slices.Chunk(rows, ownersAtOnce) {
		var owners []DeviceOwner
		err := s.read.WithContext(ctx).Model(&Device{}).
			Select("devices.id", "devices.device_id", "devices.alias", "u.username").
			Joins("JOIN users u ON u.id = devices.user_id").
			Where("devices.id IN ?", some).Scan(&owners).Error
		if err != nil {
			return nil, err
		}
		all = append(all, owners...)
	}
	return all, nil
}
