// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoad(t *testing.T) {
	t.Run("no file", func(t *testing.T) {
		cfg, err := Load(filepath.Join(t.TempDir(), "absent.toml"), false, nil)
		require.NoError(t, err)
		require.Equal(t, Default(), cfg)
	})
	t.Run("file then environment", func(t *testing.T) {
		cfg, err := loadText(t, "\ufeffdata_dir = '/a'\r\n[turn]\r\nlisten = [':1', ':2']\r\nenabled = false\r\n[server]\r\nlisten = ':8443'\r\n",
			"PATH=/bin", "JAMIBOX_CONFIG=/x", "JAMIBOX_DATA_DIR=/b", "JAMIBOX_TURN_ADVERTISE=10.0.0.1, fd00::1,",
			"JAMIBOX_TURN_ENABLED=true", "JAMIBOX_SERVER_PUBLIC_URL=https://box.example:8443")
		require.NoError(t, err)
		require.Equal(t, "/b", cfg.DataDir)
		require.Equal(t, ":8443", cfg.Server.Listen)
		require.Equal(t, ":80", cfg.Server.HTTPListen)
		require.Equal(t, "https://box.example:8443", cfg.Server.PublicURL)
		require.Equal(t, []string{":1", ":2"}, cfg.Turn.Listen)
		require.Equal(t, []string{"10.0.0.1", "fd00::1"}, cfg.Turn.Advertise)
		require.True(t, cfg.Turn.Enabled)
	})
	t.Run("secret from a file", func(t *testing.T) {
		secret := filepath.Join(t.TempDir(), "p")
		require.NoError(t, os.WriteFile(secret, []byte(" open sesame \r\n"), 0o600))
		cfg, err := loadText(t, "", "JAMIBOX_TLS_PASSPHRASE_FILE="+secret)
		require.NoError(t, err)
		require.Equal(t, " open sesame ", cfg.TLS.Passphrase)
	})
}

// TestEachKeyHasAVariable also pins that each kind of value can be given.
func TestEachKeyHasAVariable(t *testing.T) {
	values := map[string]string{"bool": "true", "string": "x", "[]string": "x,y", "int": "7"}
	var environ []string
	for _, s := range settings(new(Config)) {
		require.Contains(t, values, s.value.Type().String(), s.key)
		environ = append(environ, s.env()+"="+values[s.value.Type().String()])
	}
	require.Contains(t, environ, "JAMIBOX_TLS_CA_FILE=x")
	cfg, err := Load("absent", false, environ)
	require.NoError(t, err)
	for _, s := range settings(&cfg) {
		require.False(t, s.value.IsZero(), s.key)
	}
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		environ []string
		want    []string
		not     string
	}{
		"file/unknown key": {
			file: "[turn]\nenabled = true\nlistn = [':1'] # relay\nprts = '1-2'\n",
			want: []string{"jamibox.toml:3: unknown key \"turn.listn\", did you mean \"turn.listen\"?\n    listn = [':1'] # relay",
				"jamibox.toml:4: unknown key \"turn.prts\", did you mean \"turn.ports\"?\n    prts = '1-2'"},
		},
		"file/unknown section": {
			file: "[sever]\nlisten = ':1'\n",
			want: []string{"jamibox.toml:1: unknown key \"sever\", did you mean \"server\"?\n    [sever]"},
		},
		"file/not a bool": {
			file: "[turn]\nenabled = 'yes'\n",
			want: []string{"jamibox.toml:2: turn.enabled: expected true or false\n    enabled = 'yes'"},
		},
		"file/not a list": {
			file: "[turn]\nlisten = ':1'\n",
			want: []string{`turn.listen: expected a list of texts, such as ["a", "b"]`},
		},
		"file/not a number":     {file: "[turn]\nmax_allocations = 'many'\n", want: []string{"turn.max_allocations: expected a whole number"}},
		"environment/no number": {environ: []string{"JAMIBOX_TURN_MAX_ALLOCATIONS=many"}, want: []string{`JAMIBOX_TURN_MAX_ALLOCATIONS: "many": expected a whole number`}},
		"file/not a text":       {file: "data_dir = 3\n", want: []string{`data_dir: expected a text, such as "a"`}},
		"file/not a section":    {file: "turn = 3\n", want: []string{"turn: expected a section, [turn]"}},
		"file/list of sections": {file: "[[turn]]\n", want: []string{"turn: expected a section, [turn]"}},
		"file/syntax": {
			file: "[server]\nlisten = \":443\n",
			want: []string{"jamibox.toml:2: basic strings cannot have new lines\n    listen = \":443"},
		},
		"file/given twice":     {file: "data_dir = 'a'\ndata_dir = 'b'\n", want: []string{"jamibox.toml:2: key data_dir is already defined"}},
		"file/not utf-8":       {file: "data_dir = '\xff'\n", want: []string{"jamibox.toml:1:"}},
		"file/secret mistyped": {file: "[tls]\npassphrse = 'hunter2'\n", want: []string{"did you mean \"tls.passphrase\"?\n    passphrse = [redacted]"}, not: "hunter2"},
		"file/secret unquoted": {file: "[tls]\n\"passphrase\" = hunter2\n", want: []string{"passphrase\" = [redacted]"}, not: "hunter2"},
		"file/secret inline":   {file: "tls = { mode = 'files', password = 'hunter2' }\n", want: []string{"mode = 'files', password = [redacted]"}, not: "hunter2"},
		"environment/unknown": {
			environ: []string{"JAMIBOX_TURN_ADVERTIZE=1", "JAMIBOX_TLS_KEY_FILE=1"},
			want: []string{"JAMIBOX_TURN_ADVERTIZE: unknown variable, did you mean JAMIBOX_TURN_ADVERTISE?",
				"JAMIBOX_TLS_KEY_FILE: unknown variable, did you mean JAMIBOX_TLS_"},
		},
		"environment/not a bool": {
			environ: []string{"JAMIBOX_DHT_ENABLED=yes"},
			want:    []string{`JAMIBOX_DHT_ENABLED: "yes": expected true or false`},
		},
		"environment/secret given twice": {
			environ: []string{"JAMIBOX_TLS_PASSPHRASE=hunter2", "JAMIBOX_TLS_PASSPHRASE_FILE=" + os.DevNull},
			want:    []string{"JAMIBOX_TLS_PASSPHRASE: also given by JAMIBOX_TLS_PASSPHRASE_FILE"},
			not:     "hunter2",
		},
		"environment/secret file absent": {
			environ: []string{"JAMIBOX_TLS_PASSPHRASE_FILE=/absent/p"},
			want:    []string{"JAMIBOX_TLS_PASSPHRASE_FILE: reading tls.passphrase: open /absent/p: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, c.file, c.environ...)
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "toml:\"")
			if c.not != "" {
				require.NotContains(t, err.Error(), c.not)
			}
		})
	}
	t.Run("file/absent but asked for", func(t *testing.T) {
		_, err := Load("/absent/jamibox.toml", true, nil)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.ErrorContains(t, err, "reading configuration: open /absent/jamibox.toml")
	})
	t.Run("file/unreadable", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Load(dir, false, nil)
		require.ErrorContains(t, err, "reading configuration: ")
		require.ErrorContains(t, err, dir)
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(Example)
	f.Add("[turn]\nlisten = 3")
	f.Add("a = [{x = '''")
	f.Fuzz(func(t *testing.T, text string) {
		cfg := Default()
		if err := decode("f", []byte(text), &cfg); err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "f:"), err)
		}
	})
}
