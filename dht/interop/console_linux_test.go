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

// String returns all that was written, as it was.
func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// withoutPrompt takes away what the prompt of dhtnode consists of: it comes from
// another thread, in the middle of words at times, and not in one piece.
var withoutPrompt = strings.NewReplacer(">", "", " ", "")

// fromOrMore returns what was written since a mark, without spaces, and a channel
// that is closed when there is more.
func (c *console) fromOrMore(mark int) (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return withoutPrompt.Replace(string(c.text[mark:])), c.more
}
