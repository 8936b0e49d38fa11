package carrier

import (
	"errors"
	"net"
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

func TestANewStreamReachesSshdAndBack(t *testing.T) {
	r := newRig(t, nil)
	wire, answer := r.meet(carriertest.New, [16]byte{1}, 0, carriertest.Opened)
	if answer.Received != 0 || answer.Info != testInfo {
		t.Errorf("the answer is %+v", answer)
	}
	sshd := <-r.sshds
	r.send(wire, carriertest.Data, []byte("SSH-2.0-ktd\r\n"))
	r.expectAtSshd(sshd, []byte("SSH-2.0-ktd\r\n"))
	sshd.Write([]byte("SSH-2.0-OpenSSH"))
	r.expectData(wire, []byte("SSH-2.0-OpenSSH"))
}

func TestFramesMayComeRightBehindTheHelloOfANewStream(t *testing.T) {
	r := newRig(t, nil)
	wire := r.greeted()
	hello := wire.Hello(r.secret, carriertest.New, [16]byte{1}, 0)
	if err := wire.SendHello(hello); err != nil {
		t.Fatal(err)
	}
	r.send(wire, carriertest.Data, []byte("early"))
	r.expectAtSshd(<-r.sshds, []byte("early"))
	if answer, err := wire.Answer(r.secret); err != nil || answer.Status != carriertest.Opened {
		t.Errorf("%+v, %v", answer, err)
	}
}

// To read a file takes as long as it takes; the stream's bytes go on meanwhile.
func TestTheInfoIsReadWithoutHoldingTheStream(t *testing.T) {
	var r *rig
	r = newRig(t, func(s *Server) {
		s.Info = func() []byte {
			if held := r.stream(1); held != nil {
				held.waiting() // takes the stream's lock
			}
			return []byte(testInfo)
		}
	})
	r.open(1)
	r.resume(1, 0)
}

func TestStrangersLearnNothingAndAreNoSignOfLife(t *testing.T) {
	r := newRig(t, nil)
	old := r.greeted()
	replayed := old.Hello(r.secret, carriertest.New, [16]byte{1}, 0)
	changed := func(at int, value byte) func(*carriertest.Wire) []byte {
		return func(w *carriertest.Wire) []byte {
			hello := w.Hello(r.secret, carriertest.New, [16]byte{1}, 0)
			hello[at] = value
			return w.Sign(r.secret, hello)
		}
	}
	for name, hello := range map[string]func(*carriertest.Wire) []byte{
		"the hello to an older greeting": func(*carriertest.Wire) []byte { return replayed },
		"another secret": func(w *carriertest.Wire) []byte {
			return w.Hello(make([]byte, 32), carriertest.New, [16]byte{1}, 0)
		},
		"no proof": func(w *carriertest.Wire) []byte {
			return append(w.Hello(r.secret, carriertest.New, [16]byte{1}, 0)[:60], make([]byte, 32)...)
		},
		"version 2":                       changed(0, 2),
		"kind 0":                          changed(1, 0),
		"kind 3":                          changed(1, 3),
		"a reserved byte":                 changed(2, 1),
		"the other reserved byte":         changed(3, 1),
		"a new stream with bytes already": changed(27, 1),
		"HTTP":                            func(*carriertest.Wire) []byte { return append([]byte("GET / HTTP/1.1\r\n"), make([]byte, 92)...) },
	} {
		wire := r.greeted()
		if err := wire.SendHello(hello(wire)); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { (&rig{t: t}).expectEnd(wire.Conn) })
	}
	if len(r.sshds) > 0 || r.beats.Load() > 0 {
		t.Errorf("%d sshds were started, and %d signs of life", len(r.sshds), r.beats.Load())
	}
	if err := old.SendHello(replayed); err != nil {
		t.Fatal(err)
	}
	if answer, err := old.Answer(r.secret); err != nil || answer.Status != carriertest.Opened {
		t.Errorf("the same hello to its own greeting: %+v, %v", answer, err)
	}
}

func TestEachGreetingIsAnother(t *testing.T) {
	r := newRig(t, nil)
	if first, second := r.greeted(), r.greeted(); string(first.Greeting) == string(second.Greeting) {
		t.Errorf("greeted twice by %x", first.Greeting)
	}
}

