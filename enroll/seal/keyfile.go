// SPDX-License-Identifier: GPL-3.0-or-later

package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxKeyFile bounds what is read of a key file; the longest form is one line
// of 64 characters.
const maxKeyFile = 256

// Open returns the Box of the key file at path, which it creates with a new
// random key when absent. The file holds one line, the 32-byte key as hex or
// base64. On Unix it is refused when group or others have access to it. An
// existing file is never changed.
func Open(path string) (*Box, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(path); err != nil {
			return nil, fmt.Errorf("creating key file %s: %w", path, err)
		}
		key, err = readKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading key file %s: %w", path, err)
	}
	return New(key)
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if err := checkAccess(info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	return parseKey(text)
}

func parseKey(text []byte) ([]byte, error) {
	line := string(bytes.TrimSpace(text))
	var key []byte
	var err error
	switch len(line) {
	case hex.EncodedLen(KeySize):
		key, err = hex.DecodeString(line)
	case base64.StdEncoding.EncodedLen(KeySize):
		key, err = base64.StdEncoding.Strict().DecodeString(line)
	case base64.RawStdEncoding.EncodedLen(KeySize):
		key, err = base64.RawStdEncoding.Strict().DecodeString(line)
	default:
		return nil, fmt.Errorf("wrong length: one line with a key of %d bytes is expected (64 hex or 44 base64 characters)", KeySize)
	}
	if err != nil || len(key) != KeySize {
		// The decoder's own words could quote a part of the key.
		return nil, errors.New("the line is neither hex nor base64")
	}
	return key, nil
}

// createKey writes a new key beside path and links it into place: the file is
// complete or absent, and of two processes that start at once one wins.
func createKey(path string) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	key := make([]byte, KeySize)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	_, err = tmp.WriteString(hex.EncodeToString(key) + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	// Unlike a rename, a link never replaces a key that came into being meanwhile.
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}
