// Package datagram is the SSH subsystem "datagram": UDP and ICMP echo as frames, see docs/agent-protocol.md.
//
// Read frame.go for the wire, then Session. One goroutine reads frames, one writes them, each UDP socket and each
// ICMP socket has one that receives; a ticker closes what is idle. The reading goroutine never waits for a network.
package datagram

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"
)

// Limits bound what one client can make the agent hold.
type Limits struct {
	// Sockets is the number of UDP sockets open at once.
	Sockets int
	// Echoes is the number of echo requests waiting for their replies.
	Echoes int
	// Outbox is the number of bytes queued for a client that does not read.
	Outbox int
	// Idle closes a UDP socket without traffic; EchoWait forgets an echo request.
	Idle, EchoWait time.Duration
}

// DefaultLimits are those of the pod.
func DefaultLimits() Limits {
	return Limits{Sockets: 1024, Echoes: 1024, Outbox: 1 << 20, Idle: 5 * time.Minute, EchoWait: 10 * time.Second}
}

// sweepEvery is how often idle sockets and old echoes are looked for.
const sweepEvery = time.Second

// session is the state of one client.
type session struct {
	limits Limits
	now    func() time.Time
	out    *outbox
	echoes *echoes

	mu      sync.Mutex
	sockets map[uint32]*udpSocket
}

func newSession(limits Limits, now func() time.Time) *session {
	out := newOutbox(limits.Outbox)
	return &session{
		limits: limits, now: now, out: out, echoes: newEchoes(limits, out), sockets: map[uint32]*udpSocket{},
	}
}

// Serve speaks the protocol until the input ends (no error), the output fails, or the client breaks the framing.
// It closes every socket before it returns; the goroutine that writes may outlive it while out blocks.
func Serve(in io.Reader, out io.Writer, limits Limits, now func() time.Time) error {
	s := newSession(limits, now)
	defer s.closeAll()
	ended := make(chan error, 2)
	go func() { ended <- s.out.write(out) }()
	go func() { ended <- s.read(in) }()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
			s.sweep()
		}
	}
}

func (s *session) read(in io.Reader) error {
	s.out.control(Hello, 0, Version)
	buffered := bufio.NewReaderSize(in, 128<<10)
	buffer := make([]byte, MaxFrame)
	greeted := false
	for {
		frame, err := ReadFrame(buffered, buffer)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if greeted {
			s.handle(frame)
			continue
		}
		if frame.Type != Hello || len(frame.Body) < 1 || frame.Body[0] != Version {
			return fmt.Errorf("the client's first frame is no HELLO of version %d", Version)
		}
		greeted = true
	}
}

func (s *session) handle(frame Frame) {
	switch frame.Type {
	case Open:
		s.open(frame)
	case Data:
		s.send(frame)
	case Close:
		s.close(frame.ID, false)
	case Echo:
		target, payload, err := ParseEcho(frame.Body)
		if err != nil {
			s.fail(frame.ID, BadFrame)
			return
		}
		s.echoes.request(frame.ID, target, payload, s.now())
	case Hello, Error, EchoReply:
		s.fail(frame.ID, BadFrame)
	}
}

// open makes a socket, or answers ERROR and CLOSE: the id is free again.
func (s *session) open(frame Frame) {
	target, err := ParseOpen(frame.Body)
	if err != nil {
		s.refuse(frame.ID, BadFrame)
		return
	}
	s.mu.Lock()
	_, used := s.sockets[frame.ID]
	count := len(s.sockets)
	s.mu.Unlock()
	if used {
		s.fail(frame.ID, BadFrame)
		return
	}
	if count >= s.limits.Sockets {
		s.refuse(frame.ID, TooMany)
		return
	}
	socket, err := dialUDP(target)
	if err != nil {
		s.refuse(frame.ID, codeOf(err))
		return
	}
	socket.touch(s.now())
	s.mu.Lock()
	s.sockets[frame.ID] = socket
	s.mu.Unlock()
	go s.receive(frame.ID, socket)
}

func (s *session) send(frame Frame) {
	if len(frame.Body) > MaxDatagram {
		s.fail(frame.ID, BadFrame)
		return
	}
	s.mu.Lock()
	socket := s.sockets[frame.ID]
	s.mu.Unlock()
	if socket == nil {
		s.out.control(Close, frame.ID)
		return
	}
	socket.touch(s.now())
	socket.send(frame.Body, func(code Code) { s.fail(frame.ID, code) })
}

func (s *session) receive(id uint32, socket *udpSocket) {
	socket.receive(func(datagram []byte) {
		socket.touch(s.now())
		s.out.data(Data, id, datagram)
	}, func(code Code) { s.fail(id, code) })
}

func (s *session) close(id uint32, tell bool) {
	s.mu.Lock()
	socket := s.sockets[id]
	delete(s.sockets, id)
	s.mu.Unlock()
	if socket == nil {
		return
	}
	socket.Close()
	if tell {
		s.out.control(Close, id)
	}
}

// sweep closes idle sockets and forgets old echoes.
func (s *session) sweep() {
	now := s.now()
	var idle []uint32
	s.mu.Lock()
	for id, socket := range s.sockets {
		if socket.idleAt(now) >= s.limits.Idle {
			idle = append(idle, id)
		}
	}
	s.mu.Unlock()
	for _, id := range idle {
		s.close(id, true)
	}
	s.echoes.forget(now)
}

func (s *session) fail(id uint32, code Code) {
	s.out.control(Error, id, byte(code))
}

func (s *session) refuse(id uint32, code Code) {
	s.fail(id, code)
	s.out.control(Close, id)
}

func (s *session) closeAll() {
	s.mu.Lock()
	open := s.sockets
	s.sockets = map[uint32]*udpSocket{}
	s.mu.Unlock()
	for _, socket := range open {
		socket.Close()
	}
	s.echoes.Close()
	s.out.close()
}
