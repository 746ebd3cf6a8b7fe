// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
)

// Resolve lets programs that start in the namespace from now on find an address by
// a host name, which nothing else in the lab resolves.
func (n *Namespace) Resolve(host, addr string) error {
	if err := os.MkdirAll(n.etc(), 0o755); err != nil {
		return fmt.Errorf("naming %s in namespace %s: %w", addr, n.name, err)
	}
	hosts := fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", addr, host)
	if err := os.WriteFile(filepath.Join(n.etc(), "hosts"), []byte(hosts), 0o644); err != nil {
		return fmt.Errorf("naming %s in namespace %s: %w", addr, n.name, err)
	}
	return nil
}

// etc is where the program ip looks for files that take the place of those in
// /etc for what it starts in the namespace.
func (n *Namespace) etc() string { return filepath.Join("/etc/netns", n.name) }
