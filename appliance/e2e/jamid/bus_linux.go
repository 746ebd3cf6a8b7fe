// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

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
	err = c.Poll(ctx, "the bus listens", func(context.Context) (bool, error) {
		select {
		case <-bus.Done():
			return false, fmt.Errorf("the bus ended: %w", bus.Err())
		default:
		}
		_, err := os.Stat(filepath.Join(c.opts.Dir, "bus"))
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	// The handler that keeps the order never drops a signal either.
	conn, err := dbus.Connect(c.busAddress(), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		return fmt.Errorf("connecting to the bus of %s: %w", c.opts.Name, err)
	}
	c.conn = conn
	c.object = conn.Object(busName, objectPath)
	if err := conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(configuration)); err != nil {
		return fmt.Errorf("listening to the signals of %s: %w", c.opts.Name, err)
	}
	incoming := make(chan *dbus.Signal)
	conn.Signal(incoming)
	go c.signals.record(incoming)
	return nil
}

// call calls a method of the daemon and stores its answer in out unless nil.
func (c *Client) call(ctx context.Context, out any, method string, args ...any) error {
	call := c.object.CallWithContext(ctx, configuration+"."+method, dbus.FlagNoAutoStart, args...)
	err := call.Err
	if err == nil && out != nil {
		err = call.Store(out)
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
