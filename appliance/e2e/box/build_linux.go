// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package box

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the program into a folder and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "jamibox")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "jamibox/cmd/jamibox")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building jamibox: %w:\n%s", err, out)
	}
	return binary, nil
}
