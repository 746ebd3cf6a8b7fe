// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrInvalid tells that a setting cannot be sent to clients; the text says why.
var ErrInvalid = errors.New("invalid client setting")

const maxValueBytes = 8 << 10

// CheckKey returns why a setting must not be sent to clients whatever its
// value, wrapped in ErrInvalid, or nil.
func CheckKey(name string) error {
	for _, d := range denied {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(d.prefix)) {
			return fmt.Errorf("%w: %s is never sent to clients: %s", ErrInvalid, name, d.why)
		}
	}
	if _, known := keys[name]; known {
		return nil
	}
	err := fmt.Errorf("%w: %s is not a setting that Jami clients take from a server", ErrInvalid, name)
	if meant := nearest(name); meant != "" {
		return fmt.Errorf("%w; did you mean %s?", err, meant)
	}
	return err
}

// Check returns why a setting must not be sent to clients, wrapped in
// ErrInvalid, or nil. The text never holds the value of a secret.
func Check(name, value string) error {
	if err := CheckKey(name); err != nil {
		return err
	}
	if len(value) > maxValueBytes || !utf8.ValidString(value) {
		return fmt.Errorf("%w: %s: text of at most %d bytes is expected", ErrInvalid, name, maxValueBytes)
	}
	switch keys[name].kind {
	case boolean:
		if value != "true" && value != "false" {
			return fmt.Errorf("%w: %s: %q: true or false is expected", ErrInvalid, name, value)
		}
	case integer:
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			return fmt.Errorf("%w: %s: %q: a whole number is expected", ErrInvalid, name, value)
		}
	case port:
		if _, err := strconv.ParseUint(value, 10, 16); err != nil {
			return fmt.Errorf("%w: %s: %q: a port from 0 to 65535 is expected", ErrInvalid, name, value)
		}
	case needed:
		if strings.TrimSpace(value) == "" {
			return fmt.Errorf("%w: %s: empty, it would send clients to the public server", ErrInvalid, name)
		}
	case jsonObject:
		var object map[string]any
		if value != "" && (json.Unmarshal([]byte(value), &object) != nil || object == nil) {
			return fmt.Errorf("%w: %s: a JSON object is expected", ErrInvalid, name)
		}
	}
	return nil
}

// checkRange returns why a pair of ports would be ignored by clients, or nil:
// they want both ends, none of them 0, and the second above the first.
//
// As each set of settings holds both ends or none, the pair that is sent comes
// whole from one of them.
func checkRange(settings map[string]string, media string) error {
	lowKey, highKey := "Account."+media+"PortMin", "Account."+media+"PortMax"
	lowText, hasLow := settings[lowKey]
	highText, hasHigh := settings[highKey]
	if !hasLow && !hasHigh {
		return nil
	}
	low, lowErr := strconv.ParseUint(lowText, 10, 16)
	high, highErr := strconv.ParseUint(highText, 10, 16)
	if lowErr != nil || highErr != nil || low == 0 || high <= low {
		return fmt.Errorf("%w: %s, %s: %q, %q: both are needed, above 0, and the second larger", ErrInvalid, lowKey, highKey, lowText, highText)
	}
	return nil
}

// check returns all reasons why given cannot take the place of old, wrapped in
// ErrInvalid, or nil.
func (given Settings) check(old kept) error {
	var problems []error
	texts := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if value := given[name]; value != nil {
			texts[name] = *value
			problems = append(problems, Check(name, *value))
			continue
		}
		if _, stored := old.values[name]; !stored || !IsSecret(name) {
			problems = append(problems, fmt.Errorf("%w: %s: without a value, a secret stays as it is; none is stored", ErrInvalid, name))
		}
	}
	problems = append(problems, checkRange(texts, "audio"), checkRange(texts, "video"))
	return errors.Join(problems...)
}
