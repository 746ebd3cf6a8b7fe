// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"jamibox/appliance/e2e/process"
)

// busConfig names no service folder: else the bus itself would start another
// daemon after a crash and hide it. The socket has a path because abstract
// ones do not cross network namespaces.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// ErrSilent tells that the daemon hangs: it did not answer a call in time.
var ErrSilent = fmt.Errorf("the daemon does not answer within %s", answerTime)

// answerTime is how long the daemon may take to answer; milliseconds are usual.
const answerTime = 20 * time.Second

func (c *Client) busAddress() string { return "unix:path=" + filepath.Join(c.opts.Dir, "bus") }

// startBus runs the private bus and connects to it; all signals of the daemon
// are recorded from here on.
func (c *Client) startBus(ctx context.Context) error {
	config := filepath.Join(c.opts.Dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, c.busAddress()), 0o600); err != nil {
		return fmt.Errorf("writing the bus configuration of %s: %w", c.opts.Name, err)
	}
	bus, err := process.Start(c.opts.Namespace, c.Log(), c.environment(),
		"dbus-daemon", "--nofork", "--config-file="+config)
	if err != nil {
		return fmt.Errorf("starting the bus of %s: %w", c.opts.Name, err)
	}
	c.bus = bus
	var refused error
	err = c.Poll(ctx, "the bus takes connections", func(context.Context) (bool, error) {
		select {
		case <-bus.Done():
			return false, fmt.Errorf("the bus ended: %w", bus.Err())
		default:
		}
		// The handler that keeps the order never drops a signal either.
		c.conn, refused = dbus.Connect(c.busAddress(), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
		return refused == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w (last %w)", err, refused)
	}
	for _, face := range []string{configuration, calls} {
		if err := c.conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(face)); err != nil {
			return fmt.Errorf("listening to the signals of %s: %w", c.opts.Name, err)
		}
	}
	incoming := make(chan *dbus.Signal)
	c.conn.Signal(incoming)
	go c.signals.record(incoming)
	return nil
}

// call calls a method of the daemon and stores its answer in out unless nil.
func (c *Client) call(ctx context.Context, out any, method string, args ...any) error {
	return c.callFace(ctx, out, configuration, method, args...)
}

// callManager is call for the methods that concern calls.
func (c *Client) callManager(ctx context.Context, out any, method string, args ...any) error {
	return c.callFace(ctx, out, calls, method, args...)
}

// callFace calls a method of one of the daemon's interfaces; the object of each
// has the interface's name as its path.
func (c *Client) callFace(ctx context.Context, out any, face, method string, args ...any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, ErrSilent)
	defer cancel()
	path := dbus.ObjectPath("/" + strings.ReplaceAll(face, ".", "/"))
	call := c.conn.Object(busName, path).CallWithContext(ctx, face+"."+method, dbus.FlagNoAutoStart, args...)
	err := call.Err
	if err == nil && out != nil {
		err = call.Store(out)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: calling %s: %w", c.opts.Name, method, err)
	}
	return nil
}

// callOK calls a method that answers whether it took the request.
func (c *Client) callOK(ctx context.Context, method string, args ...any) error {
	var ok bool
	if err := c.call(ctx, &ok, method, args...); err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s: calling %s: the daemon refused", c.opts.Name, method)
	}
	return nil
}
