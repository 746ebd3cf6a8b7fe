// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

// Names of the domain that StartSamba makes.
const (
	Realm          = "ad.test"
	NetBIOS        = "ADTEST"
	DomainBase     = "DC=ad,DC=test"
	DomainUsers    = "CN=Users," + DomainBase
	Administrator  = "CN=Administrator," + DomainUsers
	ControllerName = "dc1." + Realm
	AdminPassword  = "Adm1n-Secret"
)

// SambaOptions say what a Samba is like; all may be empty.
type SambaOptions struct {
	// LDIF are entries that are there from the start, in the order given.
	LDIF string
	// LockoutThreshold is how many wrong passwords lock an account; 0 none.
	LockoutThreshold int
	// Expired are accounts (sAMAccountName) whose password is too old.
	Expired []string
}

// Samba is a running Active Directory domain controller. It listens on the
// usual ports of an address of its own.
type Samba struct {
	IP string
	// CA is what signed its certificate, for ControllerName and IP.
	CA *Authority

	dir string
	*process
}

// StartSamba makes a domain and starts its controller, which ends with the
// test. It needs root and takes some seconds: share one among subtests.
func StartSamba(t testing.TB, o SambaOptions) *Samba {
	t.Helper()
	tool := find(t, "samba-tool", "samba")
	daemon := find(t, "samba", "samba")
	add := find(t, "ldbadd", "ldb-tools")
	if os.Getuid() != 0 {
		t.Skip("a Samba domain controller needs root")
	}
	s := &Samba{IP: loopback(t), CA: NewAuthority(t, "Domain CA"), dir: inMemory(t)}
	s.provision(t, tool)
	s.configure(t)
	s.policy(t, tool, o)
	if o.LDIF != "" {
		words := run(t, add, "--configfile="+s.config(), "-H", filepath.Join(s.dir, "private", "sam.ldb"), writeFile(t, s.dir, "people.ldif", o.LDIF))
		require.NotContains(t, words, "ERR:", "an entry was refused")
	}
	for _, name := range o.Expired {
		s.expire(t, name)
	}
	s.process = start(t, exec.Command(daemon, "-F", "--debug-stdout", "--no-process-group", "-M", "single", "-s", s.config()))
	t.Cleanup(s.stop)
	if !s.wait(t, func() bool { return answers("ldap://" + s.IP) }) {
		require.FailNow(t, "samba has ended", "%s", s.output)
	}
	return s
}

func (s *Samba) config() string { return filepath.Join(s.dir, "etc", "smb.conf") }

func (s *Samba) provision(t testing.TB, tool string) {
	t.Helper()
	run(t, tool, "domain", "provision", "--configfile=/dev/null", "--realm="+strings.ToUpper(Realm), "--domain="+NetBIOS,
		"--adminpass="+AdminPassword, "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", "--host-name=dc1", "--host-ip="+s.IP,
		"--use-rfc2307", "--targetdir="+s.dir, "--option=interfaces="+s.IP+"/8", "--option=bind interfaces only=yes",
		"--option=lock directory="+filepath.Join(s.dir, "lock"), "--option=posix:eadb="+filepath.Join(s.dir, "state", "eadb.tdb"))
}

