// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

// answer is a message of the node, or none.
type answer struct {
	wire.Message
	raw []byte
}

// silent reports whether the node sent nothing.
func (a answer) silent() bool { return a.Kind == wire.KindNone }

// String says in a word what came.
func (a answer) String() string {
	switch {
	case a.silent():
		return "silence"
	case a.Kind == wire.KindError:
		return fmt.Sprintf("error %d", a.Refusal.Code)
	}
	return a.Kind.String()
}

// seen joins what was seen.
func seen(parts ...any) string {
	words := make([]string, len(parts))
	for i, part := range parts {
		words[i] = fmt.Sprint(part)
	}
	return strings.Join(words, ", ")
}

// body returns the keys of a map within the message, sorted.
func (a answer) body(name string) string {
	all := a.all()
	within, ok := all[name].(map[string]any)
	if !ok {
		return "no " + name
	}
	return strings.Join(slices.Sorted(maps.Keys(within)), " ")
}

// all returns the message as it is on the wire; nil if there is none.
func (a answer) all() map[string]any {
	if a.silent() {
		return nil
	}
	all, _, err := msgp.ReadMapStrIntfBytes(a.raw, nil)
	if err != nil {
		return nil
	}
	return all
}
