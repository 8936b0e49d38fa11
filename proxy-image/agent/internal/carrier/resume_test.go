package carrier

import (
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

func TestAStreamGoesOnWhereEachEndStopped(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	up, down := pattern(1000), pattern(7000)
	r.send(wire, carriertest.Data, up[:900])
	r.expectAtSshd(sshd, up[:900])
	sshd.Write(down)
	r.expectData(wire, down)
	r.cut(1, wire)
	wire, answer := r.resume(1, 5000)
	if answer.Received != 900 || answer.Info != testInfo {
		t.Errorf("the answer is %+v", answer)
	}
	r.send(wire, carriertest.Data, up[900:])
	r.expectAtSshd(sshd, up[900:])
	r.expectData(wire, down[5000:])
}

func TestBytesOfSshdWaitForACarrier(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	r.cut(1, wire)
	down := pattern(300_000)
	if _, err := sshd.Write(down); err != nil {
		t.Fatal(err)
	}
	wire, _ = r.resume(1, 0)
	r.expectData(wire, down)
}

func TestAFrameCutInTheMiddleCountsForAsMuchAsCame(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	frame := carriertest.Frame(carriertest.Data, pattern(100))
	wire.Write(frame[:headBytes+40])
	r.cut(1, wire)
	wire, answer := r.resume(1, 0)
	if answer.Received != 40 {
		t.Errorf("received is %d", answer.Received)
	}
	// A new carrier begins with a new frame, not with the rest of the old one.
	r.send(wire, carriertest.Data, frame[headBytes+40:])
	r.expectAtSshd(sshd, frame[headBytes:])
}

func TestAHeadCutInTheMiddleIsForgotten(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	wire.Write([]byte{carriertest.Data, 0})
	r.cut(1, wire)
	wire, _ = r.resume(1, 0)
	r.send(wire, carriertest.Data, []byte("anew"))
	r.expectAtSshd(sshd, []byte("anew"))
}

// The reader is stuck in the middle of a write to sshd when the stream is taken away.
func TestReceivedIsExactThoughSshdDoesNotRead(t *testing.T) {
	r := newRig(t, nil)
	old, sshd := r.open(1)
	up := pattern(4 << 20)
	go func() {
		for at := 0; at < len(up) && old.Send(carriertest.Data, up[at:at+maxData]) == nil; at += maxData {
		}
	}()
	s := r.stream(1)
	received := func() uint64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.received
	}
	r.await("sshd's socket to be full", func() bool {
		before := received()
		time.Sleep(20 * time.Millisecond)
		return before > 0 && received() == before
	})
	wire, answer := r.resume(1, 0)
	if answer.Received == 0 || answer.Received >= uint64(len(up)) {
		t.Fatalf("received is %d", answer.Received)
	}
	r.expectAtSshd(sshd, up[:answer.Received])
	r.send(wire, carriertest.Data, []byte("goes on"))
	r.expectAtSshd(sshd, []byte("goes on"))
}

// The pump is stuck in a write to a client that does not read when the stream is taken away.
func TestAResumeBreaksAWriterThatIsStuck(t *testing.T) {
	r := newRig(t, nil)
	old, sshd := r.open(1)
	down := pattern(8 << 20)
	go sshd.Write(down)
	r.awaitStuckWriter(1)
	wire, _ := r.resume(1, 0)
	if err := old.Send(carriertest.Data, []byte("late")); err == nil {
		r.expectGone(old)
	}
	r.expectData(wire, down)
}

func TestTheLaterOfTwoCarriersHasTheStream(t *testing.T) {
	r := newRig(t, nil)
	old, sshd := r.open(1)
	r.send(old, carriertest.Data, []byte("one"))
	r.expectAtSshd(sshd, []byte("one"))
	wire, answer := r.resume(1, 0)
	if answer.Received != 3 {
		t.Errorf("received is %d", answer.Received)
	}
	r.expectGone(old)
	r.send(wire, carriertest.Data, []byte("two"))
	r.expectAtSshd(sshd, []byte("two"))
	sshd.Write([]byte("down"))
	r.expectData(wire, []byte("down"))
}

func TestManyResumesAtOnceLeaveOneStream(t *testing.T) {
	r := newRig(t, nil)
	_, sshd := r.open(1)
	const many = 20
	done := make(chan *carriertest.Wire, many)
	for i := 0; i < many; i++ {
		wire := r.greeted()
		go func() {
			wire.Meet(r.secret, carriertest.Resume, [16]byte{1}, 0) // may be taken over before its answer
			done <- wire
		}()
	}
	for i := 0; i < many; i++ {
		<-done
	}
	wire, _ := r.resume(1, 0)
	sshd.Write([]byte("down"))
	r.expectData(wire, []byte("down"))
}

func TestBytesThatAreNoLongerKeptAreLost(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	sshd.Write(pattern(100))
	r.expectData(wire, pattern(100))
	r.send(wire, carriertest.Ack, carriertest.Numbers(60))
	r.send(wire, carriertest.Ping, carriertest.Numbers(1, 60))
	r.expect(wire, carriertest.Pong)
	r.meet(carriertest.Resume, [16]byte{1}, 59, carriertest.Lost)
	r.expectEnd(sshd)
	r.meet(carriertest.Resume, [16]byte{1}, 60, carriertest.Unknown)
}

func TestBytesThatNeverExistedAreLost(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	sshd.Write(pattern(100))
	r.expectData(wire, pattern(100))
	r.meet(carriertest.Resume, [16]byte{1}, 101, carriertest.Lost)
	if r.stream(1) != nil {
		t.Error("the stream is still there")
	}
}

// A resume whose answer does not arrive makes the agent start again from an earlier position; the client may have
// read more from the older carrier meanwhile.
func TestAClientMayHaveMoreThanItsLastHelloSaid(t *testing.T) {
	r := newRig(t, nil)
	wire, sshd := r.open(1)
	sshd.Write(pattern(100))
	r.expectData(wire, pattern(100))
	r.cut(1, wire)
	agent := r.stream(1)
	agent.mu.Lock()
	agent.sent = 40 // as after a hello with 40 whose carrier was cut before anything was sent
	agent.mu.Unlock()
	wire, _ = r.resume(1, 100)
	sshd.Write([]byte("next"))
	r.expectData(wire, []byte("next"))
}

func TestAStreamWithoutACarrierEndsAfterTheLimit(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Waiting = 50 * time.Millisecond })
	wire, sshd := r.open(1)
	wire.Close()
	r.expectEnd(sshd)
	r.await("the end", func() bool { return r.stream(1) == nil })
	r.meet(carriertest.Resume, [16]byte{1}, 0, carriertest.Unknown)
}

func TestTheLimitDoesNotCountWhileACarrierIsThere(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Waiting = 400 * time.Millisecond })
	other, otherSshd := r.open(2)
	wire, sshd := r.open(1)
	r.cut(1, wire)
	wire, _ = r.resume(1, 0)
	other.Close()
	r.expectEnd(otherSshd) // a whole limit has passed
	r.send(wire, carriertest.Data, []byte("lives"))
	r.expectAtSshd(sshd, []byte("lives"))
}
