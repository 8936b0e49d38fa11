package carrier

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

func TestMalformedFramesEndTheStream(t *testing.T) {
	for name, frame := range map[string][]byte{
		"an unknown type":          carriertest.Frame(5, []byte("?")),
		"type 255":                 carriertest.Frame(255, []byte("?")),
		"PONG, which is for us":    carriertest.Frame(carriertest.Pong, make([]byte, 16)),
		"DATA without bytes":       carriertest.Frame(carriertest.Data, nil),
		"DATA of 131,073 bytes":    {carriertest.Data, 2, 0, 1},
		"a length of 16 MiB":       {carriertest.Data, 255, 255, 255},
		"a short ACK":              carriertest.Frame(carriertest.Ack, make([]byte, 7)),
		"a long ACK":               carriertest.Frame(carriertest.Ack, make([]byte, 9)),
		"an ACK from the future":   carriertest.Frame(carriertest.Ack, carriertest.Numbers(11)),
		"the last possible ACK":    carriertest.Frame(carriertest.Ack, carriertest.Numbers(1<<64-1)),
		"a short PING":             carriertest.Frame(carriertest.Ping, make([]byte, 8)),
		"a PING from the future":   carriertest.Frame(carriertest.Ping, carriertest.Numbers(1, 11)),
		"a CLOSE without its code": carriertest.Frame(carriertest.Close, nil),
		"a CLOSE too long":         carriertest.Frame(carriertest.Close, make([]byte, 514)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			wire, sshd := r.open(1)
			sshd.Write(pattern(10))
			r.expectData(wire, pattern(10))
			wire.Write(frame)
			r.expectClose(wire, 2)
			r.expectEnd(sshd)
			r.meet(carriertest.Resume, [16]byte{1}, 10, carriertest.Unknown)
		})
	}
}

func TestFramesOfAnyLengthAndCutArrive(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	up := pattern(300_000)
	var all []byte
	for at, count := 0, 1; at < len(up); at, count = at+count, count*3%maxData+1 {
		if at+count > len(up) {
			count = len(up) - at
		}
		all = append(all, carriertest.Frame(carriertest.Data, up[at:at+count])...)
		all = append(all, carriertest.Frame(carriertest.Ping, carriertest.Numbers(uint64(at), 0))...)
	}
	go func() {
		for at, count := 0, 1; at < len(all); at, count = at+count, count*7%5000+1 {
			if at+count > len(all) {
				count = len(all) - at
			}
			wire.Write(all[at : at+count])
		}
	}()
	r.expectAtSshd(sshd, up)
}

func TestAPingIsAnsweredByItsTokenAndThePosition(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	r.send(wire, carriertest.Data, pattern(12345))
	r.expectAtSshd(sshd, pattern(12345))
	r.send(wire, carriertest.Ping, carriertest.Numbers(0xfeedfacecafebeef, 0))
	body := r.expect(wire, carriertest.Pong)
	if token, received := binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:]); token != 0xfeedfacecafebeef || received != 12345 {
		t.Errorf("PONG %x %d", token, received)
	}
}

func TestAPingIsAnsweredBeforeDataThatWaits(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	go sshd.Write(pattern(16 << 20))
	r.awaitStuckWriter(1)
	r.send(wire, carriertest.Ping, carriertest.Numbers(7, 0))
	wire.SetReadDeadline(time.Now().Add(patience))
	before := 0
	for {
		kind, body, err := wire.Next()
		if err != nil {
			t.Fatal(err)
		}
		if kind == carriertest.Pong {
			break
		}
		before += len(body)
	}
	t.Logf("%d bytes came before", before)
	// What the kernels of both ends hold stands before it, but not the rest of 8 MiB.
	if before > 6<<20 {
		t.Errorf("%d bytes came before the answer", before)
	}
}

func TestPingsThatAreNotReadTakeNoMemory(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	go sshd.Write(pattern(16 << 20))
	for token := uint64(1); token <= 1000; token++ {
		r.send(wire, carriertest.Ping, carriertest.Numbers(token, 0))
	}
	for {
		if body := r.expectAmongData(wire, carriertest.Pong); binary.BigEndian.Uint64(body) == 1000 {
			break // the last is always answered
		}
	}
}

