// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
)

// transferFinished is the code of a file that is here whole; the codes above it
// say why there is no more to wait for.
const transferFinished int32 = 6

// SendFile offers a file in a conversation under a name.
func (c *Client) SendFile(ctx context.Context, account, conversation, path, name string) error {
	return c.call(ctx, nil, "sendFile", account, conversation, path, name, "")
}

// WaitFile waits for the offer of a file by this name and returns the message.
func (c *Client) WaitFile(ctx context.Context, account, conversation, name string) (map[string]string, error) {
	var offer map[string]string
	return offer, c.Poll(ctx, fmt.Sprintf("the file %q is offered", name), func(ctx context.Context) (bool, error) {
		messages, err := c.LoadMessages(ctx, account, conversation)
		for _, m := range messages {
			if m["fileId"] != "" && m["displayName"] == name {
				offer = m
				return true, nil
			}
		}
		return false, err
	})
}

// Download fetches an offered file from the peer to a path and waits until it
// is whole.
func (c *Client) Download(ctx context.Context, account, conversation string, offer map[string]string, path string) error {
	mark, file := c.Mark(), offer["fileId"]
	if err := c.callOK(ctx, "downloadFile", account, conversation, offer["id"], file, path); err != nil {
		return err
	}
	s, err := c.WaitSignal(ctx, mark, "dataTransferEvent", func(args []any) bool {
		return args[0] == account && args[3] == file && args[4].(int32) >= transferFinished
	})
	if err != nil {
		return err
	}
	if code := s.Args[4].(int32); code != transferFinished {
		return fmt.Errorf("%s: fetching file %s: the transfer ended with code %d", c.opts.Name, file, code)
	}
	return nil
}
