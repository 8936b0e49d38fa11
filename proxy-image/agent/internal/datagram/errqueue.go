package datagram

import (
	"net/netip"
	"syscall"
)

// Origins in struct sock_extended_err, see ip(7) under IP_RECVERR.
const (
	originICMP  = 2
	originICMP6 = 3
)

// wantErrors asks for all ICMP errors. Without it Linux tells a connected UDP socket of port unreachable, but not of
// host or network unreachable, which it takes for passing.
func wantErrors(raw syscall.RawConn, target netip.Addr) error {
	var failure error
	err := raw.Control(func(fd uintptr) {
		if target.Unmap().Is4() {
			failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_RECVERR, 1)
		} else {
			failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_RECVERR, 1)
		}
	})
	if err != nil {
		return err
	}
	return failure
}

// drainErrors empties the socket's error queue, which shares the room of its receive buffer, and returns how many
// errors it held.
func drainErrors(fd int, report func(Code)) int {
	var control [512]byte
	for count := 0; ; count++ {
		_, size, _, _, err := syscall.Recvmsg(fd, nil, control[:], syscall.MSG_ERRQUEUE|syscall.MSG_DONTWAIT)
		if err == syscall.EINTR {
			count--
			continue
		}
		if err != nil {
			return count
		}
		messages, err := syscall.ParseSocketControlMessage(control[:size])
		if err != nil {
			continue
		}
		for _, message := range messages {
			if code := codeOfExtended(message.Data); code != 0 && isReceiveError(message.Header) {
				report(code)
			}
		}
	}
}

func isReceiveError(header syscall.Cmsghdr) bool {
	return (header.Level == syscall.IPPROTO_IP && header.Type == syscall.IP_RECVERR) ||
		(header.Level == syscall.IPPROTO_IPV6 && header.Type == syscall.IPV6_RECVERR)
}

// codeOfExtended reads a struct sock_extended_err: errno (4 bytes), origin, type, code. 0 means: not for the client
// (a message too long for the path, which the kernel fragments from then on).
func codeOfExtended(extended []byte) Code {
	if len(extended) < 16 {
		return 0
	}
	kind, code := extended[5], extended[6]
	switch extended[4] {
	case originICMP:
		return codeOfICMP(kind, code)
	case originICMP6:
		return codeOfICMP6(kind, code)
	default:
		return 0
	}
}

// codeOfICMP follows RFC 792 and RFC 1812 section 5.2.7.1.
func codeOfICMP(kind, code byte) Code {
	const destinationUnreachable = 3
	if kind != destinationUnreachable {
		return Unreachable
	}
	switch code {
	case 3:
		return Refused
	case 4:
		return 0
	case 9, 10, 13:
		return Prohibited
	default:
		return Unreachable
	}
}

// codeOfICMP6 follows RFC 4443 section 3.
func codeOfICMP6(kind, code byte) Code {
	const destinationUnreachable, packetTooBig = 1, 2
	switch {
	case kind == packetTooBig:
		return 0
	case kind != destinationUnreachable:
		return Unreachable
	case code == 4:
		return Refused
	case code == 1 || code == 5 || code == 6:
		return Prohibited
	default:
		return Unreachable
	}
}
