// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package process

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Log is the path of a log file.
type Log string

// Mark is a point in a Log.
type Mark int64

// tailLines is how much of a log a failing test shows.
const tailLines = 120

// colour is a terminal's escape sequence.
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Mark is the present end of the log.
func (l Log) Mark() (Mark, error) {
	info, err := os.Stat(string(l))
	if err != nil {
		return 0, fmt.Errorf("measuring a log: %w", err)
	}
	return Mark(info.Size()), nil
}

// Lines returns the lines written since a mark that hold the text, without
// colours.
func (l Log) Lines(from Mark, text string) ([]string, error) {
	content, err := os.ReadFile(string(l))
	if err != nil {
		return nil, fmt.Errorf("reading a log: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(content[from:])) {
		if strings.Contains(line, text) {
			found = append(found, strings.TrimSpace(colour.ReplaceAllString(line, "")))
		}
	}
	return found, nil
}

// Dump shows the end of the log in the output of a test.
func (l Log) Dump(t testing.TB) {
	t.Helper()
	content, err := os.ReadFile(string(l))
	if err != nil {
		t.Logf("reading a log: %v", err)
		return
	}
	lines := strings.Split(strings.TrimSpace(colour.ReplaceAllString(string(content), "")), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	t.Logf("last lines of %s:\n%s", l, strings.Join(lines, "\n"))
}
