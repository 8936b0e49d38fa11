package datagram

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// client speaks to a session over pipes.
type client struct {
	t      *testing.T
	in     *io.PipeWriter
	frames chan Frame
	ended  chan error
}

func startClient(t *testing.T, limits Limits) *client {
	t.Helper()
	c := connect(t, limits)
	c.send(Hello, 0, Version)
	c.expect(Hello, 0, Version)
	return c
}

func connect(t *testing.T, limits Limits) *client {
	toAgent, in := io.Pipe()
	out, fromAgent := io.Pipe()
	c := &client{t: t, in: in, frames: make(chan Frame, 100), ended: make(chan error, 1)}
	go func() {
		err := Serve(toAgent, fromAgent, limits, time.Now)
		toAgent.Close()
		fromAgent.Close()
		c.ended <- err
	}()
	go func() {
		for {
			frame, err := ReadFrame(out, make([]byte, MaxFrame))
			if err != nil {
				close(c.frames)
				return
			}
			c.frames <- frame
		}
	}()
	t.Cleanup(func() {
		in.Close()
		out.Close()
	})
	return c
}

func (c *client) send(kind Type, id uint32, body ...byte) {
	c.t.Helper()
	if _, err := c.in.Write(AppendFrame(nil, kind, id, body)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) expect(kind Type, id uint32, body ...byte) {
	c.t.Helper()
	select {
	case frame := <-c.frames:
		if frame.Type != kind || frame.ID != id || !bytes.Equal(frame.Body, body) {
			c.t.Fatalf("expected type %d id %d %.40q, got type %d id %d %.40q", kind, id, body, frame.Type, frame.ID, frame.Body)
		}
	case <-time.After(patience):
		c.t.Fatalf("no frame came; expected type %d id %d %.40q", kind, id, body)
	}
}

// expectNothingBefore shows that nothing else was said: the answer to a frame for an id that is not open comes next.
func (c *client) expectNothingBefore() {
	c.t.Helper()
	c.send(Data, 0xdead)
	c.expect(Close, 0xdead)
}

func (c *client) end() error {
	c.t.Helper()
	c.in.Close()
	select {
	case err := <-c.ended:
		return err
	case <-time.After(patience):
		c.t.Fatal("the session did not end")
		return nil
	}
}

func open(address string, port int) []byte {
	parsed := netip.MustParseAddr(address)
	body := []byte{6}
	if parsed.Is4() {
		body[0] = 4
	}
	return binary.BigEndian.AppendUint16(append(body, parsed.AsSlice()...), uint16(port))
}

// echoServer sends datagrams back, and returns its port.
func echoServer(t *testing.T, address string) int {
	t.Helper()
	server := listen(t, address)
	go func() {
		buffer := make([]byte, 65536)
		for {
			count, from, err := server.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDP(buffer[:count], from)
		}
	}()
	return port(server)
}

func listen(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(address)})
	if err != nil {
		t.Skipf("no UDP on %s here: %v", address, err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func port(server *net.UDPConn) int { return server.LocalAddr().(*net.UDPAddr).Port }

// refusingPort is a port that nothing listens at.
func refusingPort(t *testing.T, address string) int {
	t.Helper()
	server := listen(t, address)
	defer server.Close()
	return port(server)
}

var loopbacks = []string{"127.0.0.1", "::1"}

func TestDatagramsTravelBothWays(t *testing.T) {
	for _, loopback := range loopbacks {
		t.Run(loopback, func(t *testing.T) {
			c := startClient(t, DefaultLimits())
			c.send(Open, 7, open(loopback, echoServer(t, loopback))...)
			for _, size := range []int{5, 0, 1, 1472, MaxDatagram} {
				datagram := bytes.Repeat([]byte{byte(size)}, size)
				c.send(Data, 7, datagram...)
				c.expect(Data, 7, datagram...)
			}
			if err := c.end(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusedPortIsToldAndTheSocketStaysOpen(t *testing.T) {
	for _, loopback := range loopbacks {
		t.Run(loopback, func(t *testing.T) {
			c := startClient(t, DefaultLimits())
			port := refusingPort(t, loopback)
			c.send(Open, 8, open(loopback, port)...)
			c.send(Data, 8, []byte("anyone?")...)
			c.expect(Error, 8, byte(Refused))

			// a server that starts later is reached by the same socket
			server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(loopback), Port: port})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			c.send(Data, 8, []byte("now?")...)
			buffer := make([]byte, 16)
			_ = server.SetReadDeadline(time.Now().Add(patience))
			count, _, err := server.ReadFromUDP(buffer)
			if err != nil || string(buffer[:count]) != "now?" {
				t.Errorf("the server got %q, %v", buffer[:count], err)
			}
			c.expectNothingBefore()
		})
	}
}

func TestAnOpenThatFailsIsToldAndClosed(t *testing.T) {
	c := startClient(t, DefaultLimits())
	c.send(Open, 3, open("fe80::1", 9)...) // a link-local address says nothing without its link
	c.expect(Error, 3, byte(Unreachable))
	c.expect(Close, 3)
}

func TestSocketsAreBounded(t *testing.T) {
	limits := DefaultLimits()
	limits.Sockets = 2
	c := startClient(t, limits)
	port := echoServer(t, "127.0.0.1")
	for id := uint32(1); id <= 3; id++ {
		c.send(Open, id, open("127.0.0.1", port)...)
	}
	c.expect(Error, 3, byte(TooMany))
	c.expect(Close, 3)

	c.send(Close, 1)
	c.send(Open, 3, open("127.0.0.1", port)...)
	c.send(Data, 3, 'x')
	c.expect(Data, 3, 'x')
}

func TestDataForAnUnknownIdIsAnsweredByClose(t *testing.T) {
	c := startClient(t, DefaultLimits())
	c.send(Close, 5) // not answered
	c.send(Data, 6, 'x')
	c.expect(Close, 6)
}

func TestBadFramesAreToldAndSkipped(t *testing.T) {
	c := startClient(t, DefaultLimits())
	port := echoServer(t, "127.0.0.1")
	c.send(Open, 1, 4, 127, 0, 0, 1)
	c.expect(Error, 1, byte(BadFrame))
	c.expect(Close, 1)
	c.send(Echo, 2, 9)
	c.expect(Error, 2, byte(BadFrame))
	c.send(EchoReply, 3)
	c.expect(Error, 3, byte(BadFrame))
	c.send(77, 4, 1, 2, 3) // unknown: ignored
	c.send(Open, 5, open("127.0.0.1", port)...)
	c.send(Open, 5, open("127.0.0.1", port)...)
	c.expect(Error, 5, byte(BadFrame))
	c.send(Data, 5, make([]byte, MaxDatagram+1)...)
	c.expect(Error, 5, byte(BadFrame))
	c.send(Data, 5, 'x')
	c.expect(Data, 5, 'x')
}

func TestAnotherVersionEndsTheChannel(t *testing.T) {
	for name, first := range map[string][]byte{
		"version 2":    AppendFrame(nil, Hello, 0, []byte{2}),
		"no version":   AppendFrame(nil, Hello, 0, nil),
		"not a HELLO":  AppendFrame(nil, Close, 1, nil),
		"a bad length": {0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, DefaultLimits())
			c.expect(Hello, 0, Version)
			if _, err := c.in.Write(first); err != nil {
				t.Fatal(err)
			}
			if err := <-c.ended; err == nil || !strings.Contains(err.Error(), "HELLO") && !strings.Contains(err.Error(), "length") {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestIdleSocketsAreClosedAfterFiveMinutes(t *testing.T) {
	var now atomic.Int64
	s := newSession(DefaultLimits(), func() time.Time { return time.Unix(0, now.Load()) })
	defer s.closeAll()
	server := listen(t, "127.0.0.1")
	for id := uint32(1); id <= 2; id++ {
		s.handle(Frame{Type: Open, ID: id, Body: open("127.0.0.1", port(server))})
	}
	now.Add(int64(3 * time.Minute))
	s.handle(Frame{Type: Data, ID: 2, Body: []byte("still here")})
	now.Add(int64(2*time.Minute) - 1)
	s.sweep()
	expectQueued(t, s.out, nil)
	now.Add(1)
	s.sweep()
	expectQueued(t, s.out, AppendFrame(nil, Close, 1, nil))
	now.Add(int64(3 * time.Minute))
	s.sweep()
	expectQueued(t, s.out, AppendFrame(AppendFrame(nil, Close, 1, nil), Close, 2, nil))
	if len(s.sockets) != 0 {
		t.Errorf("%d sockets are left", len(s.sockets))
	}
}

func expectQueued(t *testing.T, o *outbox, want []byte) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !bytes.Equal(o.pending, want) {
		t.Errorf("queued %v, want %v", o.pending, want)
	}
}

func TestASlowReaderLosesDatagramsAndNothingGrows(t *testing.T) {
	s := newSession(DefaultLimits(), time.Now)
	defer s.closeAll()
	server := listen(t, "127.0.0.1")
	s.handle(Frame{Type: Open, ID: 1, Body: open("127.0.0.1", port(server))})
	s.handle(Frame{Type: Data, ID: 1, Body: []byte("hello")})
	buffer := make([]byte, 16)
	_, from, err := server.ReadFromUDP(buffer)
	if err != nil {
		t.Fatal(err)
	}
	// nobody takes from the outbox; what does not fit must be lost, and the socket be read on
	datagram := make([]byte, 60_000)
	full := func() bool {
		s.out.mu.Lock()
		defer s.out.mu.Unlock()
		return len(s.out.pending) > s.limits.Outbox-len(datagram)-7
	}
	for end := time.Now().Add(patience); !full(); {
		if _, err := server.WriteToUDP(datagram, from); err != nil || time.Now().After(end) {
			t.Fatal("the outbox did not fill: ", err)
		}
	}
	for count := 0; count < 100; count++ {
		_, _ = server.WriteToUDP(datagram, from)
	}
	s.handle(Frame{Type: Data, ID: 99}) // answered by CLOSE, for which there is room
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if size := len(s.out.pending); size > s.limits.Outbox+7 || !bytes.HasSuffix(s.out.pending, AppendFrame(nil, Close, 99, nil)) {
		t.Errorf("%d bytes are queued, or the CLOSE was lost", size)
	}
}

func TestControlFramesAreBoundedToo(t *testing.T) {
	o := newOutbox(100)
	for o.control(Close, 1) {
	}
	if size := len(o.pending); size > 100+controlReserve || size < controlReserve {
		t.Errorf("%d bytes are queued", size)
	}
	if o.data(Data, 1, nil) {
		t.Error("data took the reserve")
	}
}

func TestTheSessionEndsWhenTheClientStopsReading(t *testing.T) {
	toAgent, _ := io.Pipe()
	out, fromAgent := io.Pipe()
	out.Close()
	if err := Serve(toAgent, fromAgent, DefaultLimits(), time.Now); err == nil {
		t.Error("ended without an error")
	}
}
