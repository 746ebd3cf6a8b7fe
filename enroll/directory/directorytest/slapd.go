// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

const maxStarts = 5

// SlapdOptions say what a Slapd is like; all may be empty.
type SlapdOptions struct {
	// LDIF are the entries besides Tree; Load, unless nil, writes more.
	LDIF string
	Load func(*os.File) error
	// Global and Database are lines for slapd.conf.
	Global, Database []string
	// Credentials switch TLS on.
	Credentials *Credentials
	// WithoutMemberOf leaves the overlay out that keeps memberOf.
	WithoutMemberOf bool
	// WithPolicy turns the password policy on; the default one is "default".
	WithPolicy bool
	// Quiet keeps no Log.
	Quiet bool
	// IP is where it listens, a free loopback address unless given (see IP).
	IP string
}

// Slapd is a running OpenLDAP server.
type Slapd struct {
	// IP, Port and PortS (of LDAPS, 0 without TLS) are where it listens.
	IP          string
	Port, PortS int

	dir, program string
	quiet        bool
	*process
}

// IP returns a loopback address to issue certificates for before the start.
func IP(t testing.TB) string {
	t.Helper()
	return loopback(t)
}

// URL returns where it speaks LDAP, and StartTLS if it has Credentials.
func (s *Slapd) URL() string { return fmt.Sprintf("ldap://%s:%d", s.IP, s.Port) }

// URLS returns where it speaks LDAPS.
func (s *Slapd) URLS() string { return fmt.Sprintf("ldaps://%s:%d", s.IP, s.PortS) }

// StartSlapd starts a server, which ends with the test.
func StartSlapd(t testing.TB, o SlapdOptions) *Slapd {
	t.Helper()
	s := &Slapd{IP: o.IP, dir: t.TempDir(), program: find(t, "slapd", "slapd"), quiet: o.Quiet}
	if s.IP == "" {
		s.IP = loopback(t)
	}
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "db"), 0o700))
	config := writeFile(t, s.dir, "slapd.conf", s.config(t, o))
	s.load(t, config, o)
	for range maxStarts {
		s.Port = freePort(t, s.IP)
		if o.Credentials != nil {
			for s.PortS = s.Port; s.PortS == s.Port; {
				s.PortS = freePort(t, s.IP)
			}
		}
		if s.start(t) {
			t.Cleanup(s.Kill)
			return s
		}
	}
	require.FailNow(t, "slapd has ended", "%s", s.output)
	return nil
}

// Start starts the server again after Kill, at the same place.
func (s *Slapd) Start(t testing.TB) {
	t.Helper()
	require.True(t, s.start(t), "slapd has ended: %s", s.output)
}

// start tells whether the server came up: somebody who listens on all
// addresses may have taken a port since it was looked for.
func (s *Slapd) start(t testing.TB) bool {
	t.Helper()
	urls := s.URL()
	if s.PortS != 0 {
		urls += " " + s.URLS()
	}
	const nothing, operations = "0", "256"
	log := operations
	if s.quiet {
		log = nothing
	}
	s.process = start(t, exec.Command(s.program, "-f", filepath.Join(s.dir, "slapd.conf"), "-h", urls, "-d", log))
	return s.wait(t, func() bool { return answers(s.URL()) })
}

// Kill ends the server at once.
func (s *Slapd) Kill() { s.kill() }

// Pause lets the server hang: connections to it open and get no answer.
// Resume ends that.
func (s *Slapd) Pause(t testing.TB) {
	t.Helper()
	pause(t, s.command.Process)
}

// Resume ends Pause.
func (s *Slapd) Resume(t testing.TB) {
	t.Helper()
	resume(t, s.command.Process)
}

// Log returns what the server did, an operation a line.
func (s *Slapd) Log() string { return s.output.String() }

// Connect returns a connection of the Manager's, to change entries.
func (s *Slapd) Connect(t testing.TB) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(s.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.Bind(Manager, ManagerPassword))
	return c
}

func (s *Slapd) load(t testing.TB, config string, o SlapdOptions) {
	t.Helper()
	path := filepath.Join(s.dir, "data.ldif")
	f, err := os.Create(path)
	require.NoError(t, err)
	_, err = f.WriteString(Tree() + o.LDIF)
	require.NoError(t, err)
	if o.Load != nil {
		require.NoError(t, o.Load(f))
	}
	require.NoError(t, f.Close())
	// slapd is its own slapadd, by name or by this switch.
	run(t, s.program, "-T", "add", "-q", "-f", config, "-l", path)
}

func (s *Slapd) config(t testing.TB, o SlapdOptions) string {
	t.Helper()
	lines := []string{
		"include /etc/ldap/schema/core.schema", "include /etc/ldap/schema/cosine.schema",
		"include /etc/ldap/schema/nis.schema", "include /etc/ldap/schema/inetorgperson.schema",
		"modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload memberof", "moduleload ppolicy",
	}
	if o.Credentials != nil {
		lines = append(lines, "TLSCertificateFile "+writeFile(t, s.dir, "server.pem", o.Credentials.Chain),
			"TLSCertificateKeyFile "+writeFile(t, s.dir, "server.key", o.Credentials.Key))
	}
	lines = append(lines, o.Global...)
	lines = append(lines, "database mdb", "suffix "+Base, "rootdn "+Manager, fmt.Sprintf("rootpw %q", ManagerPassword),
		"directory "+filepath.Join(s.dir, "db"), "maxsize 4294967296", "dbnosync",
		"index objectClass,entryUUID,member,memberOf eq", "index uid,cn,sn,givenName,displayName,mail eq,sub")
	if !o.WithoutMemberOf {
		lines = append(lines, "overlay memberof", "memberof-dangling ignore")
	}
	if o.WithPolicy {
		lines = append(lines, "overlay ppolicy", "ppolicy_default cn=default,"+Policies, "ppolicy_use_lockout")
	}
	return strings.Join(append(lines, o.Database...), "\n") + "\n"
}
