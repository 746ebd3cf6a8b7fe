// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Load returns the defaults, changed by the file at path and then by the
// JAMIBOX_ variables of environ ("KEY=value", as os.Environ gives them). A file
// that does not exist is an error only if explicit, that is if an admin named
// it. The result is not validated, so that flags may change it first.
func Load(path string, explicit bool, environ []string) (Config, error) {
	cfg := Default()
	document, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !explicit:
	case err != nil:
		return Config{}, fmt.Errorf("reading configuration: %w", err)
	default:
		if err := decode(path, document, &cfg); err != nil {
			return Config{}, fmt.Errorf("reading configuration: %w", err)
		}
	}
	if err := applyEnvironment(&cfg, environ); err != nil {
		return Config{}, fmt.Errorf("reading environment: %w", err)
	}
	return cfg, nil
}

func decode(path string, document []byte, cfg *Config) error {
	// Windows editors put a byte order mark in front, which TOML does not know.
	document = bytes.TrimPrefix(document, []byte("\ufeff"))
	decoder := toml.NewDecoder(bytes.NewReader(document)).DisallowUnknownFields()
	err := decoder.Decode(cfg)
	if err == nil {
		return nil
	}
	f := file{path: path, lines: strings.Split(string(document), "\n"), settings: settings(cfg)}
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var errs []error
		for i := range unknown.Errors {
			errs = append(errs, f.unknown(&unknown.Errors[i]))
		}
		return errors.Join(errs...)
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		return f.malformed(bad)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// file is a document that could not be decoded.
type file struct {
	path     string
	lines    []string
	settings []setting
}

func (f file) unknown(e *toml.DecodeError) error {
	key := strings.Join(e.Key(), ".")
	return f.at(e, fmt.Sprintf("unknown key %q, did you mean %q?", key, nearest(key, f.keys())))
}

func (f file) malformed(e *toml.DecodeError) error {
	// The library names Go types where the kind of value is wrong.
	if !strings.HasPrefix(e.Error(), "toml: cannot ") {
		return f.at(e, strings.TrimPrefix(e.Error(), "toml: "))
	}
	key := strings.Join(e.Key(), ".")
	for _, s := range f.settings {
		if s.key == key {
			return f.at(e, key+": "+s.expected())
		}
	}
	return f.at(e, fmt.Sprintf("%s: expected a section, [%s]", key, key))
}

func (f file) at(e *toml.DecodeError, message string) error {
	row, _ := e.Position()
	line := ""
	if row <= len(f.lines) {
		line = shown(f.lines[row-1])
	}
	return fmt.Errorf("%s:%d: %s\n    %s", f.path, row, message, line)
}

// shown returns the line without what follows the key of a secret, perhaps a
// mistyped one, because the message ends up in the journal.
func shown(line string) string {
	line = strings.TrimSpace(line)
	for i := range len(line) {
		if line[i] == '=' && secretName(line[:i]) {
			return line[:i] + "= [redacted]"
		}
	}
	return line
}

func (f file) keys() []string {
	var keys []string
	for _, s := range f.settings {
		keys = append(keys, s.key)
		if section, _, found := strings.Cut(s.key, "."); found {
			keys = append(keys, section)
		}
	}
	return keys
}
