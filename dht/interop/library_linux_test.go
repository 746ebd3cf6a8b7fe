// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newerLibrary is the variable that names the folders, as PATH does, into which
// other releases of OpenDHT's C library were installed.
const newerLibrary = "JAMIBOX_NEWER_OPENDHT"

// The keys of wire.PublicKey.CertificateKeys.
const (
	shortID = iota
	longID
)

// TestLibrary has programs of the C library share values through the box, and find
// the certificate that one of them published when it joined, after it has gone.
func TestLibrary(t *testing.T) {
	t.Parallel()
	t.Run("distributed", func(t *testing.T) {
		t.Parallel()
		useLibrary(t, compile(t, ""), shortID)
	})
	for _, folder := range filepath.SplitList(os.Getenv(newerLibrary)) {
		t.Run("newer", func(t *testing.T) {
			t.Parallel()
			useLibrary(t, compile(t, folder), longID)
		})
	}
}

// compile makes testdata/peer.c with the library of the distribution, or that in
// a folder.
func compile(t *testing.T, folder string) release {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler (Debian packages gcc and libc6-dev)")
	}
	compiler := func(arguments ...string) *exec.Cmd {
		cc := exec.Command("cc", arguments...)
		cc.Env = environment()
		return cc
	}
	arguments := []string{"-std=gnu11", "-Wall", "-Wextra"}
	if folder != "" {
		libraries := filepath.Join(folder, "lib")
		// Old tags, so that the library finds its own libraries there too.
		arguments = append(arguments, "-I"+filepath.Join(folder, "include"), "-L"+libraries, "-Wl,--disable-new-dtags,-rpath,"+libraries)
	} else if compiler("-E", "-include", "opendht/opendht_c.h", "-x", "c", os.DevNull).Run() != nil {
		t.Skip("the C library of OpenDHT is not installed (Debian package libopendht-c-dev)")
	}
	program := filepath.Join(t.TempDir(), "peer")
	output, err := compiler(append(arguments, "-o", program, "testdata/peer.c", "-lopendht-c")...).CombinedOutput()
	require.NoError(t, err, "%s", output)
	return release{name: "C library", program: program}
}

// useLibrary plays with programs that publish their certificate under one of its
// two keys.
func useLibrary(t *testing.T, r release, published int) {
	network := anyNetwork()
	home := startBox(t, nil, loopback(), network)
	id := newIdentity(t)
	owner := startPeer(t, nil, r, network, home.addr, id.options...)
	reader := startPeer(t, nil, r, network, home.addr)
	require.Eventually(t, func() bool { return home.good() == 2 }, patience, 10*time.Millisecond)

	for key, value := range map[string]string{"small": "one-value", "in-parts": strings.Repeat("x", 5_000), "largest": strings.Repeat("y", largest)} {
		owner.write(key, value)
		require.Equal(t, []string{value}, reader.get(key), "%s, from one to the other", key)
		require.Equal(t, []string{value}, home.read(t, key), "%s, from one to the box", key)
		home.write(t, key+"-ours", value)
		require.Equal(t, []string{value}, reader.get(key+"-ours"), "%s, from the box to one", key)
	}
	mark := reader.listen("heard")
	owner.write("heard", "by-another")
	reader.told(mark, "by-another")
	home.write(t, "heard", "by-the-box")
	reader.told(mark, "by-the-box")
	require.True(t, owner.put("s", "signed", "by-its-owner"), "signed")
	require.Equal(t, []string{"by-its-owner"}, reader.get("signed"))

	// Nobody but the box has what was left when the next one comes.
	at := id.key.CertificateKeys()[published].String()
	require.Eventually(t, func() bool { return len(home.read(t, at)) == 1 }, patience, 10*time.Millisecond, "no certificate at %s", at)
	owner.kill()
	reader.kill()
	late := startPeer(t, nil, r, network, home.addr)
	said := late.await(late.enter("g %s", at), wasGot, patience)
	require.Contains(t, said, fmt.Sprintf("certificateof%s%x\n", id.key.ID(), id.key.LongID()))
	for _, key := range []string{"small", "largest", "signed"} {
		require.Len(t, late.get(key), 1, key)
	}
}
