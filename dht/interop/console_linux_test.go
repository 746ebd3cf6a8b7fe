// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"strings"
	"sync"
)

// console keeps what a program writes. It is safe for concurrent use.
type console struct {
	mu   sync.Mutex
	text []byte
	more chan struct{} // closed when there is more
}

func newConsole() *console { return &console{more: make(chan struct{})} }

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p...)
	close(c.more)
	c.more = make(chan struct{})
	return len(p), nil
}

func (c *console) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.text)
}

// from returns what was written since a mark. The prompt comes from another
// thread, in the middle of lines at times, and is left out.
func (c *console) from(mark int) string {
	text, _ := c.fromOrMore(mark)
	return text
}

// fromOrMore returns with it a channel that is closed when there is more.
func (c *console) fromOrMore(mark int) (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.ReplaceAll(string(c.text[mark:]), ">> ", ""), c.more
}
