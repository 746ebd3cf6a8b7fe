// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package process

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Log is the path of a log file.
type Log string

// Mark is a point in a Log.
type Mark int64

// lineLength is how much of a line Tail shows.
const lineLength = 200

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

// Tail returns the last lines that keep wants, at most so many, without colours
// and cut to a length that can be read; a nil keep wants all.
func (l Log) Tail(count int, keep func(line string) bool) ([]string, error) {
	content, err := os.ReadFile(string(l))
	if err != nil {
		return nil, fmt.Errorf("reading a log: %w", err)
	}
	var found []string
	for line := range strings.Lines(colour.ReplaceAllString(string(content), "")) {
		line = strings.TrimSpace(line)
		if keep == nil || keep(line) {
			found = append(found, line[:min(len(line), lineLength)])
		}
	}
	return found[max(0, len(found)-count):], nil
}
