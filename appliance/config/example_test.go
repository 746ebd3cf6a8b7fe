// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"
)

// written returns cfg as TOML, where a nil list and an empty one are the same.
func written(t *testing.T, cfg Config) string {
	t.Helper()
	out, err := toml.Marshal(cfg)
	require.NoError(t, err)
	return string(out)
}

func loadText(t *testing.T, text string, environ ...string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jamibox.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return Load(path, true, environ)
}

func defaultOnUnix() Config {
	cfg := Default()
	cfg.DataDir = "/var/lib/jamibox"
	return cfg
}

func TestExampleIsTheDefault(t *testing.T) {
	cfg, err := loadText(t, Example)
	require.NoError(t, err)
	require.Equal(t, Default(), cfg)
	require.NoError(t, cfg.Validate())
}

func TestExampleShowsEachDefault(t *testing.T) {
	commented := regexp.MustCompile(`(?m)^#([a-z_]+) = `)
	uncommented := commented.ReplaceAllString(Example, "$1 = ")

	cfg, err := loadText(t, uncommented)
	require.NoError(t, err)
	require.Equal(t, written(t, defaultOnUnix()), written(t, cfg))

	// The same on empty settings: no default may be missing from the file.
	var empty Config
	require.NoError(t, toml.NewDecoder(strings.NewReader(uncommented)).DisallowUnknownFields().Decode(&empty))
	require.Equal(t, written(t, defaultOnUnix()), written(t, empty))
}

func TestExampleHasEachKey(t *testing.T) {
	var keys []string
	section := ""
	for line := range strings.SplitSeq(Example, "\n") {
		if m := regexp.MustCompile(`^\[([a-z]+)\]$`).FindStringSubmatch(line); m != nil {
			section = m[1] + "."
		}
		if m := regexp.MustCompile(`^#([a-z_]+) = `).FindStringSubmatch(line); m != nil {
			keys = append(keys, section+m[1])
		}
	}
	var want []string
	for _, s := range settings(new(Config)) {
		want = append(want, s.key)
	}
	require.ElementsMatch(t, want, keys)
}
