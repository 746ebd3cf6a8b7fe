// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Lifetime is a duration that people write as "90d" or "20y" too, beside Go's
// own forms ("36h", "40s"). It implements flag.Value and JSON.
type Lifetime time.Duration

const (
	day  = Lifetime(24 * time.Hour)
	year = 365 * day

	maxLifetime = 100 * year
)

// Duration returns l as a duration.
func (l Lifetime) Duration() time.Duration { return time.Duration(l) }

// String writes whole years and days as such.
func (l Lifetime) String() string {
	switch {
	case l > 0 && l%year == 0:
		return strconv.FormatInt(int64(l/year), 10) + "y"
	case l > 0 && l%day == 0:
		return strconv.FormatInt(int64(l/day), 10) + "d"
	}
	return time.Duration(l).String()
}

// Set reads a lifetime of at most a hundred years.
func (l *Lifetime) Set(text string) error {
	value, err := parseLifetime(text)
	if err != nil || value < 0 || value > maxLifetime {
		return fmt.Errorf("%q: a lifetime of at most %s is expected, such as 90d, 2y or 36h", text, maxLifetime)
	}
	*l = value
	return nil
}

func parseLifetime(text string) (Lifetime, error) {
	for suffix, unit := range map[string]Lifetime{"d": day, "y": year} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			if err == nil && Lifetime(n) > maxLifetime/unit {
				err = strconv.ErrRange
			}
			return Lifetime(n) * unit, err
		}
	}
	d, err := time.ParseDuration(text)
	return Lifetime(d), err
}

// Type names the kind of value in the help of a command.
func (l *Lifetime) Type() string { return "lifetime" }

// MarshalJSON writes the text form.
func (l Lifetime) MarshalJSON() ([]byte, error) { return json.Marshal(l.String()) }

// UnmarshalJSON reads the text form; "" is zero.
func (l *Lifetime) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("a lifetime such as \"90d\" is expected: %w", err)
	}
	if text == "" {
		*l = 0
		return nil
	}
	return l.Set(text)
}
