// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

// Config says where the server's own TLS certificate comes from.
type Config struct {
	// Mode is "internal" (own root, renewed by itself) or "files".
	Mode string `toml:"mode"`
	// Certificate is a PEM chain (leaf first) or a PKCS#12 file (mode "files").
	Certificate string `toml:"certificate"`
	// Key is the PEM or DER private key, possibly encrypted; empty for PKCS#12.
	Key string `toml:"key"`
	// Passphrase opens an encrypted key or PKCS#12 file.
	Passphrase string `toml:"passphrase"`
	// CAFile holds a PEM root that the clients trust beside the system's, so
	// that a chain ending there counts as complete.
	CAFile string `toml:"ca_file"`
	// Names holds further DNS names and IP addresses of the box for the
	// internal server certificate.
	Names []string `toml:"names"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config { return Config{Mode: "internal"} }
