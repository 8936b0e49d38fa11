package carrier

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

// fuzzSshdBytes is what sshd has sent before the input begins, so that what may be confirmed does not depend on time.
const fuzzSshdBytes = 1000

// expected is what the specification says about a client's bytes: written anew and slowly, to judge the parser.
type expected struct {
	payload   []byte
	tokens    []uint64
	malformed bool
	left      bool
}

func expect(input []byte) (e expected) {
	for len(input) >= headBytes {
		kind, length := input[0], int(binary.BigEndian.Uint32(input)&0xffffff)
		fits := map[byte]bool{
			carriertest.Data: length >= 1 && length <= 131072, carriertest.Ack: length == 8,
			carriertest.Ping: length == 16, carriertest.Close: length >= 1 && length <= 513,
		}[kind]
		if !fits {
			e.malformed = true
			return e
		}
		body := input[headBytes:]
		if kind == carriertest.Data {
			e.payload = append(e.payload, body[:min(length, len(body))]...)
		}
		if len(body) < length {
			return e
		}
		body, input = body[:length], body[length:]
		switch kind {
		case carriertest.Ack, carriertest.Ping:
			if binary.BigEndian.Uint64(body[length-8:]) > fuzzSshdBytes {
				e.malformed = true
				return e
			}
			if kind == carriertest.Ping {
				e.tokens = append(e.tokens, binary.BigEndian.Uint64(body))
			}
		case carriertest.Close:
			e.left = true
			return e
		}
	}
	return e
}

// FuzzClient is a client's bytes: a stranger's hello, or the frames of one who knows the secret.
func FuzzClient(f *testing.F) {
	ack, ping := carriertest.Numbers(500), carriertest.Numbers(7, 1000)
	f.Add(false, []byte("GET / HTTP/1.1\r\nHost: 10.42.0.7:2222\r\n\r\n"))
	f.Add(false, make([]byte, helloBytes))
	f.Add(true, []byte{})
	f.Add(true, carriertest.Frame(carriertest.Data, []byte("SSH-2.0-ktd\r\n")))
	f.Add(true, append(carriertest.Frame(carriertest.Ack, ack), carriertest.Frame(carriertest.Ping, ping)...))
	f.Add(true, append(carriertest.Frame(carriertest.Data, []byte("a")), carriertest.Data, 0, 0, 9, 'c', 'u', 't'))
	f.Add(true, carriertest.Frame(carriertest.Close, []byte{0, 'b', 'y', 'e'}))
	f.Add(true, carriertest.Frame(carriertest.Ack, carriertest.Numbers(fuzzSshdBytes+1)))
	f.Add(true, carriertest.Frame(9, nil))
	f.Fuzz(func(t *testing.T, known bool, input []byte) {
		if len(input) > 1<<20 {
			return
		}
		r := newFuzzRig(t)
		if known {
			r.frames(input)
		} else {
			r.stranger(input)
		}
	})
}

func newFuzzRig(t *testing.T) *rig {
	r := newUnservedRig(t, nil)
	t.Cleanup(func() {
		r.server.End(patience)
		for len(r.sshds) > 0 {
			(<-r.sshds).Close()
		}
	})
	return r
}

func (r *rig) socketGreeted() *carriertest.Wire {
	r.t.Helper()
	ours, theirs := socketPair(r.t)
	r.server.Accept(theirs)
	wire, err := carriertest.Greeted(ours)
	if err != nil {
		r.t.Fatal(err)
	}
	return wire
}

// stranger: without the secret nothing happens, whatever is said.
func (r *rig) stranger(input []byte) {
	wire := r.socketGreeted()
	wire.Write(input)
	wire.Conn.(network).CloseWrite()
	r.expectEnd(wire.Conn)
	if len(r.sshds) > 0 || r.beats.Load() > 0 {
		r.t.Fatal("a stranger was let in")
	}
}

func (r *rig) frames(input []byte) {
	want := expect(input)
	wire := r.socketGreeted()
	if answer, err := wire.Meet(r.secret, carriertest.New, [16]byte{1}, 0); err != nil || answer.Status != carriertest.Opened {
		r.t.Fatal(answer, err)
	}
	sshd := <-r.sshds
	if _, err := sshd.Write(pattern(fuzzSshdBytes)); err != nil {
		r.t.Fatal(err)
	}
	r.expectData(wire, pattern(fuzzSshdBytes))
	arrived := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(sshd)
		arrived <- all
	}()
	go func() {
		wire.Write(input)
		wire.Conn.(network).CloseWrite()
	}()
	r.expectReplies(wire, want)
	r.goesOn(want)
	r.server.End(0) // and so sshd reads to the end
	if got := <-arrived; !bytes.Equal(got, want.payload) {
		r.t.Fatalf("%d bytes reached sshd, not %d", len(got), len(want.payload))
	}
}

// expectReplies wants no answers but to the PINGs, in their order, and CLOSE where it is due. The last answers may be missing:
// the client's end may overtake them.
func (r *rig) expectReplies(wire *carriertest.Wire, want expected) {
	wire.SetReadDeadline(time.Now().Add(patience))
	tokens, closed := want.tokens, false
	for {
		kind, body, err := wire.Next()
		if err != nil {
			break
		}
		switch kind {
		case carriertest.Data:
			r.t.Fatalf("sshd has sent nothing, but %d bytes came", len(body))
		case carriertest.Ack:
			if received := binary.BigEndian.Uint64(body); received > uint64(len(want.payload)) {
				r.t.Fatalf("%d bytes confirmed of %d", received, len(want.payload))
			}
		case carriertest.Pong:
			for len(tokens) > 0 && tokens[0] != binary.BigEndian.Uint64(body) {
				tokens = tokens[1:] // bounded, so some may be without an answer
			}
			if len(tokens) == 0 {
				r.t.Fatalf("a PONG that nobody asked for: %x", body)
			}
			tokens = tokens[1:]
		case carriertest.Close:
			if closed = true; body[0] != 2 {
				r.t.Fatalf("CLOSE %d", body[0])
			}
		}
	}
	if closed != want.malformed {
		r.t.Fatalf("CLOSE 2 came: %v, is due: %v", closed, want.malformed)
	}
}

// goesOn resumes the stream, if it is not over, and wants the exact position.
func (r *rig) goesOn(want expected) {
	if want.left {
		r.await("the stream's end", func() bool { return r.stream(1) == nil })
	}
	answer, err := r.socketGreeted().Meet(r.secret, carriertest.Resume, [16]byte{1}, fuzzSshdBytes)
	switch {
	case err != nil:
		r.t.Fatal(err)
	case want.malformed || want.left:
		if answer.Status != carriertest.Unknown {
			r.t.Fatalf("a stream that is over: %+v", answer)
		}
	case answer.Status != carriertest.Resumed || answer.Received != uint64(len(want.payload)):
		r.t.Fatalf("%+v, with %d bytes sent", answer, len(want.payload))
	}
}
