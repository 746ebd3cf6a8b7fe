// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package jamid

import (
	"context"
	"fmt"
	"strings"
)

// Answers of LookupName and LookupAddress.
const (
	NameFound    int32 = 0
	NameInvalid  int32 = 1
	NameNotFound int32 = 2
	NameError    int32 = 3
)

// NameAnswer is the answer to a name look-up.
type NameAnswer struct {
	Status  int32 // NameFound and the others
	Address string
	Name    string
}

// SearchAnswer is the answer to a directory search.
type SearchAnswer struct {
	Status int32 // 0 answered, 3 error
	People []map[string]string
}

// SearchUser searches the directory of the server.
func (c *Client) SearchUser(ctx context.Context, account, query string) (SearchAnswer, error) {
	mark := c.Mark()
	if err := c.callOK(ctx, "searchUser", account, query); err != nil {
		return SearchAnswer{}, err
	}
	s, err := c.WaitSignal(ctx, mark, "userSearchEnded", func(args []any) bool {
		return args[0] == account && args[2] == query
	})
	if err != nil {
		return SearchAnswer{}, err
	}
	return SearchAnswer{Status: s.Args[1].(int32), People: s.Args[3].([]map[string]string)}, nil
}

// LookupName asks the name server of the account for the address of a name.
func (c *Client) LookupName(ctx context.Context, account, name string) (NameAnswer, error) {
	return c.lookup(ctx, account, "lookupName", name, 3)
}

// LookupAddress asks the name server of the account for the name of a Jami ID.
func (c *Client) LookupAddress(ctx context.Context, account, address string) (NameAnswer, error) {
	return c.lookup(ctx, account, "lookupAddress", address, 2)
}

// lookup waits for the answer that holds what was asked for at index key.
func (c *Client) lookup(ctx context.Context, account, method, what string, key int) (NameAnswer, error) {
	mark := c.Mark()
	if err := c.callOK(ctx, method, account, "", what); err != nil {
		return NameAnswer{}, err
	}
	s, err := c.WaitSignal(ctx, mark, "registeredNameFound", func(args []any) bool {
		return args[0] == account && args[key] == what
	})
	if err != nil {
		return NameAnswer{}, err
	}
	return NameAnswer{Status: s.Args[1].(int32), Address: s.Args[2].(string), Name: s.Args[3].(string)}, nil
}

// AddContact adds a person to the contacts without telling them.
func (c *Client) AddContact(ctx context.Context, account, uri string) error {
	return c.call(ctx, nil, "addContact", account, uri)
}

// SendTrustRequest asks a person to become a contact.
func (c *Client) SendTrustRequest(ctx context.Context, account, uri string) error {
	return c.call(ctx, nil, "sendTrustRequest", account, uri, []byte{})
}

// ConversationRequests returns the conversations that other people ask for, as
// they do when they send a contact request.
func (c *Client) ConversationRequests(ctx context.Context, account string) ([]map[string]string, error) {
	var requests []map[string]string
	return requests, c.call(ctx, &requests, "getConversationRequests", account)
}

// WaitTrustRequest waits for a contact request from a person, until it can be
// accepted: the 2023 client lists it a moment before its conversation, and one
// that is accepted in between has none for ever.
func (c *Client) WaitTrustRequest(ctx context.Context, account, from string) error {
	return c.Poll(ctx, "a contact request from "+from+" is there", func(ctx context.Context) (bool, error) {
		requests, err := c.ConversationRequests(ctx, account)
		for _, r := range requests {
			if strings.EqualFold(r["from"], from) {
				return true, nil
			}
		}
		return false, err
	})
}

// AcceptTrustRequest accepts the request of a person.
func (c *Client) AcceptTrustRequest(ctx context.Context, account, from string) error {
	return c.callOK(ctx, "acceptTrustRequest", account, from)
}

// Contacts returns the contacts of an account.
func (c *Client) Contacts(ctx context.Context, account string) ([]map[string]string, error) {
	var contacts []map[string]string
	return contacts, c.call(ctx, &contacts, "getContacts", account)
}

// Contact returns one contact; it is an error if there is none.
func (c *Client) Contact(ctx context.Context, account, uri string) (map[string]string, error) {
	contacts, err := c.Contacts(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, contact := range contacts {
		if contact["id"] == uri {
			return contact, nil
		}
	}
	return nil, fmt.Errorf("%s: %s is no contact of account %s", c.opts.Name, uri, account)
}
