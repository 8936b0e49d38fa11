package carrier

import (
	"encoding/binary"
	"errors"
	"fmt"
)

type frameType uint8

const (
	data frameType = iota
	ack
	ping
	pong
	closing
)

// closeCode says why a stream ended orderly.
type closeCode uint8

const (
	closeDone      closeCode = 0
	closeAgentEnds closeCode = 1
	closeMalformed closeCode = 2
)

const (
	headBytes    = 4
	maxData      = 128 << 10
	maxCloseText = 512
	ackBody      = 8
	pingBody     = 16
	maxCloseBody = 1 + maxCloseText
)

func appendHead(to []byte, t frameType, length int) []byte {
	return append(to, byte(t), byte(length>>16), byte(length>>8), byte(length))
}

func appendAck(to []byte, received uint64) []byte {
	return binary.BigEndian.AppendUint64(appendHead(to, ack, ackBody), received)
}

func appendPong(to []byte, token, received uint64) []byte {
	to = binary.BigEndian.AppendUint64(appendHead(to, pong, pingBody), token)
	return binary.BigEndian.AppendUint64(to, received)
}

// appendClose cuts the text to its longest length, which may split a character.
func appendClose(to []byte, code closeCode, text string) []byte {
	if len(text) > maxCloseText {
		text = text[:maxCloseText]
	}
	to = append(appendHead(to, closing, 1+len(text)), byte(code))
	return append(to, text...)
}

var errMalformed = errors.New("malformed")

func malformed(format string, values ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errMalformed}, values...)...)
}

// receiver is told what a client sends. Slices are valid during the call only.
type receiver interface {
	// onData may be called several times for one frame.
	onData(payload []byte) error
	onAck(received uint64) error
	onPing(token, received uint64) error
	onClose(code closeCode, text string) error
}

// parser cuts a client's bytes into frames. It copies no payload, and keeps what is cut off of anything else.
type parser struct {
	// kept has the beginning of a frame that is not DATA, or of any head.
	kept [headBytes + maxCloseBody]byte
	have int
	// left is how much of a DATA frame's body is still to come.
	left int
}

// feed returns the receiver's first error, or one that is errMalformed.
func (p *parser) feed(bytes []byte, to receiver) error {
	for len(bytes) > 0 {
		if p.left > 0 {
			count := min(p.left, len(bytes))
			p.left -= count
			if err := to.onData(bytes[:count]); err != nil {
				return err
			}
			bytes = bytes[count:]
			continue
		}
		want := headBytes
		if p.have >= headBytes {
			want += bodyLength(p.kept[:])
		}
		count := copy(p.kept[p.have:want], bytes)
		p.have += count
		bytes = bytes[count:]
		if p.have == headBytes {
			if err := p.begin(); err != nil {
				return err
			}
		} else if p.have == want {
			p.have = 0
			if err := control(p.kept[:want], to); err != nil {
				return err
			}
		}
	}
	return nil
}

func bodyLength(head []byte) int {
	return int(head[1])<<16 | int(head[2])<<8 | int(head[3])
}

// begin judges a whole head. No type has an empty body.
func (p *parser) begin() error {
	length, least, most := bodyLength(p.kept[:]), 0, 0
	switch frameType(p.kept[0]) {
	case data:
		least, most = 1, maxData
	case ack:
		least, most = ackBody, ackBody
	case ping:
		least, most = pingBody, pingBody
	case closing:
		least, most = 1, maxCloseBody
	default:
		return malformed("type %d", p.kept[0])
	}
	if length < least || length > most {
		return malformed("type %d with %d bytes", p.kept[0], length)
	}
	if frameType(p.kept[0]) == data {
		p.left, p.have = length, 0
	}
	return nil
}

func control(frame []byte, to receiver) error {
	body := frame[headBytes:]
	switch frameType(frame[0]) {
	case ack:
		return to.onAck(binary.BigEndian.Uint64(body))
	case ping:
		return to.onPing(binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:]))
	default: // begin lets no other type pass
		return to.onClose(closeCode(body[0]), string(body[1:]))
	}
}

// min is built in from Go 1.21 on; Debian 12 has 1.19.
func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
