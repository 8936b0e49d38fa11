package datagram

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// ICMP types and sizes, RFC 792 and RFC 4443.
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
	icmpHeadBytes            = 8
	// sendWait is how long an echo request may wait for room in the socket's buffer.
	sendWait = 10 * time.Millisecond
)

// echoes sends echo requests by unprivileged ICMP sockets (icmp(7), ping_group_range): one for each family, made at
// the first request. The kernel sets identifier and checksum; the sequence number tells the requests apart.
// Safe for several goroutines.
type echoes struct {
	limits Limits
	out    *outbox

	mu      sync.Mutex
	sockets map[bool]*net.UDPConn // key: IPv6
	waiting map[uint16]echo
	next    uint16
	closed  bool
}

type echo struct {
	id     uint32
	target netip.Addr
	sent   time.Time
}

func newEchoes(limits Limits, out *outbox) *echoes {
	return &echoes{limits: limits, out: out, sockets: map[bool]*net.UDPConn{}, waiting: map[uint16]echo{}}
}

// request sends one echo request. No room, or no way to send, is told as an ERROR for id.
func (e *echoes) request(id uint32, target netip.Addr, payload []byte, now time.Time) {
	target = target.Unmap()
	socket, err := e.socket(target.Is6())
	if err != nil {
		e.out.control(Error, id, byte(codeOf(err)))
		return
	}
	sequence, ok := e.expect(echo{id: id, target: target, sent: now})
	if !ok {
		e.out.control(Error, id, byte(TooMany))
		return
	}
	message := make([]byte, icmpHeadBytes, icmpHeadBytes+len(payload))
	message[0] = echoRequest4
	if target.Is6() {
		message[0] = echoRequest6
	}
	binary.BigEndian.PutUint16(message[6:], sequence)
	_ = socket.SetWriteDeadline(time.Now().Add(sendWait))
	_, err = socket.WriteToUDPAddrPort(append(message, payload...), netip.AddrPortFrom(target, 0))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	e.drop(sequence)
	e.out.control(Error, id, byte(codeOf(err)))
}

// expect books a sequence number.
func (e *echoes) expect(waiting echo) (uint16, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= e.limits.Echoes {
		return 0, false
	}
	for {
		e.next++
		if _, used := e.waiting[e.next]; !used {
			e.waiting[e.next] = waiting
			return e.next, true
		}
	}
}

func (e *echoes) drop(sequence uint16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, sequence)
}

// forget drops requests that nobody answered in time.
func (e *echoes) forget(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for sequence, waiting := range e.waiting {
		if now.Sub(waiting.sent) >= e.limits.EchoWait {
			delete(e.waiting, sequence)
		}
	}
}

// socket returns the family's socket and makes it where there is none yet.
func (e *echoes) socket(ipv6 bool) (*net.UDPConn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if socket := e.sockets[ipv6]; socket != nil {
		return socket, nil
	}
	if e.closed {
		return nil, net.ErrClosed
	}
	socket, err := listenICMP(ipv6)
	if err != nil {
		return nil, err
	}
	e.sockets[ipv6] = socket
	go e.receive(socket, ipv6)
	return socket, nil
}

func (e *echoes) receive(socket *net.UDPConn, ipv6 bool) {
	reply := byte(echoReply4)
	if ipv6 {
		reply = echoReply6
	}
	buffer := make([]byte, icmpHeadBytes+MaxDatagram)
	for {
		count, from, err := socket.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || count < icmpHeadBytes || buffer[0] != reply {
			continue
		}
		e.answer(binary.BigEndian.Uint16(buffer[6:]), from.Addr().Unmap().WithZone(""), buffer[icmpHeadBytes:count])
	}
}

// answer tells the client of a reply, once, and only if the address asked is the one that answered.
func (e *echoes) answer(sequence uint16, from netip.Addr, payload []byte) {
	e.mu.Lock()
	found, ok := e.waiting[sequence]
	ok = ok && found.target == from
	if ok {
		delete(e.waiting, sequence)
	}
	e.mu.Unlock()
	if ok {
		e.out.data(EchoReply, found.id, payload)
	}
}

// Close ends the goroutines that receive.
func (e *echoes) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, socket := range e.sockets {
		socket.Close()
	}
}

func listenICMP(ipv6 bool) (*net.UDPConn, error) {
	family, protocol := syscall.AF_INET, syscall.IPPROTO_ICMP
	if ipv6 {
		family, protocol = syscall.AF_INET6, syscall.IPPROTO_ICMPV6
	}
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "icmp")
	defer file.Close()
	packets, err := net.FilePacketConn(file)
	if err != nil {
		return nil, err
	}
	socket, ok := packets.(*net.UDPConn)
	if !ok {
		packets.Close()
		return nil, errors.New("the ICMP socket is no datagram socket")
	}
	return socket, nil
}
