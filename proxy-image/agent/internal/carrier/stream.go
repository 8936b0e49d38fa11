package carrier

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// confirmBytes and confirmAfter are when the agent confirms what it has written to sshd.
	confirmBytes = 128 << 10
	confirmAfter = 100 * time.Millisecond
)

var (
	// errTaken ends a reader whose stream goes on over another plain carrier.
	errTaken = errors.New("taken over by another carrier")
	// errOver ends a reader whose stream is over.
	errOver = errors.New("the stream is over")
	// errLeft ends the reader of a client that has said CLOSE, and reads no more.
	errLeft = errors.New("the client has left")
)

// past, as a deadline, breaks what blocks and lets nothing begin.
var past = time.Unix(1, 0)

// stream is one sshd and what is kept of its bytes.
type stream struct {
	id   streamID
	sshd net.Conn
	// kept's limit, how long to wait for a carrier, and whom to tell of the end.
	settings Limits
	gone     func(*stream)

	// resuming is held by who puts the stream onto another plain carrier, through to the end.
	resuming sync.Mutex

	mu sync.Mutex
	// changed is signalled when there is space again, when a writer has finished, and at the end.
	changed *sync.Cond
	kept    kept
	// sent is the position of the next byte to send over the plain carrier of now; everSent the highest it was.
	sent, everSent uint64
	// received is how much sshd was given, confirmed how much of that the client has been told.
	received, confirmed uint64
	confirmedAt         time.Time
	carrier             *plain
	// waitingSince is when the stream lost its plain carrier, and expiry what ends it then.
	waitingSince time.Time
	expiry       *time.Timer
	// sshdEnded is set when kept has sshd's last byte, over when the stream is.
	sshdEnded, over bool
	// farewell is the CLOSE frame that ends the stream before all bytes were sent.
	farewell []byte
}

func newStream(id streamID, sshd net.Conn, settings Limits, gone func(*stream)) *stream {
	s := &stream{id: id, sshd: sshd, settings: settings, gone: gone, kept: newKept(settings.Kept), waitingSince: time.Now()}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// pump takes sshd's bytes until it ends, and sends them where nobody else is sending.
func (s *stream) pump() {
	for {
		space := s.awaitSpace()
		if space == nil {
			return
		}
		count, err := s.sshd.Read(space)
		s.mu.Lock()
		s.kept.added(count)
		s.sshdEnded = err != nil
		carrier := s.carrier
		s.mu.Unlock()
		if carrier != nil {
			carrier.flush()
		}
		if err != nil {
			return
		}
	}
}

// awaitSpace returns nil when the stream is over.
func (s *stream) awaitSpace() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.over {
		if space := s.kept.space(); space != nil {
			return space
		}
		s.changed.Wait()
	}
	return nil
}

// toSshd writes what the client sent, and returns errTaken when it must stop. Then received is exact.
func (s *stream) toSshd(payload []byte) (confirm bool, err error) {
	count, err := s.sshd.Write(payload)
	taken := errors.Is(err, os.ErrDeadlineExceeded)
	if err != nil && !taken {
		count = len(payload) // sshd has ended: the pump finds out as well, and has its last bytes
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received += uint64(count)
	if taken {
		return false, errTaken
	}
	if s.over {
		return false, errOver
	}
	return s.received-s.confirmed >= confirmBytes || now.Sub(s.confirmedAt) >= confirmAfter, nil
}

// confirmedOver notes what the client has.
func (s *stream) confirmedOver(from *plain, position uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if position > s.sent {
		return malformed("%d bytes confirmed of %d", position, s.sent)
	}
	if position > from.acked {
		from.acked = position
		s.forget(from)
	}
	return nil
}

// forget gives back what is confirmed, but nothing that is being written: a client may lie about what it has. mu is held.
func (s *stream) forget(by *plain) {
	position := by.acked
	if by.writing && by.writingFrom < position {
		position = by.writingFrom
	}
	if position > s.kept.start {
		s.kept.forget(position)
		s.changed.Broadcast()
	}
}

// begin puts a new stream onto its first plain carrier.
func (s *stream) begin(p *plain, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attach(p, answer, 0)
}

// resume puts the stream onto p, away from whatever carries it now: exactly when it returns resumed. Bytes that are
// lost end the stream.
func (s *stream) resume(p *plain, clientHas uint64, answer func(status, uint64) []byte) status {
	s.resuming.Lock()
	defer s.resuming.Unlock()
	s.release()
	code := s.goOn(p, clientHas, answer)
	if code == lost {
		s.end(nil)
	}
	return code
}

func (s *stream) goOn(p *plain, clientHas uint64, answer func(status, uint64) []byte) status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return unknown
	}
	if clientHas < s.kept.start || clientHas > s.everSent {
		return lost
	}
	s.kept.forget(clientHas)
	s.changed.Broadcast()
	s.attach(p, answer(resumed, s.received), clientHas)
	return resumed
}

// attach makes the answer the first thing that p's writer sends. mu is held.
func (s *stream) attach(p *plain, answer []byte, clientHas uint64) {
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.sent = clientHas
	s.confirmed, s.confirmedAt = s.received, time.Now()
	p.stream, p.first, p.acked = s, answer, clientHas
	s.carrier = p
}

// release takes the stream away from its plain carrier. When it returns, nobody writes to sshd and nobody sends.
func (s *stream) release() {
	s.mu.Lock()
	old := s.carrier
	s.mu.Unlock()
	if old == nil {
		return
	}
	old.abort()
	s.sshd.SetWriteDeadline(past)
	<-old.done
	s.sshd.SetWriteDeadline(time.Time{})
}

// detach is called by a plain carrier's reader when it has stopped: the stream waits for another.
func (s *stream) detach(p *plain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p.writing {
		s.changed.Wait()
	}
	if s.carrier != p || s.over {
		return
	}
	s.carrier = nil
	since := time.Now()
	s.waitingSince = since
	s.expiry = time.AfterFunc(s.settings.Waiting, func() { s.expire(since) })
}

func (s *stream) expire(since time.Time) {
	s.mu.Lock()
	stale := s.carrier != nil || s.waitingSince != since
	s.mu.Unlock()
	if !stale {
		s.end(nil)
	}
}

// awaitFarewell waits until p has sent the last frame, or cannot, which leave bounds. It tells whether the stream is over.
func (s *stream) awaitFarewell(p *plain) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.over && s.farewell != nil && !p.silent {
		s.changed.Wait()
	}
	return s.over
}

// waiting tells since when the stream has no plain carrier.
func (s *stream) waiting() (since time.Time, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waitingSince, s.carrier == nil
}

// end ends the stream, and sshd by closing its connection. A farewell, if any, is the last frame sent; nothing waits
// for it. Later calls have no effect.
func (s *stream) end(farewell []byte) {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.over, s.farewell = true, farewell
	carrier := s.carrier
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.changed.Broadcast()
	s.mu.Unlock()
	s.sshd.Close()
	if carrier != nil {
		carrier.leave()
	}
	s.gone(s)
}
