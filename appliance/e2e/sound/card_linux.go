// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/process"
)

// Programs of the packages pulseaudio and pulseaudio-utils.
const (
	Server   = "pulseaudio"
	Recorder = "parec"
)

// rate is the samples a second of everything here.
const rate = 48000

// pollInterval is how often a sound server that starts is knocked at.
const pollInterval = 50 * time.Millisecond

// stopTime is how long the sound server may take to end when asked to.
const stopTime = 5 * time.Second

// devices is the script of the sound server. The microphone is what a second
// speaker plays, as the server's own source of a tone hands it out in portions of
// two seconds. The socket comes last, so that who can connect finds everything.
const devices = `
load-module module-null-sink sink_name=speaker rate=%[1]d channels=1
load-module module-null-sink sink_name=microphone rate=%[1]d channels=1
load-module module-sine sink=microphone frequency=%[2]d
set-default-sink speaker
set-default-source microphone.monitor
load-module module-native-protocol-unix auth-anonymous=1 socket=%[3]s
`

// Card is a sound card of one client. It is safe for concurrent use, except
// Close.
type Card struct {
	namespace *lab.Namespace
	dir       string
	server    *process.Process
}

// Start runs a sound server whose microphone hums a tone of so many hertz, and
// returns when it can be used. The folder exists; its path has to be short
// enough for a socket. The caller closes the card.
func Start(ctx context.Context, n *lab.Namespace, dir string, hertz int) (*Card, error) {
	c := &Card{namespace: n, dir: dir}
	script := filepath.Join(dir, "card.pa")
	if err := os.WriteFile(script, fmt.Appendf(nil, devices, rate, hertz, c.socket()), 0o600); err != nil {
		return nil, fmt.Errorf("writing what a sound server has: %w", err)
	}
	server, err := process.Start(n, c.Log(), c.environment(), Server, "-n", "--daemonize=no", "--use-pid-file=no",
		"--exit-idle-time=-1", "--disallow-exit", "--realtime=no", "--high-priority=no", "--file="+script)
	if err != nil {
		return nil, fmt.Errorf("starting a sound server: %w", err)
	}
	c.server = server
	if err := c.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for a sound server: %w", err), c.Close())
	}
	return c, nil
}

// wait returns when the sound server takes connections.
func (c *Card) wait(ctx context.Context) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		conn, err := net.Dial("unix", c.socket())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-c.server.Done():
			return fmt.Errorf("it ended, its log is %s: %w", c.Log(), c.server.Err())
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		}
	}
}

// Address is what programs of the sound server's clients take as PULSE_SERVER.
func (c *Card) Address() string { return "unix:" + c.socket() }

// Log holds the output of the sound server.
func (c *Card) Log() process.Log { return process.Log(filepath.Join(c.dir, "sound.log")) }

// Listen records what the speaker plays from now on for a time.
func (c *Card) Listen(ctx context.Context, length time.Duration) (Recording, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := c.namespace.Command(ctx, Recorder, "--device=speaker.monitor", "--raw", "--format=s16le",
		"--rate="+strconv.Itoa(rate), "--channels=1", "--latency-msec=20")
	cmd.Env = append(c.environment(), "PULSE_SERVER="+c.Address())
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("listening to the speaker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("listening to the speaker: %w", err)
	}
	samples := make([]int16, int(length.Seconds()*rate))
	err = binary.Read(out, binary.LittleEndian, samples)
	cancel()
	// It records for ever, so it ends by the kill of cancel.
	_ = cmd.Wait()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("listening to the speaker: the recorder ended: %s", bytes.TrimSpace(complaints.Bytes()))
	}
	return samples, err
}

// Close ends the sound server.
func (c *Card) Close() error { return c.server.Stop(stopTime) }

func (c *Card) socket() string { return filepath.Join(c.dir, "card") }

// environment keeps the sound server's files inside its folder.
func (c *Card) environment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + c.dir, "XDG_RUNTIME_DIR=" + c.dir}
}
