// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"encoding/json"
	"fmt"
)

// Settings are client settings by key. Of a secret they hold nil: it is never
// shown, and one that is handed back as nil stays as it is.
type Settings map[string]*string

// stored is the value of a setting as the store keeps it: a text, or
// {"sealed": base64} for a secret.
type stored struct {
	text   string
	sealed []byte
}

type sealedValue struct {
	Sealed []byte `json:"sealed"`
}

// MarshalJSON writes what UnmarshalJSON reads.
func (v stored) MarshalJSON() ([]byte, error) {
	if v.sealed != nil {
		return json.Marshal(sealedValue{v.sealed})
	}
	return json.Marshal(v.text)
}

// UnmarshalJSON also reads secrets that an earlier version did not seal.
func (v *stored) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &v.text)
	}
	var s sealedValue
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if s.Sealed == nil {
		return fmt.Errorf("a text or a sealed one is expected, not %.20q", raw)
	}
	v.sealed = s.Sealed
	return nil
}

// kept are the settings of one place in the store. Their secrets are bound to
// it.
type kept struct {
	place  string
	values map[string]stored
}

func parse(place string, raw []byte) (kept, error) {
	k := kept{place, map[string]stored{}}
	if err := json.Unmarshal(raw, &k.values); err != nil {
		return k, fmt.Errorf("reading the client settings of %s: %w", place, err)
	}
	return k, nil
}

// shown returns the settings without secrets.
func (k kept) shown() Settings {
	s := make(Settings, len(k.values))
	for name, v := range k.values {
		s[name] = nil
		if !IsSecret(name) {
			s[name] = &v.text
		}
	}
	return s
}

// exposed tells whether a secret is there that is not sealed.
func (k kept) exposed() bool {
	for name, v := range k.values {
		if IsSecret(name) && v.sealed == nil {
			return true
		}
	}
	return false
}

func sealContext(place, name string) string { return name + " of " + place }

// open returns the text of one setting.
func (s *Service) open(k kept, name string) (string, error) {
	v := k.values[name]
	if v.sealed == nil {
		return v.text, nil
	}
	text, err := s.box.Unseal(v.sealed, sealContext(k.place, name))
	if err != nil {
		return "", fmt.Errorf("opening %s of %s: %w", name, k.place, err)
	}
	return string(text), nil
}

// encode returns given, which was checked, as it is kept at a place; secrets
// without a value are those of old.
func (s *Service) encode(place string, given Settings, old kept) ([]byte, error) {
	values := make(map[string]stored, len(given))
	for name, value := range given {
		v := stored{}
		if value != nil {
			v.text = *value
		} else {
			var err error
			if v.text, err = s.open(old, name); err != nil {
				return nil, err
			}
		}
		if IsSecret(name) {
			v = stored{sealed: s.box.Seal([]byte(v.text), sealContext(place, name))}
		}
		values[name] = v
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("encoding the client settings of %s: %w", place, err)
	}
	return raw, nil
}