func TestStrangersAreBoundedAndLeaveRoomAgain(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Strangers = 3 })
	var strangers [3]*carriertest.Wire
	for i := range strangers {
		strangers[i] = r.greeted()
	}
	surplus, err := r.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer surplus.Close()
	r.expectEnd(surplus)
	strangers[0].Close()
	r.await("room for another", func() bool {
		connection, err := r.dial()
		if err != nil {
			return false
		}
		t.Cleanup(func() { connection.Close() })
		_, err = carriertest.Greeted(connection)
		return err == nil
	})
	// Who has said hello is no stranger: the place is free again.
	if _, err := strangers[1].Meet(r.secret, carriertest.New, [16]byte{1}, 0); err != nil {
		t.Fatal(err)
	}
	r.greeted()
}

// ofTheNetwork is a plain carrier that does not come from the pod's loopback.
type ofTheNetwork struct{ network }

func (ofTheNetwork) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(10, 42, 0, 99), Port: 40000}
}

func TestStrangersOfTheNetworkDoNotKeepPortForwardsOut(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Strangers = 3 })
	fromOutside := func() net.Conn {
		ours, theirs := socketPair(t)
		r.server.Accept(ofTheNetwork{theirs})
		return ours
	}
	for i := 0; i < 3; i++ {
		if _, err := carriertest.Greeted(fromOutside()); err != nil {
			t.Fatal(err)
		}
	}
	r.expectEnd(fromOutside())
	r.open(1)
}

func TestAStrangerWithoutAHelloIsClosed(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Hello = 20 * time.Millisecond })
	r.expectEnd(r.greeted().Conn)
	half := r.greeted()
	if _, err := half.Write(make([]byte, helloBytes-1)); err != nil {
		t.Fatal(err)
	}
	r.expectEnd(half.Conn)
}

func TestTheTimeForAHelloDoesNotEndAStream(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Hello = 300 * time.Millisecond })
	wire, sshd := r.open(1)
	r.expectEnd(r.greeted().Conn) // a whole such time passes
	r.send(wire, carriertest.Data, []byte("still there"))
	r.expectAtSshd(sshd, []byte("still there"))
}

func TestWhatTheAgentRefuses(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Streams = 2 })
	r.meet(carriertest.Resume, [16]byte{9}, 0, carriertest.Unknown)
	r.open(1)
	r.meet(carriertest.New, [16]byte{1}, 0, carriertest.Busy)
	r.open(2)
	wire, answer := r.meet(carriertest.New, [16]byte{3}, 0, carriertest.Busy)
	if answer.Info != "" || answer.Received != 0 {
		t.Errorf("the answer is %+v", answer)
	}
	r.expectEnd(wire.Conn)
	if r.stream(1) == nil || r.stream(2) == nil {
		t.Error("a stream that has its carrier made room")
	}
}

func TestASshdThatDoesNotStartIsBusy(t *testing.T) {
	r := newRig(t, func(s *Server) {
		s.Sshd = func() (net.Conn, error) { return nil, errors.New("no such file") }
	})
	r.meet(carriertest.New, [16]byte{1}, 0, carriertest.Busy)
	if r.stream(1) != nil {
		t.Error("a stream is there")
	}
}

func TestABusyAnswerArrivesThoughTheClientHasSentMore(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Streams = 0 })
	wire := r.greeted()
	early := append(wire.Hello(r.secret, carriertest.New, [16]byte{1}, 0), make([]byte, 100_000)...)
	if err := wire.SendHello(early[:helloBytes]); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.Write(early[helloBytes:]); err != nil {
		t.Fatal(err)
	}
	if answer, err := wire.Answer(r.secret); err != nil || answer.Status != carriertest.Busy {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestTheStreamThatWaitedLongestMakesRoom(t *testing.T) {
	r := newRig(t, func(s *Server) { s.Limits.Streams = 3 })
	first, _ := r.open(1)
	second, secondSshd := r.open(2)
	r.open(3)
	r.cut(2, second)
	r.cut(1, first)
	r.open(4)
	r.expectEnd(secondSshd)
	r.meet(carriertest.Resume, [16]byte{2}, 0, carriertest.Unknown)
	r.resume(1, 0)
	r.resume(3, 0)
}

func TestAnotherStreamHasNothingOfThis(t *testing.T) {
	r := newRig(t, nil)
	first, firstSshd := r.open(1)
	second, secondSshd := r.open(2)
	r.send(first, carriertest.Data, []byte("one"))
	r.send(second, carriertest.Data, []byte("two"))
	r.expectAtSshd(firstSshd, []byte("one"))
	r.expectAtSshd(secondSshd, []byte("two"))
	firstSshd.Write([]byte("1"))
	secondSshd.Write([]byte("2"))
	r.expectData(second, []byte("2"))
	r.expectData(first, []byte("1"))
}
