package carrier

import (
	"errors"
	"net"
	"time"
)

const (
	// readBytes is the most that one read from a plain carrier takes.
	readBytes = 128 << 10
	// maxPongs bounds the PINGs that wait for a client that does not read; of more, the oldest are not answered.
	maxPongs = 8
	// leaveTime is what a plain carrier gets to deliver its last frame.
	leaveTime = 2 * time.Second
)

// network is a *net.TCPConn; the tests use sockets of the Unix domain as well.
type network interface {
	net.Conn
	CloseWrite() error
}

// plain is one connection of a client that has shown who it is, from then on.
type plain struct {
	net network
	// stream is set by stream.attach, and never changes.
	stream *stream
	// alive is told of each sign of life.
	alive func()
	// done is closed when neither reader nor writer uses the stream any more.
	done chan struct{}
	// wake asks the writer to send what the reader owes.
	wake chan struct{}

	// What follows is guarded by stream.mu, but that heads and slices belong to the one who has set writing.

	// first goes out before all frames.
	first []byte
	// acked is the highest position that the client has confirmed over this plain carrier.
	acked    uint64
	ackDue   bool
	pongs    [maxPongs]uint64
	pongsDue int
	// writing is set while somebody sends, the bytes from writingFrom on.
	writing     bool
	writingFrom uint64
	// silent is set when nothing more may be sent: after our CLOSE, or an error.
	silent bool

	heads  []byte
	slices [3 + maxData/chunkBytes + 1][]byte
	out    net.Buffers
}

func newPlain(connection network, alive func()) *plain {
	return &plain{
		net: connection, alive: alive, done: make(chan struct{}), wake: make(chan struct{}, 1),
		heads: make([]byte, 0, maxPongs*(headBytes+pingBody)+headBytes+ackBody+headBytes+maxCloseBody),
	}
}

// serve carries the stream until the connection or the stream ends, or another plain carrier takes the stream over.
func (p *plain) serve() {
	go p.write()
	p.owe() // the answer
	err := p.read()
	if errors.Is(err, errMalformed) {
		p.stream.end(appendClose(nil, closeMalformed, err.Error()))
	}
	if err != errLeft && p.stream.awaitFarewell(p) {
		drain(p.net)
	}
	p.net.Close()
	p.stream.detach(p)
	close(p.done)
}

func (p *plain) read() error {
	frames := &parser{}
	buffer := make([]byte, readBytes)
	for {
		count, err := p.net.Read(buffer)
		if count > 0 {
			p.alive()
			if err := frames.feed(buffer[:count], p); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// drain reads until the client has closed, as it does after our last word, or until the deadline that is set. To close
// with bytes unread would make the kernel take back what the client has not read yet.
func drain(connection net.Conn) {
	buffer := make([]byte, 4096)
	for {
		if _, err := connection.Read(buffer); err != nil {
			return
		}
	}
}

func (p *plain) onData(payload []byte) error {
	confirm, err := p.stream.toSshd(payload)
	if confirm {
		p.stream.mu.Lock()
		p.ackDue = true
		p.stream.mu.Unlock()
		p.owe()
	}
	return err
}

func (p *plain) onAck(received uint64) error { return p.stream.confirmedOver(p, received) }

func (p *plain) onPing(token, received uint64) error {
	if err := p.stream.confirmedOver(p, received); err != nil {
		return err
	}
	p.stream.mu.Lock()
	if p.pongsDue == maxPongs {
		p.pongsDue = copy(p.pongs[:], p.pongs[1:])
	}
	p.pongs[p.pongsDue] = token
	p.pongsDue++
	p.stream.mu.Unlock()
	p.owe()
	return nil
}

// onClose: the client leaves. Its code and text are of no use here.
func (p *plain) onClose(closeCode, string) error {
	p.stream.end(nil)
	return errLeft
}

// owe lets the writer send what is due.
func (p *plain) owe() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *plain) write() {
	for {
		select {
		case <-p.wake:
			p.flush()
		case <-p.done:
			return
		}
	}
}

// flush sends all there is to send, unless somebody is sending: then that one sends ours as well.
func (p *plain) flush() {
	s := p.stream
	s.mu.Lock()
	if p.writing {
		s.mu.Unlock()
		return
	}
	p.writing = true
	last := false
	for !last && !p.silent && s.carrier == p {
		if last = p.gather(); len(p.out) == 0 {
			break
		}
		s.mu.Unlock()
		_, err := p.out.WriteTo(p.net)
		s.mu.Lock()
		p.writingFrom = s.sent
		s.forget(p)
		if err != nil {
			p.net.Close() // and so the reader ends
			last = false
		}
		p.silent = err != nil || last
	}
	p.writing = false
	s.changed.Broadcast()
	s.mu.Unlock()
	if last {
		p.net.CloseWrite()
		s.end(nil)
	}
}

// gather puts into out what is to be sent next: at most one DATA frame, so that an answer to a PING waits for no more.
// last tells that it ends with our CLOSE. stream.mu is held.
func (p *plain) gather() (last bool) {
	s := p.stream
	heads, out := p.heads[:0], p.slices[:0]
	if p.first != nil {
		out = append(out, p.first)
		p.first = nil
	}
	for _, token := range p.pongs[:p.pongsDue] {
		heads = appendPong(heads, token, s.received)
	}
	if p.ackDue && p.pongsDue == 0 {
		heads = appendAck(heads, s.received)
	}
	if p.ackDue || p.pongsDue > 0 {
		s.confirmed, s.confirmedAt = s.received, time.Now()
		p.ackDue, p.pongsDue = false, 0
	}
	at := len(out)
	out = append(out, nil)
	switch {
	case s.over:
		last = s.farewell != nil
		heads = append(heads, s.farewell...)
	case s.sent == s.kept.end && s.sshdEnded:
		last = true
		heads = appendClose(heads, closeDone, "sshd has ended")
	case s.sent < s.kept.end:
		var count int
		out, count = s.kept.from(s.sent, maxData, out)
		heads = appendHead(heads, data, count)
		p.writingFrom = s.sent
		s.sent += uint64(count)
		if s.sent > s.everSent {
			s.everSent = s.sent
		}
	}
	if len(heads) == 0 {
		out = out[:at]
	} else {
		out[at] = heads
	}
	p.out = out
	return last
}

// abort makes reader and writer stop at once, and the kernel forget what it has not sent.
func (p *plain) abort() {
	if tcp, ok := p.net.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	p.net.Close()
}

// leave gives the writer a moment for the last frame, and the client one to read it.
func (p *plain) leave() {
	p.net.SetDeadline(time.Now().Add(leaveTime))
	p.owe()
}
