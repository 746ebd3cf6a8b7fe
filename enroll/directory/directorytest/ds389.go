// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

// DirectoryManager is who may do all on a DS389, with ManagerPassword.
const DirectoryManager = "cn=Directory Manager"

// DS389 is a running 389 Directory Server without TLS, with Base and People.
type DS389 struct {
	IP   string
	Port int
	*process
}

// StartDS389 makes an instance of the server and starts it; it ends with the
// test. The program that makes instances needs root and writes to folders of
// the system, from where the end of the test removes them.
func StartDS389(t testing.TB) *DS389 {
	t.Helper()
	create := find(t, "dscreate", "389-ds-base")
	program := find(t, "ns-slapd", "389-ds-base")
	if os.Getuid() != 0 {
		t.Skip("389 Directory Server needs root")
	}
	var b [4]byte
	_, err := rand.Read(b[:])
	require.NoError(t, err)
	name := "jamibox" + hex.EncodeToString(b[:])
	t.Cleanup(func() {
		for _, path := range []string{
			"/etc/systemd/system/multi-user.target.wants/dirsrv@" + name + ".service", "/etc/tmpfiles.d/dirsrv-" + name + ".conf",
			"/etc/dirsrv/slapd-" + name, "/var/log/dirsrv/slapd-" + name, "/var/lib/dirsrv/slapd-" + name, "/run/lock/dirsrv/slapd-" + name,
			"/run/slapd-" + name + ".socket", "/run/dirsrv/slapd-" + name + ".stats", "/dev/shm/sem.slapd-" + name + ".stats",
		} {
			require.NoError(t, os.RemoveAll(path))
		}
	})
	s := &DS389{IP: loopback(t)}
	s.Port = freePort(t, s.IP)
	dir := t.TempDir()
	s.create(t, create, dir, name)
	config := "/etc/dirsrv/slapd-" + name
	s.configure(t, filepath.Join(config, "dse.ldif"))
	s.process = start(t, exec.Command(program, "-D", config, "-i", filepath.Join(dir, "pid"), "-d", "0"))
	t.Cleanup(s.kill)
	if !s.wait(t, func() bool { return answers(s.URL()) }) {
		require.FailNow(t, "ns-slapd has ended", "%s", s.output)
	}
	s.fill(t)
	return s
}

// URL returns where it speaks LDAP.
func (s *DS389) URL() string { return fmt.Sprintf("ldap://%s:%d", s.IP, s.Port) }

// create lets the program make the instance; that it cannot start it does not
// matter.
func (s *DS389) create(t testing.TB, program, dir, name string) {
	t.Helper()
	systemctl := filepath.Join(dir, "systemctl")
	require.NoError(t, os.WriteFile(systemctl, []byte("#!/bin/sh\nexit 1\n"), 0o700))
	answers := writeFile(t, dir, "instance.inf", fmt.Sprintf("[general]\nconfig_version = 2\nstart = False\nfull_machine_name = localhost\n"+
		"strict_host_checking = False\n[slapd]\ninstance_name = %s\nroot_password = Some-Secret-1\nport = %d\nself_sign_cert = False\nuser = root\ngroup = root\n",
		name, s.Port))
	c := exec.CommandContext(t.Context(), program, "from-file", answers)
	c.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "systemctl")
}

func (s *DS389) configure(t testing.TB, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha1.Sum([]byte(ManagerPassword))
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "nsslapd-rootpw:") {
			lines[i] = "nsslapd-rootpw: {SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\nnsslapd-listenhost: " + s.IP
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
}

// Connect returns a connection of the DirectoryManager's.
func (s *DS389) Connect(t testing.TB) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(s.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.Bind(DirectoryManager, ManagerPassword))
	return c
}

func (s *DS389) fill(t testing.TB) {
	t.Helper()
	c := s.Connect(t)
	add := func(dn string, attributes ...string) {
		t.Helper()
		values := map[string][]string{}
		for i := 0; i+1 < len(attributes); i += 2 {
			values[attributes[i]] = append(values[attributes[i]], attributes[i+1])
		}
		r := ldap.NewAddRequest(dn, nil)
		for name, v := range values {
			r.Attribute(name, v)
		}
		require.NoError(t, c.Add(r))
	}
	add("cn=userRoot,cn=ldbm database,cn=plugins,cn=config", "objectClass", "extensibleObject", "objectClass", "nsBackendInstance",
		"cn", "userRoot", "nsslapd-suffix", Base)
	add(fmt.Sprintf("cn=\"%s\",cn=mapping tree,cn=config", Base), "objectClass", "extensibleObject", "objectClass", "nsMappingTree",
		"cn", Base, "nsslapd-state", "backend", "nsslapd-backend", "userRoot")
	add(Base, "objectClass", "dcObject", "objectClass", "organization", "o", "Example", "dc", "example",
		"aci", `(targetattr="*")(version 3.0; acl "read"; allow (read,search,compare) userdn="ldap:///anyone";)`)
	add(People, "objectClass", "organizationalUnit", "ou", "people")
}