// expectAmongData skips DATA, and ACKs.
func (r *rig) expectAmongData(wire *carriertest.Wire, want byte) []byte {
	r.t.Helper()
	wire.SetReadDeadline(time.Now().Add(patience))
	for {
		kind, body, err := wire.Next()
		if err != nil {
			r.t.Fatalf("no frame of type %d but %v", want, err)
		}
		if kind == want {
			return body
		}
	}
}

// expectGone skips all that comes before the end of the plain carrier.
func (r *rig) expectGone(wire *carriertest.Wire) {
	r.t.Helper()
	wire.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, wire.Conn); err != nil && strings.Contains(err.Error(), "timeout") {
		r.t.Fatal("the agent does not close")
	}
}

func TestWhatCameIsConfirmedEach128KiB(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	go io.Copy(io.Discard, sshd)
	confirmed := uint64(0)
	for sent := uint64(0); sent < 1<<20; sent += maxData {
		r.send(wire, carriertest.Data, pattern(maxData))
		for confirmed < sent {
			wire.SetReadDeadline(time.Now().Add(patience))
			kind, body, err := wire.Next()
			if err != nil || kind != carriertest.Ack {
				t.Fatalf("%d %v, with %d confirmed of %d", kind, err, confirmed, sent)
			}
			confirmed = binary.BigEndian.Uint64(body)
		}
	}
}

func TestAFewBytesAreConfirmedAfterAWhile(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	s := r.stream(1)
	s.mu.Lock()
	s.confirmedAt = time.Now().Add(-confirmAfter)
	s.mu.Unlock()
	r.send(wire, carriertest.Data, pattern(10))
	r.expectAtSshd(sshd, pattern(10))
	if body := r.expect(wire, carriertest.Ack); binary.BigEndian.Uint64(body) != 10 {
		t.Errorf("ACK %x", body)
	}
}

// A client that does not read: its own bytes reach sshd all the same, though confirmations are due all the time.
func TestAReaderDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	go sshd.Write(pattern(64 << 20))
	r.awaitStuckWriter(1)
	up := pattern(4 << 20)
	go func() {
		for at := 0; at < len(up); at += maxData {
			wire.Send(carriertest.Data, up[at:at+maxData])
			wire.Send(carriertest.Ping, carriertest.Numbers(1, 0))
		}
	}()
	r.expectAtSshd(sshd, up)
}

func TestAReaderDoesNotWaitUntilItsOwnAnswersAreRead(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	pings := bytes.Repeat(carriertest.Frame(carriertest.Ping, carriertest.Numbers(1, 0)), 1<<15)
	go func() {
		for i := 0; i < 20; i++ {
			wire.Write(pings)
		}
		wire.Send(carriertest.Data, []byte("arrives"))
	}()
	r.expectAtSshd(sshd, []byte("arrives"))
}

func TestNoMoreIsKeptThanTheLimitAndAnAckMakesItGoOn(t *testing.T) {
	const limit = 300_000
	r := newRig(t, func(s *Server) { s.Limits.Kept = limit })
	wire, sshd := r.open(1)
	down := pattern(2 << 20)
	go sshd.Write(down)
	r.expectData(wire, down[:limit])
	s := r.stream(1)
	s.mu.Lock()
	start, end := s.kept.start, s.kept.end
	s.mu.Unlock()
	if start != 0 || end != limit {
		t.Errorf("kept is %d to %d", start, end)
	}
	for at := limit; at < len(down); {
		r.send(wire, carriertest.Ack, carriertest.Numbers(uint64(at)))
		next := at + limit
		if next > len(down) {
			next = len(down)
		}
		r.expectData(wire, down[at:next])
		at = next
	}
	r.send(wire, carriertest.Ack, carriertest.Numbers(5)) // goes back: ignored
	r.send(wire, carriertest.Ping, carriertest.Numbers(1, uint64(len(down))))
	r.expect(wire, carriertest.Pong)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept.start != s.kept.end || s.kept.lent() > 1 {
		t.Errorf("%d bytes in %d chunks are kept", s.kept.end-s.kept.start, s.kept.lent())
	}
}

