package serve

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// endTime is what a program gets to end after its connection was closed.
const endTime = 5 * time.Second

// tryOut runs a command to its end, and tells why it failed in its own words. It must not run beside reap.
func tryOut(command []string) error {
	words, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, strings.TrimSpace(strings.ReplaceAll(string(words), "\r\n", "\n")))
}

// startBehind starts a program that serves one connection on its stdin and stdout, and gives the other end of it. It is
// not waited for here, as reap collects it. It ends when the connection is closed, or is killed soon after.
func startBehind(command []string, stderr *os.File) (net.Conn, error) {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "sshd"), os.NewFile(uintptr(ends[1]), "sshd's end")
	defer ours.Close() // net has its own descriptor
	defer theirs.Close()
	connection, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	program := exec.Command(command[0], command[1:]...)
	program.Stdin, program.Stdout, program.Stderr = theirs, theirs, stderr
	if err := program.Start(); err != nil {
		connection.Close()
		return nil, err
	}
	return &behind{Conn: connection, program: program.Process}, nil
}

// behind is the connection to a program that serves nothing else.
type behind struct {
	net.Conn
	program *os.Process
	closed  sync.Once
}

// Close leaves the program a moment to end by itself. Kill meets nobody else: from Go 1.23 on it goes by a pidfd, and before
// by a number that a pod does not come to again so soon.
func (b *behind) Close() error {
	err := b.Conn.Close()
	b.closed.Do(func() {
		time.AfterFunc(endTime, func() {
			_ = b.program.Kill() // it has ended, as it should
			_ = b.program.Release()
		})
	})
	return err
}

// reap collects every child that has ended, orphans included: this is pid 1.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err != syscall.EINTR && (err != nil || pid <= 0) {
			return
		}
	}
}
