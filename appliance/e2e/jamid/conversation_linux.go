// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
)

// Conversations returns the ids of the conversations of an account.
func (c *Client) Conversations(ctx context.Context, account string) ([]string, error) {
	var ids []string
	return ids, c.call(ctx, &ids, "getConversations", account)
}

// ConversationMembers returns the members: keys uri and role, among others.
func (c *Client) ConversationMembers(ctx context.Context, account, conversation string) ([]map[string]string, error) {
	var members []map[string]string
	return members, c.call(ctx, &members, "getConversationMembers", account, conversation)
}

// ConversationInfos returns the properties of a conversation; it has the key
// syncing while the client still fetches it.
func (c *Client) ConversationInfos(ctx context.Context, account, conversation string) (map[string]string, error) {
	var infos map[string]string
	return infos, c.call(ctx, &infos, "conversationInfos", account, conversation)
}

// WaitConversation waits until the conversation is here whole and all of its
// members joined. Sending or restarting before may leave it half-fetched.
func (c *Client) WaitConversation(ctx context.Context, account, conversation string, members int) error {
	var last []map[string]string
	err := c.Poll(ctx, "conversation "+conversation+" is complete", func(ctx context.Context) (bool, error) {
		infos, err := c.ConversationInfos(ctx, account, conversation)
		if err != nil {
			return false, err
		}
		if infos["syncing"] == "true" {
			return false, nil
		}
		if last, err = c.ConversationMembers(ctx, account, conversation); err != nil {
			return false, err
		}
		joined := 0
		for _, m := range last {
			if m["role"] == "admin" || m["role"] == "member" {
				joined++
			}
		}
		return joined == members, nil
	})
	if err != nil {
		return fmt.Errorf("%w (members %v)", err, last)
	}
	return nil
}

// SendMessage writes a text into a conversation.
func (c *Client) SendMessage(ctx context.Context, account, conversation, text string) error {
	return c.call(ctx, nil, "sendMessage", account, conversation, text, "", int32(0))
}

// LoadMessages returns the messages that the client holds, newest first; texts
// have the key body.
func (c *Client) LoadMessages(ctx context.Context, account, conversation string) ([]map[string]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, ErrSilent)
	defer cancel()
	mark := c.Mark()
	var id uint32
	// From the newest, all of them.
	if err := c.call(ctx, &id, "loadConversationMessages", account, conversation, "", uint32(0)); err != nil {
		return nil, err
	}
	s, err := c.WaitSignal(ctx, mark, "conversationLoaded", func(args []any) bool { return args[0] == id })
	if err != nil {
		return nil, err
	}
	return s.Args[3].([]map[string]string), nil
}

// HasMessage reports whether the client holds a message with this text.
func (c *Client) HasMessage(ctx context.Context, account, conversation, text string) (bool, error) {
	messages, err := c.LoadMessages(ctx, account, conversation)
	for _, m := range messages {
		if m["body"] == text {
			return true, nil
		}
	}
	return false, err
}

// WaitMessage waits until the client holds a message with this text.
func (c *Client) WaitMessage(ctx context.Context, account, conversation, text string) error {
	return c.Poll(ctx, fmt.Sprintf("the message %q is there", text), func(ctx context.Context) (bool, error) {
		return c.HasMessage(ctx, account, conversation, text)
	})
}