// configure replaces what provisioning wrote, which uses folders of the system.
func (s *Samba) configure(t testing.TB) {
	t.Helper()
	credentials := s.CA.Issue(t, []string{ControllerName, s.IP}, nil)
	lines := []string{
		"[global]", "netbios name = DC1", "realm = " + strings.ToUpper(Realm), "workgroup = " + NetBIOS,
		"server role = active directory domain controller", "server services = ldap, cldap, kdc, dns",
		"interfaces = " + s.IP + "/8", "bind interfaces only = yes", "dns forwarder =", "dns update command = /bin/true",
		"spn update command = /bin/true", "samba kcc command = /bin/true", "log file = " + filepath.Join(s.dir, "samba.log"),
		"tls cafile = " + writeFile(t, s.dir, "ca.pem", s.CA.PEM()),
		"tls certfile = " + writeFile(t, s.dir, "server.pem", credentials.Chain),
		"tls keyfile = " + writeFile(t, s.dir, "server.key", credentials.Key),
	}
	for setting, folder := range map[string]string{
		"private dir": "private", "state directory": "state", "cache directory": "cache", "lock directory": "lock", "pid directory": "pid",
		"binddns dir": "bind-dns", "ncalrpc dir": "ncalrpc", "winbindd socket directory": "winbindd",
		"ntp signd socket directory": "ntp_signd", "usershare path": "usershares",
	} {
		path := filepath.Join(s.dir, folder)
		require.NoError(t, os.MkdirAll(path, 0o755))
		lines = append(lines, setting+" = "+path)
	}
	require.NoError(t, os.WriteFile(s.config(), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

func (s *Samba) policy(t testing.TB, tool string, o SambaOptions) {
	t.Helper()
	// A greatest age below a day would count as none.
	run(t, tool, "domain", "passwordsettings", "set", "--configfile="+s.config(), "-H", filepath.Join(s.dir, "private", "sam.ldb"),
		"--complexity=off", "--min-pwd-length=1", "--history-length=0", "--min-pwd-age=0", "--max-pwd-age=42",
		fmt.Sprintf("--account-lockout-threshold=%d", o.LockoutThreshold), "--account-lockout-duration=30")
}

// expire makes a password old, which only a write past all checks can do.
func (s *Samba) expire(t testing.TB, name string) {
	t.Helper()
	const longAgo = "131000000000000000"
	partition := filepath.Join(s.dir, "private", "sam.ldb.d", strings.ToUpper(DomainBase)+".ldb")
	out, err := exec.Command("ldbsearch", "--configfile="+s.config(), "-H", filepath.Join(s.dir, "private", "sam.ldb"),
		"(sAMAccountName="+ldap.EscapeFilter(name)+")", "dn").Output()
	require.NoError(t, err)
	var dn string
	for _, text := range strings.Split(string(out), "\n") {
		if after, ok := strings.CutPrefix(text, "dn: "); ok && strings.HasPrefix(after, "CN=") {
			dn = after
			break
		}
	}
	require.NotEmpty(t, dn, "%s", out)
	change := "dn: " + dn + "\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: " + longAgo + "\n"
	var words bytes.Buffer
	modify := exec.Command("ldbmodify", "-H", partition)
	modify.Stdin, modify.Stdout, modify.Stderr = strings.NewReader(change), &words, &words
	require.NoError(t, modify.Run(), "%s", &words)
}

func (s *Samba) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM) // may have ended by itself
	<-s.exited
}

// URL returns where it speaks LDAP and StartTLS; URLS where LDAPS.
func (s *Samba) URL() string { return "ldap://" + s.IP }

// URLS returns where it speaks LDAPS.
func (s *Samba) URLS() string { return "ldaps://" + s.IP }

// Resolver returns one that asks the domain's own DNS server.
func (s *Samba) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(s.IP, "53"))
	}}
}

// Connect returns a connection of the Administrator's, to change entries.
func (s *Samba) Connect(t testing.TB) *ldap.Conn {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.CA.Certificate)
	c, err := ldap.DialURL(s.URLS(), ldap.DialWithTLSConfig(&tls.Config{RootCAs: roots, ServerName: ControllerName}))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.Bind(Administrator, AdminPassword))
	return c
}

// DomainUser returns an account below CN=Users whose cn and sAMAccountName are
// the name, with Password, unless the attributes bring others.
func DomainUser(name string, attributes ...string) string {
	all := []string{"objectClass", "user"}
	for _, d := range [][2]string{{"sAMAccountName", name}, {"unicodePwd", UnicodePassword(Password)}, {"userAccountControl", "512"}} {
		if !has(attributes, d[0]) {
			all = append(all, d[0], d[1])
		}
	}
	return Entry(DN("CN", name, DomainUsers), append(all, attributes...)...)
}

// DomainGroup returns a security group below CN=Users, or a distribution group.
func DomainGroup(name string, security bool, members ...string) string {
	kind := "2"
	if security {
		kind = "-2147483646"
	}
	attributes := []string{"objectClass", "group", "cn", name, "sAMAccountName", name, "groupType", kind}
	for _, m := range members {
		attributes = append(attributes, "member", m)
	}
	return Entry(DN("CN", name, DomainUsers), attributes...)
}
