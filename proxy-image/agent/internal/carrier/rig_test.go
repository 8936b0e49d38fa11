package carrier

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

const patience = 10 * time.Second

const testInfo = `{"version":1,"nameservers":[],"search":[],"limitSeconds":900}`

// rig is a Server on a loopback port, with the other ends of the connections that are sshd's in a pod.
type rig struct {
	t       testing.TB
	server  *Server
	address string
	secret  []byte
	// sshds has the ends of the sshds that were started, in order.
	sshds chan *net.UnixConn
	beats atomic.Int64
	log   lines
}

// newUnservedRig has no port: the test gives the server its carriers.
func newUnservedRig(t testing.TB, change func(*Server)) *rig {
	t.Helper()
	r := &rig{t: t, secret: bytes.Repeat([]byte{7}, 32), sshds: make(chan *net.UnixConn, 64)}
	r.server = &Server{
		Limits: DefaultLimits(time.Hour),
		Info:   func() []byte { return []byte(testInfo) },
		Sshd: func() (net.Conn, error) {
			ours, theirs := socketPair(t)
			r.sshds <- theirs
			return ours, nil
		},
		Alive: func() { r.beats.Add(1) },
		Log:   r.log.add,
	}
	copy(r.server.Secret.key[:], r.secret)
	if change != nil {
		change(r.server)
	}
	return r
}

func newRig(t testing.TB, change func(*Server)) *rig {
	t.Helper()
	r := newUnservedRig(t, change)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr().String()
	served := make(chan struct{})
	go func() {
		r.server.Serve(listener)
		close(served)
	}()
	t.Cleanup(func() {
		listener.Close()
		<-served
		r.server.End(patience)
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// socketPair's ends are closed with the test.
func socketPair(t testing.TB) (*net.UnixConn, *net.UnixConn) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "end")
		connection, err := net.FileConn(file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connection.Close() })
		ends[i] = connection.(*net.UnixConn)
	}
	return ends[0], ends[1]
}

func (r *rig) dial() (net.Conn, error) { return net.Dial("tcp", r.address) }

// greeted is a plain carrier up to the greeting.
func (r *rig) greeted() *carriertest.Wire {
	r.t.Helper()
	connection, err := r.dial()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { connection.Close() })
	wire, err := carriertest.Greeted(connection)
	if err != nil {
		r.t.Fatal(err)
	}
	return wire
}

// meet opens a plain carrier and wants that status.
func (r *rig) meet(kind byte, id [16]byte, received uint64, want int) (*carriertest.Wire, carriertest.Answer) {
	r.t.Helper()
	wire := r.greeted()
	answer, err := wire.Meet(r.secret, kind, id, received)
	if err != nil || answer.Status != want {
		r.t.Fatalf("answered with %+v, %v; status %d is wanted", answer, err, want)
	}
	return wire, answer
}

// open opens a new stream; sshd is at the other end of it.
func (r *rig) open(id byte) (wire *carriertest.Wire, sshd *net.UnixConn) {
	r.t.Helper()
	wire, _ = r.meet(carriertest.New, [16]byte{id}, 0, carriertest.Opened)
	return wire, <-r.sshds
}

func (r *rig) resume(id byte, received uint64) (*carriertest.Wire, carriertest.Answer) {
	r.t.Helper()
	return r.meet(carriertest.Resume, [16]byte{id}, received, carriertest.Resumed)
}

func (r *rig) send(wire *carriertest.Wire, kind byte, body []byte) {
	r.t.Helper()
	if err := wire.Send(kind, body); err != nil {
		r.t.Fatal(err)
	}
}

// expect wants a frame of that type and gives its body; ACKs may come before.
func (r *rig) expect(wire *carriertest.Wire, want byte) []byte {
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
		if kind != carriertest.Ack {
			r.t.Fatalf("a frame of type %d came: %q", kind, body)
		}
	}
}

// expectData wants these bytes, in frames of any length.
func (r *rig) expectData(wire *carriertest.Wire, want []byte) {
	r.t.Helper()
	for at := 0; at < len(want); {
		body := r.expect(wire, carriertest.Data)
		if at+len(body) > len(want) || !bytes.Equal(body, want[at:at+len(body)]) {
			r.t.Fatalf("other bytes came at %d", at)
		}
		at += len(body)
	}
}

// expectClose wants that CLOSE, and then the end of the plain carrier.
func (r *rig) expectClose(wire *carriertest.Wire, code byte) {
	r.t.Helper()
	if body := r.expect(wire, carriertest.Close); body[0] != code {
		r.t.Fatalf("CLOSE %d %s", body[0], body[1:])
	}
	if kind, body, err := wire.Next(); err != io.EOF {
		r.t.Fatalf("after CLOSE came %d %q %v", kind, body, err)
	}
}

// expectEnd wants that the agent closes without a word.
func (r *rig) expectEnd(connection net.Conn) {
	r.t.Helper()
	connection.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(connection)
	if len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		r.t.Fatalf("%q, %v instead of the end", rest, err)
	}
}

// expectAtSshd wants these bytes at sshd's end.
func (r *rig) expectAtSshd(sshd net.Conn, want []byte) {
	r.t.Helper()
	sshd.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	if count, err := io.ReadFull(sshd, got); err != nil || !bytes.Equal(got, want) {
		r.t.Fatalf("%d bytes of %d reached sshd, %v", count, len(want), err)
	}
}

func (r *rig) await(what string, condition func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// stream is the agent's own, nil when it is over.
func (r *rig) stream(id byte) *stream {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	return r.server.streams[streamID{id}]
}

// cut closes the carrier, and waits until the agent has noticed.
func (r *rig) cut(id byte, wire *carriertest.Wire) {
	r.t.Helper()
	wire.Close()
	r.await("the agent to notice the cut", func() bool {
		_, waits := r.stream(id).waiting()
		return waits
	})
}

// awaitStuckWriter waits until the kernel takes no more from the agent.
func (r *rig) awaitStuckWriter(id byte) {
	r.t.Helper()
	s := r.stream(id)
	sent := func() (position uint64, writing bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.sent, s.carrier.writing
	}
	r.await("a stuck writer", func() bool {
		before, _ := sent()
		time.Sleep(20 * time.Millisecond)
		position, writing := sent()
		return writing && position > 0 && position == before
	})
}

// pattern has no period that a chunk or a frame could hide.
func pattern(count int) []byte {
	bytes := make([]byte, count)
	state := uint32(count)
	for i := range bytes {
		state = state*1664525 + 1013904223
		bytes[i] = byte(state >> 24)
	}
	return bytes
}

type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) add(format string, values ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, format+"\n", values...)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
