// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxFrame is the length, in bytes, of the longest message that is taken in.
const MaxFrame = 4096

const (
	kindSTUN        = 0b00 // the first two bits
	kindChannelData = 0b01

	headerLen     = 20 // of a STUN message
	channelHead   = 4  // of ChannelData
	attributeHead = 4  // type and length
)

var (
	// ErrFrameKind marks the start of something that is no message.
	ErrFrameKind = errors.New("neither a STUN message nor ChannelData")
	// ErrFrameLength marks a message whose length is impossible, or beyond
	// MaxFrame for STUN.
	ErrFrameLength = errors.New("impossible message length")
)

// FrameSize returns the whole length on a stream of the message that starts
// with head: a STUN message (RFC 8489, section 5), or ChannelData with the
// padding that streams need (RFC 8656, section 12.5). Only the latter may be
// longer than MaxFrame, and is then to be passed over. Errors are ErrFrameKind
// and ErrFrameLength.
func FrameSize(head [4]byte) (int, error) {
	length := int(binary.BigEndian.Uint16(head[2:]))
	switch head[0] >> 6 {
	case kindSTUN:
		if length%4 != 0 || headerLen+length > MaxFrame {
			return 0, fmt.Errorf("%w: STUN of %d bytes", ErrFrameLength, length)
		}
		return headerLen + length, nil
	case kindChannelData:
		return channelHead + padded(length), nil
	}
	return 0, ErrFrameKind
}

// IsChannelData reports whether frame, a datagram or a message of a stream, is
// meant as ChannelData (RFC 8656, section 12), whatever its number and length.
func IsChannelData(frame []byte) bool {
	return len(frame) >= channelHead && frame[0]>>6 == kindChannelData
}

// padded rounds up to whole words (RFC 8489, section 14).
func padded(length int) int {
	return (length + 3) / 4 * 4
}
