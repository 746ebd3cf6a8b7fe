// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"reflect"
	"strings"
)

const envPrefix = "JAMIBOX_"

// setting is one key of the configuration.
type setting struct {
	key   string // as in the file, "tls.mode"
	value reflect.Value
}

// settings lists every key of cfg. Setting a value changes cfg.
func settings(cfg *Config) []setting {
	return appendSettings(nil, "", reflect.ValueOf(cfg).Elem())
}

func appendSettings(all []setting, prefix string, section reflect.Value) []setting {
	for i := range section.NumField() {
		key, value := prefix+section.Type().Field(i).Tag.Get("toml"), section.Field(i)
		if value.Kind() == reflect.Struct {
			all = appendSettings(all, key+".", value)
			continue
		}
		all = append(all, setting{key, value})
	}
	return all
}

// secret reports whether the value must not be shown and may come from a file
// that the environment names.
func secret(key string) bool { return key == "tls.passphrase" }

// env returns the environment variable of the setting.
func (s setting) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

// expected says what the file must hold for the setting.
func (s setting) expected() string {
	switch s.value.Kind() {
	case reflect.Bool:
		return "expected true or false"
	case reflect.Int:
		return "expected a whole number"
	case reflect.Slice:
		return `expected a list of texts, such as ["a", "b"]`
	default:
		return `expected a text, such as "a"`
	}
}
