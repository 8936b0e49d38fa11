package datagram

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// scratch lends buffers for the time between a read and its copy into the outbox, so that a thousand idle sockets
// hold no buffers of 64 KiB.
var scratch = sync.Pool{New: func() any { return new([MaxDatagram]byte) }}

// udpSocket is one connected socket: connected, so that the kernel says which ICMP errors belong to it.
type udpSocket struct {
	connection *net.UDPConn
	raw        syscall.RawConn
	lastUse    atomic.Int64
}

func dialUDP(target netip.AddrPort) (*udpSocket, error) {
	connection, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(target))
	if err != nil {
		return nil, err
	}
	raw, err := connection.SyscallConn()
	if err == nil {
		err = wantErrors(raw, target.Addr())
	}
	if err != nil {
		connection.Close()
		return nil, err
	}
	return &udpSocket{connection: connection, raw: raw}, nil
}

func (u *udpSocket) touch(now time.Time) { u.lastUse.Store(now.UnixNano()) }

func (u *udpSocket) idleAt(now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - u.lastUse.Load())
}

// Close ends receive.
func (u *udpSocket) Close() error { return u.connection.Close() }

// send never waits: a full socket buffer drops the datagram. An error that an earlier datagram brought is told, and
// the kernel has then not sent this one, so it is sent again once.
func (u *udpSocket) send(datagram []byte, report func(Code)) {
	_ = u.raw.Write(func(fd uintptr) bool {
		for attempt := 0; ; attempt++ {
			_, err := syscall.Write(int(fd), datagram)
			if err == nil || err == syscall.EAGAIN || err == syscall.ENOBUFS || err == syscall.EMSGSIZE {
				return true
			}
			queued := drainErrors(int(fd), report)
			if attempt == 0 {
				continue
			}
			if queued == 0 {
				report(codeOf(err))
			}
			return true
		}
	})
}

// receive calls back from its own goroutine until the socket is closed. The datagram is lent for the call.
func (u *udpSocket) receive(deliver func([]byte), report func(Code)) {
	for {
		err := u.raw.Read(func(fd uintptr) bool {
			buffer := scratch.Get().(*[MaxDatagram]byte)
			defer scratch.Put(buffer)
			count, err := syscall.Read(int(fd), buffer[:])
			switch {
			case err == nil:
				deliver(buffer[:count])
			case err == syscall.EAGAIN:
				return false
			case err != syscall.EINTR:
				drainErrors(int(fd), report)
			}
			return true
		})
		if err != nil {
			return
		}
	}
}

// codeOf says what a failed call means to the client.
func codeOf(err error) Code {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return Unreachable
	}
	switch number {
	case syscall.ECONNREFUSED:
		return Refused
	case syscall.EACCES, syscall.EPERM:
		return Prohibited
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return TooMany
	default:
		return Unreachable
	}
}
