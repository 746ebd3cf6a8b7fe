// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// childAttributes puts the child in a process group of its own, so that Ctrl-C
// in a terminal reaches it only through us, and ties its life to the thread that
// starts it, so that it cannot outlive a jamibox that was killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// terminate asks the child's process group to end, so that it saves its state.
func terminate(p *os.Process) error {
	return signalGroup(p, syscall.SIGTERM)
}

// killRemains ends what is left of the process group after its leader was
// waited for. As long as something is, the kernel gives its id to nobody else.
func killRemains(p *os.Process) error {
	if err := signalGroup(p, syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func signalGroup(p *os.Process, s syscall.Signal) error {
	err := syscall.Kill(-p.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	if err != nil {
		return fmt.Errorf("sending %s to process group %d: %w", s, p.Pid, err)
	}
	return nil
}