func TestAClientThatLeavesEndsItsSshd(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	r.send(wire, carriertest.Data, []byte("last words"))
	r.send(wire, carriertest.Close, append([]byte{0}, "bye"...))
	r.expectAtSshd(sshd, []byte("last words"))
	r.expectEnd(sshd)
	wire.Close()
	r.meet(carriertest.Resume, [16]byte{1}, 0, carriertest.Unknown)
}

func TestAClientMayLeaveInTheMiddleOfADownload(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	go sshd.Write(pattern(32 << 20))
	r.expect(wire, carriertest.Data)
	r.send(wire, carriertest.Close, []byte{0})
	r.await("the end", func() bool { return r.stream(1) == nil })
	r.expectGone(wire)
}

func TestAllOfSshdsBytesComeBeforeTheEnd(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	down := pattern(3 << 20)
	go func() {
		sshd.Write(down)
		sshd.Close()
	}()
	r.expectData(wire, down)
	r.expectClose(wire, 0)
	r.meet(carriertest.Resume, [16]byte{1}, uint64(len(down)), carriertest.Unknown)
}

// To close while the client is sending would make the kernel forget what it has not delivered.
func TestTheEndArrivesThoughTheClientIsSending(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	// More than the client's kernel takes before it reads: the agent's holds the rest.
	go sshd.Write(pattern(200_000))
	r.await("all in the agent's kernel", func() bool {
		s := r.stream(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.sent == 200_000 && !s.carrier.writing
	})
	sshd.Close()
	r.await("the end", func() bool { return r.stream(1) == nil })
	more := pattern(maxData)
	for i := 0; i < 100; i++ {
		wire.Send(carriertest.Data, more)
	}
	r.expectData(wire, pattern(200_000))
	if body := r.expect(wire, carriertest.Close); body[0] != 0 {
		t.Errorf("CLOSE %d", body[0])
	}
}

func TestSshdsEndWaitsForACarrier(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	r.cut(1, wire)
	sshd.Write([]byte("last words"))
	sshd.Close()
	wire, _ = r.resume(1, 0)
	r.expectData(wire, []byte("last words"))
	r.expectClose(wire, 0)
}

func TestTheAgentsEndIsTold(t *testing.T) {
	r := newRig(t, nil)
	first, firstSshd := r.open(1)
	second, _ := r.open(2)
	third, _ := r.open(3)
	r.cut(3, third)
	stranger := r.greeted()
	ended := make(chan struct{})
	go func() {
		r.server.End(patience)
		close(ended)
	}()
	r.expectClose(first, 1)
	r.expectClose(second, 1)
	r.expectEnd(firstSshd)
	first.Close()
	second.Close()
	<-ended
	stranger.SendHello(stranger.Hello(r.secret, carriertest.New, [16]byte{4}, 0))
	r.expectEnd(stranger.Conn)
}

func TestTheEndDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	r := newRig(t, nil)
	_, sshd := r.open(1)
	go sshd.Write(pattern(16 << 20))
	r.server.End(50 * time.Millisecond) // returns
	r.expectSilence(sshd)
}

// expectSilence is for an end whose other side may have left bytes unread.
func (r *rig) expectSilence(sshd io.Reader) {
	r.t.Helper()
	if rest, err := io.ReadAll(sshd); len(rest) > 0 {
		r.t.Fatalf("%d bytes, %v", len(rest), err)
	}
}

func TestEachReadFromTheClientIsASignOfLife(t *testing.T) {
	r := newRig(t, nil)
	wire, _ := r.open(1)
	before := r.beats.Load()
	if before != 1 {
		t.Errorf("%d signs of life for a hello", before)
	}
	r.send(wire, carriertest.Ping, carriertest.Numbers(1, 0))
	r.expect(wire, carriertest.Pong)
	if r.beats.Load() != before+1 {
		t.Errorf("%d signs of life", r.beats.Load())
	}
}
