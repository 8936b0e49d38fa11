package carriertest

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// most is how many bytes a Stream keeps, like the daemon.
const most = 8 << 20

// Stream goes on over new plain carriers when one is cut. Write and Run may run at once.
type Stream struct {
	dial   func() (net.Conn, error)
	secret []byte
	id     [16]byte
	// Info is of the first answer.
	Info string

	// sending is held by who writes frames.
	sending sync.Mutex

	mu      sync.Mutex
	changed *sync.Cond
	wire    *Wire
	// kept begins at position base; received counts the agent's bytes, confirmed what it was told of them.
	base                uint64
	kept                []byte
	received, confirmed uint64
	resumes             int
	leaving             bool
	over                error
}

// Open opens a new stream; dial opens plain carriers.
func Open(dial func() (net.Conn, error), secret []byte) (*Stream, error) {
	s := &Stream{dial: dial, secret: secret}
	s.changed = sync.NewCond(&s.mu)
	rand.Read(s.id[:])
	wire, answer, err := s.meet(New, 0)
	if err != nil {
		return nil, err
	}
	if answer.Status != Opened {
		return nil, fmt.Errorf("status %d", answer.Status)
	}
	s.wire, s.Info = wire, answer.Info
	return s, nil
}

func (s *Stream) meet(kind byte, received uint64) (*Wire, Answer, error) {
	connection, err := s.dial()
	if err != nil {
		return nil, Answer{}, err
	}
	wire, err := Greeted(connection)
	if err != nil {
		connection.Close()
		return nil, Answer{}, err
	}
	answer, err := wire.Meet(s.secret, kind, s.id, received)
	if err != nil {
		connection.Close()
	}
	return wire, answer, err
}

// Write returns when all is kept, and sent if a plain carrier is there. At the end of the stream it fails.
func (s *Stream) Write(bytes []byte) (int, error) {
	for sent := 0; sent < len(bytes); {
		count := len(bytes) - sent
		if count > 32<<10 {
			count = 32 << 10
		}
		if err := s.writeSome(bytes[sent : sent+count]); err != nil {
			return sent, err
		}
		sent += count
	}
	return len(bytes), nil
}

func (s *Stream) writeSome(bytes []byte) error {
	s.mu.Lock()
	for len(s.kept)+len(bytes) > most && s.over == nil {
		s.changed.Wait()
	}
	s.mu.Unlock()
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	s.kept = append(s.kept, bytes...)
	wire, over := s.wire, s.over
	s.mu.Unlock()
	if over != nil {
		return over
	}
	wire.Send(Data, bytes) // Run notices if this fails
	return nil
}

// Cut cuts the plain carrier of now.
func (s *Stream) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wire.Close()
}

// Resumes tells how often the stream has gone on.
func (s *Stream) Resumes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resumes
}

// Leave ends the stream.
func (s *Stream) Leave() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	s.leaving = true
	wire := s.wire
	s.mu.Unlock()
	wire.Send(Close, []byte{0})
}

// Run writes sshd's bytes to out until the stream is over: nil after CLOSE 0 and after Leave.
func (s *Stream) Run(out io.Writer) error {
	for {
		s.mu.Lock()
		wire := s.wire
		s.mu.Unlock()
		over, err := s.carry(wire, out)
		wire.Close()
		if !over {
			over, err = s.resume()
		}
		if over {
			if err == nil {
				err = io.EOF
			}
			s.mu.Lock()
			s.over = err
			s.changed.Broadcast()
			s.mu.Unlock()
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// carry tells whether the stream is over, and not only the plain carrier.
func (s *Stream) carry(wire *Wire, out io.Writer) (over bool, err error) {
	for {
		kind, body, err := wire.Next()
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.leaving, nil
		}
		switch kind {
		case Data:
			if _, err := out.Write(body); err != nil {
				return true, err
			}
			s.mu.Lock()
			s.received += uint64(len(body))
			due := s.received-s.confirmed >= 100_000
			if due {
				s.confirmed = s.received
			}
			received := s.received
			s.mu.Unlock()
			if due {
				s.sending.Lock()
				wire.Send(Ack, Numbers(received))
				s.sending.Unlock()
			}
		case Ack:
			if err := s.confirm(binary.BigEndian.Uint64(body)); err != nil {
				return true, err
			}
		case Close:
			if body[0] == 0 {
				return true, nil
			}
			return true, fmt.Errorf("CLOSE %d %s", body[0], body[1:])
		}
	}
}

func (s *Stream) confirm(position uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if position < s.base {
		return nil
	}
	if position-s.base > uint64(len(s.kept)) {
		return errors.New("more was confirmed than was sent")
	}
	s.kept = s.kept[position-s.base:]
	s.base = position
	s.changed.Broadcast()
	return nil
}

// resume tries until the agent has said something for certain.
func (s *Stream) resume() (over bool, err error) {
	s.sending.Lock()
	unlocked := false
	defer func() {
		if !unlocked {
			s.sending.Unlock()
		}
	}()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		received := s.received
		s.confirmed = received
		s.mu.Unlock()
		wire, answer, err := s.meet(Resume, received)
		if err != nil {
			if time.Now().After(end) {
				return true, err
			}
			continue
		}
		if answer.Status != Resumed {
			wire.Close()
			return true, fmt.Errorf("status %d", answer.Status)
		}
		if err := s.confirm(answer.Received); err != nil {
			return true, err
		}
		s.mu.Lock()
		if answer.Received < s.base {
			s.mu.Unlock()
			return true, errors.New("the agent's position went back")
		}
		s.wire = wire
		s.resumes++
		rest := s.kept
		s.mu.Unlock()
		unlocked = true
		go s.sendAgain(wire, rest)
		return false, nil
	}
}

// sendAgain runs beside Run, which must read at the same time. It holds sending from the start.
func (s *Stream) sendAgain(wire *Wire, rest []byte) {
	defer s.sending.Unlock()
	for len(rest) > 0 {
		count := len(rest)
		if count > 128<<10 {
			count = 128 << 10
		}
		if wire.Send(Data, rest[:count]) != nil {
			return
		}
		rest = rest[count:]
	}
}
