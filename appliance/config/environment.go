// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// EnvConfig names the variable that holds the path of the configuration file.
// Load leaves it to the caller.
const EnvConfig = envPrefix + "CONFIG"

// applyEnvironment sets what the JAMIBOX_ variables say and gathers all errors.
func applyEnvironment(cfg *Config, environ []string) error {
	known := map[string]func(string) error{EnvConfig: func(string) error { return nil }}
	for _, s := range settings(cfg) {
		known[s.env()] = s.set
		if secret(s.key) {
			known[s.env()+"_FILE"] = s.setFromFile
		}
	}
	given := map[string]string{}
	for _, variable := range environ {
		if name, value, found := strings.Cut(variable, "="); found && strings.HasPrefix(name, envPrefix) {
			given[name] = value
		}
	}

	var errs []error
	for _, name := range sortedKeys(given) {
		set, ok := known[name]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: unknown variable, did you mean %s?", name, nearest(name, sortedKeys(known))))
			continue
		}
		if _, both := given[name+"_FILE"]; both && known[name+"_FILE"] != nil {
			errs = append(errs, fmt.Errorf("%s: also given by %s_FILE, expected one of the two", name, name))
			continue
		}
		if err := set(given[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// set parses text as the environment gives it: lists are separated by commas.
func (s setting) set(text string) error {
	switch s.value.Interface().(type) {
	case string:
		s.value.SetString(text)
	case bool:
		switch text {
		case "true":
			s.value.SetBool(true)
		case "false":
			s.value.SetBool(false)
		default:
			return fmt.Errorf("%q: %s", text, s.expected())
		}
	case int:
		number, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q: %s", text, s.expected())
		}
		s.value.SetInt(int64(number))
	case []string:
		list := []string{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		s.value.Set(reflect.ValueOf(list))
	default:
		return fmt.Errorf("%s cannot be given in the environment", s.key)
	}
	return nil
}

// setFromFile sets the content of the file, without the line end that editors
// add.
func (s setting) setFromFile(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.key, err)
	}
	return s.set(strings.TrimRight(string(content), "\r\n"))
}
