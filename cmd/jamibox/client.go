// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"jamibox/appliance"
	"jamibox/enroll/admin"
	"jamibox/enroll/localsocket"
)

// client talks to the running box over its local socket.
type client struct{ http *http.Client }

// connect returns a client of the box whose data folder is in force.
func (g *globals) connect() (*client, error) {
	cfg, err := g.load()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(cfg.DataDir, appliance.SocketFile)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return localsocket.Dial(ctx, path)
	}}
	return &client{&http.Client{Transport: transport, Timeout: time.Minute}}, nil
}

// call sends in as JSON, unless it is nil, and decodes the answer into out,
// unless that is nil; into a *[]byte it comes as it is.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	return c.send(ctx, method, path, "application/json", body, out)
}

// send sends a body of any kind, and decodes the answer as call does.
func (c *client) send(ctx context.Context, method, path, kind string, body io.Reader, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://jamibox"+admin.Prefix+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	answer, err := c.http.Do(request)
	if err != nil {
		return unreachable(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("reading the answer of the box: %w", err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return refused(answer.StatusCode, raw)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = raw
		return nil
	default:
		if err := json.Unmarshal(raw, out); err != nil {
			return fmt.Errorf("reading the answer of the box: %w", err)
		}
		return nil
	}
}

// unreachable says why the socket cannot be opened.
func unreachable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w (with this data folder); start it with jamibox serve", errNotRunning)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("the box's local socket is for its owner and root only: %w", err)
	}
	return fmt.Errorf("talking to the box: %w", err)
}

// refused turns an error answer into an error.
func refused(status int, raw []byte) error {
	var p struct {
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}
	if err := json.Unmarshal(raw, &p); err != nil || p.Detail == "" {
		return fmt.Errorf("the box answered with status %d", status)
	}
	if p.Code == "not_set_up" {
		return errNotSetUp
	}
	return errors.New(p.Detail)
}
