// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// decode reads a JSON object into v and refuses members that v does not have.
func decode(c *fiber.Ctx, v any) error {
	kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != fiber.MIMEApplicationJSON {
		return fiber.NewError(fiber.StatusUnsupportedMediaType, "the body must be application/json")
	}
	raw := c.BodyRaw()
	// The decoder would put U+FFFD in the place of either, and a name or a
	// password would be stored that nobody typed.
	if !utf8.Valid(raw) || hasLoneSurrogate(raw) {
		return badRequest{"the body is not valid Unicode (UTF-8)"}
	}
	if !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return badRequest{"the body is not a JSON object"}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badRequest{explain(err)}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badRequest{"something follows the JSON object in the body"}
	}
	return nil
}

// hasLoneSurrogate tells whether raw JSON holds an escape of half a character.
func hasLoneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first := escaped(raw[i:])
		if !utf16.IsSurrogate(first) {
			i++ // what is escaped may be a backslash
			continue
		}
		if utf16.DecodeRune(first, escaped(raw[i+6:])) == utf8.RuneError {
			return true
		}
		i += 11
	}
	return false
}

// escaped returns the value of the \uXXXX that raw begins with, else 0.
func escaped(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}

// explain says what is wrong with a body, without the words of the decoder.
func explain(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s: %s is expected, not a JSON %s", wrong.Field, nameOf(wrong.Type), wrong.Value)
	}
	if _, ok := errors.AsType[base64.CorruptInputError](err); ok {
		return "picture: an image file in base64 is expected"
	}
	return "the body is not the expected JSON object: " + strings.TrimPrefix(err.Error(), "json: ")
}

func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return "a list"
		}
	}
	return "a text"
}

// queryNumber returns a whole number of the query, or fallback if it is not
// there.
func queryNumber(c *fiber.Ctx, name string, fallback, least, most int) (int, error) {
	text := c.Query(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequest{fmt.Sprintf("%s: %q: a number between %d and %d is expected", name, text, least, most)}
	}
	return n, nil
}
