// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/godbus/dbus/v5"

	"jamibox/appliance/e2e/lab"
	"jamibox/appliance/e2e/process"
)

// Daemon is where the package jami-daemon puts its program.
const Daemon = "/usr/libexec/jamid"

// Names of the daemon on the bus.
const (
	busName       = "cx.ring.Ring"
	configuration = "cx.ring.Ring.ConfigurationManager"
	calls         = "cx.ring.Ring.CallManager"
)

// pollInterval is how often a condition without a signal is looked at.
const pollInterval = 100 * time.Millisecond

// stopTime is how long a program may take to end when asked to.
const stopTime = 5 * time.Second

// ErrEnded tells that the daemon ended by itself: it crashed.
var ErrEnded = errors.New("the daemon ended")

// Options say how a Client runs.
type Options struct {
	Name      string         // of the client in messages; unique in a test
	Namespace *lab.Namespace // where the daemon runs
	Dir       string         // exists; home, bus socket (keep the path short) and log go there
	RootFile  string         // PEM bundle that the daemon trusts for the server; may be empty
	Sound     string         // address of a sound server; may be empty
}

// Client is one Jami client. Its methods are safe for concurrent use, except
// Start, Stop, Restart and Close.
type Client struct {
	opts    Options
	bus     *process.Process
	daemon  *process.Process // nil while stopped
	conn    *dbus.Conn
	signals *signalLog
}

// Start runs a private bus and the daemon and returns when the daemon answers.
// The caller closes the client.
func Start(ctx context.Context, opts Options) (*Client, error) {
	c := &Client{opts: opts, signals: newSignalLog()}
	if err := c.makeHome(); err != nil {
		return nil, err
	}
	if err := c.startBus(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := c.Start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Log holds the output of the daemon, over all its starts, and of the bus.
func (c *Client) Log() process.Log { return process.Log(filepath.Join(c.opts.Dir, "jamid.log")) }

// Name is the name from the options.
func (c *Client) Name() string { return c.opts.Name }

// Start runs the daemon of a stopped client again on the same home.
func (c *Client) Start(ctx context.Context) error {
	daemon, err := process.Start(c.opts.Namespace, c.Log(), c.environment(), Daemon, "-c", "-d", "-p")
	if err != nil {
		return fmt.Errorf("starting the daemon of %s: %w", c.opts.Name, err)
	}
	c.daemon = daemon
	err = c.Poll(ctx, "the daemon answers", func(ctx context.Context) (bool, error) {
		var owned bool
		err := c.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, busName).Store(&owned)
		return owned, err
	})
	return err
}

// Stop ends the daemon in the ordinary way, or by force if it hangs in its
// shutdown, as the 2023 one often does; the bus stays.
func (c *Client) Stop() error {
	if c.daemon == nil {
		return nil
	}
	err := c.daemon.Stop(stopTime)
	c.daemon = nil
	if err != nil && !errors.Is(err, process.ErrKilled) {
		return fmt.Errorf("stopping the daemon of %s: %w", c.opts.Name, err)
	}
	return nil
}

// Restart stops and starts the daemon on the same home.
func (c *Client) Restart(ctx context.Context) error {
	if err := c.Stop(); err != nil {
		return err
	}
	return c.Start(ctx)
}

// Renew restarts the daemon on an empty home, without accounts.
func (c *Client) Renew(ctx context.Context) error {
	if err := c.Stop(); err != nil {
		return err
	}
	for _, dir := range c.home() {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("emptying the home of %s: %w", c.opts.Name, err)
		}
	}
	if err := c.makeHome(); err != nil {
		return err
	}
	return c.Start(ctx)
}

// home returns the folders of the daemon.
func (c *Client) home() (dirs []string) {
	for _, name := range []string{"config", "data", "cache", "run"} {
		dirs = append(dirs, filepath.Join(c.opts.Dir, name))
	}
	return dirs
}

func (c *Client) makeHome() error {
	for _, dir := range c.home() {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the home of %s: %w", c.opts.Name, err)
		}
	}
	return nil
}

// Close ends the daemon and the bus. It may be called more than once.
func (c *Client) Close() error {
	errs := []error{c.Stop()}
	if c.conn != nil {
		errs = append(errs, c.conn.Close())
		c.conn = nil
	}
	if c.bus != nil {
		errs = append(errs, c.bus.Stop(stopTime))
		c.bus = nil
	}
	return errors.Join(errs...)
}

// Poll asks until the answer is yes. It returns early when ctx is done, when
// the question fails, or when the daemon ends by itself; what says what is
// waited for.
func (c *Client) Poll(ctx context.Context, what string, ask func(context.Context) (bool, error)) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		yes, err := ask(ctx)
		if yes && err == nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: waiting until %s: %w", c.opts.Name, what, c.orEnded(err))
		}
		select {
		case <-tick.C:
		case <-c.ended():
			return fmt.Errorf("%s: waiting until %s: %w: %w", c.opts.Name, what, ErrEnded, c.daemon.Err())
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting until %s: %w", c.opts.Name, what, ctx.Err())
		}
	}
}

// orEnded returns the error of a call, or ErrEnded if the daemon ended over it: the
// bus may be told of that before we are.
func (c *Client) orEnded(err error) error {
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-c.ended():
		return fmt.Errorf("%w: %w", ErrEnded, c.daemon.Err())
	case <-timer.C:
		return err
	}
}

// ended is closed when the daemon ended; nil, which blocks, if it was stopped.
func (c *Client) ended() <-chan struct{} {
	if c.daemon == nil {
		return nil
	}
	return c.daemon.Done()
}

// environment is everything the daemon sees of the outside; nothing of the
// environment of the test gets through.
func (c *Client) environment() []string {
	env := []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"HOME=" + c.opts.Dir,
		"XDG_CONFIG_HOME=" + filepath.Join(c.opts.Dir, "config"),
		"XDG_DATA_HOME=" + filepath.Join(c.opts.Dir, "data"),
		"XDG_CACHE_HOME=" + filepath.Join(c.opts.Dir, "cache"),
		"XDG_RUNTIME_DIR=" + filepath.Join(c.opts.Dir, "run"),
		"DBUS_SESSION_BUS_ADDRESS=" + c.busAddress(),
	}
	if c.opts.RootFile != "" {
		env = append(env, "CA_ROOT_FILE="+c.opts.RootFile)
	}
	if c.opts.Sound != "" {
		// The echo filter of the daemon drops what comes in larger portions.
		env = append(env, "PULSE_SERVER="+c.opts.Sound, "PULSE_LATENCY_MSEC=20")
	}
	return env
}
