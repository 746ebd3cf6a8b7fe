// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"time"
)

const maxFileSize = 1 << 20

// LoadFiles reads and checks the certificate, key and CA file that cfg names;
// see ParseBundle for the errors. An empty CAFile means the system's roots
// alone, an empty Key that the certificate file holds the key.
func LoadFiles(cfg Config) (*tls.Certificate, error) {
	return loadFiles(cfg, time.Now())
}

func loadFiles(cfg Config, now time.Time) (*tls.Certificate, error) {
	if cfg.Certificate == "" {
		return nil, fmt.Errorf("%w: tls.mode is \"files\" but tls.certificate names no file", ErrUnreadable)
	}
	certificate, err := readFile("tls.certificate", cfg.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := readFile("tls.key", cfg.Key)
	if err != nil {
		return nil, err
	}
	ca, err := readFile("tls.ca_file", cfg.CAFile)
	if err != nil {
		return nil, err
	}
	roots, err := trustedRoots(ca)
	if err != nil {
		return nil, err
	}
	result, err := assemble(certificate, key, cfg.Passphrase, roots, now)
	if err != nil {
		return nil, fmt.Errorf("server certificate %s: %w", cfg.Certificate, err)
	}
	return result, nil
}

// readFile returns nil for an empty path.
func readFile(setting, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnreadable, setting, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnreadable, setting, err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("%w: %s: %s is larger than %d bytes", ErrUnreadable, setting, path, maxFileSize)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: %s: %s is empty", ErrUnreadable, setting, path)
	}
	return data, nil
}
