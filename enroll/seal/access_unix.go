// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

func checkAccess(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("group or others have access to it (mode %04o): run chmod 600 on it", mode)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
