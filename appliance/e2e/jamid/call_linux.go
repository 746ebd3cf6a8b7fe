// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
)

// CallCurrent is the state of a call in which both sides can talk.
const CallCurrent = "CURRENT"

// PlainSound switches off the filters that take a steady tone for noise.
func (c *Client) PlainSound(ctx context.Context) error {
	if err := c.call(ctx, nil, "setNoiseSuppressState", "off"); err != nil {
		return err
	}
	return c.call(ctx, nil, "setAgcState", false)
}

// AudioCall calls a person with sound alone and returns the id of the call,
// which is still being set up.
func (c *Client) AudioCall(ctx context.Context, account, uri string) (string, error) {
	var id string
	if err := c.callManager(ctx, &id, "placeCallWithMedia", account, uri, audio()); err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("%s: calling %s: the daemon refused", c.opts.Name, uri)
	}
	return id, nil
}

// WaitIncomingCall waits for a call since a mark and returns its id.
func (c *Client) WaitIncomingCall(ctx context.Context, from Mark, account string) (string, error) {
	s, err := c.WaitSignal(ctx, from, "incomingCallWithMedia", func(args []any) bool { return args[0] == account })
	if err != nil {
		return "", err
	}
	return s.Args[1].(string), nil
}

// Answer takes a call with sound alone.
func (c *Client) Answer(ctx context.Context, account, call string) error {
	var ok bool
	if err := c.callManager(ctx, &ok, "acceptWithMedia", account, call, audio()); err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s: answering call %s: the daemon refused", c.opts.Name, call)
	}
	return nil
}

// WaitCallState waits until a call, of which nothing before the mark is looked
// at, reports a state.
func (c *Client) WaitCallState(ctx context.Context, from Mark, call, want string) error {
	_, err := c.WaitSignal(ctx, from, "callStateChanged", func(args []any) bool {
		return args[1] == call && args[2] == want
	})
	if err != nil {
		return fmt.Errorf("%w (call %s should be %s, went through %v)", err, call, want, c.callStates(from, call))
	}
	return nil
}

// callStates are the states that a call reported since a mark.
func (c *Client) callStates(from Mark, call string) []string {
	var states []string
	for _, s := range c.Signals(from) {
		if s.Member == "callStateChanged" && s.Args[1] == call {
			states = append(states, s.Args[2].(string))
		}
	}
	return states
}

// audio are the media of a call without video, from the default microphone.
func audio() []map[string]string {
	return []map[string]string{{
		"MEDIA_TYPE": "MEDIA_TYPE_AUDIO", "ENABLED": "true", "MUTED": "false", "SOURCE": "", "LABEL": "audio_0",
	}}
}
