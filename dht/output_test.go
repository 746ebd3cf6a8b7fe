// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutput(t *testing.T) {
	for name, c := range map[string]struct {
		writes []string
		want   string
	}{
		"nothing":                    {nil, ""},
		"lines in pieces":            {[]string{"on", "e\ntwo\nth", "ree"}, "one; two; three"},
		"empty lines":                {[]string{"\n\n  \none\n\n"}, "one"},
		"colours and control bytes":  {[]string{"\x1b[31mred\x1b[39m\r\n\x1b]0;title\x07\x00\n"}, "red; ]0;title"},
		"bytes that are not UTF-8":   {[]string{"a\xff\xfeb\n"}, "a?b"},
		"only the last lines":        {[]string{"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"}, "2; 3; 4; 5; 6; 7; 8; 9; 10; 11"},
		"a line without end is cut":  {[]string{strings.Repeat("x", 5000), strings.Repeat("y", 5000)}, strings.Repeat("x", maxLine)},
		"and the next one is normal": {[]string{strings.Repeat("x", 5000) + "\nnext\n"}, strings.Repeat("x", maxLine) + "; next"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			o := newOutput(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			for _, w := range c.writes {
				n, err := fmt.Fprint(o, w)
				require.NoError(t, err)
				require.Equal(t, len(w), n)
			}
			require.Equal(t, c.want, o.tail())
			for line := range strings.SplitSeq(c.want, "; ") {
				require.Contains(t, log.String(), line)
			}
		})
	}
}
