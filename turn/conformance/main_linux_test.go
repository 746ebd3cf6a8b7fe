// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

const (
	// inNamespace tells the test program that it runs in its own network.
	inNamespace = "JAMIBOX_CONFORMANCE_NAMESPACE"
	// parallel is how many points are asked at once: they mostly wait.
	parallel = "-test.parallel=64"
)

// TestMain runs the tests again in a network namespace of their own.
func TestMain(m *testing.M) {
	flag.Bool(slowFlag, false, "also try the points that wait for timers of the relay")
	flag.Parse()
	if os.Getenv(inNamespace) == "" && os.Geteuid() == 0 && missing() == "" {
		code, err := runInNamespace()
		if err == nil {
			os.Exit(code)
		}
		fmt.Fprintln(os.Stderr, "running the tests in a network namespace:", err)
		if !errors.Is(err, syscall.EPERM) {
			os.Exit(1)
		}
	}
	os.Exit(runTests(m))
}

// runInNamespace returns the exit status of the tests.
func runInNamespace() (int, error) {
	runtime.LockOSThread() // the end of this thread ends the child
	defer runtime.UnlockOSThread()
	again := exec.Command(os.Args[0], append([]string{parallel}, os.Args[1:]...)...)
	again.Env = append(os.Environ(), inNamespace+"=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := again.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func runTests(m *testing.M) int {
	if os.Getenv(inNamespace) != "" {
		remove, err := makeNetwork()
		if err != nil {
			fmt.Fprintln(os.Stderr, "making the network of the tests:", err)
			return 1
		}
		defer remove()
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "after the tests:", err)
			return 1
		}
	}
	return code
}

// missing returns a program that the tests need and that is not installed.
func missing() string {
	for _, program := range []string{"ip", "nsenter", "turnserver", "turnutils_uclient", "turnutils_peer"} {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	return ""
}

// needNetwork skips a test that was not started in a namespace.
func needNetwork(t *testing.T) {
	t.Helper()
	if program := missing(); program != "" {
		t.Skipf("%s is not installed (packages coturn, iproute2, util-linux)", program)
	}
	if os.Getenv(inNamespace) == "" {
		t.Skip("network namespaces need root and the permission to make them")
	}
}
