// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	frameHeadLen  = 4
	stunHeaderLen = 20
	// maxFrame bounds the messages of a stream, in bytes. pion drops those
	// from 1600 on.
	maxFrame = 4096
)

var (
	errFrameKind = errors.New("neither a STUN message nor ChannelData")
	errFrameLen  = errors.New("impossible message length")
)

// frameSize returns the length on a stream of the message that starts with
// head: a STUN message (RFC 8489, section 5), or ChannelData with the padding
// that streams need (RFC 8656, section 12.5). Only the latter may be longer
// than maxFrame.
func frameSize(head [frameHeadLen]byte) (int, error) {
	length := int(binary.BigEndian.Uint16(head[2:]))
	switch head[0] >> 6 {
	case 0b00:
		if length%4 != 0 || stunHeaderLen+length > maxFrame {
			return 0, fmt.Errorf("%w %d", errFrameLen, length)
		}
		return stunHeaderLen + length, nil
	case 0b01:
		return frameHeadLen + (length+3)/4*4, nil
	}
	return 0, errFrameKind
}
