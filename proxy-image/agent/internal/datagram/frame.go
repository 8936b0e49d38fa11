package datagram

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Type says what a frame is. Unknown types are ignored by either side.
type Type uint8

// The frame types of version 1, see docs/agent-protocol.md.
const (
	Hello     Type = 0
	Open      Type = 1
	Data      Type = 2
	Close     Type = 3
	Error     Type = 4
	Echo      Type = 5
	EchoReply Type = 6
)

// Code is the body of an ERROR frame.
type Code uint8

// Codes of ERROR frames. After the first three of them the socket stays open.
const (
	Refused     Code = 1
	Unreachable Code = 2
	Prohibited  Code = 3
	TooMany     Code = 4
	BadFrame    Code = 5
)

const (
	// Version is the body of HELLO.
	Version = 1

	lengthBytes = 2
	// headBytes is the type and the id, the least length of a frame.
	headBytes = 5
	// MaxFrame is the longest frame with its length field.
	MaxFrame = lengthBytes + 65535
	// MaxDatagram is the longest UDP payload over IPv4.
	MaxDatagram = 65507
	// MaxEchoPayload is the longest ICMP data accepted.
	MaxEchoPayload = 65000
)

// errBadLength ends the stream: where the next frame starts is unknown.
var errBadLength = errors.New("a frame is too short for its type and id")

var errBadBody = errors.New("malformed body")

// Frame is one message. Body belongs to the buffer it was read into.
type Frame struct {
	Type Type
	ID   uint32
	Body []byte
}

// ReadFrame reads one frame; buffer has at least MaxFrame bytes. io.EOF means that the stream ended between frames.
func ReadFrame(in io.Reader, buffer []byte) (Frame, error) {
	if _, err := io.ReadFull(in, buffer[:lengthBytes]); err != nil {
		return Frame{}, err
	}
	length := int(binary.BigEndian.Uint16(buffer))
	if length < headBytes {
		return Frame{}, fmt.Errorf("length %d: %w", length, errBadLength)
	}
	rest := buffer[lengthBytes : lengthBytes+length]
	if _, err := io.ReadFull(in, rest); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return Frame{Type: Type(rest[0]), ID: binary.BigEndian.Uint32(rest[1:]), Body: rest[headBytes:]}, nil
}

// AppendFrame appends the frame to target, which may be nil. The body has at most 65530 bytes.
func AppendFrame(target []byte, kind Type, id uint32, body []byte) []byte {
	var head [lengthBytes + headBytes]byte
	binary.BigEndian.PutUint16(head[:], uint16(headBytes+len(body)))
	head[lengthBytes] = byte(kind)
	binary.BigEndian.PutUint32(head[lengthBytes+1:], id)
	return append(append(target, head[:]...), body...)
}

// parseAddress takes the family and the address off the front of body.
func parseAddress(body []byte) (address netip.Addr, rest []byte, err error) {
	if len(body) == 0 {
		return netip.Addr{}, nil, errBadBody
	}
	size := 0
	switch body[0] {
	case 4:
		size = 4
	case 6:
		size = 16
	default:
		return netip.Addr{}, nil, errBadBody
	}
	if len(body) < 1+size {
		return netip.Addr{}, nil, errBadBody
	}
	address, _ = netip.AddrFromSlice(body[1 : 1+size])
	return address, body[1+size:], nil
}

// ParseOpen reads the body of OPEN. Port 0 is malformed.
func ParseOpen(body []byte) (netip.AddrPort, error) {
	address, rest, err := parseAddress(body)
	if err != nil || len(rest) != 2 {
		return netip.AddrPort{}, errBadBody
	}
	port := binary.BigEndian.Uint16(rest)
	if port == 0 {
		return netip.AddrPort{}, errBadBody
	}
	return netip.AddrPortFrom(address, port), nil
}

// ParseEcho reads the body of ECHO; the payload belongs to body.
func ParseEcho(body []byte) (target netip.Addr, payload []byte, err error) {
	target, payload, err = parseAddress(body)
	if err != nil || len(payload) > MaxEchoPayload {
		return netip.Addr{}, nil, errBadBody
	}
	return target, payload, nil
}
