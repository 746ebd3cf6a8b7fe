// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
)

const (
	keptLines = 10
	maxLine   = 1 << 10
)

// output takes what a child process prints, logs each line at debug level and
// keeps the last ones. It is not safe for concurrent use: os/exec writes from
// one goroutine when the same writer takes both streams.
type output struct {
	logger *slog.Logger
	noise  *regexp.Regexp
	line   []byte
	last   []string
}

func newOutput(logger *slog.Logger) *output {
	return &output{
		logger: logger,
		// Colours that dhtnode sets even when nobody sees them, then whatever
		// else a terminal would act upon.
		noise: regexp.MustCompile(`\x1b\[[0-9;]*m|[[:cntrl:]]`),
	}
}

// Write implements io.Writer; it never returns an error. Of a line, the bytes
// beyond the first kilobyte are dropped.
func (o *output) Write(p []byte) (int, error) {
	written := len(p)
	for {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		o.line = append(o.line, part[:min(len(part), maxLine-len(o.line))]...)
		if !ended {
			return written, nil
		}
		o.flush()
		p = rest
	}
}

// tail returns the last lines, the unfinished one included, in one text.
func (o *output) tail() string {
	o.flush()
	return strings.Join(o.last, "; ")
}

func (o *output) flush() {
	line := o.noise.ReplaceAllString(strings.ToValidUTF8(string(o.line), "?"), "")
	o.line = o.line[:0]
	if line = strings.TrimSpace(line); line == "" {
		return
	}
	o.logger.LogAttrs(context.Background(), slog.LevelDebug, "dht node printed", slog.String("line", line))
	if len(o.last) == keptLines {
		o.last = append(o.last[:0], o.last[1:]...)
	}
	o.last = append(o.last, line)
}
