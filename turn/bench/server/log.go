// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"bytes"
	"sync"
)

// log gathers what a process writes. Safe for concurrent use.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
