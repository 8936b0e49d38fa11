package carrier

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Limits bound what clients and strangers can make the agent hold.
type Limits struct {
	// Kept is how many bytes of sshd a stream keeps until the client confirms them.
	Kept int
	// Strangers is how many plain carriers of one origin may be open without a hello, Hello how long each may take for it.
	Strangers int
	Hello     time.Duration
	// Streams is how many there may be at once, Waiting how long one lives without a plain carrier.
	Streams int
	Waiting time.Duration
}

// DefaultLimits are those of docs/carrier-protocol.md.
func DefaultLimits(waiting time.Duration) Limits {
	return Limits{Kept: 8 << 20, Strangers: 64, Hello: 10 * time.Second, Streams: 8, Waiting: waiting}
}

// Server answers on the agent's port. Its fields are not changed while it serves.
type Server struct {
	Secret Secret
	Limits Limits
	// Info is what an answer tells; asked for each, as the pod's name servers may change. At most 65535 bytes.
	Info func() []byte
	// Sshd starts one, and gives the connection to it.
	Sshd func() (net.Conn, error)
	// Alive is told of each sign of life of the client, at most once for each read. Safe for several goroutines.
	Alive func()
	Log   func(format string, values ...any)

	// opening is held by who makes a new stream.
	opening sync.Mutex

	mu        sync.Mutex
	streams   map[streamID]*stream
	strangers [origins]int
	// ended is set by End; carriers counts the plain carriers of those who know the secret.
	ended    bool
	carriers sync.WaitGroup
}

// acceptPause is how long the agent waits when it is out of descriptors.
const acceptPause = 100 * time.Millisecond

// Serve accepts plain carriers until the listener is closed.
func (s *Server) Serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.Log("cannot accept a carrier: %v", err)
			time.Sleep(acceptPause)
			continue
		}
		s.Accept(connection.(network))
	}
}

// origin is where a plain carrier comes from. Anybody may come from the pod's network. Port-forwards come from the pod's
// loopback, where strangers are not: those of the network must not take their places.
type origin int

const (
	podNetwork origin = iota
	podLoopback
	origins
)

func originOf(connection net.Conn) origin {
	if tcp, ok := connection.RemoteAddr().(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return podLoopback
	}
	return podNetwork
}

// Accept serves one plain carrier in goroutines of its own, and closes it.
func (s *Server) Accept(connection network) {
	from := originOf(connection)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.strangers[from] == s.Limits.Strangers {
		connection.Close()
		return
	}
	s.strangers[from]++
	go s.meet(connection, from)
}

func (s *Server) meet(connection network, from origin) {
	g, h, err := s.handshake(connection)
	s.mu.Lock()
	s.strangers[from]--
	welcome := err == nil && !s.ended
	if welcome {
		s.carriers.Add(1)
	}
	s.mu.Unlock()
	if !welcome {
		connection.Close() // without a word: who does not know the secret learns nothing
		return
	}
	defer s.carriers.Done()
	s.Alive()
	info := s.Info()
	answered := func(code status, received uint64) []byte {
		if code == opened || code == resumed {
			return answer(s.Secret, &g, &h, code, received, info)
		}
		return answer(s.Secret, &g, &h, code, received, nil)
	}
	p := newPlain(connection, s.Alive)
	code := busy
	if h.kind() == kindNew {
		code = s.open(p, h.id(), answered)
	} else {
		code = s.resume(p, h.id(), h.received(), answered)
	}
	if code == opened || code == resumed {
		p.serve()
	} else {
		refuse(connection, answered(code, 0))
	}
}

// handshake greets and checks the hello, within the time that a stranger gets.
func (s *Server) handshake(connection network) (g greeting, h helloMessage, err error) {
	if g, err = newGreeting(); err != nil {
		return g, h, err
	}
	tune(connection)
	connection.SetDeadline(time.Now().Add(s.Limits.Hello))
	if _, err = connection.Write(g[:]); err != nil {
		return g, h, err
	}
	if _, err = io.ReadFull(connection, h[:]); err != nil {
		return g, h, err
	}
	connection.SetDeadline(time.Time{})
	return g, h, h.check(s.Secret, &g)
}

// tune bounds what stands in the kernel in front of an answer to a PING. Go has set TCP_NODELAY already.
func tune(connection network) {
	const (
		notSentLowat = 25 // TCP_NOTSENT_LOWAT, linux/tcp.h
		notSentBytes = 256 << 10
	)
	tcp, ok := connection.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { // no harm if it fails: PONGs are later then
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat, notSentBytes)
		})
	}
}

// refuse reads what the client may have sent behind its hello, see drain.
func refuse(connection network, message []byte) {
	connection.SetDeadline(time.Now().Add(leaveTime))
	connection.Write(message)
	connection.CloseWrite()
	drain(connection)
	connection.Close()
}

func (s *Server) open(p *plain, id streamID, answered func(status, uint64) []byte) status {
	s.opening.Lock()
	defer s.opening.Unlock()
	if !s.makeRoom(id) {
		return busy
	}
	sshd, err := s.Sshd()
	if err != nil {
		s.Log("cannot start sshd: %v", err)
		return busy
	}
	opening := newStream(id, sshd, s.Limits, s.forget)
	opening.begin(p, answered(opened, 0))
	s.mu.Lock()
	ended := s.ended
	if s.streams == nil {
		s.streams = map[streamID]*stream{}
	}
	s.streams[id] = opening
	s.mu.Unlock()
	if ended {
		opening.end(farewell)
	}
	go opening.pump()
	s.Log("stream %s: opened", id)
	return opened
}

// makeRoom ends the stream that has waited longest for a plain carrier, if there are too many.
func (s *Server) makeRoom(id streamID) bool {
	s.mu.Lock()
	if s.streams[id] != nil {
		s.mu.Unlock()
		return false
	}
	room := len(s.streams) < s.Limits.Streams
	var longest *stream
	var least time.Time
	for _, candidate := range s.streams {
		if since, waits := candidate.waiting(); waits && (longest == nil || since.Before(least)) {
			longest, least = candidate, since
		}
	}
	s.mu.Unlock()
	if room {
		return true
	}
	if longest == nil {
		return false
	}
	s.Log("stream %s: makes room for another", longest.id)
	longest.end(nil)
	return true
}

func (s *Server) resume(p *plain, id streamID, received uint64, answered func(status, uint64) []byte) status {
	s.mu.Lock()
	found := s.streams[id]
	s.mu.Unlock()
	if found == nil {
		return unknown
	}
	code := found.resume(p, received, answered)
	s.Log("stream %s: %s at %d", id, code, received)
	return code
}

// forget is called by a stream that is over.
func (s *Server) forget(over *stream) {
	s.mu.Lock()
	delete(s.streams, over.id)
	s.mu.Unlock()
	s.Log("stream %s: over", over.id)
}

var farewell = appendClose(nil, closeAgentEnds, "the agent ends")

// End says CLOSE 1 on all streams, and takes no more. It returns when all carriers are closed, or after patience.
func (s *Server) End(patience time.Duration) {
	s.mu.Lock()
	s.ended = true
	streams := make([]*stream, 0, len(s.streams))
	for _, each := range s.streams {
		streams = append(streams, each)
	}
	s.mu.Unlock()
	for _, each := range streams {
		each.end(farewell)
	}
	closed := make(chan struct{})
	go func() {
		s.carriers.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
	}
}
