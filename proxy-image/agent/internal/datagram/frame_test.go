package datagram

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"testing"
)

func TestFramesReadBackAsWritten(t *testing.T) {
	for _, frame := range []Frame{
		{Type: Hello, Body: []byte{1}},
		{Type: Data, ID: 7, Body: []byte{}},
		{Type: Data, ID: 0xffffffff, Body: bytes.Repeat([]byte{0xa5}, MaxDatagram)},
		{Type: 200, ID: 1, Body: bytes.Repeat([]byte{1}, 65530)},
	} {
		in := bytes.NewReader(AppendFrame(nil, frame.Type, frame.ID, frame.Body))
		read, err := ReadFrame(in, make([]byte, MaxFrame))
		if err != nil || read.Type != frame.Type || read.ID != frame.ID || !bytes.Equal(read.Body, frame.Body) {
			t.Errorf("type %d, %d bytes: read type %d, id %d, %d bytes, %v",
				frame.Type, len(frame.Body), read.Type, read.ID, len(read.Body), err)
		}
	}
}

func TestTheWireIsAsDocumented(t *testing.T) {
	got := AppendFrame(nil, Open, 7, append(address("10.42.0.7"), 0, 53))
	want := []byte{0, 12, 1, 0, 0, 0, 7, 4, 10, 42, 0, 7, 0, 53}
	if !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestALengthBelowTheHeadEndsTheStream(t *testing.T) {
	for length := byte(0); length < headBytes; length++ {
		_, err := ReadFrame(bytes.NewReader([]byte{0, length, 0, 0, 0, 0, 0, 0}), make([]byte, MaxFrame))
		if !errors.Is(err, errBadLength) {
			t.Errorf("length %d: %v", length, err)
		}
	}
}

func TestAStreamCutWithinAFrameIsAnError(t *testing.T) {
	whole := AppendFrame(nil, Data, 1, []byte("abc"))
	for size := 1; size < len(whole); size++ {
		_, err := ReadFrame(bytes.NewReader(whole[:size]), make([]byte, MaxFrame))
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d bytes: %v", size, len(whole), err)
		}
	}
}

func TestMalformedBodiesAreRefused(t *testing.T) {
	for name, body := range map[string][]byte{
		"empty":          {},
		"no such family": {5, 1, 2, 3, 4, 0, 53},
		"short address":  {4, 1, 2, 3},
		"short IPv6":     append([]byte{6}, make([]byte, 15)...),
		"no port":        {4, 1, 2, 3, 4},
		"half a port":    {4, 1, 2, 3, 4, 0},
		"port 0":         {4, 1, 2, 3, 4, 0, 0},
		"more":           {4, 1, 2, 3, 4, 0, 53, 0},
	} {
		if target, err := ParseOpen(body); err == nil {
			t.Errorf("%s: taken for %s", name, target)
		}
	}
	if _, _, err := ParseEcho(append(address("::1"), make([]byte, MaxEchoPayload+1)...)); err == nil {
		t.Error("ICMP data beyond the limit was taken")
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, Hello, 0, []byte{1}), Open, 7, append(address("10.42.0.7"), 0, 53)))
	f.Add(AppendFrame(nil, Open, 8, append(address("fd42::7"), 0xff, 0xff)))
	f.Add(AppendFrame(nil, Echo, 9, append(address("::ffff:127.0.0.1"), "ping"...)))
	f.Add([]byte{0, 4, 2, 0, 0, 0, 1})
	f.Add([]byte{0xff, 0xff, 2, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, stream []byte) {
		in, buffer := bytes.NewReader(stream), make([]byte, MaxFrame)
		var rewritten []byte
		for {
			frame, err := ReadFrame(in, buffer)
			if err != nil {
				break
			}
			rewritten = AppendFrame(rewritten, frame.Type, frame.ID, frame.Body)
			if target, err := ParseOpen(frame.Body); err == nil && (!target.IsValid() || target.Port() == 0) {
				t.Errorf("took %v for %v", frame.Body, target)
			}
			if target, payload, err := ParseEcho(frame.Body); err == nil && (!target.IsValid() || len(payload) > MaxEchoPayload) {
				t.Errorf("took %v for %v", frame.Body, target)
			}
		}
		if !bytes.HasPrefix(stream, rewritten) {
			t.Error("frames differ from what was read")
		}
	})
}

// address is the family and the address as OPEN and ECHO begin with.
func address(text string) []byte {
	parsed := netip.MustParseAddr(text)
	if parsed.Is4() {
		return append([]byte{4}, parsed.AsSlice()...)
	}
	return append([]byte{6}, parsed.AsSlice()...)
}
