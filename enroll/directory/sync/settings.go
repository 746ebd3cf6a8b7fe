// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/organization"
	"jamibox/enroll/store"
)

// ErrInvalid tells that a value given by a person cannot be used.
var ErrInvalid = errors.New("invalid value")

// setting is where the settings lie in the store.
const setting = "sync"

const (
	leastInterval = 10 * time.Second
	mostInterval  = 7 * 24 * time.Hour
	mostGrace     = 366 * 24 * time.Hour
)

// Settings are what an administrator decides about the runs, the same for all
// sources.
type Settings struct {
	// Interval is the time between two runs of a source.
	Interval organization.Lifetime `json:"interval"`
	// Grace is how long a user has been barred when the devices are revoked,
	// which is for good.
	Grace organization.Lifetime `json:"grace"`
	// AlarmAccounts and AlarmPercent bound what one run may bar: it is stopped
	// when it would bar more than so many accounts that are also more than so
	// many percent of the source's.
	AlarmAccounts int `json:"alarm_accounts"`
	AlarmPercent  int `json:"alarm_percent"`
}

// DefaultSettings are those of a fresh installation.
func DefaultSettings() Settings {
	return Settings{
		Interval: organization.Lifetime(15 * time.Minute), Grace: organization.Lifetime(7 * 24 * time.Hour),
		AlarmAccounts: 10, AlarmPercent: 10,
	}
}

// Validate returns everything that is wrong. The error is an ErrInvalid.
func (s Settings) Validate() error {
	var problems []error
	refuse := func(format string, values ...any) {
		problems = append(problems, fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, values...)...))
	}
	if d := s.Interval.Duration(); d < leastInterval || d > mostInterval {
		refuse("interval: %s: between %s and %s is expected", s.Interval, leastInterval, organization.Lifetime(mostInterval))
	}
	if d := s.Grace.Duration(); d < 0 || d > mostGrace {
		refuse("grace: %s: between 0s and %s is expected", s.Grace, organization.Lifetime(mostGrace))
	}
	if s.AlarmAccounts < 0 {
		refuse("alarm_accounts: %d: 0 or more is expected", s.AlarmAccounts)
	}
	if s.AlarmPercent < 0 || s.AlarmPercent > 100 {
		refuse("alarm_percent: %d: between 0 and 100 is expected", s.AlarmPercent)
	}
	return errors.Join(problems...)
}

// Settings returns the settings in force.
func (j *Job) Settings(ctx context.Context) (Settings, error) {
	settings := DefaultSettings()
	raw, err := j.o.Store.Setting(ctx, setting)
	if errors.Is(err, store.ErrNotFound) {
		return settings, nil
	}
	if err != nil {
		return settings, fmt.Errorf("reading the settings of the synchronisation: %w", err)
	}
	if err := json.Unmarshal(raw, &settings); err != nil {
		return settings, fmt.Errorf("reading the settings of the synchronisation: %w", err)
	}
	return settings, nil
}

// SetSettings stores settings, for the next runs. Errors: ErrInvalid; any other
// is a fault of the server.
func (j *Job) SetSettings(ctx context.Context, s Settings) error {
	if err := s.Validate(); err != nil {
		return err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding the settings of the synchronisation: %w", err)
	}
	if err := j.o.Store.SetSetting(ctx, setting, raw); err != nil {
		return fmt.Errorf("storing the settings of the synchronisation: %w", err)
	}
	j.o.Audit.Record(ctx, "synchronisation settings changed", "", string(raw))
	j.wake()
	return nil
}
